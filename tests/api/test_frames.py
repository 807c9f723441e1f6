"""Cohorts of data frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sensecf_core as sensecf
from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.proposers.resolve_model import remote_model
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.queries.request import ExplainRequest
from tests.api.made_frames import WAYS, flagged, people


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


def test_ids_that_pandas_made_floats_of_are_found(frame: pd.DataFrame, pipeline: Any) -> None:
    numbered = frame.assign(pid=np.arange(300) + 1000)
    cohort = sensecf.Cohort.from_frame(numbered, target="diabetes", participant="pid")
    model = sensecf.wrap(pipeline, cohort, refits=0)
    person = numbered.iloc[7]["pid"]
    assert isinstance(person, float)
    assert sensecf.explain(cohort, model, participant=person, row=0.0).participant_id == "1007"


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
