"""The library as a notebook uses it."""

from __future__ import annotations

import doctest
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sensecf_core as sensecf
from sensecf_core import api
from sensecf_core.classifiers.shap_values import shap_values
from sensecf_core.cohorts import cohort as cohort_module
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.proposers.resolve_model import remote_model
from sensecf_core.language.models import adapters
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.paths import ROOT
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records.exports import answers_csv

EXAMPLES = ROOT / "examples"
WAYS = ("lean", "glucose", "steps", "pressure")


def people(n: int = 300, seed: int = 0) -> pd.DataFrame:
    """Made-up numbers of n people, one row each."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "pid": [str(93700 + number) for number in range(n)],
            "lean": rng.normal(size=n),
            "glucose": rng.normal(105, 15, n).round(),
            "steps": rng.integers(1000, 15000, n),
            "pressure": rng.normal(125, 14, n).round(1),
        }
    )
    score = frame["lean"] + (frame["glucose"] - 105) / 10 - (frame["steps"] - 8000) / 3000
    frame["diabetes"] = (score + rng.logistic(0, 0.7, n) > 0).astype(int)
    return frame


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return people()


@pytest.fixture(scope="module")
def pipeline(frame: pd.DataFrame) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[list(WAYS)], frame["diabetes"])


@pytest.fixture(scope="module")
def cohort(frame: pd.DataFrame) -> sensecf.Cohort:
    return sensecf.Cohort.from_frame(frame, target="diabetes", participant="pid")


@pytest.fixture(scope="module")
def model(pipeline: Any, cohort: sensecf.Cohort) -> Any:
    return sensecf.wrap(pipeline, cohort, threshold=None)


def flagged(model: Any, cohort: sensecf.Cohort) -> str:
    """Somebody of the test part whom the model puts in class 1."""
    test = cohort.part("test")
    return str(test.index[np.flatnonzero(model.predict(test))[0]][0])


def asked_directly(pipeline: Any, frame: pd.DataFrame, answer: Answer, ids: str = "pid") -> np.ndarray:
    """The model's own p(class 1) of the user's own row, with each counterfactual's changes written in."""
    row = frame[frame[ids].astype(str) == answer.participant_id].iloc[[0]]
    rows = pd.concat([row] * len(answer.counterfactuals)).drop(columns=[ids, "diabetes"])
    changes = answer.to_frame().drop(columns=["probability", "valid", "gower", "n_changed"])
    for name in changes:
        told = changes[name].notna().to_numpy()
        rows.iloc[told, rows.columns.get_loc(name)] = changes[name][told].to_numpy()
    return np.asarray(pipeline.predict_proba(rows)[:, 1])


def test_importing_is_light_and_lists_what_there_is() -> None:
    code = (
        "import sys, time; began = time.process_time(); import sensecf_core; "
        "spent = time.process_time() - began; "
        "print(spent < 0.3, sorted({'torch', 'pandas', 'numpy', 'streamlit'} & set(sys.modules)), "
        "sorted(dir(sensecf_core)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True [] [")
    for name in ("Cohort", "load_cohort", "train", "wrap", "explain", "benchmark", "InputError"):
        assert f"'{name}'" in done.stdout
        assert getattr(sensecf, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="no attribute 'explane'"):
        _ = sensecf.explane


def test_the_same_model_asked_directly_says_the_desired_class(
    frame: pd.DataFrame, pipeline: Any, cohort: sensecf.Cohort, model: Any
) -> None:
    answer = sensecf.explain(
        cohort,
        model,
        participant=flagged(model, cohort),
        method="random",
        limits="contrast",
        k=4,
        freeze=["pressure"],
        seed=0,
    )
    table = answer.to_frame()
    assert answer.status == "found" and len(table) == len(answer.counterfactuals) > 1
    assert "pressure" not in table and table["valid"].all()
    said = asked_directly(pipeline, frame, answer)
    assert (said < model.threshold).all()
    assert said == pytest.approx(table["probability"], abs=1e-5)
    rows = cohort.frame_of(found.features for found in answer.counterfactuals)
    assert list(rows.columns) == list(WAYS) and rows["steps"].dtype == frame["steps"].dtype
    assert (pipeline.predict_proba(rows)[:, 1] < model.threshold).all()
    contract = json.loads(json.dumps(answer.to_dict()))
    assert contract["counterfactuals"][0]["interval"] is not None
    assert "candidates" not in contract["trace"] and answer.to_dict(candidates=True)["trace"]["candidates"]
    again = sensecf.explain(
        cohort, model, participant=answer.participant_id, limits="contrast", freeze="pressure"
    )
    assert again.counterfactuals == answer.counterfactuals
    assert again.drivers == answer.drivers and {d.feature for d in answer.drivers} == set(WAYS)


def test_class_0_to_1_works_too(
    frame: pd.DataFrame, pipeline: Any, cohort: sensecf.Cohort, model: Any
) -> None:
    test = cohort.part("test")
    calm = test.index[np.flatnonzero(model.predict(test) == 0)[0]][0]
    answer = sensecf.explain(cohort, model, participant=calm, desired=1, method="random")
    assert answer.status == "found"
    assert (asked_directly(pipeline, frame, answer) >= model.threshold).all()


def test_treecf_is_refused_in_one_sentence(cohort: sensecf.Cohort, model: Any) -> None:
    for ask in (
        lambda: sensecf.explain(cohort, model, participant=flagged(model, cohort), method="treecf"),
        lambda: sensecf.benchmark(cohort, model, methods=["random", "treecf"], n=1),
    ):
        with pytest.raises(sensecf.InputError, match="wrapped model has none") as refused:
            ask()
        assert str(refused.value).count(".") == 1 and str(refused.value).endswith(".")


def test_slips_name_the_near_matches(cohort: sensecf.Cohort, model: Any, pipeline: Any) -> None:
    person = flagged(model, cohort)

    def ask(**options: Any) -> Callable[[], Any]:
        return lambda: sensecf.explain(cohort, model, **{"participant": person, **options})

    for slip, said in (
        (ask(method="randon"), "did you mean random"),
        (ask(limits="contrasts"), "did you mean contrast"),
        (ask(freeze=["glukose"]), "did you mean glucose"),
        (ask(ranges={"step": (1, 2)}), "did you mean steps"),
        (ask(ranges={"steps": "many"}), "must be two numbers"),
        (ask(participant="nobody"), "Unknown participant 'nobody'"),
        (ask(row="7"), "Unknown row of participant"),
        (ask(desired=2), "`desired` must be 0 or 1"),
        (ask(k=0), "`k` must be from 1"),
        (ask(method=None), "Unknown method None"),
        (ask(k="many"), "`k`"),
        (ask(freeze=None), "`freeze` must be a list of names"),
        (ask(ranges=["steps"]), "`ranges` must be a dict"),
        (ask(method="lm-few-shot", language_model="smolm2-135m"), "did you mean smollm2-135m"),
        (lambda: sensecf.load_cohort("nhanse"), "did you mean nhanes"),
        (lambda: model.predict_proba(cohort.rows[["lean"]]), "no column `glucose`"),
        (lambda: cohort.frame_of([{"glukose": 90}]), "did you mean glucose"),
        (lambda: cohort.frame_of([{"glucose": "high"}]), "must be a number, got 'high'"),
        (lambda: sensecf.load_cohort(2), "Unknown cohort '2'"),
        (lambda: sensecf.benchmark(cohort, model, methods=["dice-randon"]), "did you mean dice-random"),
        (lambda: sensecf.benchmark(cohort, model, n=-1), "`n` must be 0 or more"),
        (lambda: sensecf.benchmark(cohort, model, n="5"), "`n` must be a whole number, got '5'"),
        (lambda: sensecf.benchmark(cohort, model, methods=[]), "^No method is named; there are lm-"),
        (lambda: sensecf.wrap(pipeline, cohort, threshold="half"), "`threshold` must be a number"),
        (lambda: sensecf.wrap(pipeline, cohort, refits=-1), "`refits` must be 0 or more"),
        (lambda: sensecf.explain(cohort, pipeline, participant=person), r"by wrap\(model, cohort\)"),
        (lambda: sensecf.explain("heart", participant="1"), "must be a Cohort"),
        (lambda: sensecf.explain(sensecf.load_cohort("heart"), model, participant="1"), "another schema"),
    ):
        with pytest.raises(sensecf.InputError, match=said):
            slip()


def test_missing_values_levels_and_several_rows_a_participant() -> None:
    frame = people(360, seed=3).rename(columns={"lean": "Lean mass (kg)"})
    rng = np.random.default_rng(4)
    frame["pid"] = [f"P{number // 2}" for number in range(len(frame))]
    frame["smoking"] = rng.choice(["never", "former", "now|often"], len(frame))
    frame["sex"] = pd.Categorical(rng.choice(["f", "m"], len(frame)))
    frame["active"] = rng.random(len(frame)) < 0.5
    frame.loc[::5, "glucose"] = np.nan
    frame.loc[::7, "smoking"] = None
    columns = [name for name in frame if name not in ("pid", "diabetes")]
    numbers = ["Lean mass (kg)", "glucose", "steps", "pressure"]
    pipeline = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="error"), ["smoking", "sex", "active"]),
        ),
        LogisticRegression(),
    ).fit(frame[columns], frame["diabetes"])
    cohort = sensecf.Cohort.from_frame(frame, target="diabetes", participant="pid")
    assert cohort.parts.groupby(level=0).nunique().max() == 1
    assert cohort.schema.feature("smoking").levels == ("former", "never", "now/often")
    back = cohort.frame_of_codes(to_codes(cohort.schema, cohort.rows))
    pd.testing.assert_frame_equal(back, frame[columns], check_exact=False, atol=1e-5)
    model = sensecf.wrap(pipeline, cohort)
    test = cohort.part("test")
    chosen = test[(model.predict(test) == 1) & test["glucose"].isna().to_numpy()].index[0]
    answer = sensecf.explain(
        cohort,
        model,
        participant=chosen[0],
        row=chosen[1],
        freeze=["Lean mass (kg)"],
        ranges={"smoking": ["never", "now/often"]},
        candidates=64,
    )
    assert (answer.participant_id, answer.row_id) == chosen
    assert answer.factual.features["glucose"] is None and answer.status == "found"
    moved = {name for found in answer.counterfactuals for name in found.changes}
    assert not moved & {"glucose", "lean_mass_kg", "sex"}
    rows = cohort.frame_of(found.features for found in answer.counterfactuals)
    assert (pipeline.predict_proba(rows)[:, 1] < model.threshold).all()
    assert all(rows[name].dtype == frame[name].dtype for name in columns)


class Plain:
    """Knows rows only; it cannot be cloned, and gives p(class 1) alone."""

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        score = rows["lean"] + (rows["glucose"] - 105) / 10 - (rows["steps"] - 8000) / 3000
        return np.asarray(1 / (1 + np.exp(-2 * score)))


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


def test_ids_that_pandas_made_floats_of_are_found(frame: pd.DataFrame, pipeline: Any) -> None:
    numbered = frame.assign(pid=np.arange(300) + 1000)
    cohort = sensecf.Cohort.from_frame(numbered, target="diabetes", participant="pid")
    model = sensecf.wrap(pipeline, cohort, refits=0)
    person = numbered.iloc[7]["pid"]
    assert isinstance(person, float)
    assert sensecf.explain(cohort, model, participant=person, row=0.0).participant_id == "1007"


def test_no_command_is_named_that_cannot_know_a_frame(
    cohort: sensecf.Cohort,
) -> None:
    with pytest.raises(sensecf.NotReadyError, match="No adapter was trained for frame yet") as missing:
        adapters.require(cohort, base_sha256="0" * 64)
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


def test_methods_are_compared_on_a_wrapped_model(cohort: sensecf.Cohort) -> None:
    model = sensecf.wrap(Plain(), cohort)
    result = sensecf.benchmark(cohort, model, methods=["random", "dice-random"], n=2, candidates=8)
    table = result.to_frame()
    assert set(table["method"]) == {"random", "random + refine", "dice-random", "dice-random + refine"}
    assert set(table["direction"]) == {"1→0", "0→1"} and (table["queries"] == 2).all()
    used = table[table["in_use"]]
    assert used["validity"].dropna().between(0, 1).all() and (used["coverage"] > 0).any()
    assert "refit_validity" not in table and "seconds" not in table
    assert table.attrs["measures"]["validity"].endswith("(higher is better)")
    group = result.summary["groups"][0]
    assert group["rows"][0]["measures"]["coverage"]["n"] == 2 and group["proven"]["value"] == 0
    assert len(result.queries) == 2 * 2 * 4


def test_ours_is_trained_in_memory_and_loaded_where_it_is_stored(
    cohort: sensecf.Cohort, private_var: Path
) -> None:
    heart = sensecf.load_cohort("heart")
    assert sensecf.train(heart) is sensecf.train(heart)
    model = sensecf.train(cohort)
    assert len(model.refits) == 20 and sensecf.train(cohort) is model
    assert not list(private_var.rglob("*.skops"))
    answer = sensecf.explain(cohort, participant=flagged(model, cohort), method="treecf", k=2)
    assert answer.provenance["sha256"]["classifier"] == model.sha256
    assert all(found.interval is not None for found in answer.counterfactuals)


def test_a_schema_is_drafted_from_what_the_data_show(frame: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    stages = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    more = frame.assign(
        **{
            "Age (years)": rng.integers(20, 80, len(frame)),
            "dosage": rng.integers(0, 2, len(frame)),
            "stage": pd.Series(rng.choice(stages.categories, len(frame)), dtype=stages),
            "Glucose": pd.array(rng.integers(70, 200, len(frame)), dtype="Int64"),
        }
    )
    schema = sensecf.Cohort.from_frame(more, target="diabetes", participant="pid").schema
    kinds = {feature.name: (feature.kind, feature.decimals, feature.role) for feature in schema.features}
    assert kinds == {
        "lean": ("continuous", 6, "clinical"),
        "glucose": ("integer", 0, "clinical"),
        "steps": ("integer", 0, "clinical"),
        "pressure": ("continuous", 1, "clinical"),
        "age_years": ("integer", 0, "context"),
        "dosage": ("binary", 0, "clinical"),
        "stage": ("ordinal", 0, "clinical"),
        "glucose_2": ("integer", 0, "clinical"),
    }
    assert schema.feature("stage").levels == ("low", "mid", "high")
    assert schema.feature("glucose_2").label == "Glucose"
    assert schema.default_limits == "contrast" and "context: age_years" in schema.provenance.notes[0]
    assert not schema.provenance.public
    for feature in schema.features:
        if feature.valid is not None:
            column = more[feature.label]
            assert feature.valid[0] < column.min() and column.max() < feature.valid[1]
            steps = np.diff(np.percentile(column, [1, 99]))[0] / feature.grid
            assert 20 < steps <= 200 or feature.step is None


def test_a_draft_can_be_edited_and_handed_in(frame: pd.DataFrame) -> None:
    draft = sensecf.Cohort.from_frame(frame, target="diabetes", participant="pid").schema
    steps = draft.feature("steps").model_copy(update={"role": "behaviour", "suggest": (4000, 14000)})
    kept = (steps, draft.feature("glucose"))
    edited = draft.model_copy(update={"features": kept, "title": "Mine"})
    cohort = sensecf.Cohort.from_frame(frame, target="diabetes", participant="pid", schema=edited)
    assert cohort.schema.names == ("steps", "glucose") and cohort.schema.sha256 != draft.sha256
    assert list(cohort.frame_of_codes(np.array([[5000.0, 100.0]])).columns) == ["glucose", "steps"]
    for change, said in (
        ({"features": (steps.model_copy(update={"name": "stepz"}),)}, "did you mean steps"),
        (
            {"features": (draft.features[2].model_copy(update={"valid": (0.0, 5000.0)}),)},
            "outside `valid`, 0 to 5000",
        ),
        ({"features": (draft.features[2].model_copy(update={"valid": None}),)}, "must have a `valid` range"),
        ({"task": draft.task.model_copy(update={"target": "other"})}, "target is 'other'"),
    ):
        with pytest.raises(sensecf.InputError, match=said):
            sensecf.Cohort.from_frame(
                frame, target="diabetes", participant="pid", schema=draft.model_copy(update=change)
            )


def test_numbers_can_be_called_levels_and_levels_come_back_as_numbers(frame: pd.DataFrame) -> None:
    coded = frame.assign(region=np.arange(len(frame)) % 3 + 1)
    draft = sensecf.Cohort.from_frame(coded, target="diabetes", participant="pid").schema
    assert draft.feature("region").kind == "integer"
    named = {"kind": "categorical", "levels": ("3", "1", "2"), "valid": None}
    features = [f.model_copy(update=named if f.name == "region" else {}) for f in draft.features]
    schema = draft.model_copy(update={"features": tuple(features)})
    cohort = sensecf.Cohort.from_frame(coded, target="diabetes", participant="pid", schema=schema)
    assert cohort.rows["region"].tolist() == coded["region"].astype(str).tolist()
    back = cohort.frame_of_codes(to_codes(schema, cohort.rows))
    assert back["region"].equals(coded["region"])
    fewer = [f.model_copy(update={"levels": ("1", "2")} if f.named else {}) for f in features]
    lost = schema.model_copy(update={"features": tuple(fewer)})
    with pytest.raises(sensecf.InputError, match="100 rows have a value of `region` that is not one of"):
        sensecf.Cohort.from_frame(coded, target="diabetes", participant="pid", schema=lost)


@pytest.mark.parametrize("dtype", ["int64", "Int64"])
def test_a_column_of_whole_numbers_never_cuts_what_an_edited_schema_allows(
    frame: pd.DataFrame, dtype: str
) -> None:
    typed = frame.astype({"steps": dtype})
    draft = sensecf.Cohort.from_frame(typed, target="diabetes", participant="pid").schema
    finer = {"kind": "continuous", "decimals": 1, "step": None}
    features = [f.model_copy(update=finer if f.name == "steps" else {}) for f in draft.features]
    schema = draft.model_copy(update={"features": tuple(features)})
    cohort = sensecf.Cohort.from_frame(typed, target="diabetes", participant="pid", schema=schema)
    rows = to_codes(schema, cohort.rows[:2])
    assert cohort.frame_of_codes(rows)["steps"].dtype == dtype
    rows[0, schema.positions["steps"]] = 5000.5
    assert cohort.frame_of_codes(rows)["steps"].tolist() == [5000.5, float(typed["steps"][1])]


def test_columns_keep_the_names_that_they_have(frame: pd.DataFrame) -> None:
    twins = frame.rename(columns={"lean": "Steps", "glucose": "valid", "pressure": 0})
    cohort = sensecf.Cohort.from_frame(twins, target="diabetes", participant="pid")
    assert cohort.schema.names == ("steps_2", "valid", "steps", "f_0")
    pipeline = RandomForestClassifier(5, random_state=0).fit(frame[list(WAYS)], frame["diabetes"])

    class Renamed:
        def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
            return np.asarray(pipeline.predict_proba(rows.set_axis(list(WAYS), axis=1)))

    model = sensecf.wrap(Renamed(), cohort, threshold=0.5)
    ill = flagged(model, cohort)
    answer = sensecf.explain(cohort, model, participant=ill, freeze=["steps", 0], candidates=128)
    assert answer.limits.frozen == ("steps", "f_0")
    table = answer.to_frame()
    assert table.columns.is_unique and table["valid"].all() and "valid (feature)" in table


def test_frames_that_are_no_cohort_are_refused(frame: pd.DataFrame) -> None:
    def make(changed: pd.DataFrame, **options: Any) -> Callable[[], sensecf.Cohort]:
        given = {"target": "diabetes", "participant": "pid", **options}
        return lambda: sensecf.Cohort.from_frame(changed, **given)

    gap = frame.assign(diabetes=frame["diabetes"].astype(float).where(frame.index > 3))
    for slip, said in (
        (make(frame, target="diabetis"), "did you mean diabetes"),
        (make(frame, participant="pidd"), "did you mean pid"),
        (make(frame, participant=["pid"]), "each the name of one column"),
        (make(frame.to_numpy()), "must be a pandas DataFrame, not ndarray"),
        (make(frame, participant="diabetes"), "different columns"),
        (make(frame, target=None), "Unknown column 'None'"),
        (make(frame, target=["diabetes"]), "the name of one column"),
        (make(frame.set_index("pid")), "'pid' is the index; `frame.reset_index..` makes it a column"),
        (make(frame["diabetes"]), "must be a pandas DataFrame, not Series"),
        (make(frame, schema="draft"), "`schema` must be a Schema"),
        (make(gap), "4 rows are not, like nan; recode them or drop them"),
        (make(frame.assign(diabetes=1)), "rows of both classes"),
        (make(frame.assign(pid=None)), "300 rows have no 'pid'"),
        (make(frame.assign(row=1, pid="a"), row="row"), "has the row '1' twice"),
        (make(frame.assign(row_id=1)), "`row_id` would be a feature; pass row='row_id'"),
        (make(frame.rename(columns={"pid": "Participant ID"}), participant=None), "pass participant='Partic"),
        (make(frame, schema={}), "`schema` must be a Schema"),
        (make(frame, name=None), "match pattern"),
        (make(frame[:0]), "no rows"),
        (make(frame, name="My Cohort"), "match pattern"),
        (make(frame.assign(when=pd.Timestamp("2026-01-01"))), "`when` holds datetime64 values"),
        (make(frame.assign(note=[f"text {n}" for n in range(300)])), "300 different texts"),
        (make(frame.assign(gone=np.nan, one="same")), "`gone` has no value at all; `one` holds one level"),
        (make(frame.assign(lean=np.inf)), "infinite"),
        (make(pd.concat([frame, frame[["lean"]]], axis=1)), "Two columns of the frame are called 'lean'"),
        (make(frame.assign(tiny=frame["lean"] * 1e-6)), "rescale it"),
    ):
        with pytest.raises(sensecf.InputError, match=said):
            slip()


@pytest.mark.parametrize("module", [api, cohort_module])
def test_examples_in_docstrings_are_true(module: Any) -> None:
    done = doctest.testmod(module, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert done.failed == 0 and done.attempted > 0


@pytest.mark.parametrize("script", ["own_model", "own_csv"])
def test_example_scripts_run(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = runpy.run_path(str(EXAMPLES / f"{script}.py"))
    assert found["answer"].status == "found"
    assert "probability" in capsys.readouterr().out
    if script == "own_model":
        assert set(found["pipeline"].predict(found["rows"])) == {0}


def test_a_frame_bears_no_other_cohorts_name_and_none_is_sent_to_a_server_unnamed(
    frame: pd.DataFrame,
) -> None:
    columns = [*WAYS, "diabetes"]
    named_heart = sensecf.Cohort.from_frame(frame[columns], target="diabetes", name="heart")
    with pytest.raises(sensecf.InputError, match="'heart' is another cohort; name this one"):
        sensecf.train(named_heart)
    spec = ModelSpec(name="far", kind="endpoint", source="http://127.0.0.1:9/v1", model="m")
    request = ExplainRequest(cohort="frame", participant_id="1", method="lm-zero-shot", model="far")
    unnamed = sensecf.Cohort.from_frame(frame[columns], target="diabetes")
    with pytest.raises(sensecf.InputError, match="sent to no server"):
        remote_model(spec, request, unnamed)
