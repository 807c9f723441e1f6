"""TODO."""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.encoding import Codes, to_values
from sensecf_core.counterfactuals.checks.sentences import sentence
from sensecf_core.counterfactuals.checks.verify import CheckResults
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.queries.answer import Counterfactual, NearestPerson

SIMILAR_GOWER = 0.10
"""Two people at most this far apart (Gower) are called similar on the cards. A convention of ours."""


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
