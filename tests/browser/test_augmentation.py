"""The page Augmentation in a real browser: the answer, a chart saved, a quick run started and seen to end."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LET_IN, quiet, settle, shown
from tests.browser.page_checks import ends_above, no_higher_than, no_sideways_scrolling, open_all, violations
from tests.browser.server import Server

pytestmark = pytest.mark.browser
ADDRESS = "/Augmentation?cohort=heart"
FOLD = 500
"""Pixels from the top within which the first screen has answered, on a desktop."""


def opened(page: Page, server: Server, view: str = "loss", **picks: str) -> None:
    more = "".join(f"&{name}={value}" for name, value in picks.items())
    page.goto(f"{server.url}{ADDRESS}&view={view}{more}")
    shown(page, "Augmentation")
    expect(page.get_by_role("tab", name="Loss")).to_be_visible(timeout=30_000)


def answer(page: Page) -> str:
    return page.locator(".st-key-augment_answer").inner_text()


def test_the_answer_is_read_a_scenario_switched_and_a_chart_saved(
    page: Page, server: Server, foreign: list[str]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    opened(page, server)
    said = answer(page)
    assert re.match(r"With \d+ % of the labels gone \(boosted trees, AUROC\), ", said), said
    assert re.search(r"\nC: \d+ training labels left", said)
    lights = page.locator(".st-key-augment_lights")
    assert ends_above(page, lights, FOLD)
    page.get_by_role("combobox", name="Scenario").click()
    page.get_by_role("option", name="A: positives").click()
    expect(page.locator(".st-key-augment_answer")).to_contain_text(re.compile(r"A: \d+ training labels left"))
    expect(page).to_have_url(re.compile("scenario=A"))
    page.get_by_role("tab", name="Gains").click()
    expect(page.get_by_role("heading", name="What does each arm win back?")).to_be_visible(timeout=20_000)
    expect(page).to_have_url(re.compile("view=gains"))
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        page.get_by_text(f"save charts as {kind}").click()
        quiet(page)
        page.locator(".js-plotly-plot").first.hover()
        with page.expect_download() as saved:
            page.locator(".modebar-btn").first.click()
        assert saved.value.suggested_filename == f"augment-gains.{kind.lower()}"
        assert Path(saved.value.path()).read_bytes().startswith(begins)
    with page.expect_download() as download:
        page.get_by_role("button", name="Numbers as CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert {"weights", "search-panel"} <= {row["arm"] for row in rows}
    assert {row["cohort"] for row in rows} == {"heart"}


def test_a_quick_run_is_started_and_seen_to_finish(page: Page, server: Server, foreign: list[str]) -> None:
    opened(page, server)
    page.get_by_text("Run a quick one on this cohort").click()
    # Scenario C alone: the first pill's cross takes A out.
    page.locator(".st-key-quick_scenarios [role=button], .st-key-quick_scenarios button").first.click()
    page.get_by_role("button", name="Start the quick run").click()
    expect(page.get_by_text("A quick run is under way")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text(re.compile(r"[0-3] of 3 repeats finished"))).to_be_visible(timeout=30_000)
    expect(page.get_by_text("A quick run is under way")).to_have_count(0, timeout=900_000)
    settle(page)
    expect(page.get_by_role("combobox", name="Run")).to_have_value(
        re.compile(r"3 repeats .*, own"), timeout=30_000
    )
    expect(page.locator(".st-key-augment_answer")).to_contain_text(re.compile(r"C: \d+ training labels left"))
    expect(page).to_have_url(re.compile("run=heart-"))


def test_no_view_is_longer_than_it_may_be_and_axe_finds_nothing(
    page: Page, server: Server, foreign: list[str]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    found: dict[tuple[str, str], list[str]] = {}
    for view in ("loss", "gains", "thresholds", "worth", "labels", "credit", "calibration", "rows", "about"):
        opened(page, server, view)
        quiet(page)
        panel = page.get_by_role("tabpanel").first
        assert no_higher_than(page, panel, 1600), view
        if view in ("loss", "thresholds", "rows", "about"):  # every kind of chart and table
            open_all(page)
            found |= violations(page, view)
    assert found == {}


def test_a_phone_shows_every_view_without_sideways_scrolling(browser: Browser, server: Server) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
        storage_state=LET_IN,
    )
    page = context.new_page()
    for view in ("loss", "gains", "worth", "calibration", "rows", "about"):
        opened(page, server, view)
        no_sideways_scrolling(page, view)
    context.close()
