"""Red flags, worked by hand: 180/120 or more, and below 54."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.clinical import RedFlag
from sensecf_core.cohorts.encoding import Value, to_codes, to_values
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.red_flags import of_participant, raised_flags, red_flags
from tests.small_cohort import SCHEMA


@pytest.mark.parametrize(
    ("systolic", "diastolic", "label"),
    [
        (213, 125, "Blood pressure 213/125 mmHg"),
        (180, 80, "Blood pressure 180/80 mmHg"),
        (150, 120, "Blood pressure 150/120 mmHg"),
        (181, None, "Blood pressure 181/not measured mmHg"),
        (179, 119, None),
        (None, None, None),
    ],
)
def test_blood_pressure(systolic: Value, diastolic: Value, label: str | None) -> None:
    schema = builtin.load("nhanes").schema
    raised = red_flags(schema, {"systolic": systolic, "diastolic": diastolic})
    assert [flag.label for flag in raised] == ([label] if label else [])
    assert all("Measure again now" in flag.text and "ACC/AHA" in flag.source for flag in raised)
    assert not any(flag.confirmed for flag in raised)


@pytest.mark.parametrize(("mean", "night", "raised"), [(54, 54, False), (90, 53, True), (53, None, True)])
def test_glucose_below_54(mean: Value, night: Value, raised: bool) -> None:
    schema = builtin.load("aireadi").schema
    flags = red_flags(schema, {"glucose_mean": mean, "glucose_night_mean": night})
    assert [flag.name for flag in flags] == (["low_glucose"] if raised else [])


def test_a_sum_across_features_can_raise_one() -> None:
    rule = {"terms": {"sugar": 4, "carbohydrate": -1}, "at_least": 100}
    flag = {"name": "much", "label": "{sugar} g", "text": "t", "source": "s", "any_of": [rule]}
    schema = Schema.model_validate(SCHEMA.model_dump() | {"red_flags": [flag]})
    assert [f.label for f in red_flags(schema, {"sugar": 100, "carbohydrate": 300})] == ["100 g"]  # 400 - 300
    assert red_flags(schema, {"sugar": 100, "carbohydrate": 301}) == ()
    assert red_flags(schema, {"sugar": 100}) == ()


def test_97727_is_the_one_in_nhanes_with_213_over_125() -> None:
    cohort = builtin.load("nhanes")
    codes = to_codes(cohort.schema, cohort.rows)
    raised = raised_flags(cohort.schema, codes)[:, 0]
    systolic, diastolic = cohort.rows["systolic"].to_numpy(), cohort.rows["diastolic"].to_numpy()
    np.testing.assert_array_equal(raised, (systolic >= 180) | (diastolic >= 120))
    row = cohort.rows.index.get_loc(("97727", "0"))
    assert raised[row] and raised.mean() < 0.02
    (flag,) = red_flags(cohort.schema, to_values(cohort.schema, codes[row]))
    assert flag.sentence.startswith("Blood pressure 213/125 mmHg: 180/120 mmHg or more.")


def test_a_participants_flags_are_those_of_all_rows_each_once() -> None:
    cohort = builtin.load("aireadi")
    rows = cohort.rows.copy()
    days = rows.loc[["900050"]].index
    rows.loc[days, ["systolic", "diastolic"]] = (182.0, 95.0)  # at the visit: the same on each day
    assert (rows.loc[days, "glucose_mean"] >= 54).all() and len(days) == 9

    def labels() -> list[str]:
        return [flag.label for flag in of_participant(replace(cohort, rows=rows), "900050")]

    pressure = "Blood pressure 182/95 mmHg"
    assert labels() == [pressure]
    rows.loc[days[[2]], ["glucose_mean", "glucose_night_mean"]] = (53.0, 50.0)
    low = "Mean glucose 53 mg/dL, at night 50 mg/dL"
    assert labels() == [f"{low} (day {days[2][1]})", pressure]
    rows.loc[days[[4, 7]], "glucose_mean"] = 51.0
    assert labels() == [f"{low} (day {days[2][1]}, and 2 more)", pressure]
    assert of_participant(cohort, "900050") == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"any_of": [{"terms": {"bmi": 1}}]}, "either `at_least` or `below`"),
        ({"any_of": [{"terms": {"bmi": 1}, "at_least": 1, "below": 2}]}, "either `at_least` or `below`"),
        ({"any_of": []}, "at least 1"),
        ({"any_of": [{"terms": {"smoking": 1}, "below": 2}]}, "needs numeric features"),
        ({"label": "{systolic} mmHg"}, "names unknown features"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(change: dict[str, Any], said: str) -> None:
    rule = {"terms": {"bmi": 1}, "at_least": 60}
    flag = {"name": "f", "label": "{bmi}", "text": "t", "source": "s", "any_of": [rule]} | change
    with pytest.raises(ValueError, match=said):
        Schema.model_validate(SCHEMA.model_dump() | {"red_flags": [flag]})


def test_two_flags_of_one_name_are_refused() -> None:
    rule = {"terms": {"bmi": 1}, "at_least": 60}
    flag = RedFlag.model_validate(
        {"name": "f", "label": "x", "text": "t", "source": "s", "any_of": [rule]}
    ).model_dump()
    with pytest.raises(ValueError, match="two red flags are called `f`"):
        Schema.model_validate(SCHEMA.model_dump() | {"red_flags": [flag, flag]})
