"""Somebody's own model as a classifier: it needs ``predict_proba`` over the cohort's frame, and nothing else.

Its probabilities are taken as they are. What it does not have is fitted beside it on the cohort's training
rows: a logistic regression as the second classifier, and bootstrap refits where scikit-learn can clone it.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.classifiers.calibration import choose_threshold, log_odds, probability
from sensecf_core.classifiers.classifier import INTERVAL
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.logistic import LogisticModel, fit_logistic
from sensecf_core.classifiers.training import Rows, bootstrap
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.cohorts.enough import too_small
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from sensecf_core.types import Floats, Ints, Progress

CERTAIN = 1e-6
"""Log-odds are taken of probabilities this far from 0 and 1: a forest says both, and both have none."""
BESIDE = 1e-9
"""Log-odds that a margin lies beside the threshold at least, so that rounding never moves it across."""
ASKED_TWICE = 200
"""Rows about which a model is asked twice."""
SAME_PROBABILITY = 1e-4
"""How far two answers may differ: sums in another order are no chance."""
REFIT_SECONDS = 60.0
"""No further refit is begun after so long."""
FEWEST_REFITS = 5
"""Fewer refits than this say nothing about an interval, and are not kept."""
PROBES = 2000
"""Made-up rows that two models which agree on a whole cohort are told apart by."""
ROUNDING = 1e-6
"""Probabilities this far beyond 0 and 1 are rounding: weighted means and single precision give 1.0000001."""
BACKGROUND = 25
"""Training rows that SHAP values compare a row with; each costs one model row a masked evaluation."""


@dataclass(frozen=True, eq=False)
class WrappedClassifier:
    """A model of any kind; see :class:`~sensecf_core.classifiers.protocol.ClassifierLike`.

    Attributes
    ----------
    model : anything with ``predict_proba(frame)``.
    cohort : whose frame it reads (columns, types and levels).
    second_classifier : a logistic regression fitted on the training rows, for cross-model validity.
    refits : clones of the model, fitted on bootstrap draws of the training participants; often none.
    background : codes of training rows that SHAP values compare with.
    sha256 : hash of what the model and its refits say of all rows of the cohort, and the model of
        :data:`PROBES` rows between them.
    """

    cohort: Cohort
    model: Any
    threshold: float
    second_threshold: float
    second_classifier: LogisticModel
    refits: tuple[Any, ...]
    background: Codes
    sha256: str
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        """The cohort's schema."""
        return self.cohort.schema

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        """Return the model's p(class 1) of rows with the schema's columns, shape (n,)."""
        return self.probability_of_codes(to_codes(self.schema, rows))

    def predict(self, rows: pd.DataFrame) -> Ints:
        """Return the predicted class 0 / 1, shape (n,)."""
        return (self.predict_proba(rows) >= self.threshold).astype(np.int64)

    def second_probability(self, rows: pd.DataFrame) -> Floats:
        """Return the second classifier's p(class 1), shape (n,)."""
        return self.second_probability_of_codes(to_codes(self.schema, rows))

    def interval(self, rows: pd.DataFrame) -> Floats | None:
        """Return the central 90 % over the refits, shape (n, 2); None without refits."""
        if not self.refits:
            return None
        refits = self.refit_probabilities_of_codes(to_codes(self.schema, rows))
        return np.asarray(np.quantile(refits, INTERVAL, axis=0).T)

    def probability_of_codes(self, codes: Codes) -> Floats:
        """:meth:`predict_proba` of codes."""
        return class_1(self.model, self.cohort, codes)

    def margin_of_codes(self, codes: Codes) -> Floats:
        """Log-odds of class 1, shape (n,), on the same side of the threshold as the probability."""
        exact = self.probability_of_codes(codes)
        inside = exact.clip(CERTAIN, 1 - CERTAIN)
        margin, edge = np.log(inside / (1 - inside)), log_odds(self.threshold)
        flagged = exact >= self.threshold
        margin = np.where(flagged, np.maximum(margin, edge + BESIDE), np.minimum(margin, edge - BESIDE))
        return np.asarray(margin, dtype=np.float64)

    def second_probability_of_codes(self, codes: Codes) -> Floats:
        """:meth:`second_probability` of codes."""
        return probability(self.second_classifier.margin(to_matrix(self.schema, codes)))

    def refit_probabilities_of_codes(self, codes: Codes) -> Floats:
        """Each refit's p(class 1), shape (refits, n)."""
        found = [class_1(refit, self.cohort, codes) for refit in self.refits]
        return np.array(found).reshape(len(self.refits), len(codes))


def class_1(model: Any, cohort: Cohort, codes: Codes) -> Floats:
    """Ask a model for p(class 1) of codes (n, features), shape (n,).

    A model with two columns of probabilities gives that of its class 1, or of the second of its two classes.
    A single column is p(class 1), unless the model says that the only class it knows is 0.

    Raises
    ------
    InputError : the model fails on the cohort's frame, or answers with anything but probabilities.
    """
    if not len(codes):
        return np.empty(0)
    frame = cohort.frame_of_codes(codes)
    try:
        said = np.asarray(model.predict_proba(frame), dtype=np.float64)
    except Exception as error:  # whatever a foreign model raises is about what it was given
        reason = (str(error).strip() or "no reason given").splitlines()[0].rstrip(".")
        columns = ", ".join(map(str, frame.columns[:8])) + (", …" if frame.shape[1] > 8 else "")
        raise InputError(
            f"The model's predict_proba fails on the cohort's frame (columns {columns}): "
            f"{type(error).__name__}: {reason}."
        ) from error
    if said.ndim == 2 and said.shape[1] == 1:
        said = 1 - said[:, 0] if _classes(model) == [0] else said[:, 0]
    elif said.ndim == 2 and said.shape[1] == 2:
        said = said[:, _column_of_1(model)]
    if said.shape != (len(codes),):
        raise InputError(
            f"predict_proba must give one probability a row, or one for each of two classes; for "
            f"{len(codes)} rows it gave an array of shape {said.shape}."
        )
    if not ((said >= -ROUNDING) & (said <= 1 + ROUNDING)).all():
        raise InputError("predict_proba must give probabilities from 0 to 1, without gaps.")
    return said.clip(0.0, 1.0)


def _column_of_1(model: Any) -> int:
    classes = _classes(model)
    return classes.index(1) if 1 in classes else 1


def _check_labels(model: Any, said: Floats, cohort: Cohort) -> None:
    """Refuse labels other than 0 and 1 of which the wrong one would be taken for class 1.

    ``case`` sorts before ``control``, and 1 may mean no where 2 means yes: nothing but the target tells.
    """
    classes = _classes(model)
    ill = cohort.target.to_numpy() == 1
    if len(classes) != 2 or set(classes) == {0, 1} or said[ill].mean() >= said[~ill].mean():
        return
    name = cohort.schema.task.target
    raise InputError(
        f"The model's class {classes[_column_of_1(model)]!s} would be taken for {name!r} = 1, yet the model "
        f"finds it likelier where {name!r} is 0; fit the model on 0 and 1, or wrap an object whose "
        "predict_proba gives one column, the probability of 1."
    )


def _check_repeatable(model: Any, said: Floats, cohort: Cohort, codes: Codes) -> None:
    """Refuse a model that answers by chance: whatever was checked would not hold when it is asked again."""
    again = class_1(model, cohort, codes[:ASKED_TWICE])
    if not np.allclose(again, said[:ASKED_TWICE], rtol=0, atol=SAME_PROBABILITY):
        raise InputError(
            "The model gives other probabilities when it is asked twice about the same rows; make its "
            "predict_proba repeatable (no dropout, a fixed random state) before you wrap it."
        )


def _classes(model: Any) -> list[Any]:
    found = getattr(model, "classes_", None)
    return [] if found is None else list(found)


def wrap(
    model: Any,
    cohort: Cohort,
    *,
    threshold: float | None = None,
    refits: int = 20,
    progress: Progress | None = None,
) -> WrappedClassifier:
    """Make a classifier of a fitted model; see :func:`sensecf_core.api.wrap`."""
    if not callable(getattr(model, "predict_proba", None)):
        raise InputError(f"{type(model).__name__} has no predict_proba; give a model that has one.")
    if threshold is not None and not 0 < threshold < 1:
        raise InputError(f"`threshold` must lie between 0 and 1, got {threshold}.")
    if (why := too_small(cohort)) is not None:
        raise InputError(why)
    schema, codes = cohort.schema, to_codes(cohort.schema, cohort.rows)
    target = cohort.target.to_numpy(dtype=np.int64)
    train, val = (cohort.parts.eq(part).to_numpy() for part in ("train", "val"))
    said = class_1(model, cohort, codes)
    _check_labels(model, said, cohort)
    _check_repeatable(model, said, cohort, codes)
    matrix = to_matrix(schema, codes)
    second_classifier = fit_logistic((matrix[train], target[train]), (matrix[val], target[val]))
    people = cohort.rows.index.get_level_values(0).to_numpy(dtype=object)
    material = Rows(codes, target, people).take(train)
    clones = _refits(model, cohort, material, refits, progress or _silent)
    if refits and not clones:
        warnings.warn(
            f"No risk interval and no grades: {type(model).__name__} could not be fitted again on "
            "bootstrap draws of the training rows.",
            stacklevel=3,
        )
    second = probability(second_classifier.margin(matrix[val]))
    found = choose_threshold(said[val], target[val]) if threshold is None else float(threshold)
    picked = np.random.default_rng(0).permutation(np.flatnonzero(train))[:BACKGROUND]
    words = [class_1(clone, cohort, codes) for clone in clones]
    digest = hashlib.sha256(json.dumps([schema.sha256, cohort.data_sha256, found]).encode())
    for array in (said, class_1(model, cohort, _probes(cohort, codes)), second_classifier.weights, *words):
        digest.update(array.tobytes())
    return WrappedClassifier(
        cohort=cohort,
        model=model,
        threshold=found,
        second_threshold=choose_threshold(second, target[val]),
        second_classifier=second_classifier,
        refits=clones,
        background=codes[np.sort(picked)],
        sha256=digest.hexdigest(),
        training={"wrapped": type(model).__name__, "refits": len(clones)},
    )


def _probes(cohort: Cohort, codes: Codes) -> Codes:
    """Rows that nobody is: each value from another row, numbers between those of two, shape (n, features)."""
    rng = np.random.default_rng(0)
    rows, other = (rng.permuted(codes[rng.integers(len(codes), size=PROBES)], axis=0) for _ in range(2))
    share = rng.random(rows.shape)
    for position, feature in enumerate(cohort.schema.features):
        if not feature.named and feature.kind != "binary":
            between = rows[:, position] + share[:, position] * (other[:, position] - rows[:, position])
            rows[:, position] = between.round(feature.decimals)
    return rows


def with_other_refits(classifier: WrappedClassifier, *, number: int, seed: int) -> WrappedClassifier:
    """The same classifier with ``number`` other refits in place of its own; with none where it has none."""
    if not classifier.refits:
        return classifier
    cohort = classifier.cohort
    train = cohort.parts.eq("train").to_numpy()
    people = cohort.rows.index.get_level_values(0).to_numpy(dtype=object)
    material = Rows(to_codes(cohort.schema, cohort.rows), cohort.target.to_numpy(dtype=np.int64), people)
    others = _refits(classifier.model, cohort, material.take(train), number, _silent, seed=seed)
    return replace(classifier, refits=others)


def _silent(_fraction: float, _message: str) -> None:
    """Report no progress."""


def _refits(
    model: Any, cohort: Cohort, material: Rows, number: int, tell: Progress, *, seed: int = 0
) -> tuple[Any, ...]:
    """Clone the model and fit it on bootstrap draws of training participants; none where that cannot be.

    ``material`` are the training rows, its matrix their codes; ``seed`` draws the participants.
    """
    if not (hasattr(model, "get_params") and hasattr(model, "fit")):
        return ()
    codes, target, classes = material.matrix, material.target, _classes(model)
    frame = cohort.frame_of_codes(codes)
    labels = np.asarray(classes)[target] if len(classes) == 2 and 1 not in classes else target
    fitted: list[Any] = []
    started = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the model warns of, it warned of when it was fitted
        for draw in range(number):
            if perf_counter() - started > REFIT_SECONDS:
                break
            tell(draw / number, f"Bootstrap refit {draw + 1} of {number}")
            positions = bootstrap(material, np.random.default_rng((seed, draw)))
            try:
                clone = _clone(model, draw)
                clone.fit(frame.iloc[positions], labels[positions])
                class_1(clone, cohort, codes[:1])
            except Exception:  # it needs more than rows and a target: there is no interval then
                return ()
            fitted.append(clone)
    tell(1.0, "Wrapped")
    same = all(
        np.array_equal(class_1(refit, cohort, codes), class_1(model, cohort, codes)) for refit in fitted
    )
    return () if same or len(fitted) < FEWEST_REFITS else tuple(fitted)


def _clone(model: Any, seed: int) -> Any:
    """An unfitted copy with every random state set, so that the same model has the same refits."""
    from sklearn.base import clone

    fresh = clone(model)
    states = [name for name in fresh.get_params() if name.rpartition("__")[2] == "random_state"]
    return fresh.set_params(**dict.fromkeys(states, seed)) if states else fresh
