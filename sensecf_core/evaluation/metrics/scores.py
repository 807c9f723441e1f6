"""How good one method's answer to one query is: every number of docs/metrics.md that a single answer has.

Here are validity, sparsity, actionability, redundancy and cost, and :func:`score`, which gathers all of
them; plausibility, diversity and robustness have modules of their own. Means, intervals and tests over
many queries are in :mod:`sensecf_core.evaluation.metrics.statistics` and
:mod:`sensecf_core.evaluation.metrics.paired_tests`, the words for readers in
:mod:`sensecf_core.evaluation.metrics.definitions`.

A counterfactual is a row of codes after decoding, rounding and clipping. It is *valid* if the classifier
puts it in the desired class. Validity and actionability are shares of the counterfactuals returned;
everything else is a mean over the valid ones, since a row that misses the desired class is easily made
near, sparse or diverse. Where there is nothing to measure a number is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.refine import Holds, set_back_singly
from sensecf_core.counterfactuals.checks.verify import CheckResults, verify
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.measurement_error import measurement_errors
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.evaluation.metrics.diversity import count_diversity, dpp_diversity, gower_diversity
from sensecf_core.evaluation.metrics.independent_classifier import IndependentClassifier
from sensecf_core.evaluation.metrics.plausibility import PlausibilityModel
from sensecf_core.evaluation.metrics.robustness import noise_validity, refit_validity
from sensecf_core.evaluation.metrics.statistics import Interval, ratio_interval
from sensecf_core.types import Floats, Mask

MARGIN = 0.1
"""Margin validity: p(class 1) this far beyond the threshold."""


@dataclass(frozen=True)
class Evaluators:
    """Everything fitted that scores answers of one cohort; fitted by :meth:`fit`.

    ``errors`` are standard deviations of one measurement error, shape (features,).
    """

    fitted: FittedCohort
    independent: IndependentClassifier
    plausibility: PlausibilityModel
    errors: Floats

    @classmethod
    def fit(cls, fitted: FittedCohort, seed: int = 0) -> Evaluators:
        """Fit the independent classifier, isolation forests and measurement errors on training rows."""
        return cls(
            fitted,
            IndependentClassifier.fit(fitted.cohort, seed),
            PlausibilityModel.fit(fitted, seed),
            measurement_errors(fitted.schema, fitted.train_codes),
        )


@dataclass(frozen=True)
class Scores:
    """The numbers of one answer; names and definitions as in ``definitions.MEASURES``, NaN for undefined."""

    returned: int
    coverage: float
    solved: float
    validity: float
    coverage_validity: float
    unique_validity: float
    margin_validity: float
    second_validity: float
    third_validity: float
    actionable: float
    violations: float
    gower: float
    mad_l1: float
    features_changed: float
    share_unchanged: float
    redundancy: float
    in_domain: float
    in_range: float
    lof_inlier: float
    isolation_inlier: float
    nearest: float
    neighbours: float
    gower_diversity: float
    count_diversity: float
    dpp_diversity: float
    refit_validity: float
    noise_validity: float


def score(
    evaluators: Evaluators, space: SearchSpace, codes: Codes, requested: int, *, seed: int = 0
) -> Scores:
    """Score the counterfactuals (n, features) that a method returned for one query.

    Parameters
    ----------
    space : the query as arrays; its limits decide what a violation is.
    codes : shape (n, features); a failure has none, shape (0, features).
    requested : how many counterfactuals were asked for; at least n.
    seed : of the noise that robustness adds; the same for every method that is compared.

    Raises
    ------
    ValueError : more rows than requested (choose first), or a wrong number of features.
    """
    if codes.ndim != 2 or codes.shape[1] != len(space.factual):
        raise ValueError(f"codes must have shape (n, {len(space.factual)}), got {codes.shape}")
    if len(codes) > requested:
        raise ValueError(f"{len(codes)} counterfactuals came, {requested} were asked for")
    budget = Budget(evaluators.fitted.classifier)
    checks = verify(Problem(evaluators.fitted, space, budget), codes)
    return Scores(
        returned=len(codes),
        coverage=float(len(codes) > 0),
        solved=float(checks.valid.any()),
        **_over_returned(evaluators, space, checks, requested),
        **_over_valid(evaluators, space, checks.take(np.flatnonzero(checks.valid)), budget, seed),
    )


def share(of: Mask | Floats | npt.NDArray[np.int64]) -> float:
    """Mean of an array (n,); NaN for an empty one."""
    return float(np.mean(of)) if len(of) else np.nan


def unique_validity(codes: Codes, valid: Mask, half_step: Codes, requested: int) -> float:
    """Different valid rows of ``codes`` (n, features) over those requested; 0 for a failure.

    Rows that show the same values (to the display step, twice ``half_step``) are one. This is how DiCE
    counts validity of several counterfactuals (Mothilal et al. 2020).
    """
    steps = np.round(codes[valid] / (2 * half_step))
    return len(np.unique(np.where(np.isnan(steps), -np.inf, steps), axis=0)) / requested


def margin_validity(probability: Floats, threshold: float, desired: int, margin: float = MARGIN) -> float:
    """Share of p(class 1), shape (n,), that lie ``margin`` beyond the threshold on the desired side.

    NaN for no rows, and where no probability can lie that far beyond it.
    """
    bound = threshold + margin if desired else threshold - margin
    if not 0 < bound <= 1:
        return np.nan
    return share(probability >= bound if desired else probability < bound)


def cross_model_validity(factual_class: int, classes: npt.NDArray[np.int64], desired: int) -> float:
    """Share of rows that another classifier puts in the desired class, ``classes`` (n,).

    NaN where that classifier puts the factual in the desired class already: there is nothing to reach.
    """
    return np.nan if factual_class == desired else share(classes == desired)


def violation_counts(violations: Sequence[Sequence[str]]) -> npt.NDArray[np.int64]:
    """How many limits and rules each of n rows breaks (``CheckResults.violations``), shape (n,)."""
    return np.array([len(phrases) for phrases in violations], dtype=np.int64)


def redundancy(space: SearchSpace, codes: Codes, holds: Holds) -> npt.NDArray[np.int64]:
    """Changes of each row (n, features) that can be set back singly while ``holds``, shape (n,).

    ``holds`` says which rows are in the desired class. A row with one change has no redundant one:
    without it the row is the factual. (Redundancy of CARLA, Pawelczyk et al. 2021.)
    """
    row, trial = set_back_singly(space, codes)
    return np.bincount(row[holds(trial)], minlength=len(codes))


def cost_each(
    spent: Floats, returned: npt.NDArray[Any], people: npt.NDArray[Any] | None = None, *, seed: int = 0
) -> Interval:
    """Seconds or model rows per counterfactual over many queries: the sum of costs over all returned.

    ``spent`` and ``returned`` have shape (queries,); what failures cost is shared by the counterfactuals that
    were found. NaN where none were.
    """
    return ratio_interval(spent, returned.astype(float), people, seed=seed)


def _over_returned(
    evaluators: Evaluators, space: SearchSpace, checks: CheckResults, requested: int
) -> dict[str, float]:
    fitted, desired = evaluators.fitted, space.desired
    classifier = fitted.classifier
    both = np.vstack([space.factual[None], checks.codes])
    second = (classifier.second_probability_of_codes(both) >= classifier.second_threshold).astype(np.int64)
    third = evaluators.independent.predict(both)
    counts = violation_counts(checks.violations)
    validity = share(checks.valid)
    return {
        "validity": validity,
        "coverage_validity": validity if len(checks.codes) else 0.0,
        "unique_validity": unique_validity(checks.codes, checks.valid, space.half_step, requested),
        "margin_validity": margin_validity(checks.probability, classifier.threshold, desired),
        "second_validity": cross_model_validity(int(second[0]), second[1:], desired),
        "third_validity": cross_model_validity(int(third[0]), third[1:], desired),
        "actionable": share(counts == 0),
        "violations": share(counts),
    }


def _over_valid(
    evaluators: Evaluators, space: SearchSpace, valid: CheckResults, budget: Budget, seed: int
) -> dict[str, float]:
    fitted, desired, codes = evaluators.fitted, space.desired, valid.codes
    plausibility = evaluators.plausibility.score(codes, space.changed(codes), desired)

    def holds(rows: Codes) -> Mask:
        return fitted.reaches(budget.probability(rows), desired)

    return {
        "gower": share(valid.gower),
        "mad_l1": share(fitted.distances.mad_l1(space.factual, codes)),
        "features_changed": share(valid.n_changed),
        "share_unchanged": share(1 - valid.n_changed / len(space.factual)),
        "redundancy": share(redundancy(space, codes, holds)),
        **{name: share(getattr(plausibility, name)) for name in plausibility.__dataclass_fields__},
        "gower_diversity": gower_diversity(fitted.distances, codes),
        "count_diversity": count_diversity(codes, space.half_step),
        "dpp_diversity": dpp_diversity(fitted.distances, codes),
        "refit_validity": share(refit_validity(fitted, codes, desired)),
        "noise_validity": share(noise_validity(fitted, codes, desired, evaluators.errors, seed=seed)),
    }
