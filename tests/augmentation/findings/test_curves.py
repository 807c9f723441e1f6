"""The waterfall, labels' worth and the best ratio, worked by hand."""

from __future__ import annotations

import math

import pytest

from sensecf_core.augmentation.findings import ratio, waterfall, worth
from tests.augmentation.findings.written import TITLES, arm, cell, paired, view


def test_the_waterfall_adds_up_from_full_at_one_half_to_full_at_a_tuned_threshold() -> None:
    # All labels: 0.52 at 0.5 and 0.61 tuned; scarce: 0.15 and 0.57; the arm adds 0.01 at a tuned threshold.
    steps = waterfall.steps(view(search_panel=arm(f1_half=-0.03, f1_tuned=0.01)), "search-panel")
    assert [step.kind for step in steps] == [
        "level", "taken", "threshold", "level", "arm", "missing", "level",
    ]  # fmt: skip
    assert [round(step.end, 2) for step in steps] == [0.52, 0.15, 0.57, 0.57, 0.58, 0.61, 0.61]
    assert [round(step.change, 2) for step in steps if step.kind != "level"] == [-0.37, 0.42, 0.01, 0.03]
    changes = sum(step.change for step in steps if step.kind != "level")
    assert steps[0].end + changes == pytest.approx(steps[-1].end)


def test_an_arm_that_harms_leaves_more_missing_than_was_lost() -> None:
    steps = waterfall.steps(view(search_panel=arm(f1_half=0.2, f1_tuned=-0.02)), "search-panel")
    _, _, _, _, helped, missing, _ = steps
    assert round(helped.change, 2) == -0.02 and round(missing.change, 2) == 0.06


def test_a_measure_that_a_run_lacks_has_no_waterfall() -> None:
    assert waterfall.steps(view(search_panel=arm(auroc=0.1)), "search-panel", "f1_macro") == ()


@pytest.mark.parametrize(
    ("measure", "family"),
    [
        ("f1_half", "f1"),
        ("f1_macro_tuned", "f1_macro"),
        ("balanced_accuracy_half", "balanced_accuracy"),
        ("auroc", "f1"),
    ],
)
def test_the_waterfall_is_of_the_measure_that_is_picked_if_it_has_a_threshold(
    measure: str, family: str
) -> None:
    assert waterfall.family_of(measure) == family


CURVE = ((100, 0.70), (400, 0.74), (1600, 0.78))
"""0.04 more for four times the labels."""


def test_worth_is_read_off_horizontally_on_the_logarithm_of_the_labels() -> None:
    # 0.72 is half way from 100 to 400, in logarithms: 200 labels, 100 more than the arm had.
    reading = worth.read_off(CURVE, 0.72, 100)
    assert reading.labels == pytest.approx(200) and reading.worth == pytest.approx(100)
    # 0.76 is half way from 400 to 1600: 800.
    assert worth.read_off(CURVE, 0.76, 100).labels == pytest.approx(math.sqrt(400 * 1600))


def test_outside_the_curve_it_says_why_nothing_can_be_read() -> None:
    assert "above the curve" in worth.read_off(CURVE, 0.79, 100).why
    assert "below the start" in worth.read_off(CURVE, 0.69, 100).why
    assert "takes two" in worth.read_off(CURVE[:1], 0.70, 100).why
    assert worth.read_off(CURVE, 0.79, 100).labels is None


def test_the_curve_is_the_runs_own_or_made_of_its_cells() -> None:
    one = cell()
    other = cell()
    other |= {
        "removed": 0.5,
        "counts": {
            **one["counts"],
            "train": {"zeros": 800, "ones": 442},
            "removed": {"zeros": 800, "ones": 443},
        },
    }
    other["students"]["trees"]["arms"]["scarce"]["means"]["auroc"] = 0.73
    refused = {"scenario": "C", "removed": 0.99, "repeats": 0, "refused": ["too few"]}
    elsewhere = {**cell(), "scenario": "A"}
    curve = worth.learning_curve([one, other, refused, elsewhere], "C", "trees")
    assert curve == ((249, 0.70), (1242, 0.73), (2485, 0.74))
    one["students"]["trees"]["curve"] = [[2485, 0.74], [124, 0.66], [249, 0.7]]
    assert worth.learning_curve([one], "C", "trees") == ((124, 0.66), (249, 0.7), (2485, 0.74))


def test_an_arm_has_a_curve_of_its_own_where_it_ran() -> None:
    one, other = cell(search_panel=arm(auroc=0.02)), cell()
    other |= {"removed": 0.95, "counts": {**one["counts"], "train": {"zeros": 80, "ones": 44}}}
    assert worth.arm_curve([one, other], TITLES, "C", "trees", "search-panel") == (
        (249, pytest.approx(0.72)),
    )
    assert worth.arm_curve([one, other], TITLES, "C", "trees", "full")[0][0] == 124
    assert worth.arm_curve([one], TITLES, "A", "trees", "search-panel") == ()


def test_the_best_ratio_is_marked_and_an_end_is_no_optimum() -> None:
    shown = view(
        **{
            "search_panel@0.25": arm(auroc=0.004),
            "search_panel@0.5": arm(auroc=0.011),
            "search_panel": arm(auroc=0.009),
            "search_panel@2": arm(auroc=0.001),
            "search_panel@weight-0.25": arm(auroc=0.013),
            "search_hard": arm(auroc=-0.02),
            "search_hard@0.25": arm(auroc=-0.01),
            "weights": arm(auroc=0.0),
        }
    )
    titles = {**TITLES, **{name: TITLES[name.partition("@")[0]] for name in shown.arms if "@" in name}}
    soft, hard = ratio.ratio_curves(type(shown)(shown.cell, titles, "trees", "auroc"))
    assert [at for at, _ in soft.points] == [0.25, 0.5, 1, 2]
    assert soft.best == 0.5 and soft.interior
    assert [(weight, gain["mean"]) for weight, gain in soft.weights] == [(0.25, 0.013), (1, 0.009)]
    assert hard.best == 0.25 and not hard.interior


def test_of_equally_good_ratios_the_smallest_is_best() -> None:
    curve = ratio.RatioCurve("x", ((0.25, paired(0.01)), (1.0, paired(0.01))), ())
    assert curve.best == 0.25
