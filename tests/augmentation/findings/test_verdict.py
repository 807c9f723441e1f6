"""The light of a cell, case by case, with figures written out."""

from __future__ import annotations

import pandas as pd
import pytest

from sensecf_core.augmentation.findings import sentences
from sensecf_core.augmentation.findings.verdict import ABSENT, Verdict, paired_difference, verdict
from tests.augmentation.findings.written import arm, paired, view


def table(**arms: list[float]) -> pd.DataFrame:
    """AUROC of each arm in repeats 0, 1, 2, …"""
    return pd.DataFrame(
        [
            {
                "scenario": "C",
                "removed": 0.9,
                "repeat": repeat,
                "arm": name.replace("_", "-"),
                "student": "trees",
                "auroc": value,
            }
            for name, values in arms.items()
            for repeat, value in enumerate(values)
        ]
    )


CONTROL = arm(auroc=0.010)
BETTER = table(search_panel=[0.73, 0.72, 0.74, 0.73], smotenc_panel=[0.71, 0.70, 0.72, 0.71])
EQUAL = table(search_panel=[0.73, 0.70, 0.74, 0.71], smotenc_panel=[0.71, 0.72, 0.72, 0.73])


@pytest.mark.parametrize(
    ("gain", "frame", "light"),
    [
        (paired(0.020, 0.002), BETTER, "helps"),  # corrected: 0.020 - 2.8 * 2 * 0.002 = 0.0088 above 0
        (paired(0.020, 0.002), EQUAL, "level"),
        (paired(0.020, 0.002), None, "level"),  # without the repeats nobody can be called better
        (paired(0.020, 0.005), BETTER, "likely"),  # plain 0.010, corrected -0.008
        (paired(0.020, 0.012), BETTER, "unclear"),  # plain -0.004
        (paired(-0.001, 0.002), BETTER, "no"),
    ],
)
def test_the_light_follows_the_corrected_interval_then_the_difference_to_the_best_control(
    gain: dict[str, float], frame: pd.DataFrame | None, light: str
) -> None:
    found = verdict(view(search_panel=arm(auroc=gain), smotenc_panel=CONTROL), frame)
    assert (found.light, found.best, found.control) == (light, "search-panel", "smotenc-panel")


def test_the_best_of_each_side_is_compared_and_diagnostics_are_not() -> None:
    found = verdict(
        view(
            search_hard=arm(auroc=-0.10),
            search_panel=arm(auroc=0.012),
            search_full=arm(auroc=0.035),
            weights=arm(auroc=0.001),
            smotenc_panel=arm(auroc=0.015),
        )
    )
    assert (found.best, found.control) == ("search-panel", "smotenc-panel")


def test_an_arm_of_three_repeats_is_not_called_the_best_of_twenty() -> None:
    lucky = arm(auroc=paired(0.050, repeats=3))
    found = verdict(view(search_hard=lucky, search_panel=arm(auroc=0.012), weights=CONTROL))
    assert found.best == "search-panel"


def test_the_difference_is_paired_by_repeat_and_only_over_shared_ones() -> None:
    frame = table(search_panel=[0.73, 0.72, 0.74], smotenc_panel=[0.71, 0.71])
    found = paired_difference(view(), frame, "search-panel", "smotenc-panel")
    assert found is not None and found.repeats == 2
    assert found.mean == pytest.approx(0.015)  # (0.02 + 0.01) / 2
    assert paired_difference(view(), frame, "search-panel", "rose") is None


def test_a_brier_score_that_falls_is_a_difference_above_zero() -> None:
    frame = BETTER.rename(columns={"auroc": "brier"})
    found = paired_difference(view("brier"), frame, "search-panel", "smotenc-panel")
    assert found is not None and found.mean == pytest.approx(-0.02)


def test_a_loss_within_two_standard_errors_or_below_two_points_is_none() -> None:
    small = view(losses={"auroc": 0.015}, search_panel=CONTROL)
    assert verdict(small).light == "nothing"
    assert sentences.brief(small, verdict(small)) == "Lost 1.5 ± 0.4"
    none = view(losses={"auroc": -0.015}, search_panel=CONTROL)
    assert sentences.brief(none, verdict(none)) == "No loss (−1.5 ± 0.4)"
    unsure = view(search_panel=CONTROL)
    unsure.cell["students"]["trees"]["losses"]["auroc"] |= {"mean": 0.05, "se": 0.03, "lost": False}
    assert verdict(unsure).light == "unclear"
    assert "not beyond 2 standard errors in 20 repeats" in sentences.detail(unsure, verdict(unsure))


def test_what_a_moved_threshold_returns_is_nothing_to_recover() -> None:
    threshold = arm(auroc=0.0, f1_half=0.35)  # 0.35 of a loss of 0.37: 95 %
    half = view("f1_half", threshold=threshold, search_panel=arm(f1_half=0.30))
    assert verdict(half) == Verdict("nothing", by_threshold=True)
    assert sentences.detail(half, verdict(half)) == (
        "F1 at 0.5 falls by 37.0 points; moving the threshold alone gives back 35.0. "
        "At a tuned threshold 4.0 ± 0.4 points are lost."
    )
    # Half of it is not all of it.
    some = view("f1_half", threshold=arm(f1_half=0.18), search_panel=arm(f1_half=0.30))
    assert verdict(some).light == "level" and not verdict(some).by_threshold


def test_without_a_counterfactual_arm_there_is_no_verdict() -> None:
    assert verdict(view(weights=CONTROL)).light == "absent"


def test_the_detail_names_both_sides_with_their_figures() -> None:
    cell = view(search_panel=arm(auroc=0.009), weights=arm(auroc=0.002), smotenc_panel=arm(auroc=0.014))
    assert sentences.detail(cell, verdict(cell)) == (
        "4.0 ± 0.4 points lost. Best counterfactuals +0.9 ± 0.2 (Search, panel label); "
        "best control +1.4 ± 0.2 (SMOTENC, panel label)."
    )
    assert sentences.brief(cell, verdict(cell)) == "Lost 4.0, back 0.9 ± 0.2, control 1.4 ± 0.2"


def test_one_sentence_says_it_for_all_scenarios_the_best_news_first() -> None:
    found = {
        "A": Verdict("nothing", by_threshold=True),
        "B": ABSENT,
        "C": Verdict("level", "search-panel", "smotenc-panel"),
    }
    assert sentences.headline(found, 0.9, "trees", "AUROC") == (
        "With 90 % of the labels gone (boosted trees, AUROC), counterfactuals help in C, but no more than a "
        "control; there is nothing to recover in A once the threshold is set; B was not run."
    )
    none = {"A": ABSENT, "B": Verdict("nothing"), "C": ABSENT}
    assert sentences.headline(none, 0.5, "ridge", "AUROC") == (
        "With 50 % of the labels gone (ridge regression, AUROC), there is nothing to recover in B; "
        "A and C were not run."
    )


def test_the_comparison_gives_both_intervals_and_says_how_the_arms_were_picked() -> None:
    cell = view(search_panel=arm(auroc=0.020), smotenc_panel=CONTROL)
    text = sentences.comparison(cell, verdict(cell, BETTER))
    # All four differences are 0.02, so both intervals close on it.
    assert "Search, panel label minus SMOTENC, panel label: +2.0 points (95 %: +2.0 to +2.0;" in text
    assert text.endswith("Both were picked after the fact, which flatters both.")
