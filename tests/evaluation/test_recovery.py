"""What generated rows gave back, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.classifiers.metrics import Predictions
from sensecf_core.evaluation.recovery import classification_scores, recovery

near = pytest.approx
SCARCE, FULL, AUGMENTED = np.array([0.5, 0.6]), np.array([0.7, 0.8]), np.array([0.6, 0.75])


def test_recovery_by_hand() -> None:
    found = recovery(AUGMENTED, SCARCE, FULL)
    # Gains 0.1 and 0.15 of losses 0.2 and 0.2.
    assert (found.gain.value, found.gain.n) == (near(0.125), 2)
    assert found.recovered.value == near(0.25 / 0.4)
    assert (found.recovered.low, found.recovered.high) == (near(0.5), near(0.75))


def test_a_score_that_should_be_low_is_turned_round() -> None:
    # Brier 1 minus the scores above: the same gains.
    up, down = (
        recovery(AUGMENTED, SCARCE, FULL),
        recovery(1 - AUGMENTED, 1 - SCARCE, 1 - FULL, better="lower"),
    )
    assert down.gain.value == near(up.gain.value)
    assert down.recovered.value == near(up.recovered.value)


def test_harm_is_negative_and_more_than_all_is_above_one() -> None:
    assert recovery(SCARCE - 0.1, SCARCE, FULL).recovered.value == near(-0.5)
    assert recovery(FULL + 0.1, SCARCE, FULL).recovered.value == near(1.5)
    assert recovery(SCARCE, SCARCE, FULL).recovered.value == near(0)
    assert recovery(FULL, SCARCE, FULL).recovered.value == near(1)


def test_where_scarcity_cost_nothing_there_is_nothing_to_recover() -> None:
    found = recovery(AUGMENTED, FULL, SCARCE)
    assert np.isnan(found.recovered.value)
    assert found.gain.value == near(-0.075)


def test_a_seed_that_lost_next_to_nothing_does_not_blow_up_the_rest() -> None:
    found = recovery(np.array([0.6, 0.7]), np.array([0.5, 0.7]), np.array([0.7, 0.7 + 1e-9]))
    assert found.recovered.value == near(0.5)


def test_scores_by_hand() -> None:
    # Class 1 from 0.5: one hit, one miss, one rejection, one false alarm.
    p = np.array([0.9, 0.4, 0.2, 0.5])
    found = classification_scores(Predictions(np.array([1, 1, 0, 0]), p, (p >= 0.5).astype(np.int64)))
    assert found == {
        "f1": near(2 / 4),
        "balanced_accuracy": near(0.5),
        "auroc": near(3 / 4),  # of four pairs only 0.4 against 0.5 is the wrong way round
        "brier": near((0.01 + 0.36 + 0.04 + 0.25) / 4),
    }
    alone = classification_scores(Predictions(np.zeros(2, np.int64), p[:2], np.zeros(2, np.int64)))
    assert np.isnan(alone["auroc"])
