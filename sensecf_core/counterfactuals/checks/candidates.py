"""From a proposer's texts to candidates, and from accepted rows to counterfactuals with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensecf_core.cohorts.encoding import Codes, to_values
from sensecf_core.counterfactuals.checks.sentences import sentence
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.problem.fitted_cohort import Budget, FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import Proposal
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.queries.answer import Candidate, Counterfactual, Counts, Edits, NearestPerson, Trace

SIMILAR_GOWER = 0.10
"""Two people at most this far apart (Gower) are called similar on the cards. A convention of ours."""


@dataclass(frozen=True)
class ScreenedCandidates:
    """Candidates in the order proposed, and the verdicts over the readable ones."""

    candidates: tuple[Candidate, ...]
    verdicts: CheckResults


def screen_candidates(
    checker: FittedCohort, moves: SearchSpace, proposal: Proposal, meter: Budget
) -> ScreenedCandidates:
    """Read and verify every text; duplicates are judged like any other candidate."""
    texts, asking = proposal.texts, proposal.asking_of
    edits = [None if position in proposal.cut else _read(moves, text) for position, text in enumerate(texts)]
    readable = tuple(position for position, edit in enumerate(edits) if edit is not None)
    codes = np.array([moves.apply(edits[position] or {}) for position in readable])
    verdicts = verify(checker, moves, codes.reshape(-1, len(moves.factual)), meter)
    row_of = {position: row for row, position in enumerate(readable)}
    first_with: dict[tuple[tuple[str, object], ...], int] = {}
    candidates = []
    for position, (text, edit) in enumerate(zip(texts, edits, strict=True)):
        if edit is None:
            candidates.append(Candidate(text=text, edits=None, readable=False, asking=asking(position)))
            continue
        row = row_of[position]
        first = first_with.setdefault(tuple(sorted(edit.items())), position)
        candidates.append(
            Candidate(
                text=text,
                edits=edit,
                readable=True,
                within_limits=bool(verdicts.within_limits[row]),
                violations=verdicts.violations[row],
                probability=float(verdicts.probability[row]),
                valid=bool(verdicts.valid[row]),
                plausible=bool(verdicts.plausible[row]),
                duplicate_of=None if first == position else first,
                asking=asking(position),
            )
        )
    return ScreenedCandidates(tuple(candidates), verdicts)


def _read(moves: SearchSpace, text: str) -> Edits | None:
    """Read a text as edits that this cohort's features can have, or None."""
    edits = read_edits(moves.schema, text)
    if not edits:
        return None
    try:
        moves.apply(edits)
    except ValueError:
        return None
    return edits


def count_steps(candidates: Sequence[Candidate]) -> Trace:
    """Count how many candidates passed each step and all before it (nothing is shown yet)."""
    askings = max((candidate.asking for candidate in candidates), default=1)
    first = _counts([c for c in candidates if c.asking == 1]) if askings > 1 else None
    everything = _counts(candidates).model_dump()
    return Trace(**everything, shown=0, askings=askings, first=first, candidates=tuple(candidates))


def identity_of(candidate: Candidate) -> str:
    """What tells a candidate from others: its edits, or its text where they cannot be read."""
    return repr(candidate.edits) if candidate.readable else candidate.text


def _counts(candidates: Sequence[Candidate]) -> Counts:
    readable = [c for c in candidates if c.readable]
    within = [c for c in readable if c.within_limits]
    valid = [c for c in within if c.valid]
    return Counts(
        proposed=len(candidates),
        unique=len({identity_of(candidate) for candidate in candidates}),
        readable=len(readable),
        within_limits=len(within),
        valid=len(valid),
        plausible=sum(c.plausible for c in valid),
    )


def with_evidence(
    checker: FittedCohort, moves: SearchSpace, verdicts: CheckResults
) -> tuple[Counterfactual, ...]:
    """Gather the evidence that is shown with each accepted row (n rows of ``verdicts``)."""
    if not len(verdicts.codes):
        return ()
    classifier = checker.classifier
    refits = np.quantile(classifier.refit_probabilities_of_codes(verdicts.codes), [0.05, 0.95], axis=0)
    second = classifier.second_judge_of_codes(verdicts.codes)
    agrees = (second >= classifier.second_threshold) == bool(moves.desired)
    return tuple(
        _describe(checker, moves, verdicts, row, (float(refits[0, row]), float(refits[1, row]))).model_copy(
            update={
                "second_judge_probability": float(second[row]),
                "second_judge_agrees": bool(agrees[row]),
            }
        )
        for row in range(len(verdicts.codes))
    )


def _describe(
    checker: FittedCohort, moves: SearchSpace, verdicts: CheckResults, row: int, interval: tuple[float, float]
) -> Counterfactual:
    schema, codes = checker.schema, verdicts.codes[row]
    changes = moves.changes(codes)
    probability = float(verdicts.probability[row])
    nearest, similar = _neighbours(checker, moves, codes)
    return Counterfactual(
        changes=changes,
        features=to_values(schema, codes),
        probability=probability,
        interval=interval,
        second_judge_probability=0.0,
        second_judge_agrees=False,
        valid=bool(verdicts.valid[row]),
        violations=verdicts.violations[row],
        in_domain=bool(verdicts.in_domain[row]),
        lof_inlier=bool(verdicts.lof_inlier[row]),
        gower=float(verdicts.gower[row]),
        n_changed=int(verdicts.n_changed[row]),
        percentiles={
            name: checker.domain.percentile(position := schema.positions[name], float(codes[position]))
            for name in changes
            if not schema.feature(name).named and schema.feature(name).kind != "binary"
        },
        nearest=nearest,
        similar=similar,
        sentence=sentence(
            schema,
            changes,
            before=moves.query.factual.probability,
            after=probability,
            threshold=checker.classifier.threshold,
        ),
    )


def _neighbours(checker: FittedCohort, moves: SearchSpace, codes: Codes) -> tuple[NearestPerson, int]:
    """The nearest real training row of the desired class, and how many are similar."""
    people = checker.cohort.rows.index.get_level_values(0)[checker.cohort.parts.eq("train").to_numpy()]
    others = people != moves.query.participant_id
    rows = np.flatnonzero((checker.train_targets == moves.desired) & others)
    distances = checker.distances.gower(codes, checker.train_codes[rows])
    nearest = int(distances.argmin())
    public = checker.schema.provenance.public and not checker.cohort.own
    person = NearestPerson(
        gower=float(distances[nearest]),
        participant_id=str(people[rows[nearest]]) if public else None,
    )
    return person, int((distances <= SIMILAR_GOWER).sum())
