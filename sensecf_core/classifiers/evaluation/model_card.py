"""A classifier's card: what it was trained on, how good it is on ``test``, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial

import numpy as np

from sensecf_core import provenance, types
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.evaluation import metrics
from sensecf_core.classifiers.evaluation.cross_fitting import CrossFitted, cross_fit
from sensecf_core.classifiers.evaluation.feature_ablation import predict_without, without
from sensecf_core.classifiers.evaluation.metrics import DRAWS, Predictions
from sensecf_core.classifiers.training import one_thread
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.types import Floats, Json, Part, People, Progress

Measure = Callable[[Floats], dict[str, Floats]]

CARD_VERSION = 1
FEW_PARTICIPANTS = 100
"""With fewer on ``test``, 5-fold cross-fitted numbers over all rows are given as well."""
FEW_ROWS = 10
"""A subgroup with fewer rows of a class has no AUROC, with fewer rows in all no Brier score."""
BINS = 10
PARTS: tuple[Part, ...] = ("train", "val", "test")


def evaluate(cohort: Cohort, classifier: Classifier, *, progress: Progress | None = None) -> Json:
    """Compute the card, JSON-able.

    A number with uncertainty is ``{"value", "low", "high"}``: the value on the rows as they are and a 95 %
    bootstrap interval (1,000 draws of participants, percentiles); ``None`` where it is undefined.
    """
    with one_thread():
        return _evaluate(cohort, classifier, progress or (lambda _fraction, _message: None))


def _evaluate(cohort: Cohort, classifier: Classifier, report: Progress) -> Json:
    seed = int(classifier.training.get("seed", 0))
    report(0.0, "Evaluating on the test part")
    rows = cohort.part("test")
    people = rows.index.get_level_values(0).to_numpy(dtype=object)
    target = cohort.target.loc[rows.index].to_numpy(dtype=np.int64)
    main = _predictions(target, classifier.predict_proba(rows), classifier.threshold)
    second = _predictions(target, classifier.second_probability(rows), classifier.second_threshold)
    card: Json = {
        "card_version": CARD_VERSION,
        "cohort": cohort.schema.name,
        "title": cohort.schema.title,
        "task": cohort.schema.task.model_dump(),
        "flow": [asdict(step) for step in cohort.flow],
        "parts": {part: _counts(cohort, part) for part in PARTS},
        "threshold": classifier.threshold,
        "second_threshold": classifier.second_threshold,
        "metrics": _metrics(main, people, seed),
        "reliability": reliability(main, people, seed),
        "second_judge": {
            "metrics": _metrics(second, people, seed),
            "agreement": float(np.mean(main.predicted == second.predicted)),
        },
    }
    report(0.3, "Evaluating subgroups")
    card["subgroups"] = _subgroups(cohort, main, people, seed)
    crossed = None
    if len(set(people)) < FEW_PARTICIPANTS:
        report(0.5, "Cross-fitting, as the test part is small")
        crossed = cross_fit(cohort, seed)
    card["cross_fitted"] = None if crossed is None else _cross_fitted(crossed, seed)
    if cohort.schema.left_out:
        report(0.7, "Evaluating without some features")
        card["left_out"] = _left_out(cohort, main, people, crossed, seed)
    report(1.0, "Evaluated")
    return {
        **card,
        "training": dict(classifier.training),
        "provenance": _provenance(cohort, classifier, seed),
    }


def reliability(predictions: Predictions, people: People, seed: int) -> list[Json]:
    """Ten bins of (nearly) equal count by probability: mean predicted and observed share of class 1."""
    order = np.argsort(predictions.probability, kind="stable")
    bins = []
    for members in np.array_split(order, BINS):
        if len(members):
            inside = predictions.probability[members]
            shares = _with_interval(_share_of(predictions.target[members]), people[members], seed)
            bins.append(
                {
                    "low": float(inside.min()),
                    "high": float(inside.max()),
                    "n": len(members),
                    "mean_predicted": float(inside.mean()),
                    "observed": shares["observed"],
                }
            )
    return bins


def _predictions(target: types.Ints, probability: Floats, threshold: float) -> Predictions:
    return Predictions(target, probability, (probability >= threshold).astype(np.int64))


def _share_of(target: types.Ints) -> Measure:
    return lambda weights: {"observed": metrics.observed_share(target, weights)}


def _metrics(predictions: Predictions, people: People, seed: int) -> Json:
    return _with_interval(lambda weights: metrics.all_metrics(predictions, weights), people, seed)


def _with_interval(measure: Measure, people: People, seed: int) -> Json:
    plain = measure(np.ones((1, len(people))))
    chunks = [measure(weights) for weights in metrics.participant_draws(people, DRAWS, seed)]
    return {
        name: _number(float(value[0]), np.concatenate([chunk[name] for chunk in chunks]))
        for name, value in plain.items()
    }


def _number(value: float, draws: Floats) -> Json | None:
    draws = draws[np.isfinite(draws)]
    if not np.isfinite(value) or len(draws) < DRAWS / 2:
        return None
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"value": value, "low": float(low), "high": float(high)}


def _counts(cohort: Cohort, part: Part) -> Json:
    target = cohort.target[cohort.parts.eq(part)]
    return {
        "rows": len(target),
        "participants": int(target.index.get_level_values(0).nunique()),
        "class_1": int(target.sum()),
        "prevalence": float(target.mean()) if len(target) else None,
    }


def _subgroups(cohort: Cohort, predictions: Predictions, people: People, seed: int) -> list[Json]:
    levels = cohort.subgroups[cohort.parts.eq("test")]
    found = []
    for subgroup in cohort.schema.subgroups:
        for level in subgroup.levels:
            mask = levels[subgroup.name].eq(level).fillna(False).to_numpy(dtype=bool)
            found.append(
                {
                    "name": subgroup.name,
                    "label": subgroup.label,
                    "level": level,
                    **_subgroup(predictions.take(mask), people[mask], seed),
                }
            )
    return found


def _subgroup(predictions: Predictions, people: People, seed: int) -> Json:
    ones = int(predictions.target.sum())
    n = len(predictions.target)
    numbers: Json = {"auroc": None, "brier": None, "sensitivity": None, "specificity": None}
    if n >= FEW_ROWS:
        measured = _with_interval(lambda weights: _subgroup_metrics(predictions, weights), people, seed)
        numbers["brier"] = measured["brier"]
        if ones >= FEW_ROWS:
            numbers["sensitivity"] = measured["sensitivity"]
        if n - ones >= FEW_ROWS:
            numbers["specificity"] = measured["specificity"]
        if min(ones, n - ones) >= FEW_ROWS:
            numbers["auroc"] = measured["auroc"]
    return {"n": n, "class_1": ones, "prevalence": ones / n if n else None, **numbers}


def _subgroup_metrics(predictions: Predictions, weights: Floats) -> dict[str, Floats]:
    sensitivity, specificity, _ = metrics.decisions(predictions, weights)
    return {
        "auroc": metrics.auroc(predictions, weights),
        "brier": metrics.brier(predictions, weights),
        "sensitivity": sensitivity,
        "specificity": specificity,
    }


def _cross_fitted(result: CrossFitted, seed: int) -> Json:
    return {
        "folds": result.folds,
        "n": len(result.people),
        "participants": len(set(result.people)),
        "metrics": _metrics(result.main, result.people, seed),
        "reliability": reliability(result.main, result.people, seed),
        "second_judge": {"metrics": _metrics(result.second, result.people, seed)},
    }


def _left_out(
    cohort: Cohort, main: Predictions, people: People, crossed: CrossFitted | None, seed: int
) -> list[Json]:
    """AUROC with and without each group of features that the schema names, and their difference (same draws).

    Where the test part is small, over all rows as well.
    """
    found = []
    for group in cohort.schema.left_out:
        less = predict_without(cohort, group, seed)
        entry = {**group.model_dump(), **_with_interval(partial(_compared, main, less), people, seed)}
        if crossed is not None:
            again = cross_fit(without(cohort, group), seed)
            compared = partial(_compared, crossed.main, again.main)
            entry["cross_fitted"] = _with_interval(compared, crossed.people, seed)
        found.append(entry)
    return found


def _compared(whole: Predictions, less: Predictions, weights: Floats) -> dict[str, Floats]:
    with_it, without_it = metrics.auroc(whole, weights), metrics.auroc(less, weights)
    return {"auroc": with_it, "auroc_without": without_it, "difference": with_it - without_it}


def _provenance(cohort: Cohort, classifier: Classifier, seed: int) -> Json:
    return {
        "schema_sha256": cohort.schema.sha256,
        "data_sha256": cohort.data_sha256,
        "split_sha256": cohort.split_sha256,
        "classifier_sha256": classifier.sha256,
        "seed": seed,
        "bootstrap_draws": DRAWS,
        "command": f"{provenance.PROGRAM} train --cohort {cohort.schema.name} --seed {seed}",
        "commit": provenance.commit(),
        "versions": _only(provenance.versions(), ("python", "sensecf", "numpy", "pandas", "scikit-learn")),
    }


def _only(versions: dict[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: versions[name] for name in names if name in versions}
