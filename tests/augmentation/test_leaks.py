"""Removed rows and test rows are gone before anything is fitted: one test for each fitted thing.

The clean artefacts are compared with those of a cohort whose removed and test rows are other people
altogether: nothing may differ. Putting such rows back by hand must show in each of them, or the comparison
could not fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sensecf_core.augmentation.arms import NATIVE_PAIRS
from sensecf_core.augmentation.artefacts import Artefacts
from sensecf_core.augmentation.rows.counterfactual_rows import counterfactual_rows
from sensecf_core.augmentation.rows.direction_pairs import direction_pairs
from sensecf_core.augmentation.rows.made_rows import TrainingRows
from sensecf_core.augmentation.rows.resampling import RESAMPLINGS
from sensecf_core.augmentation.rows.sources import METHODS
from sensecf_core.augmentation.scarcity import ScarceSplit, thin
from sensecf_core.classifiers.calibration import choose_threshold
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.few_shot import make_examples
from tests.augmentation.planted import cohort

pytestmark = pytest.mark.usefixtures("cfnow_by_steps")
SHARE, SEED = 0.7, 5


@cache
def original() -> Cohort:
    return cohort("linear", 420)


@cache
def clean() -> ScarceSplit:
    return thin(original(), "C", SHARE, SEED)


@cache
def removed_and_test() -> tuple[pd.Index, pd.Index]:
    full, scarce = clean().full.rows.index, clean().scarce.rows.index
    return full.difference(scarce), original().rows.index.difference(full)


@cache
def poisoned() -> Cohort:
    """The same people, splits and outcomes; whoever no arm may read has three more of every number."""
    hidden = original().rows.index.isin(removed_and_test()[0].append(removed_and_test()[1]))
    rows = original().rows.copy()
    numbers = [f"x{i}" for i in range(8)]
    rows.loc[hidden, numbers] = rows.loc[hidden, numbers] + 3.0
    rows.loc[hidden, "diet"] = "other"
    return replace(original(), rows=rows)


def put_back(hidden: pd.Index) -> Cohort:
    """The scarce cohort with poisoned rows in train, and one in five of them in val."""
    kept = original().rows.index.isin(clean().scarce.rows.index.append(hidden))
    back = original().rows.index[kept].isin(hidden)
    parts = clean().scarce.parts.reindex(original().rows.index[kept])
    fifth = np.arange(len(parts)) % 5 == 0
    parts[back] = np.where(fifth[back], "val", "train")
    return replace(
        original(),
        rows=poisoned().rows[kept],
        target=original().target[kept],
        parts=parts,
        subgroups=pd.DataFrame(),
    )


@cache
def artefacts(which: str) -> Artefacts:
    scarce = {
        "clean": lambda: clean().scarce,
        "poisoned": lambda: thin(poisoned(), "C", SHARE, SEED).scarce,
        "removed": lambda: put_back(removed_and_test()[0]),
        "test": lambda: put_back(removed_and_test()[1]),
    }[which]()
    return Artefacts(scarce, clean().removed, SEED)


def probe() -> Any:
    return clean().test.matrix


def panel_labels(one: Artefacts) -> Any:
    owners = np.array(sorted(clean().scarce.part("train").index.get_level_values(0)), dtype=object)
    return one.panel.label(probe()[: len(owners)], owners[: len(probe())])


FITTED: dict[str, Callable[[Artefacts], Any]] = {
    "settings of the students": lambda one: repr(one.settings),
    "students": lambda one: list(one.students.probabilities(probe()).values()),
    "learned prior": lambda one: one.students.share,
    "scaler": lambda one: one.students.models["ridge"][1].mean_,
    "panel labels": panel_labels,
    "tuned threshold": lambda one: (
        [
            choose_threshold(risks, one.val.target, 0.4)
            for risks in one.students.probabilities(one.val.matrix).values()
        ]
        + [one.val.matrix]
    ),
    "threshold of the counterfactuals": lambda one: one.fitted.classifier.threshold,
    "distances": lambda one: [one.fitted.distances.ranges, one.fitted.distances.mads],
    "domain": lambda one: [one.fitted.domain.low, one.fitted.domain.high],
    "density": lambda one: [each.score(clean_codes()) for each in one.fitted.densities],
    "few-shot examples and pairs": lambda one: repr(
        [make_examples(one.fitted, d, "contrast") for d in (0, 1)]
    ),
    **{
        f"rows of {name}": lambda one, name=name: one.made(name).codes
        for name in (*RESAMPLINGS, NATIVE_PAIRS, *(name for name in METHODS if not METHODS[name].slow))
    },
    **{
        f"rows of {name}": lambda one, name=name: few_rows(one, name)
        for name in ("nice", "dice", "treecf", "cfnow")
    },
    "directions": lambda one: (
        direction_pairs(with_directions(one.training_rows), one.rng("directions")).codes
    ),
}


def few_rows(one: Artefacts, name: str) -> Any:
    """What a package makes of a few queries a class: as its arm does, only fewer."""
    few = replace(METHODS[name], queries=1 if name == "cfnow" else 3)
    return [
        counterfactual_rows(
            one.fitted, one.training_rows, label, 3, source=few, margin=0.0, rng=one.rng(name, label)
        ).codes
        for label in (0, 1)
    ]


def with_directions(rows: TrainingRows) -> TrainingRows:
    """The planted schema with a direction of risk for its numbers."""
    features = tuple(
        feature.model_copy(update={"risk": "up", "risk_source": "planted"})
        if feature.name.startswith("x")
        else feature
        for feature in rows.schema.features
    )
    return replace(rows, schema=rows.schema.model_copy(update={"features": features}))


def clean_codes() -> Any:
    return artefacts("clean").training_rows.codes


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return all(alike(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    return bool(one == other)


@pytest.mark.parametrize("name", FITTED)
def test_nothing_fitted_has_read_a_removed_or_a_test_row(name: str) -> None:
    assert alike(FITTED[name](artefacts("clean")), FITTED[name](artefacts("poisoned")))


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("hidden", ["removed", "test"])
def test_a_row_put_back_by_hand_would_show(name: str, hidden: str) -> None:
    assert not alike(FITTED[name](artefacts("clean")), FITTED[name](artefacts(hidden)))


def test_test_rows_are_those_of_the_split_and_of_no_one_in_training() -> None:
    split = clean()
    seen = set(split.scarce.rows.index.get_level_values(0))
    assert not seen & set(split.test.people)
    assert set(split.scarce.parts) == {"train", "val"}
    assert len(split.test.target) == len(removed_and_test()[1])
    assert len(removed_and_test()[0]) == pytest.approx(SHARE * len(split.full.rows), abs=2)
    assert len(split.full.rows) + len(split.test.target) == len(original().rows)
