"""What an arm is made of, levels over unequal repeats, and the best model of a cell."""

from __future__ import annotations

import copy

import pytest

from sensecf_core.augmentation import arms
from sensecf_core.augmentation.findings import sentences, words
from sensecf_core.augmentation.findings.cell_view import ArmParts, BestModel, badness, best_model, parts
from tests.augmentation.findings.written import TITLES, arm, cell, view


@pytest.mark.parametrize(
    ("name", "group", "expected"),
    [
        ("search-panel", "counterfactual", ArmParts("search", "panel")),
        ("lm-transfer-hard", "language model", ArmParts("lm-transfer", "hard")),
        ("nearest-pair-margin", "counterfactual", ArmParts("nearest-pair", "margin")),
        ("rose", "resampled", ArmParts("rose", "hard")),
        ("smotenc-panel", "resampled", ArmParts("smotenc", "panel")),
        ("search-panel@0.25", "counterfactual", ArmParts("search", "panel", ratio=0.25)),
        ("search-hard@weight-0.25", "counterfactual", ArmParts("search", "hard", weight=0.25)),
        ("panel", "nothing added", ArmParts(None, None)),
        ("full-weights", "diagnostic", ArmParts(None, None)),
    ],
)
def test_old_summaries_are_read_by_the_names_of_arms(name: str, group: str, expected: ArmParts) -> None:
    assert parts(name, {name: {"group": group, "title": ""}}) == expected


def test_names_say_of_every_arm_what_the_program_says_of_it() -> None:
    said = {one.name: one.as_json() for one in arms.ARMS}
    short = {name: {"group": one["group"], "title": one["title"]} for name, one in said.items()}
    for one in arms.ARMS:
        if one.labels not in (None, "edits"):  # old runs have no such arms
            assert parts(one.name, short) == parts(one.name, said), one.name
        assert parts(one.name, said) == ArmParts(one.rows, one.labels, one.ratio, one.weight)


def test_every_arm_has_a_short_name_of_its_own() -> None:
    said = {one.name: one.as_json() for one in arms.ARMS}
    names = [words.arm_name(one.name, said) for one in arms.ARMS]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 45 for name in names)
    assert words.arm_name("lm-transfer-panel", said) == "LM, other cohort, panel label"
    assert words.arm_name("search-hard@2", said) == "Search, own label, × 2"


def test_an_arm_of_some_repeats_is_held_against_all_by_its_gain() -> None:
    shown = view(search_panel=arm(auroc=0.02))
    shown.arms["search-panel"]["means"]["auroc"] = 0.80  # its repeats were easy ones
    assert shown.level("search-panel") == pytest.approx(0.72)
    # A Brier score is lower by its gain.
    assert view("brier", search_panel=arm(brier=0.01)).level("search-panel") == pytest.approx(0.19)


def test_how_bad_a_value_is() -> None:
    assert badness("auroc", 0.8) < badness("auroc", 0.7)
    assert badness("brier", 0.1) < badness("brier", 0.2)
    assert badness("calibration", -0.01) < badness("calibration", 0.05)
    assert badness("calibration_slope", 0.9) < badness("calibration_slope", 1.3)


def test_the_best_model_may_be_another_student_with_nothing_added() -> None:
    found = cell(search_panel=arm(auroc=0.02), ridge=arm(auroc=0.05), search_full=arm(auroc=0.30))
    ridge = copy.deepcopy(found["students"]["trees"])
    ridge["arms"] = {"scarce": arm(auroc=0.05), "weights": arm(auroc=0.01)}
    ridge["arms"]["scarce"]["means"]["auroc"] = 0.75
    ridge["arms"]["scarce"]["gains"]["auroc"]["mean"] = 0.0
    ridge["arms"]["weights"]["gains"]["auroc"]["mean"] = -0.04
    found["students"]["ridge"] = ridge
    best = best_model(found, TITLES, "auroc")
    # The trees' arm `ridge` is the same model, and goes by the student's name; diagnostics take no part.
    assert best == BestModel("ridge", "scarce", 0.75)
    assert sentences.best_sentence(best, TITLES, "auroc", "AUROC") == (
        "Best model over all students: ridge regression, nothing added (AUROC 0.750)."
    )


def test_points_have_a_sign_only_where_there_is_something() -> None:
    assert words.points(0.0393, "auroc") == "3.9"
    assert words.points(-0.0004, "auroc", sign=True) == "0.0"
    assert words.points(0.012, "auroc", sign=True) == "+1.2"
    assert words.points(-0.012, "auroc") == "−1.2"
    assert words.points(None, "auroc") == "–"
    assert words.points(0.25, "calibration_slope") == "0.25" and words.unit("calibration_slope") == ""
