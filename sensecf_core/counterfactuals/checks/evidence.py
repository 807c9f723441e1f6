"""The evidence that is shown with each accepted counterfactual."""

from __future__ import annotations

import numpy as np

from sensecf_core.classifiers.classifier import INTERVAL
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.encoding import Codes, to_values
from sensecf_core.counterfactuals.checks.effort import default_efforts
from sensecf_core.counterfactuals.checks.grades import grade_rows
from sensecf_core.counterfactuals.checks.sentences import sentence
from sensecf_core.counterfactuals.checks.verify import CheckResults
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.queries.answer import Counterfactual, NearestPerson

SIMILAR_GOWER = 0.10
"""Two people at most this far apart (Gower) are called similar on the cards. A convention of ours."""


def with_evidence(problem: Problem, checks: CheckResults) -> tuple[Counterfactual, ...]:
    """Gather the evidence that is shown with each listed row (n rows of ``checks``)."""
    if not len(checks.codes):
        return ()
    classifier = problem.fitted.classifier
    intervals = _intervals(classifier, checks.codes)
    second = classifier.second_probability_of_codes(checks.codes)
    agrees = (second >= classifier.second_threshold) == bool(problem.space.desired)
    grades = grade_rows(problem, checks.codes)
    return tuple(
        _describe(problem, checks, row, intervals[row], _known(grades.reliable_reduction[row])).model_copy(
            update={
                "second_judge_probability": float(second[row]),
                "second_judge_agrees": bool(agrees[row]),
                "grade": grades.grades[row],
                "held_by_refits": _known(grades.held_by_refits[row]),
                "held_under_noise": _known(grades.held_under_noise[row]),
                "second_agrees": bool(grades.second_agrees[row]),
                "reliable_reduction": _known(grades.reliable_reduction[row]),
            }
        )
        for row in range(len(checks.codes))
    )


def _known(number: float) -> float | None:
    """A number for JSON: None instead of NaN."""
    return None if np.isnan(number) else float(number)


def _intervals(classifier: ClassifierLike, codes: Codes) -> list[tuple[float, float] | None]:
    """The central 90 % over the refits for each row of codes; None without refits."""
    if not classifier.refits:
        return [None] * len(codes)
    low, high = np.quantile(classifier.refit_probabilities_of_codes(codes), INTERVAL, axis=0)
    return [(float(least), float(most)) for least, most in zip(low, high, strict=True)]


def _describe(
    problem: Problem,
    checks: CheckResults,
    row: int,
    interval: tuple[float, float] | None,
    reliable_reduction: float | None,
) -> Counterfactual:
    fitted, space = problem.fitted, problem.space
    schema, codes = fitted.schema, checks.codes[row]
    changes = space.changes(codes)
    probability = float(checks.probability[row])
    nearest, similar = _neighbours(problem, codes)
    return Counterfactual(
        changes=changes,
        features=to_values(schema, codes),
        probability=probability,
        interval=interval,
        second_judge_probability=0.0,
        second_judge_agrees=False,
        valid=bool(checks.valid[row]),
        violations=checks.violations[row],
        in_domain=bool(checks.in_domain[row]),
        lof_inlier=bool(checks.lof_inlier[row]),
        gower=float(checks.gower[row]),
        n_changed=int(checks.n_changed[row]),
        percentiles={
            name: fitted.domain.percentile(position := schema.positions[name], float(codes[position]))
            for name in changes
            if not schema.feature(name).named and schema.feature(name).kind != "binary"
        },
        nearest=nearest,
        similar=similar,
        effort=default_efforts(schema, fitted.domain, changes),
        sentence=sentence(
            schema,
            changes,
            profile=space.query.limits.profile,
            before=space.query.factual.probability,
            after=probability,
            threshold=fitted.classifier.threshold,
            goal=space.query.goal,
            reliable_reduction=reliable_reduction,
        ),
    )


def _neighbours(problem: Problem, codes: Codes) -> tuple[NearestPerson, int]:
    """The nearest real training row of the desired class, and how many are similar."""
    fitted, space = problem.fitted, problem.space
    people = fitted.cohort.rows.index.get_level_values(0)[fitted.cohort.parts.eq("train").to_numpy()]
    others = people != space.query.participant_id
    rows = np.flatnonzero((fitted.train_targets == space.desired) & others)
    distances = fitted.distances.gower(codes, fitted.train_codes[rows])
    nearest = int(distances.argmin())
    public = fitted.schema.provenance.public and not fitted.cohort.own
    person = NearestPerson(
        gower=float(distances[nearest]),
        participant_id=str(people[rows[nearest]]) if public else None,
    )
    return person, int((distances <= SIMILAR_GOWER).sum())
