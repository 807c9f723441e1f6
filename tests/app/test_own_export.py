"""The page Glucose with the export of somebody's own Dexcom or LibreView account, and its tables."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.records import audit
from sensecf_core.ui.common import widgets
from tests.aireadi.account.test_account import clarity, libre
from tests.app.conftest import OpenPage, World, page_text

pytestmark = pytest.mark.usefixtures("fresh_caches", "private_var")
Files = dict[str, Callable[[], Any]]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    """What the buttons of a page would hand over, by the name of the file."""
    offered: Files = {}

    def download(label: str, make: Callable[[], Any], file_name: str, *_: object, **__: object) -> None:
        offered[file_name] = make

    monkeypatch.setattr(widgets, "download", download)
    return offered


def table(files: Files, name: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(files[name]()))


def upload(at: AppTest, content: str) -> AppTest:
    at.file_uploader[0].set_value(("export.csv", content.encode(), "text/csv")).run()
    assert not at.exception, at.exception[0].message
    return at


def popovers(at: AppTest) -> list[str]:
    return [one.proto.popover.label for one in at.get("popover")]


def test_an_export_is_shown_in_its_unit_for_any_cohort_and_closed(open_page: OpenPage, files: Files) -> None:
    at = open_page("Glucose", cohort="heart")
    assert "wore no sensors" in page_text(at)
    upload(at, clarity(20, unit="mmol/L"))
    text = page_text(at)
    assert "wore no sensors" not in text and "Dexcom Clarity, a reading every 5 minutes" in text
    assert "Sat 7 Nov to Fri 20 Nov 2026" in text and "Enough data: 14 of 14 days" in text
    assert {one.label: one.value for one in at.metric}["Mean"] == "7.0 mmol/L"
    stem = "glucose-2026-11-07-2026-11-20"
    figures = table(files, f"{stem}-figures.csv").set_index("figure")["value"]
    assert figures["glucose_days"] == "14" and float(figures["mean"]) == pytest.approx(6.94, abs=0.02)
    days = table(files, f"{stem}-days.csv")
    assert len(days) == 14 and set(days["enough_readings"]) == {1}
    assert days["mean_mmol_l"].to_numpy() == pytest.approx(6.94, abs=0.02)
    assert days["tir_percent"].to_numpy() == pytest.approx(50, abs=0.5)
    assert set(days["notice"]) == {DISCLAIMER_LONG} and set(days["source"]) == {"Dexcom Clarity"}
    assert files[f"{stem}.pdf"]().startswith(b"%PDF")
    next(one for one in at.button if one.label == "Close this report").click().run()
    assert "wore no sensors" in page_text(at) and not at.file_uploader[0].value


def test_an_export_is_about_nobody_chosen(open_page: OpenPage, world: World) -> None:
    at = open_page("Glucose", cohort="small", participant=world.flagged)
    assert world.flagged in str(popovers(at)) and at.query_params
    upload(at, clarity(3))
    assert popovers(at) == ["Research only", "Keyboard"] and not at.query_params
    assert world.flagged not in page_text(at) and "Flagged" not in page_text(at)
    next(one for one in at.button if one.label == "Close this report").click().run()
    assert world.flagged in str(popovers(at)) and world.flagged in at.query_params["participant"]


def test_dates_that_can_be_read_both_ways_are_asked_for_and_what_is_no_export_is_said(
    open_page: OpenPage,
) -> None:
    at = upload(open_page("Glucose", cohort="heart"), libre(12))  # 1 to 12 November, day first
    assert "can be read both ways" in at.warning[0].value
    dates = next(one for one in at.radio if one.label == "Dates")
    dates.set_value(dates.options[1]).run()
    assert "Sun 1 Nov to Thu 12 Nov 2026" in page_text(at)
    upload(at, libre(14, form="%m-%d-%Y %H:%M"))  # plainly month first: that answer was not about it
    assert "Sun 1 Nov to Sat 14 Nov 2026" in page_text(at)
    upload(at, "a,b\n1,2\n")
    assert "is not an export of Dexcom Clarity or LibreView" in at.error[0].value


def test_a_participants_report_is_offered_as_tables_that_say_whose_it_is(
    open_page: OpenPage, someone: str, files: Files
) -> None:
    open_page("Glucose", cohort="aireadi", participant=someone)
    figures = table(files, f"sensecf-glucose-{someone}-figures.csv")
    days = table(files, f"sensecf-glucose-{someone}-days.csv")
    for one in (figures, days):
        assert set(one["participant_id"].astype(str)) == {someone} and set(one["cohort"]) == {"aireadi"}
        assert set(one["data_label"]) == {"SYNTHETIC DATA"} and set(one["notice"]) == {DISCLAIMER_LONG}
    enough = days["enough_readings"] == 1
    assert enough.sum() == int(figures.set_index("figure")["value"]["glucose_days"])
    assert days.loc[enough, "mean_mg_dl"].notna().all() and days.loc[~enough, "mean_mg_dl"].isna().all()
    trail = [row for row in audit.recent("aireadi") if row.action == "exported"]
    assert {(row.participant_id, row.detail) for row in trail} == {(someone, '{"format":"glucose csv"}')}
    assert len(trail) == 2
