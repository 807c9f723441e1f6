"""Measures, thresholds, intervals, recovery and labels' worth, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.augmentation.measures import (
    Deployment,
    Paired,
    balanced_accuracy,
    calibration_slope,
    correct_prior,
    f1,
    gains,
    holm,
    is_lost,
    labels_worth,
    measure,
    recovery,
)
from sensecf_core.classifiers.calibration import choose_threshold


def test_the_prior_is_corrected_by_the_ratio_of_the_odds() -> None:
    # Learned at 1 in 10 (odds 1/9), used at 1 in 2 (odds 1): odds times 9, so 0.1 becomes 0.5, 0.25 0.75.
    found = correct_prior(np.array([0.1, 0.25]), learned=0.1, known=0.5)
    assert found == pytest.approx([0.5, 0.75])
    same = np.array([0.2, 0.9])
    assert correct_prior(same, 0.3, 0.3) == pytest.approx(same)


def test_f1_of_either_class() -> None:
    flagged, target = np.array([True, True, False, False]), np.array([1, 0, 1, 0])
    assert f1(flagged, target, 1) == 0.5  # one of two flagged is right, one of two ones is found
    assert f1(~flagged, 1 - target, 0) == 0.5
    assert f1(np.array([True, True, True, False]), target, 1) == pytest.approx(0.8)  # 2·2 / (3 + 2)
    assert f1(np.zeros(4, bool), target, 1) == 0.0


def test_three_thresholds() -> None:
    # Learned at 1 in 10, used at 1 in 2. At 0.5 nobody is flagged; the prevalence threshold is 0.1 here.
    target = np.array([0, 0, 1, 1])
    risks = np.array([0.05, 0.12, 0.2, 0.3])
    # On validation rows 0.15 parts the classes: corrected, anything from 0.55 to 0.69 does.
    val = (np.array([0.05, 0.12, 0.2, 0.3]), target)
    found = measure((risks, target), val, 0.1, Deployment(0.5, 1))
    assert found["f1_half"] == 0.0
    assert found["f1_prevalence"] == pytest.approx(0.8)
    assert found["f1_tuned"] == 1.0
    assert found["auroc"] == found["average_precision"] == 1.0
    assert found["calibration"] == pytest.approx(0.1675 - 0.5)
    assert found["brier"] == pytest.approx((0.05**2 + 0.12**2 + 0.8**2 + 0.7**2) / 4)
    moved = measure((risks, target), val, 0.1, Deployment(0.5, 1), moved=True)
    assert moved["f1_half"] == found["f1_prevalence"]
    assert moved["brier"] == found["brier_corrected"]
    assert moved["auroc"] == found["auroc"]


def test_of_equally_good_thresholds_the_one_nearest_the_prevalence_that_is_told_is_taken() -> None:
    risks, target = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1])
    assert choose_threshold(risks, target) == 0.5
    assert choose_threshold(risks, target, 0.3) == 0.3
    assert choose_threshold(risks, target, 0.05) == 0.201  # no better than what parts the classes


def test_b_is_about_class_0() -> None:
    target = np.array([0, 1, 1, 1])
    risks = np.array([0.2, 0.4, 0.8, 0.9])
    found = measure((risks, target), (risks, target), 0.75, Deployment(0.75, 0))
    assert found["f1_half"] == pytest.approx(2 / 3)  # two are put in class 0, one of them rightly
    assert found["average_precision"] == 1.0


def test_better_means_lower_brier_scores_and_calibration_nearer_to_zero() -> None:
    assert gains("auroc", np.array([0.8]), np.array([0.7])) == pytest.approx([0.1])
    assert gains("brier", np.array([0.1]), np.array([0.3])) == pytest.approx([0.2])
    assert gains("calibration", np.array([0.05]), np.array([-0.2])) == pytest.approx([0.15])


def test_both_intervals_by_hand() -> None:
    # Differences 1, 2, 3: mean 2, deviation 1, t(0.975, 2) = 4.3027.
    found = Paired.of(np.array([1.0, 2.0, 3.0]))
    assert (found.mean, found.repeats) == (2.0, 3)
    assert found.se == pytest.approx(3**-0.5)
    assert found.high == pytest.approx(2 + 4.3027 * 3**-0.5, abs=1e-3)
    # Nadeau & Bengio: 1/3 + 0.2/0.6 = 2/3 of the variance instead of 1/3.
    assert found.corrected_low == pytest.approx(2 - 4.3027 * (2 / 3) ** 0.5, abs=1e-3)
    assert np.isnan(Paired.of(np.array([1.0])).se)


def test_recovery_has_a_guard() -> None:
    lost = np.array([0.09, 0.10, 0.11])
    assert recovery(np.array([0.05, 0.05, 0.05]), lost) == pytest.approx(0.5)
    small = np.array([0.019, 0.02, 0.02])  # sure, but too small
    assert recovery(small, small) is None
    unsure = np.array([0.5, -0.3, 0.1])  # large, but not sure
    assert recovery(unsure, unsure) is None
    assert not is_lost(Paired.of(np.array([0.5])))  # one repeat says nothing


def test_labels_worth_is_read_off_the_learning_curve() -> None:
    curve = [(100, 0.7), (10, 0.6), (1000, 0.8)]
    assert labels_worth(curve, 0.7, 10) == pytest.approx(90)
    assert labels_worth(curve, 0.65, 10) == pytest.approx(10**1.5 - 10)
    assert labels_worth(curve, 0.81, 10) is None
    assert labels_worth(curve, 0.59, 10) is None
    assert labels_worth(curve, 0.6, 20) == -10
    assert labels_worth(curve[:1], 0.7, 10) is None
    dented = [(10, 0.6), (100, 0.5), (1000, 0.8)]  # read as never falling
    assert labels_worth(dented, 0.7, 10) == pytest.approx(10**2.5 - 10)


def test_balanced_accuracy_and_macro_f1() -> None:
    flagged, target = np.array([True, True, True, False]), np.array([1, 1, 0, 0])
    assert balanced_accuracy(flagged, target) == 0.75  # all ones found, one of two zeros left alone
    found = measure((flagged.astype(float), target), (flagged.astype(float), target), 0.5, Deployment(0.5, 1))
    assert found["balanced_accuracy_half"] == 0.75
    assert found["f1_macro_half"] == pytest.approx((0.8 + 2 / 3) / 2)  # 2·2/(3+2) and 2·1/(1+2)


def test_the_calibration_slope_is_one_where_odds_are_true_and_half_where_they_are_squared() -> None:
    rng = np.random.default_rng(0)
    true = rng.uniform(0.05, 0.95, 20_000)
    target = (rng.random(20_000) < true).astype(np.int64)
    odds = (true / (1 - true)) ** 2
    assert calibration_slope(true, target) == pytest.approx(1, abs=0.05)
    assert calibration_slope(odds / (1 + odds), target) == pytest.approx(0.5, abs=0.03)
    assert np.isnan(calibration_slope(np.full(4, 0.3), np.array([0, 1, 0, 1])))
    assert gains("calibration_slope", np.array([0.9]), np.array([1.3])) == pytest.approx([0.2])


def test_holm() -> None:
    # Sorted .01 .02 .04: times 3, 2, 1, and never falling.
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.5]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_repeat_without_the_arm_counts_in_neither_sum() -> None:
    lost = np.array([0.1, 0.1, 0.1, 0.11])
    assert recovery(np.array([0.05, np.nan, 0.05, np.nan]), lost) == pytest.approx(0.5)
    assert recovery(np.full(4, np.nan), lost) is None
    assert Paired.of(np.array([0.1, np.nan, 0.3])).repeats == 2


def test_p_is_by_the_corrected_variance() -> None:
    from scipy.stats import t

    paired = Paired.of(np.array([0.1, 0.2, 0.3]))
    wide = 0.1 * (1 / 3 + 1 / 3) ** 0.5  # test rows / training rows = .2 / .6
    assert paired.p == pytest.approx(2 * t.sf(0.2 / wide, 2))
    assert Paired.of(np.zeros(3)).p == 1.0
