"""Rows made by resampling real ones: random oversampling, SMOTENC, smoothed bootstrap (ROSE), crossover.

Each function makes ``number`` rows of one class from the scarce training rows of that class. Codes are
those of :mod:`sensecf_core.cohorts.encoding`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from sensecf_core.augmentation.rows.made_rows import MadeRows, TrainingRows
from sensecf_core.cohorts.distance import Distances
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Mask

NEIGHBOURS = 5
"""Neighbours of SMOTENC (imbalanced-learn's default), fewer where the class has fewer rows."""


Resample = Callable[[TrainingRows, int, int, np.random.Generator], MadeRows]


def oversample(rows: TrainingRows, label: int, number: int, rng: np.random.Generator) -> MadeRows:
    """Copy rows of the class, drawn with replacement (imbalanced-learn's ``RandomOverSampler``)."""
    from imblearn.over_sampling import RandomOverSampler

    members = np.flatnonzero(rows.target == label)
    sampler = RandomOverSampler(sampling_strategy={label: len(members) + number}, random_state=_state(rng))
    sampler.fit_resample(np.arange(len(rows.target))[:, None], rows.target)
    drawn = np.asarray(sampler.sample_indices_)[len(rows.target) :]
    return MadeRows.of_class(rows.codes[drawn], label, rows.people[drawn])


def smotenc(rows: TrainingRows, label: int, number: int, rng: np.random.Generator) -> MadeRows:
    """SMOTENC (Chawla et al. 2002) of imbalanced-learn; ordinal features count as categories.

    It takes no gaps: the rows it starts from are filled with the class's medians or commonest levels. Without
    categories it is SMOTE, with nothing else SMOTEN.
    """
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    kinds = np.array([f.named or f.kind == "binary" for f in rows.schema.features])
    members = rows.target == label
    filled = _filled(rows.codes, rows.codes[members], kinds)
    options = {
        "sampling_strategy": {label: int(members.sum()) + number},
        "k_neighbors": min(NEIGHBOURS, int(members.sum()) - 1),
        "random_state": _state(rng),
    }
    if not kinds.any():
        sampler = SMOTE(**options)
    elif kinds.all():
        sampler = SMOTEN(**options)
    else:
        sampler = SMOTENC(categorical_features=np.flatnonzero(kinds).tolist(), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn's one-hot encoder, about a level seen once
        made, _ = sampler.fit_resample(filled, rows.target)
    return _made(rows, np.asarray(made, dtype=np.float64)[len(filled) :], label)


def rose(rows: TrainingRows, label: int, number: int, rng: np.random.Generator) -> MadeRows:
    """Smoothed bootstrap (ROSE, Menardi & Torelli 2014): copies with Gaussian noise on the numbers.

    The noise has the class's standard deviation times Silverman's factor (4 / ((d + 2) n))^(1 / (d + 4)), d
    numbers and n rows; levels and binary features are copied.
    """
    members = np.flatnonzero(rows.target == label)
    drawn = rng.choice(members, number)
    numbers = np.array([not f.named and f.kind != "binary" for f in rows.schema.features])
    d = max(1, int(numbers.sum()))
    factor = (4 / ((d + 2) * len(members))) ** (1 / (d + 4))
    noise = rng.standard_normal((number, len(numbers))) * factor
    codes = rows.codes[drawn] + np.where(numbers, noise * spread(rows.codes[members]), 0.0)
    return MadeRows.of_class(tidied(rows.schema, codes), label, rows.people[drawn])


def crossover(rows: TrainingRows, label: int, number: int, rng: np.random.Generator) -> MadeRows:
    """Take each feature from one of two rows of the class, either with probability one half."""
    members = np.flatnonzero(rows.target == label)
    first, second = (rows.codes[rng.choice(members, number)] for _ in range(2))
    return _made(rows, np.where(rng.random(first.shape) < 0.5, first, second), label)


RESAMPLINGS: Mapping[str, Resample] = MappingProxyType(
    {"ros": oversample, "smotenc": smotenc, "rose": rose, "crossover": crossover}
)


def spread(codes: Codes) -> Codes:
    """Standard deviation of each column, 0 where nothing was measured."""
    measured = ~np.isnan(codes).all(axis=0)
    found = np.zeros(codes.shape[1])
    found[measured] = np.nanstd(codes[:, measured], axis=0)
    return found


def tidied(schema: Schema, codes: Codes) -> Codes:
    """Numbers rounded to what their features show, and clipped to what is no error."""
    codes = codes.copy()
    for position, feature in enumerate(schema.features):
        if not feature.named:
            codes[:, position] = np.round(codes[:, position], feature.decimals)
            if feature.valid is not None:
                codes[:, position] = np.clip(codes[:, position], *feature.valid)
    return codes


def _made(rows: TrainingRows, codes: Codes, label: int) -> MadeRows:
    """Rows of the class, each owned by the participant of the nearest real row."""
    members = np.flatnonzero(rows.target == label)
    codes = tidied(rows.schema, codes)
    distances = Distances.fit(rows.schema, rows.codes).gower_matrix(codes, rows.codes[members])
    owners = rows.people[members[distances.argmin(axis=1)]]
    return MadeRows.of_class(codes, label, owners)


def _filled(codes: Codes, members: Codes, kinds: Mask) -> Codes:
    """``codes`` with gaps filled from ``members``: the median, of categories the commonest level."""
    filled = codes.copy()
    for position, category in enumerate(kinds):
        known = members[~np.isnan(members[:, position]), position]
        if len(known):
            levels, counts = np.unique(known, return_counts=True)
            value = levels[counts.argmax()] if category else np.median(known)
        else:
            value = 0.0
        filled[np.isnan(filled[:, position]), position] = value
    return filled


def _state(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
