"""The glucose report on paper, read back with another library than the one that wrote it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta

import pypdf
import pytest

from sensecf_core.aireadi.report.glucose import glucose_report
from sensecf_core.cohorts import builtin
from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG
from sensecf_core.errors import InputError
from sensecf_core.records.paper.glucose_pdf import glucose_pdf
from sensecf_core.records.paper.glucose_sheet import GlucoseSheet, opened, sheet
from sensecf_core.records.paper.page import PAPERS, Paper

LOW = "900050"
"""A participant with time below 54 mg/dL, on non-insulin medication."""


@pytest.fixture(scope="module")
def low() -> GlucoseSheet:
    cohort = builtin.load("aireadi")
    person, period = opened(cohort, LOW)
    return sheet(LOW, person, glucose_report(person, period, "mg/dL", "standard"), cohort)


def read(pdf: bytes) -> str:
    """The text of the only page, on one line."""
    (page,) = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", page.extract_text())


@pytest.mark.parametrize("paper", PAPERS)
def test_everything_of_the_report_stands_on_one_page(paper: Paper, low: GlucoseSheet) -> None:
    text, report = read(glucose_pdf(low, paper)), low.report
    for expected in (DISCLAIMER, DISCLAIMER_LONG, f"Participant {LOW}", "SYNTHETIC DATA", report.heading):
        assert expected in text, expected
    assert "ACT ON THIS FIRST: Time below 54 mg/dL" in text
    for tile in report.tiles:
        assert tile.label in text and tile.value in text, tile
    for line in report.bands:
        assert line.title in text and report.detail(line) in text and line.goal in text, line
    assert "24-hour profile, mg/dL" in text and "95th" in text and "median" in text
    for week in report.weeks:
        for day in week:
            assert day is None or f"{day.day.day} {day.day:%b}" in text
    assert f"/Glucose?cohort=aireadi&participant={LOW}" in text


def test_it_is_in_grey_and_the_same_bytes_each_time(low: GlucoseSheet) -> None:
    pdf = glucose_pdf(low)
    content = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].get_contents()
    assert content is not None
    assert not re.findall(rb"\brg\b|\bRG\b", content.get_data()), "colours other than grey"
    assert pdf == glucose_pdf(low)


def test_many_weeks_and_no_metrics_fit_too(low: GlucoseSheet) -> None:
    week = low.report.weeks[-1]
    later = tuple(
        tuple(None if day is None else replace(day, day=day.day + timedelta(days=7 * n)) for day in week)
        for n in range(1, 9)
    )
    text = read(glucose_pdf(replace(low, report=replace(low.report, weeks=later)), "letter"))
    assert all(f"{day.day.day} {day.day:%b}" in text for week in later for day in week if day is not None)
    nothing = replace(low.report, day=None, bands=())
    assert "24-hour profile" not in read(glucose_pdf(replace(low, report=nothing)))


@pytest.mark.parametrize("paper", PAPERS)
def test_red_flags_of_the_participants_rows_stand_before_that_of_the_report(paper: Paper) -> None:
    cohort = builtin.load("aireadi")
    rows = cohort.rows.copy()
    rows.loc[LOW, ["systolic", "diastolic"]] = (182.0, 95.0)
    person, period = opened(cohort, LOW)
    report = glucose_report(person, period, "mg/dL", "standard")
    flagged = sheet(LOW, person, report, replace(cohort, rows=rows))
    pressure, low = flagged.red_flags
    assert pressure.startswith("ACT ON THIS FIRST: Blood pressure 182/95 mmHg: 180/120 mmHg or more")
    assert "ACC/AHA" in pressure and low == f"ACT ON THIS FIRST: {report.flag}"
    text = read(glucose_pdf(flagged, paper))
    assert 0 < text.index("Blood pressure 182/95 mmHg") < text.index("Time below 54 mg/dL")
    assert all(tile.value in text for tile in report.tiles) and DISCLAIMER_LONG in text


def test_many_weeks_have_room_below_many_red_flags(low: GlucoseSheet) -> None:
    week = low.report.weeks[-1]
    full = replace(low, report=replace(low.report, weeks=(week,) * 8), red_flags=low.red_flags * 3)
    text = read(glucose_pdf(full, "letter"))
    assert text.count("ACT ON THIS FIRST") == 3 and DISCLAIMER_LONG in text


def test_who_wore_nothing_has_no_sheet() -> None:
    with pytest.raises(InputError, match="wore no sensors"):
        opened(builtin.load("heart"), "1")
    with pytest.raises(InputError, match="Unknown participant"):
        opened(builtin.load("aireadi"), "1")
