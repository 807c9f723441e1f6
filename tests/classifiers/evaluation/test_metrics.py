from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics as reference
from sklearn.linear_model import LogisticRegression

from sensecf_core.classifiers.evaluation import metrics
from sensecf_core.classifiers.evaluation.metrics import Predictions


def judged(seed: int, n: int = 60, decimals: int = 1) -> Predictions:
    rng = np.random.default_rng(seed)
    target = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    probability = (0.5 * rng.random(n) + 0.3 * target).round(decimals).clip(0.05, 0.95)
    return Predictions(target, probability, (probability >= 0.4).astype(np.int64))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.booleans())
def test_they_equal_scikit_learns_with_and_without_weights(seed: int, weighted: bool) -> None:
    j = judged(seed)
    weights = (
        np.random.default_rng(seed).integers(0, 4, len(j.target)) if weighted else np.ones(len(j.target))
    )
    weights[:2] = 1
    found = {
        name: value[0] for name, value in metrics.all_metrics(j, weights[np.newaxis].astype(float)).items()
    }
    t, p, hard = j.target, j.probability, j.predicted
    assert found["auroc"] == pytest.approx(reference.roc_auc_score(t, p, sample_weight=weights))
    assert found["average_precision"] == pytest.approx(
        reference.average_precision_score(t, p, sample_weight=weights)
    )
    assert found["f1"] == pytest.approx(reference.f1_score(t, hard, sample_weight=weights))
    assert found["balanced_accuracy"] == pytest.approx(
        reference.balanced_accuracy_score(t, hard, sample_weight=weights)
    )
    assert found["sensitivity"] == pytest.approx(reference.recall_score(t, hard, sample_weight=weights))
    assert found["brier"] == pytest.approx(reference.brier_score_loss(t, p, sample_weight=weights))


def test_calibration_slope_is_that_of_a_logistic_regression() -> None:
    j = judged(1, n=400, decimals=6)
    odds = np.log(j.probability / (1 - j.probability))
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, np.newaxis], j.target)
    slope, intercept = metrics.calibration(j, np.ones((1, 400)))
    assert slope[0] == pytest.approx(model.coef_[0, 0], abs=1e-4)
    shifted = 1 / (1 + np.exp(-(odds + intercept[0])))
    assert shifted.mean() == pytest.approx(j.target.mean())


def test_perfectly_calibrated_probabilities_have_slope_one() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, 50_000)
    j = Predictions((rng.random(len(p)) < p).astype(np.int64), p, (p > 0.5).astype(np.int64))
    slope, intercept = metrics.calibration(j, np.ones((1, len(p))))
    assert slope[0] == pytest.approx(1, abs=0.03)
    assert intercept[0] == pytest.approx(0, abs=0.03)


def test_one_class_leaves_numbers_undefined() -> None:
    j = Predictions(np.zeros(5, dtype=np.int64), np.linspace(0.1, 0.5, 5), np.zeros(5, dtype=np.int64))
    found = metrics.all_metrics(j, np.ones((1, 5)))
    assert np.isnan(found["auroc"][0])
    assert np.isnan(found["sensitivity"][0])
    assert found["specificity"][0] == 1


def test_separable_rows_have_no_slope() -> None:
    j = Predictions(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    assert np.isnan(metrics.calibration(j, np.ones((1, 4)))[0][0])


def test_draws_take_whole_participants_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    people = np.array(["a", "a", "b", "c", "c", "c"], dtype=object)
    whole = np.concatenate(list(metrics.participant_draws(people, 50, seed=1)))
    assert whole.shape == (50, 6)
    assert (whole[:, 0] == whole[:, 1]).all()
    assert (whole[:, [0, 2, 3]].sum(axis=1) == 3).all()
    monkeypatch.setattr(metrics, "CELLS", 60)
    chunks = list(metrics.participant_draws(people, 50, seed=1))
    assert len(chunks) == 5
