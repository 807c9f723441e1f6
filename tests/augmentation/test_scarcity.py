"""Scarcity: who loses rows, how many, and when a cell is refused."""

from __future__ import annotations

import pytest

from sensecf_core.augmentation.scarcity import Scenario, thin
from sensecf_core.cohorts.split import split
from sensecf_core.errors import InputError
from tests.augmentation.planted import cohort

COHORT = cohort("linear", 300)


@pytest.mark.parametrize(("scenario", "losing"), [("A", {1}), ("B", {0}), ("C", {0, 1})])
def test_the_share_goes_from_its_classes_in_train_and_val(scenario: Scenario, losing: set[int]) -> None:
    parts = split(COHORT.target, 3)
    found = thin(COHORT, scenario, 0.5, 3)
    for part in ("train", "val"):
        for label in (0, 1):
            before = int((parts.eq(part) & COHORT.target.eq(label)).sum())
            after = int((found.scarce.parts.eq(part) & found.scarce.target.eq(label)).sum())
            assert after == before - (round(0.5 * before) if label in losing else 0)
            if part == "train":
                assert (found.train.of_class(label), found.removed.of_class(label)) == (after, before - after)
    assert found.prevalence == COHORT.target[parts.ne("test")].mean()


def test_more_removed_means_the_same_rows_and_more() -> None:
    half, most = (set(thin(COHORT, "A", share, 3).scarce.rows.index) for share in (0.5, 0.9))
    assert most < half
    both = set(thin(COHORT, "C", 0.5, 3).scarce.rows.index)
    assert both == half & set(thin(COHORT, "B", 0.5, 3).scarce.rows.index)


def test_too_few_left_is_refused_with_the_numbers() -> None:
    with pytest.raises(
        InputError, match=r"Scenario A with 0\.98 removed leaves 1 participants of class 1 in"
    ):
        thin(COHORT, "A", 0.98, 3)
