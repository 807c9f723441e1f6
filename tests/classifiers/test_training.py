from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sensecf_core.classifiers.calibration import choose_threshold
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.hyperparameters import GRID, folds
from sensecf_core.classifiers.training import rows_of, train
from sensecf_core.cohorts.cohort import INDEX_NAMES, Cohort
from sensecf_core.cohorts.enough import too_small
from sensecf_core.errors import InputError

QUICK = 2


def test_same_seed_gives_the_same_classifier_and_another_seed_another(small_cohort: Cohort) -> None:
    first, again, other = (train(small_cohort, seed=seed, refits=QUICK) for seed in (1, 1, 2))
    rows = small_cohort.rows
    assert first.sha256 == again.sha256 != other.sha256
    assert np.array_equal(first.predict_proba(rows), again.predict_proba(rows))
    assert np.array_equal(first.refit_probabilities(rows), again.refit_probabilities(rows))
    assert not np.array_equal(first.predict_proba(rows), other.predict_proba(rows))


def test_the_test_part_is_never_looked_at(small_cohort: Cohort, trained: Classifier) -> None:
    held = small_cohort.parts.eq("test")
    spoiled_target = small_cohort.target.where(~held, 1 - small_cohort.target)
    spoiled_rows = small_cohort.rows.copy()
    spoiled_rows.loc[held, "bmi"] = 11.0
    spoiled = replace(small_cohort, target=spoiled_target, rows=spoiled_rows)
    assert train(spoiled, seed=3, refits=len(trained.refits)).sha256 == trained.sha256


def test_val_decides_the_threshold_but_not_the_trees(small_cohort: Cohort) -> None:
    first = train(small_cohort, refits=0)
    val = small_cohort.parts.eq("val")
    flipped = replace(
        small_cohort, target=small_cohort.target.where(~val | (small_cohort.rows["bmi"] > 27), 1)
    )
    second = train(flipped, refits=0)
    matrix = rows_of(small_cohort, "test").matrix
    assert np.array_equal(
        first.tree_model.decision_function(matrix), second.tree_model.decision_function(matrix)
    )
    assert first.calibration != second.calibration


def test_the_threshold_is_nearly_the_best_on_val_and_near_the_share_of_class_1(
    small_cohort: Cohort, trained: Classifier
) -> None:
    val = small_cohort.part("val")
    target = small_cohort.target.loc[val.index].to_numpy()
    risks = {
        trained.threshold: trained.predict_proba(val),
        trained.second_threshold: trained.second_probability(val),
    }
    for threshold, risk in risks.items():
        tried = np.arange(1, 1000) / 1000
        balanced = [(risk[target == 1] >= t).mean() / 2 + (risk[target == 0] < t).mean() / 2 for t in tried]
        assert balanced[round(threshold * 1000) - 1] > max(balanced) - 0.05
        assert abs(threshold - target.mean()) <= abs(tried[np.argmax(balanced)] - target.mean())


@pytest.mark.parametrize(
    ("probabilities", "target", "expected"),
    [
        ([0.1, 0.3, 0.6, 0.8], [0, 0, 1, 1], 0.5),  # anything in (0.3, 0.6] is perfect
        ([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1], 0.3),  # (0.2, 0.3] is: its end is nearest to 0.5
        ([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1], 0.4),  # (0.2, 0.4] and (0.6, 0.8] are equally good
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 0], 0.25),  # nothing separates them
    ],
)
def test_which_threshold(probabilities: list[float], target: list[int], expected: float) -> None:
    assert choose_threshold(np.array(probabilities), np.array(target)) == pytest.approx(expected)


def test_it_learns(small_cohort: Cohort, trained: Classifier) -> None:
    test = small_cohort.part("test")
    target = small_cohort.target.loc[test.index].to_numpy()
    for risk in (trained.predict_proba(test), trained.second_probability(test)):
        pairs = risk[target == 1][:, np.newaxis] > risk[target == 0]
        assert pairs.mean() > 0.7


def test_settings_are_scored_smoothest_first_and_noted(trained: Classifier) -> None:
    tried = trained.training["tried"]
    assert len(tried) == len(GRID)
    taken = next(t for t in tried if all(t[key] == v for key, v in trained.training["settings"].items()))
    assert taken["auroc"] >= max(t["auroc"] for t in tried) - 0.0021
    assert trained.training["seed"] == 3


def test_folds_never_part_a_participant() -> None:
    rng = np.random.default_rng(0)
    people = np.repeat([f"p{n}" for n in range(40)], 3).astype(object)
    target = np.repeat(rng.integers(0, 2, 40), 3)
    held_out = []
    for fitted, held in folds(target, people, seed=0):
        assert not set(people[fitted]) & set(people[held])
        held_out.extend(held)
    assert sorted(held_out) == list(range(120))


def test_several_rows_a_participant(small_cohort: Cohort) -> None:
    people = [f"p{n // 3:04d}" for n in range(len(small_cohort.rows))]
    index = pd.MultiIndex.from_arrays(
        [people, [str(n % 3) for n in range(len(small_cohort.rows))]], names=INDEX_NAMES
    )
    by_person = small_cohort.parts.groupby(people).first()
    cohort = replace(
        small_cohort,
        rows=small_cohort.rows.set_axis(index),
        target=small_cohort.target.set_axis(index),
        parts=pd.Series([by_person[person] for person in people], index=index),
    )
    assert 0 < train(cohort, refits=QUICK).interval(cohort.part("test")).mean() < 1


def test_progress_goes_from_nothing_to_everything(small_cohort: Cohort) -> None:
    told: list[tuple[float, str]] = []
    train(small_cohort, refits=QUICK, progress=lambda *step: told.append(step))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert all(message for _, message in told)


@pytest.mark.parametrize(
    ("part", "title", "label", "least"), [("train", "training", 1, 10), ("val", "validation", 0, 2)]
)
def test_a_class_without_participants_is_refused(
    small_cohort: Cohort, part: str, title: str, label: int, least: int
) -> None:
    target = small_cohort.target.where(~small_cohort.parts.eq(part), 1 - label)
    task = small_cohort.schema.task
    kinds = f"rows of “{task.class_1}” and of “{task.class_0}”"
    counts = r"0 and \d\d+" if label else r"\d\d+ and 0"
    said = rf"'small'.*few participants have {kinds}: in {title} {counts} \({least} of each are needed\)"
    with pytest.raises(InputError, match=said):
        train(replace(small_cohort, target=target))


@pytest.mark.parametrize(("part", "title"), [("train", "training"), ("val", "validation"), ("test", "test")])
def test_an_empty_part_is_refused(small_cohort: Cohort, part: str, title: str) -> None:
    parts = small_cohort.parts.replace({part: "train" if part != "train" else "val"})
    with pytest.raises(InputError, match=rf"its {title} part is empty. Add participants"):
        train(replace(small_cohort, parts=parts))


def test_a_part_with_enough_participants_is_not_too_small(small_cohort: Cohort) -> None:
    """Nine participants of a class are refused in training, ten are not."""
    flagged = small_cohort.parts.eq("train") & small_cohort.target.eq(1)
    for kept, refused in ((9, True), (10, False)):
        surplus = small_cohort.rows.index[flagged][kept:]
        target = small_cohort.target.where(~small_cohort.rows.index.isin(surplus), 0)
        why = too_small(replace(small_cohort, target=target))
        assert (why is not None) == refused
        assert not refused or "in training 9 and " in str(why)


@pytest.mark.parametrize("participants", [60, 90])
def test_a_small_cohort_still_gets_trees_that_split(small_cohort: Cohort, participants: int) -> None:
    few = small_cohort.rows.index[:participants]
    cohort = replace(
        small_cohort,
        rows=small_cohort.rows.loc[few],
        target=small_cohort.target.loc[few],
        parts=small_cohort.parts.loc[few],
    )
    assert np.ptp(train(cohort, refits=QUICK).predict_proba(cohort.rows)) > 0.05
