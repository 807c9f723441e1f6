from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from sensecf_core.classifiers.calibration import fit_sigmoid
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.design_matrix import columns, owners, to_matrix
from sensecf_core.classifiers.logistic import fit_logistic
from sensecf_core.classifiers.training import rows_of
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.errors import InputError
from tests import small_cohort as small


def test_probabilities_equal_those_of_scikit_learns_calibrated_classifier(
    small_cohort: Cohort, trained: Classifier
) -> None:
    val, everyone = rows_of(small_cohort, "val"), rows_of(small_cohort, "train", "val", "test")
    _, calibrated = fit_sigmoid(trained.tree_model, val.matrix, val.target)
    expected = calibrated.predict_proba(everyone.matrix)[:, 1]
    assert np.allclose(trained.predict_proba(small_cohort.rows), expected, rtol=0, atol=1e-12)


def test_the_fast_trees_equal_scikit_learns(small_cohort: Cohort, trained: Classifier) -> None:
    matrix = rows_of(small_cohort, "test").matrix
    raw = trained.tree_model.decision_function(matrix)
    assert np.allclose(trained.margin(small_cohort.part("test")), trained.calibration.margin(raw), atol=1e-12)


def test_margin_is_the_log_odds_and_predict_uses_the_threshold(
    small_cohort: Cohort, trained: Classifier
) -> None:
    p = trained.predict_proba(small_cohort.rows)
    assert np.allclose(trained.margin(small_cohort.rows), np.log(p / (1 - p)))
    assert np.array_equal(trained.predict(small_cohort.rows), (p >= trained.threshold).astype(int))


def test_the_interval_holds_nine_refits_in_ten(small_cohort: Cohort, trained: Classifier) -> None:
    test = small_cohort.part("test")
    refits = trained.refit_probabilities(test)
    low, high = trained.interval(test).T
    assert refits.shape == (len(trained.refits), len(test))
    assert ((refits.min(axis=0) <= low) & (low < high) & (high <= refits.max(axis=0))).all()
    p = trained.predict_proba(test)
    assert ((low <= p) & (p <= high)).mean() > 0.6
    assert 0.02 < np.mean(high - low) < 0.5


def test_rows_are_judged_one_by_one_as_together(small_cohort: Cohort, trained: Classifier) -> None:
    codes = to_codes(small_cohort.schema, small_cohort.part("test"))[:20]
    together = trained.probability_of_codes(codes)
    assert np.array_equal(together, [trained.probability_of_codes(row[np.newaxis])[0] for row in codes])
    seconds = trained.second_probability_of_codes(codes)
    assert np.allclose(seconds, [trained.second_probability_of_codes(row[np.newaxis])[0] for row in codes])


def test_no_rows_give_no_answers(small_cohort: Cohort, trained: Classifier) -> None:
    none = small_cohort.rows.iloc[:0]
    assert trained.predict_proba(none).shape == (0,)
    assert trained.second_probability(none).shape == (0,)
    assert trained.refit_probabilities(none).shape == (len(trained.refits), 0)


@settings(max_examples=50)
@given(arrays(float, (3, len(small.SCHEMA.features)), elements=st.floats(-1e6, 1e6) | st.just(float("nan"))))
def test_any_codes_get_probabilities(trained: Classifier, codes: np.ndarray) -> None:
    for answer in (
        trained.probability_of_codes(codes),
        trained.second_probability_of_codes(codes),
        trained.refit_probabilities_of_codes(codes),
    ):
        assert ((answer >= 0) & (answer <= 1)).all()


def test_what_is_not_measured_has_a_risk_and_an_unknown_level_is_refused(
    small_cohort: Cohort, trained: Classifier
) -> None:
    row = small_cohort.part("test").iloc[:1]
    nothing = pd.DataFrame({name: [None] for name in row.columns}, index=row.index)
    with pytest.raises(InputError, match="a value of `smoking` that is not one of its levels"):
        trained.predict_proba(row.assign(smoking="sometimes"))
    assert 0 < trained.predict_proba(nothing)[0] < 1
    assert 0 < trained.second_probability(nothing)[0] < 1


def test_codes_of_the_wrong_width_are_refused(trained: Classifier) -> None:
    with pytest.raises(ValueError, match=r"\(n, 10\)"):
        trained.probability_of_codes(np.zeros((2, 3)))


def test_the_second_judge_is_its_own_model(small_cohort: Cohort, trained: Classifier) -> None:
    test = small_cohort.part("test")
    first, second = trained.predict_proba(test), trained.second_probability(test)
    assert 0.5 < np.corrcoef(first, second)[0, 1] < 0.999
    heavier = test.assign(bmi=test["bmi"] + 0.01)  # a linear model feels any step, trees only a threshold
    assert (trained.second_probability(heavier) != second).all()
    assert (trained.predict_proba(heavier) == first).mean() > 0.5


def test_the_second_judge_equals_scikit_learns_pipeline(small_cohort: Cohort) -> None:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import StandardScaler

    class Indicator(SimpleImputer):
        def transform(self, X: np.ndarray) -> np.ndarray:
            return np.isnan(X)[:, np.isnan(self.seen).any(axis=0)]

        def fit(self, X: np.ndarray, y: object = None) -> Indicator:
            self.seen = X
            return super().fit(X, y)

    train, val = rows_of(small_cohort, "train"), rows_of(small_cohort, "val")
    pipeline = make_pipeline(
        make_union(make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), Indicator()),
        LogisticRegression(C=0.1, max_iter=2000),
    ).fit(train.matrix, train.target)
    _, calibrated = fit_sigmoid(pipeline, val.matrix, val.target)
    judge = fit_logistic((train.matrix, train.target), (val.matrix, val.target))
    expected = calibrated.predict_proba(val.matrix)[:, 1]
    assert np.allclose(1 / (1 + np.exp(-judge.margin(val.matrix))), expected, atol=1e-6)


class TestMatrix:
    def test_categories_are_one_hot_and_the_rest_is_as_it_is(self) -> None:
        names = columns(small.SCHEMA)
        assert ("smoking", None) in names
        assert [level for name, level in names if name == "diet"] == ["mixed", "vegetarian", "low carb"]
        assert [level for name, level in names if name == "sex"] == ["male"]
        assert [small.SCHEMA.names[owner] for owner in owners(small.SCHEMA)] == [name for name, _ in names]

    def test_values(self) -> None:
        nan = float("nan")
        codes = np.array(
            [[50, 27.5, 90, 200, 80, nan, 2, 1, 1, 0], [50, nan, 90, 200, 80, 7, nan, 0, nan, nan]]
        )
        expected = [
            [50, 27.5, 90, 200, 80, nan, 2, 1, 0, 1, 0, 0],
            [50, nan, 90, 200, 80, 7, nan, 0, nan, nan, nan, nan],
        ]
        assert np.array_equal(to_matrix(small.SCHEMA, codes), expected, equal_nan=True)
