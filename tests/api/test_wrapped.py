"""Models of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

import sensecf_core as sensecf
from sensecf_core.classifiers.shap_values import shap_values
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.language.models import adapter_choice
from sensecf_core.queries.answer import Answer
from sensecf_core.records.exports import answers_csv
from tests.api.made_frames import WAYS, Plain, asked_directly, flagged


def test_a_model_that_cannot_be_cloned_has_no_interval(frame: pd.DataFrame, cohort: sensecf.Cohort) -> None:
    with pytest.warns(UserWarning, match="No risk interval and no grades: Plain could not be fitted again"):
        model = sensecf.wrap(Plain(), cohort)
    answer = sensecf.explain(cohort, model, participant=flagged(model, cohort))
    assert answer.counterfactuals and model.refits == ()
    assert all(found.grade is None and found.held_under_noise for found in answer.counterfactuals)
    assert all(found.interval is None for found in answer.counterfactuals)
    assert answer.to_dict()["counterfactuals"][0]["interval"] is None
    assert Answer.model_validate_json(answer.model_dump_json(by_alias=True)) == answer
    assert answers_csv([answer], {cohort.schema.name: cohort.schema}).count("\n") > 1
    assert 0 < answer.counterfactuals[0].second_judge_probability < 1
    fitted = LogisticRegression(max_iter=5000).fit(frame[list(WAYS)], frame["diabetes"])
    frozen = sensecf.wrap(FrozenEstimator(fitted), cohort)
    assert frozen.refits == ()


def test_a_model_that_answers_by_chance_is_refused(cohort: sensecf.Cohort) -> None:
    rng = np.random.default_rng(0)

    class Dropout(Plain):
        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            sure = super().predict_proba(rows)
            return np.clip(sure + rng.normal(scale=0.05, size=sure.shape), 0, 1)

    with pytest.raises(
        sensecf.InputError, match="asked twice about the same rows; make its predict_proba repeatable"
    ):
        sensecf.wrap(Dropout(), cohort)


def test_a_forest_is_explained_to_the_very_threshold(frame: pd.DataFrame, cohort: sensecf.Cohort) -> None:
    """Its probabilities are hundredths: many lie exactly on the threshold, and some are 0 or 1."""
    forest = RandomForestClassifier(50, random_state=0).fit(frame[list(WAYS)], frame["diabetes"])
    model = sensecf.wrap(forest, cohort, threshold=0.3, refits=5)
    codes = to_codes(cohort.schema, cohort.rows)
    exact = forest.predict_proba(frame[list(WAYS)])[:, 1]
    assert (exact == 0.3).any() and {0.0, 1.0} <= set(exact)
    margin = model.margin_of_codes(codes)
    assert np.isfinite(margin).all()
    assert ((margin >= np.log(0.3 / 0.7)) == (model.probability_of_codes(codes) >= 0.3)).all()
    answer = sensecf.explain(cohort, model, participant=flagged(model, cohort), method="nice-sparsity")
    assert answer.status == "found" and (asked_directly(forest, frame, answer) < 0.3).all()
    assert len(model.refits) == 5
    same = sensecf.wrap(forest, cohort, threshold=0.3, refits=5)
    assert same.sha256 == model.sha256 != sensecf.wrap(forest, cohort, threshold=0.5, refits=5).sha256


def test_models_that_agree_about_everybody_are_told_apart(cohort: sensecf.Cohort) -> None:
    class Step(Plain):
        def __init__(self, edge: float) -> None:
            self.edge = edge

        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            return np.asarray(np.where(rows["lean"] >= self.edge, 0.9, 0.1))

    lower, upper = np.sort(cohort.rows["lean"])[[150, 151]]
    space = (upper - lower) / 4
    one, other = (sensecf.wrap(Step(edge), cohort) for edge in (lower + space, upper - space))
    assert np.array_equal(one.predict_proba(cohort.rows), other.predict_proba(cohort.rows))
    assert one.sha256 != other.sha256
    person = flagged(one, cohort)
    answers = [sensecf.explain(cohort, model, participant=person) for model in (one, other)]
    assert answers[0].answer_id != answers[1].answer_id


def test_labels_of_any_two_kinds(frame: pd.DataFrame, cohort: sensecf.Cohort) -> None:
    words = np.where(frame["diabetes"] == 1, "yes", "no")
    pipeline = LogisticRegression(max_iter=5000).fit(frame[list(WAYS)], words)
    model = sensecf.wrap(pipeline, cohort, refits=5)
    said = pipeline.predict_proba(frame[list(WAYS)])[:, 1]
    assert np.allclose(model.predict_proba(cohort.rows), said, atol=1e-5)
    refits = model.refit_probabilities_of_codes(to_codes(cohort.schema, cohort.rows))
    assert all(np.corrcoef(refit, model.predict_proba(cohort.rows))[0, 1] > 0.9 for refit in refits)


def test_probabilities_may_be_rounded_and_a_model_may_know_one_class(
    frame: pd.DataFrame, cohort: sensecf.Cohort
) -> None:
    class Forest:
        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            return np.where(rows["lean"] > 0, 1 + 1e-7, -1e-7)

    assert set(sensecf.wrap(Forest(), cohort, threshold=0.5).predict_proba(cohort.rows)) == {0.0, 1.0}
    well = RandomForestClassifier(2).fit(frame[list(WAYS)], np.zeros(len(frame), dtype=int))
    assert not sensecf.wrap(well, cohort, threshold=0.5).predict_proba(cohort.rows).any()


@pytest.mark.parametrize(("well", "ill"), [("control", "case"), (1, 2)])
def test_labels_that_would_turn_the_classes_around_are_refused(
    frame: pd.DataFrame, cohort: sensecf.Cohort, well: Any, ill: Any
) -> None:
    labels = np.where(frame["diabetes"] == 1, ill, well)
    pipeline = LogisticRegression(max_iter=5000).fit(frame[list(WAYS)], labels)
    with pytest.raises(sensecf.InputError, match="would be taken for 'diabetes' = 1") as refused:
        sensecf.wrap(pipeline, cohort)
    assert f"class {well} " in str(refused.value)


def test_no_command_is_named_that_cannot_know_a_frame(
    cohort: sensecf.Cohort,
) -> None:
    with pytest.raises(sensecf.NotReadyError, match="No adapter was trained for frame yet") as missing:
        adapter_choice.require(cohort, base_sha256="0" * 64)
    assert "finetune" not in str(missing.value) and "lm-few-shot" in str(missing.value)


def test_what_cannot_be_wrapped_is_said(frame: pd.DataFrame, cohort: sensecf.Cohort) -> None:
    class Says:
        def __init__(self, *shape: int, value: float = 0.5) -> None:
            self.shape, self.value = shape, value

        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            return np.full((len(rows), *self.shape), self.value)

    other = LogisticRegression().fit(frame[["lean"]], frame["diabetes"])
    for bad, said in (
        (object(), "has no predict_proba"),
        (LogisticRegression(), "NotFittedError"),
        (other, "fails on the cohort's frame .columns lean, glucose, steps, pressure.: ValueError"),
        (Says(3), "one for each of two classes"),
        (Says(value=1.5), "probabilities from 0 to 1"),
        (Says(value=np.nan), "without gaps"),
    ):
        with pytest.raises(sensecf.InputError, match=said):
            sensecf.wrap(bad, cohort)
    for threshold in (0.0, 1.0):
        with pytest.raises(sensecf.InputError, match="between 0 and 1"):
            sensecf.wrap(Plain(), cohort, threshold=threshold)
    with pytest.raises(sensecf.InputError, match="too small for a classifier"):
        sensecf.wrap(Plain(), sensecf.Cohort.from_frame(frame[:20], target="diabetes", participant="pid"))


def test_shap_values_of_a_wrapped_model_add_up(cohort: sensecf.Cohort, model: Any) -> None:
    rows = cohort.part("test").iloc[:3]
    before = np.random.get_state()[1].copy()
    found = shap_values(model, rows)
    assert np.array_equal(np.random.get_state()[1], before)
    margin = model.margin_of_codes(to_codes(model.schema, rows))
    assert found.base + found.values.sum(axis=1) == pytest.approx(margin)
    backwards = shap_values(sensecf.wrap(model.model, cohort, refits=0), rows[::-1])
    assert np.array_equal(backwards.values[::-1], found.values)
    near = shap_values(model, rows, cohort.part("val"))
    assert near.values.shape == found.values.shape and near.base != found.base


def test_more_features_than_exact_shap_takes() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(200, 12)).round(2), columns=[f"x{n}" for n in range(12)])
    target = (frame["x0"] - frame["x1"] + rng.logistic(0, 0.3, 200) > 0).astype(int)
    pipeline = LogisticRegression().fit(frame, target)
    cohort = sensecf.Cohort.from_frame(frame.assign(y=target), target="y")
    model = sensecf.wrap(pipeline, cohort, refits=0)
    row = cohort.rows.iloc[[5]]
    values = shap_values(model, row).values[0]
    mean = model.background.mean(axis=0)
    assert values == pytest.approx(pipeline.coef_[0] * (row.to_numpy()[0] - mean), abs=1e-6)
    assert cohort.rows.index[5] == ("5", "0")
