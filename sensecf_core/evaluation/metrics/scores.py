"""How good one method's answer to one query is: every number of docs/metrics.md that a single answer has.

Here are validity, sparsity, actionability, redundancy and cost, and :func:`score`, which gathers all of
them; plausibility, diversity and robustness have modules of their own. Means, intervals and tests over
many queries are in :mod:`sensecf_core.evaluation.metrics.statistics` and
:mod:`sensecf_core.evaluation.metrics.paired_tests`, the words for readers in
:mod:`sensecf_core.evaluation.metrics.definitions`.

A counterfactual is a row of codes after decoding, rounding and clipping. It is *valid* if it meets the goal:
the classifier puts it in the desired class, or nine of ten refits see the risk move that way. Validity and
actionability are shares of the counterfactuals returned; everything else is a mean over the valid ones, since
a row that misses the goal is easily made near, sparse or diverse. Where there is nothing to measure a number
is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers import training, wrapped
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.classifiers.wrapped import WrappedClassifier
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.checks.grades import grade_rows
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
from sensecf_core.evaluation.metrics.robustness import noise_validity, refit_reduction, refit_validity
from sensecf_core.evaluation.metrics.statistics import Interval, ratio_interval
from sensecf_core.types import Floats, Mask

MARGIN = 0.1
"""Margin validity: p(class 1) this far beyond the threshold."""
UNSEEN_REFITS, UNSEEN_SEED = 10, 10**6
"""Refits that nothing but the benchmark sees, and the seed that draws their people (others begin at 0)."""
BELIEVED_SHARE, BELIEVED_POINTS = 0.9, 3.0
"""Unseen refits that must hold a crossing, and the points of 100 by which they must see a risk move on
average; as for a solid answer (docs/metrics.md, Grades)."""


@dataclass(frozen=True)
class Evaluators:
    """Everything fitted that scores answers of one cohort; fitted by :meth:`fit`.

    ``errors`` are standard deviations of one measurement error, shape (features,). ``unseen`` is the fitted
    cohort whose classifier has :data:`UNSEEN_REFITS` refits of its own: those of ``fitted`` grade answers.
    """

    fitted: FittedCohort
    unseen: FittedCohort
    independent: IndependentClassifier
    plausibility: PlausibilityModel
    errors: Floats

    @classmethod
    def fit(cls, fitted: FittedCohort, seed: int = 0) -> Evaluators:
        """Fit the independent classifier, unseen refits, isolation forests and measurement errors."""
        return cls(
            fitted,
            _with_unseen_refits(fitted),
            IndependentClassifier.fit(fitted.cohort, seed),
            PlausibilityModel.fit(fitted, seed),
            measurement_errors(fitted.schema, fitted.train_codes),
        )


def _with_unseen_refits(fitted: FittedCohort) -> FittedCohort:
    classifier = fitted.classifier
    asked = {"number": UNSEEN_REFITS, "seed": UNSEEN_SEED}
    others: ClassifierLike = classifier
    if isinstance(classifier, Classifier):
        others = training.with_other_refits(classifier, fitted.cohort, **asked)
    elif isinstance(classifier, WrappedClassifier):
        others = wrapped.with_other_refits(classifier, **asked)
    return replace(fitted, classifier=others)


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
    solid: float
    believed: float
    unseen_validity: float
    unseen_reduction: float


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
    problem = Problem(evaluators.fitted, space, Budget(evaluators.fitted.classifier))
    checks = verify(problem, codes)
    valid = checks.take(np.flatnonzero(checks.valid))
    return Scores(
        returned=len(codes),
        coverage=float(len(codes) > 0),
        solved=float(checks.valid.any()),
        **_over_returned(evaluators, problem, checks, requested),
        **_over_valid(evaluators, problem, valid, seed),
        **_belief(evaluators, problem, valid),
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
    evaluators: Evaluators, problem: Problem, checks: CheckResults, requested: int
) -> dict[str, float]:
    classifier, space = evaluators.fitted.classifier, problem.space
    both = np.vstack([space.factual[None], checks.codes])
    second = classifier.second_probability_of_codes(both)
    third = evaluators.independent.probability(both)
    counts = violation_counts(checks.violations)
    validity = share(checks.valid)
    return {
        "validity": validity,
        "coverage_validity": validity if len(checks.codes) else 0.0,
        "unique_validity": unique_validity(checks.codes, checks.valid, space.half_step, requested),
        "margin_validity": np.nan
        if problem.aim.line is None
        else margin_validity(checks.probability, problem.aim.line, space.desired),
        "second_validity": _by_another(problem, second, classifier.second_threshold),
        "third_validity": _by_another(problem, third, evaluators.independent.threshold),
        "actionable": share(counts == 0),
        "violations": share(counts),
    }


def _by_another(problem: Problem, risks: Floats, threshold: float) -> float:
    """Share of the rows of which another classifier says that they meet the goal.

    ``risks`` are its p(class 1) of the factual and the rows, shape (1 + n,). Where the goal is to lower the
    risk, it has to see it move the desired way.
    """
    if problem.aim.line is None:
        return share(problem.aim.met(risks[1:], risks[0]))
    classes = (risks >= threshold).astype(np.int64)
    return cross_model_validity(int(classes[0]), classes[1:], problem.space.desired)


def _over_valid(evaluators: Evaluators, problem: Problem, valid: CheckResults, seed: int) -> dict[str, float]:
    fitted, space, codes = evaluators.fitted, problem.space, valid.codes
    plausibility = evaluators.plausibility.score(codes, space.changed(codes), space.desired)

    def holds(rows: Codes) -> Mask:
        return problem.aim.met(problem.budget.probability(rows), space.query.factual.probability)

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
        "refit_validity": share(refit_validity(problem, codes)),
        "noise_validity": share(noise_validity(problem, codes, evaluators.errors, seed=seed)),
    }


def _belief(evaluators: Evaluators, problem: Problem, valid: CheckResults) -> dict[str, float]:
    """Can the answer be believed: by the program's own grades, and by refits that it has never seen.

    ``solid`` and ``believed`` count only counterfactuals within the limits; a failure has none. They are NaN
    where there are no refits to say it.
    """
    unseen = replace(problem, fitted=evaluators.unseen)
    held, reduction = refit_validity(unseen, valid.codes), refit_reduction(unseen, valid.codes)
    lower = problem.aim.line is None
    believed = reduction >= BELIEVED_POINTS if lower else held >= BELIEVED_SHARE
    grades = np.array(grade_rows(problem, valid.codes, complete=False).grades, dtype=object)
    known = bool(evaluators.unseen.classifier.refits)
    return {
        "solid": float((valid.within_limits & (grades == "solid")).any()) if known else np.nan,
        "believed": float((valid.within_limits & believed).any()) if known else np.nan,
        "unseen_validity": share(held),
        "unseen_reduction": share(reduction),
    }
