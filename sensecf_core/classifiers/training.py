"""Train a cohort's classifier: choose settings on ``train``, calibrate and choose thresholds on ``val``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.classifiers.boosted_trees import BoostedTrees, CalibratedTrees
from sensecf_core.classifiers.calibration import choose_threshold, fit_sigmoid, probability
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.hyperparameters import Settings, choose_settings
from sensecf_core.classifiers.logistic import fit_logistic
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.cohorts.enough import too_small
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from sensecf_core.types import Floats, Ints, Part, People, Progress

SETTINGS_SHARE = 0.4
"""Share of the progress bar for choosing the settings."""


@dataclass(frozen=True)
class Rows:
    """Training material: model matrix (n, columns), target (n,), participant ids (n,)."""

    matrix: Floats
    target: Ints
    people: People

    def take(self, positions: npt.NDArray[Any]) -> Rows:
        """Return the rows at ``positions`` (indices or a mask)."""
        return Rows(self.matrix[positions], self.target[positions], self.people[positions])


def rows_of(cohort: Cohort, *parts: Part) -> Rows:
    """Gather the rows of ``parts``, in cohort order."""
    chosen = cohort.parts.isin(parts).to_numpy()
    codes: Codes = to_codes(cohort.schema, cohort.rows[chosen])
    return Rows(
        matrix=to_matrix(cohort.schema, codes),
        target=cohort.target[chosen].to_numpy(dtype=np.int64),
        people=cohort.rows.index.get_level_values(0)[chosen].to_numpy(dtype=object),
    )


def train(cohort: Cohort, *, seed: int = 0, refits: int = 20, progress: Progress | None = None) -> Classifier:
    """Train, calibrate and choose thresholds; ``test`` rows are never used.

    Deterministic: the same rows, seed and library versions give the same ``sha256``.

    Parameters
    ----------
    refits : number of bootstrap refits (by participant) behind the risk interval.
    progress : told the fraction done (0 to 1) and what is being done.

    Raises
    ------
    InputError : the cohort is too small (see :mod:`sensecf_core.cohorts.enough`).
    """
    if (why := too_small(cohort)) is not None:
        raise InputError(why)
    material, val = rows_of(cohort, "train"), rows_of(cohort, "val")
    return fit(cohort.schema, material, val, seed=seed, refits=refits, progress=progress)


def fit(
    schema: Schema, material: Rows, val: Rows, *, seed: int, refits: int, progress: Progress | None = None
) -> Classifier:
    """Fit everything on ``material`` and calibrate it on ``val`` (rows of other participants)."""
    report = progress or (lambda _fraction, _message: None)
    with one_thread():
        report(0.0, "Choosing the settings by cross-validation")
        choice = choose_settings(material.matrix, material.target, material.people, seed)
        report(SETTINGS_SHARE, "Training the classifier")
        model = choice.settings.fit(material.matrix, material.target, seed)
        calibration, _ = fit_sigmoid(model, val.matrix, val.target)
        second = fit_logistic((material.matrix, material.target), (val.matrix, val.target))
        refitted = []
        for number in range(refits):
            share = SETTINGS_SHARE + (1 - SETTINGS_SHARE) * (number + 1) / (refits + 1)
            report(share, f"Bootstrap refit {number + 1} of {refits}")
            refitted.append(_refit(choice.settings, material, val, (seed, number)))
        margin = calibration.margin(BoostedTrees.of_model(model).raw(val.matrix))
        report(1.0, "Trained")
        return Classifier(
            schema=schema,
            threshold=choose_threshold(probability(margin), val.target),
            second_threshold=choose_threshold(probability(second.margin(val.matrix)), val.target),
            tree_model=model,
            calibration=calibration,
            second_classifier=second,
            refits=tuple(refitted),
            training={
                "seed": seed,
                "refits": refits,
                "settings": asdict(choice.settings),
                "tried": choice.tried,
            },
        )


def with_other_refits(classifier: Classifier, cohort: Cohort, *, number: int, seed: int) -> Classifier:
    """The same classifier with ``number`` other bootstrap refits in place of its own, drawn by ``seed``.

    They take the classifier's settings, so that nothing but the people drawn differs.
    """
    material, val = rows_of(cohort, "train"), rows_of(cohort, "val")
    settings = Settings(**classifier.training["settings"])
    with one_thread():
        refits = tuple(_refit(settings, material, val, (seed, draw)) for draw in range(number))
    return replace(classifier, refits=refits)


def _refit(settings: Settings, material: Rows, val: Rows, seed: tuple[int, int]) -> CalibratedTrees:
    resampled = material.take(bootstrap(material, np.random.default_rng(seed)))
    model = settings.fit(resampled.matrix, resampled.target, seed[0])
    sigmoid, _ = fit_sigmoid(model, val.matrix, val.target)
    return CalibratedTrees(BoostedTrees.of_model(model), sigmoid)


def bootstrap(material: Rows, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Positions of the rows of as many participants as there are, drawn with replacement."""
    people, owner = np.unique(material.people.astype(str), return_inverse=True)
    while True:
        times = np.bincount(rng.integers(len(people), size=len(people)), minlength=len(people))
        positions = np.repeat(np.arange(len(owner)), times[owner])
        if len(np.unique(material.target[positions])) == 2:
            return positions


def one_thread() -> Any:
    """Limit OpenMP and BLAS to one thread inside a ``with`` block.

    The libraries are imported first, because only loaded ones can be limited. (Two threads built small
    histograms 20 times slower than one while another process kept a core busy.)
    """
    import scipy.linalg  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(1)
