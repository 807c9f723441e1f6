from __future__ import annotations

import csv
import io
import json
import re

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG
from sensecf_core.queries.answer import Answer, Feasibility, RaisedFlag
from sensecf_core.queries.goal import Goal
from sensecf_core.records.exports import (
    CSV_COLUMNS,
    answers_csv,
    answers_json,
    origin_columns,
    safe_cell,
    table_csv,
)
from tests.records.made_answers import make_answer, make_counterfactual
from tests.small_cohort import SCHEMA

SCHEMAS = {"small": SCHEMA}
OPERATORS = tuple("=+-@＝＋－＠")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
dangerous = st.text(st.sampled_from("=+-@\t\r\n;,\"' aé1＝") | st.characters(codec="utf-8"), max_size=12)


def starts_formula(cell: str) -> bool:
    begins = cell.startswith(("\t", "\r", "\n")) or cell.lstrip().startswith(OPERATORS)
    return begins and NUMBER.fullmatch(cell) is None


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_table_says_in_each_row_whose_they_are() -> None:
    columns = {
        ("", "Participant"): ["1", "=2"],
        ("Body", "Weight (kg)"): [70.5, None],
        ("", "Days"): [[1, 2], []],
    }
    rows = read(table_csv(pd.DataFrame(columns), origin_columns(SCHEMA)))
    label = "REAL DATA" if SCHEMA.provenance.real else "SYNTHETIC DATA"
    about = [(row["data_label"], row["cohort"], row["notice"]) for row in rows]
    assert about == [(label, "small", DISCLAIMER_LONG)] * 2
    assert [list(row.values())[:3] for row in rows] == [["1", "70.5", "1 2"], ["'=2", "", ""]]


def test_one_row_per_changed_feature() -> None:
    rows = read(answers_csv([make_answer()], SCHEMAS))
    assert [(row["counterfactual"], row["feature"], row["from"], row["to"], row["unit"]) for row in rows] == [
        ("1", "bmi", "33.5", "30.0", "kg/m²"),
        ("1", "smoking", "current", "former", ""),
        ("2", "sugar", "140", "80", "g/day"),
    ]
    assert {row["probability"] for row in rows} == {"0.21"}
    assert rows[0]["feature_label"] == "Body mass index"
    assert (rows[0]["percentile"], rows[1]["percentile"]) == ("42.5", "")


def test_each_row_says_by_which_goal_it_is_graded() -> None:
    feasible = Feasibility(cross="none found", reliable_reduction=4.0)
    asked = [
        make_answer("a1", second_threshold=0.36),
        make_answer("a2", goal=Goal(kind="lower", asked="auto"), feasibility=feasible),
        make_answer("a3", goal=Goal(kind="target", target=40.0, asked="target"), counterfactuals=()),
    ]
    told = ("goal", "target", "feasibility_cross", "second_threshold")
    rows = {row["answer_id"]: [row[name] for name in told] for row in read(answers_csv(asked, SCHEMAS))}
    assert rows == {
        "a1": ["cross", "", "", "0.36"],
        "a2": ["lower", "", "none found", ""],
        "a3": ["target", "40.0", "", ""],
    }


def test_an_answer_without_counterfactuals_keeps_its_row() -> None:
    answer = make_answer(status="none", counterfactuals=(), reasons=("`bmi` is frozen", "and so is `sugar`"))
    (row,) = read(answers_csv([answer], SCHEMAS))
    assert row["status"] == "none"
    assert row["reasons"] == "`bmi` is frozen | and so is `sugar`"
    assert row["feature"] == "" and row["counterfactual"] == ""


def test_every_row_says_what_it_is_and_where_it_came_from() -> None:
    frame = pd.read_csv(io.StringIO(answers_csv([make_answer(), make_answer("a2")], SCHEMAS)))
    assert tuple(frame.columns) == CSV_COLUMNS
    assert set(frame["notice"]) == {DISCLAIMER_LONG}
    assert set(frame["data_label"]) == {"SYNTHETIC DATA"}
    assert set(frame["cohort_title"]) == {"Small synthetic cohort"}
    assert json.loads(frame["provenance"][0])["commit"] == "abc"


def test_real_people_are_labelled_so() -> None:
    real = SCHEMA.model_copy(update={"provenance": SCHEMA.provenance.model_copy(update={"real": True})})
    assert {row["data_label"] for row in read(answers_csv([make_answer()], {"small": real}))} == {"REAL DATA"}
    assert json.loads(answers_json([make_answer()], {"small": real}))["cohorts"]["small"]["data_label"] == (
        "REAL DATA"
    )


def test_a_cohort_that_is_gone_is_still_exported_and_not_called_real() -> None:
    rows = read(answers_csv([make_answer()], {}))
    assert {row["data_label"] for row in rows} == {"ORIGIN UNKNOWN"}
    assert [row["feature"] for row in rows] == ["bmi", "smoking", "sugar"]
    assert json.loads(answers_json([make_answer()], {}))["cohorts"]["small"]["title"] is None


def test_json_is_the_contract_with_notice_and_origin() -> None:
    document = json.loads(answers_json([make_answer()], SCHEMAS))
    assert document["schema_version"] == 1
    assert document["notice"].startswith(DISCLAIMER)
    assert (document["cohort"], document["method"], document["seed"], document["threshold"]) == (
        "small",
        "lm-few-shot",
        0,
        0.31,
    )
    assert document["provenance"]["commit"] == "abc"
    assert document["cohorts"]["small"]["provenance"]["source"] == "tests/small_cohort.py"
    change = document["answers"][0]["counterfactuals"][0]["changes"]["bmi"]
    assert change == {"from": 33.5, "to": 30.0}
    assert document["answers"][0]["factual"]["features"]["waist"] is None
    assert Answer.model_validate(document["answers"][0]) == make_answer()


def test_json_of_mixed_answers_says_only_what_they_share() -> None:
    document = json.loads(answers_json([make_answer(), make_answer("a2", method="random")], SCHEMAS))
    assert document["method"] is None and document["seed"] == 0
    assert [answer["method"] for answer in document["answers"]] == ["lm-few-shot", "random"]


def test_rows_of_several_methods_can_be_told_apart_with_what_each_took_and_broke() -> None:
    rows = read(answers_csv([make_answer(), make_answer("a2", method="random")], SCHEMAS))
    assert [row["method"] for row in rows] == ["lm-few-shot"] * 3 + ["random"] * 3
    for row in rows:
        assert (row["proposed"], row["readable"], row["within_limits"]) == ("2", "1", "1")
        assert row["seconds"] == "1.3"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =cmd|' /C calc'!A0", "' =cmd|' /C calc'!A0"),
        ("x;=1", "x;'=1"),
        ("-5", "-5"),
        ("-5.25e-3", "-5.25e-3"),
        ("-5+1", "'-5+1"),
        ("+5", "'+5"),
        ("never", "never"),
        ("'=1", "'=1"),
        ("\tx", "'\tx"),
        ("a\n=1", "a\n'=1"),
    ],
)
def test_guarded_text(text: str, kept: str) -> None:
    assert safe_cell(text) == kept


@pytest.mark.parametrize("number", [-5, -0.25, 0, True, None, 1e-9])
def test_numbers_pass_unchanged(number: float | None) -> None:
    assert safe_cell(number) is number


@given(dangerous, dangerous, dangerous, st.floats(-1e6, 1e6))
def test_no_cell_starts_a_formula(participant: str, level: str, sentence: str, number: float) -> None:
    """Whatever the list separator of the spreadsheet that opens it."""
    answer = make_answer(
        participant_id=participant,
        reasons=(sentence, level),
        counterfactuals=(
            make_counterfactual({"smoking": ("current", level), "bmi": (33.5, number)}, sentence),
        ),
        provenance={participant: sentence},
    )
    text = answers_csv([answer], SCHEMAS)
    for separator in ",;\t":
        cells = [
            cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row
        ]
        assert [cell for cell in cells if starts_formula(cell)] == []
    rows = read(text)
    assert float(rows[1]["to"]) == number
    assert len(rows) == 2


@given(st.text(st.characters(codec="utf-8", exclude_characters="=+-@＝＋－＠\t\r\n"), max_size=20))
def test_harmless_text_is_exported_as_it_is(text: str) -> None:
    rows = read(answers_csv([make_answer(participant_id=text)], SCHEMAS))
    assert rows[0]["participant_id"] == text


class TestRedFlags:
    FLAG = RaisedFlag(name="f", label="Sugar 140 g", text="Act.", source="tests")

    def test_they_come_before_anything_else(self) -> None:
        flagged = make_answer(red_flags=(self.FLAG,))
        assert CSV_COLUMNS[0] == "red_flags"
        assert {row["red_flags"] for row in read(answers_csv([flagged], SCHEMAS))} == {"Sugar 140 g: Act."}
        (answer,) = json.loads(answers_json([flagged], SCHEMAS))["answers"]
        assert next(iter(answer)) == "red_flags"
        assert answer["red_flags"] == [self.FLAG.model_dump()]

    def test_an_answer_that_was_kept_before_there_were_any_gets_them(self) -> None:
        rule = {"terms": {"sugar": 1}, "at_least": 140}
        flag = {"name": "f", "label": "Sugar {sugar} g", "text": "Act.", "source": "tests", "any_of": [rule]}
        schemas = {"small": Schema.model_validate(SCHEMA.model_dump() | {"red_flags": [flag]})}
        assert read(answers_csv([make_answer()], schemas))[0]["red_flags"] == "Sugar 140 g: Act."
        (answer,) = json.loads(answers_json([make_answer()], schemas))["answers"]
        assert answer["red_flags"] == [self.FLAG.model_dump()]

    def test_nobody_else_has_one(self) -> None:
        assert read(answers_csv([make_answer()], SCHEMAS))[0]["red_flags"] == ""
