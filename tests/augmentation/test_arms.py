"""Arms: their rows, labels and weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.augmentation.arm_material import Hidden, balanced, labelled_rows
from sensecf_core.augmentation.arms import ARMS, BY_NAME, parse
from sensecf_core.augmentation.artefacts import MOST_WEIGHT, Artefacts
from sensecf_core.augmentation.rows.counterfactual_rows import MAX_CHANGES
from sensecf_core.augmentation.rows.resampling import RESAMPLINGS
from sensecf_core.augmentation.rows.sources import METHODS
from sensecf_core.augmentation.run_task import Repeat
from sensecf_core.augmentation.scarcity import thin
from sensecf_core.augmentation.students import CrossFittedPanel, Fitted, Material
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.cohorts.encoding import to_rows
from sensecf_core.errors import InputError
from tests.augmentation.planted import cohort


@pytest.fixture(scope="module")
def artefacts() -> Artefacts:
    split = thin(cohort("linear", 420), "C", 0.6, 1)
    return Artefacts(split.scarce, split.removed, 1)


def test_a_soft_target_is_two_weighted_rows() -> None:
    soft = Material(np.array([[1.0], [2.0]]), np.array([0.25, 1.0]), np.array([2.0, 3.0]))
    hard = soft.hardened()
    assert hard.matrix[:, 0].tolist() == [1.0, 2.0, 1.0]
    assert hard.target.tolist() == [1.0, 1.0, 0.0]
    assert hard.weight.tolist() == [0.5, 3.0, 1.5]
    assert soft.share == hard.share == pytest.approx(3.5 / 5)


def test_class_weights_make_both_classes_weigh_the_same() -> None:
    weighted = balanced(Material(np.zeros((4, 1)), np.array([1.0, 0, 0, 0]), np.ones(4)))
    assert weighted.weight == pytest.approx([2, 2 / 3, 2 / 3, 2 / 3])
    assert weighted.share == pytest.approx(0.5)


def test_synthetic_rows_do_not_change_the_settings(artefacts: Artefacts) -> None:
    n = len(artefacts.train.target)
    assert artefacts.settings.trees.rows_per_leaf == max(2, n // 10) < 20
    made = labelled_rows(artefacts, BY_NAME["rose"])
    assert len(made.codes) > n  # a rule by all rows would have given larger leaves


@pytest.mark.parametrize("source", RESAMPLINGS)
def test_resampled_rows_are_as_many_as_were_removed_and_can_exist(source: str, artefacts: Artefacts) -> None:
    made = artefacts.made(source)
    for label in (0, 1):
        assert (made.labels == label).sum() == artefacts.wanted(label) == artefacts.removed.of_class(label)
    rows, schema = to_rows(artefacts.scarce.schema, made.codes), artefacts.scarce.schema
    assert set(rows["diet"]) <= {"mixed", "vegan", "other"}
    assert set(rows["smokes"]) <= {0.0, 1.0}
    low, high = schema.feature("x0").valid or (0, 0)
    assert rows["x0"].between(low, high).all()
    assert set(made.owners) <= set(artefacts.train.people)


def test_rose_and_oversampling_start_from_rows_of_the_class(artefacts: Artefacts) -> None:
    rows = artefacts.training_rows
    copies = artefacts.made("ros")
    real = {(*np.nan_to_num(code, nan=-9), y) for code, y in zip(rows.codes, rows.target, strict=True)}
    assert {(*np.nan_to_num(c, nan=-9), y) for c, y in zip(copies.codes, copies.labels, strict=True)} <= real
    noisy = artefacts.made("rose")
    of_owner = dict(zip(rows.people, rows.target, strict=True))
    assert [of_owner[who] for who in noisy.owners] == noisy.labels.tolist()


@pytest.mark.parametrize("source", [name for name, source in METHODS.items() if not source.slow])
@pytest.mark.parametrize("labels", ["hard", "margin"])
def test_counterfactuals_flip_the_scarce_classifier(source: str, labels: str, artefacts: Artefacts) -> None:
    made = artefacts.made(source, labels)  # type: ignore[arg-type]
    assert len(made.codes) > 10
    fitted = artefacts.fitted
    risks = fitted.classifier.probability_of_codes(made.codes)
    margin = 1.0 if labels == "margin" else 0.0
    for label in (0, 1):
        mine = made.labels == label
        assert fitted.reaches(risks[mine], label, margin).all()
        assert mine.sum() <= artefacts.wanted(label)
        together = made.weight[mine].sum()
        assert together == pytest.approx(min(artefacts.wanted(label), MOST_WEIGHT * mine.sum()))
    code_of = dict(zip(artefacts.train.people, artefacts.training_rows.codes, strict=True))
    class_of = dict(zip(artefacts.train.people, artefacts.train.target, strict=True))
    for code, label, owner in zip(made.codes, made.labels, made.owners, strict=True):
        changed = ~np.isclose(code, code_of[owner], equal_nan=True)
        assert class_of[owner] != label and 1 <= changed.sum() <= MAX_CHANGES
    assert len(np.unique(made.codes, axis=0)) == len(made.codes)


def test_nobody_labels_a_row_of_someone_they_trained_on() -> None:
    """Each panel says its own number, so that a label tells who gave it."""

    class Says(Fitted):
        def __init__(self, number: float) -> None:
            super().__init__({}, 0.5)
            object.__setattr__(self, "number", number)

        def probabilities(self, matrix: np.ndarray) -> dict[str, np.ndarray]:
            return {"panel": np.full(len(matrix), self.number)}  # type: ignore[attr-defined]

    panel = CrossFittedPanel(((frozenset({"a"}), Says(0.1)), (frozenset({"b"}), Says(0.2))))
    found = panel.label(np.zeros((4, 1)), np.array(["b", "a", "b", "c"], dtype=object))
    assert found[:3].tolist() == [0.2, 0.1, 0.2]
    assert np.isnan(found[3])  # nobody left c out


def test_what_a_participant_is_like_does_not_reach_the_labels_of_their_own_rows(artefacts: Artefacts) -> None:
    train = artefacts.train
    matrix = train.matrix.copy()
    matrix[0] = 3.0  # somebody else altogether
    changed = CrossFittedPanel.fit(artefacts.settings, replace(train, matrix=matrix))
    probe = np.nan_to_num(train.matrix[:20])
    mine = np.repeat(train.people[:1], 20)
    assert np.array_equal(artefacts.panel.label(probe, mine), changed.label(probe, mine))
    held = next(people for people, _ in artefacts.panel.panels if train.people[0] in people)
    other = next(person for person in train.people if person not in held)
    theirs = np.repeat(np.array([other], dtype=object), 20)
    assert not np.array_equal(artefacts.panel.label(probe, theirs), changed.label(probe, theirs))


def test_every_participant_is_left_out_by_exactly_one_panel(artefacts: Artefacts) -> None:
    held = [person for people, _ in artefacts.panel.panels for person in people]
    assert sorted(held) == sorted(artefacts.train.people.astype(str))
    labels = labelled_rows(artefacts, BY_NAME["search-panel"])
    hard = artefacts.made("search")
    assert np.array_equal(labels.codes, hard.codes, equal_nan=True)
    assert ((labels.labels > 0) & (labels.labels < 1)).all()


def test_full_labels_need_the_full_model(artefacts: Artefacts) -> None:
    with pytest.raises(ValueError, match="needs the full model"):
        labelled_rows(artefacts, BY_NAME["search-full"])


def test_arms_by_name() -> None:
    assert parse(["all"]) == ARMS
    assert [arm.name for arm in parse(["weights"])] == ["scarce", "weights", "full"]
    assert [arm.name for arm in parse(["ros"])] == ["scarce", "ros", "full"]
    few = [arm.name for arm in parse(["lm-few-shot"])]
    assert few == ["scarce", "lm-few-shot-hard", "lm-few-shot-margin", "lm-few-shot-panel", "full"]
    assert {arm.group for arm in parse(["outside information"])} == {
        "nothing added", "outside information", "diagnostic",
    }  # fmt: skip


def test_where_an_arm_takes_part() -> None:
    assert BY_NAME["cfnow-hard"].takes_part("C", 0.9, 0)
    assert not BY_NAME["cfnow-hard"].takes_part("A", 0.9, 0)
    assert not BY_NAME["cfnow-hard"].takes_part("C", 0.9, 19)
    assert BY_NAME["lm-scarce-panel"].takes_part("C", 0.9, 0)
    assert not BY_NAME["lm-scarce-panel"].takes_part("C", 0.5, 0)
    # All removed rows of A are of one class: to use them would tell it.
    pool = [arm.name for arm in ARMS if arm.rows == "pool" or str(arm.rows).startswith("real-")]
    assert len(pool) == 4 and not any(BY_NAME[name].takes_part("A", 0.9, 0) for name in pool)


def test_arms_are_named_once_and_a_curve_changes_one_thing() -> None:
    assert len(BY_NAME) == len(ARMS)
    for arm in ARMS:
        if "@" in arm.name:
            base = BY_NAME[arm.name.split("@")[0]]
            assert (arm.ratio == base.ratio) != (arm.weight == base.weight)
            assert (arm.rows, arm.labels) == (base.rows, base.labels)


def test_removed_rows_are_only_for_who_may_have_them(artefacts: Artefacts) -> None:
    split = thin(cohort("linear", 420), "C", 0.6, 1)
    hidden = Repeat(split, artefacts).hidden
    assert hidden.removed is not None
    removed = set(split.full.rows.index.get_level_values(0)) - set(
        split.scarce.rows.index.get_level_values(0)
    )
    assert set(hidden.removed.people) <= removed
    pool = labelled_rows(artefacts, BY_NAME["pool-panel"], hidden)
    assert len(pool.codes) == len(hidden.removed.target)
    assert ((pool.labels > 0) & (pool.labels < 1)).all()  # the panel's word, not theirs
    class_of = dict(zip(hidden.removed.people, hidden.removed.target, strict=True))
    for name in ("real-random", "real-uncertain", "real-near"):
        bought = labelled_rows(artefacts, BY_NAME[name], hidden)
        assert len(bought.codes) == 25
        assert [class_of[who] for who in bought.owners] == bought.labels.tolist()
        with pytest.raises(ValueError, match="needs the removed rows"):
            labelled_rows(artefacts, BY_NAME[name], Hidden())
    said = artefacts.panel.label_strangers(to_matrix(hidden.removed.schema, hidden.removed.codes))
    distance = np.abs(said - artefacts.students.share)
    uncertain = labelled_rows(artefacts, BY_NAME["real-uncertain"], hidden)
    farthest = max(distance[hidden.removed.people.tolist().index(who)] for who in uncertain.owners)
    assert farthest == np.sort(distance)[24]
    in_a = thin(cohort("linear", 420), "A", 0.6, 1)
    assert Repeat(in_a, Artefacts(in_a.scarce, in_a.removed, 1)).hidden.removed is None


def test_edits_are_used_whether_they_flip_or_not(artefacts: Artefacts) -> None:
    made = labelled_rows(artefacts, BY_NAME["edits-panel"])
    risks = artefacts.fitted.classifier.probability_of_codes(made.codes)
    assert 0 < (risks >= artefacts.fitted.classifier.threshold).mean() < 1
    every, flipped = artefacts.made("effects", "edits", 4.0), artefacts.made("effects", "hard", 4.0)
    assert len(every.codes) > len(flipped.codes)


def test_a_second_round_starts_from_the_first(artefacts: Artefacts) -> None:
    first, both = artefacts.made("search"), artefacts.made("search-twice")
    assert {codes.tobytes() for codes in first.codes} < {codes.tobytes() for codes in both.codes}
    assert artefacts.second_fitted.classifier.sha256 != artefacts.fitted.classifier.sha256


def test_a_low_weight_changes_nothing_but_the_weight(artefacts: Artefacts) -> None:
    whole = labelled_rows(artefacts, BY_NAME["search-panel"])
    low = labelled_rows(artefacts, BY_NAME["search-panel@weight-0.25"])
    assert np.array_equal(low.codes, whole.codes, equal_nan=True)
    assert low.weight == pytest.approx(whole.weight / 4)


def test_nothing_else_is_named() -> None:
    with pytest.raises(InputError, match="did you mean weights"):
        parse(["weigths"])
