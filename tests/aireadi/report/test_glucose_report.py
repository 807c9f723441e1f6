"""The one-page glucose report: its texts, its goals, time below 54 mg/dL, its days in weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from sensecf_core.aireadi.features.days import day_table
from sensecf_core.aireadi.features.glucose import metrics
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report import tables
from sensecf_core.aireadi.report.day_curves import weeks
from sensecf_core.aireadi.report.glucose import GlucoseReport, band_lines, flag_text, glucose_report
from sensecf_core.aireadi.report.periods import Period, recorded
from sensecf_core.aireadi.report.units import GlucoseUnit
from sensecf_core.aireadi.report.very_low import VeryLow, very_low
from tests.aireadi.report.test_periods import day, levels


def slots(*runs: tuple[float, int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Glucose in mg/dL on the grid: a level for so many slots, one after the other."""
    return np.concatenate([np.full(count, level) for level, count in runs])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (slots((100, 288)), None),
        (slots((54, 288)), None),  # 54 is not below 54
        (slots((np.nan, 12)), None),
        (slots((100, 97), (50, 3)), VeryLow(3.0, 1)),
        (slots((100, 98), (50, 2)), VeryLow(2.0, 0)),  # ten minutes are no event
        (slots((50, 3), (60, 2), (50, 3), (100, 92)), VeryLow(6.0, 1)),  # not over before 15 minutes above
        (slots((50, 3), (60, 3), (50, 3), (100, 91)), VeryLow(6.0, 2)),
        (slots((np.nan, 100), (50, 25), (100, 75)), VeryLow(25.0, 1)),
    ],
)
def test_time_below_54_and_its_events(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], expected: VeryLow | None
) -> None:
    assert very_low(values) == expected


def test_the_red_flag_says_how_long_how_often_and_what_to_do() -> None:
    assert flag_text(None, "mg/dL") is None
    text = flag_text(VeryLow(4.0, 1), "mmol/L")
    assert text is not None
    assert text.startswith("Time below 3.0 mmol/L: 4 % (58 min a day), 1 event of 15 minutes or more.")
    assert "fingerstick" in text


def test_each_goal_stands_beside_its_band() -> None:
    values = slots((40, 2), (60, 3), (100, 60), (200, 31), (300, 4))
    lines = {line.time.band.name: line for line in band_lines(metrics(values), "standard")}
    assert {name: line.share for name, line in lines.items()} == {
        "very_high": "4 %",
        "high": "31 %",
        "target": "60 %",
        "low": "3 %",
        "very_low": "2 %",
    }
    assert lines["very_high"].goal == "goal below 5 %: ✓ met"
    assert lines["high"].goal == "all high 35 %, goal below 25 %: ✗ not met"
    assert lines["target"].goal == "goal above 70 %: ✗ not met"
    assert lines["low"].goal == "all low 5 %, goal below 4 %: ✗ not met"
    assert lines["very_low"].goal == "goal below 1 %: ✗ not met"
    older = {line.time.band.name: line.goal for line in band_lines(metrics(values), "older")}
    assert older["very_low"] == "" and older["target"] == "goal above 50 %: ✓ met"


def test_a_share_that_would_contradict_its_goal_has_decimals() -> None:
    values = slots((100, 704), (200, 296))  # 70.4 % in range is above 70, "70 %" is not
    target = next(one for one in band_lines(metrics(values), "standard") if one.time.band.name == "target")
    assert (target.share, target.goal) == ("70 %", "goal above 70 %: ✓ met (70.4 %)")


def report(unit: GlucoseUnit = "mg/dL", *of_days: float) -> GlucoseReport:
    worn = levels(*of_days)
    person = OpenPerson(pd.Series(dtype=object), worn, day_table(worn), pd.DataFrame(), ())
    period = recorded(worn)
    assert period is not None
    return glucose_report(person, period, unit, "standard")


def test_the_report_of_enough_days_has_everything() -> None:
    made = report("mmol/L", 100, 120, 190, 110)
    assert made.heading == "Mon 6 Jan to Thu 9 Jan 2025"
    assert made.sufficiency.startswith("Limited data: 4 of 4 days") and made.flag is None
    assert [tile.label for tile in made.tiles] == ["In range", "Tight", "Mean", "GMI", "CV", "Wear", "Days"]
    assert made.tiles[0].value == "75 %" and made.tiles[2].value == "7.2 mmol/L"
    assert made.glance == "in range 75 %, mean 7.2 mmol/L, GMI 6.4 %, CV 27 %; 4 of 4 days with enough data"
    assert made.detail(made.bands[2]) == "3.9–10.0 mmol/L · 18 h a day"
    assert made.day is not None and len(made.weeks) == 1
    assert "diabetes" not in made.goals_text(group=None).split("Battelino")[1]
    assert "in the group “healthy”" in made.goals_text(group="healthy")


def test_too_few_days_have_no_metrics_but_their_days() -> None:
    made = report("mg/dL", 50, 120)
    assert made.bands == () and made.day is None
    assert [tile.value for tile in made.tiles[:5]] == ["–"] * 5
    assert made.flag is not None and len(made.weeks) == 1


def test_days_stand_in_weeks_from_monday() -> None:
    worn = levels(100, 110, 190)  # 6 to 8 January 2025, a Monday to a Wednesday
    (week,) = weeks(worn, Period(day(1), day(3)))
    assert [None if one is None else one.day for one in week] == [day(1), day(2), day(3)] + [None] * 4
    assert week[2] is not None and week[2].in_range == 0 and len(week[2].hours) == 288
    assert week[2].hours[0] == 0 and week[2].hours[-1] == pytest.approx(24 - 1 / 12)
    (later,) = weeks(worn, Period(day(3), day(3)))
    assert [one is not None for one in later] == [False, False, True] + [False] * 4
    two = weeks(worn, Period(date(2025, 1, 5), day(1)))  # a Sunday and a Monday
    assert [sum(one is not None for one in week) for week in two] == [1, 1]
    assert two[0][6] is not None and not two[0][6].recorded and np.isnan(two[0][6].in_range)


def test_ann_has_a_day_curve_for_each_day(ann: OpenPerson) -> None:
    period = recorded(ann.worn)
    assert period is not None
    days = [one for week in weeks(ann.worn, period) for one in week if one is not None]
    assert [one.day for one in days] == [date(2025, 3, 4), date(2025, 3, 5), date(2025, 3, 6)]
    assert days[0].hours[0] >= 12 - 1 / 12 and days[2].hours[-1] <= 12


def test_tables_begin_with_the_participants_red_flags_and_then_that_of_the_report(ann: OpenPerson) -> None:
    period = recorded(ann.worn)
    assert period is not None
    made = replace(glucose_report(ann, period, "mg/dL", "standard"), flag="Time below 54 mg/dL: 1 %.")
    given = ("Blood pressure 182/95 mmHg: Measure again.",)
    both = f"{given[0]} | {made.flag}"
    for made_table in (tables.figures(made, given), tables.by_day(ann.days, made, given)):
        assert made_table.columns[0] == "red_flags" and set(made_table["red_flags"]) == {both}
    assert set(tables.figures(replace(made, flag=None), given)["red_flags"]) == {given[0]}
    assert set(tables.figures(replace(made, flag=None))["red_flags"]) == {""}
