"""A participant with sensors, as a visitor meets one: glucose report, a day, interventions; axe; a phone."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sensecf_core.aireadi.report.wording import day_name
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from tests.browser.conftest import LET_IN, settle, shown
from tests.browser.page_checks import no_sideways_scrolling, open_all, violations
from tests.browser.server import Server

pytestmark = pytest.mark.browser
COHORT = "aireadi"
Key = tuple[str, str]


@pytest.fixture(scope="session")
def nearest() -> Key:
    """The held-out day nearest above the threshold with a solid option, not its participant's first day."""
    fitted = load_fitted(COHORT)
    test = fitted.cohort.part("test")
    feasible = cohort_map.read(fitted.cohort).frame
    assert feasible is not None
    solid = feasible[(feasible["profile"] == "intervention") & (feasible["cross"] == "solid")]
    with_options = set(zip(solid["participant_id"], solid["row_id"], strict=True))
    margin = fitted.classifier.predict_proba(test) - fitted.classifier.threshold
    first = ~test.index.to_frame()["participant_id"].duplicated()
    order = [index for index in margin.argsort() if margin[index] >= 0 and not first.iloc[index]]
    keys: list[Key] = [(str(participant), str(day)) for participant, day in test.index[order]]
    return next(key for key in keys if key in with_options)


def named(row: str) -> str:
    return day_name(date.fromisoformat(row))


def opened(page: Page, server: Server, title: str, key: Key) -> None:
    page.goto(f"{server.url}/{title}?cohort={COHORT}&participant={key[0]}&row={key[1]}")
    shown(page, title)


def test_from_the_report_over_a_day_to_interventions(
    page: Page, server: Server, nearest: Key, foreign: list[str]
) -> None:
    participant, row = nearest
    page.goto(f"{server.url}/Participants?cohort={COHORT}&participant={participant}")
    shown(page, "Participants")
    expect(page.get_by_label(re.compile("Over 1[01] days: glucose from")).first).to_be_visible(timeout=40_000)
    page.get_by_role("link", name="Glucose report").click()
    shown(page, "Glucose")
    read_the_report(page, participant)
    page.get_by_role("link", name="Participants", exact=True).click()
    shown(page, "Participants")
    choose_the_day(page, row)
    page.get_by_text(f"Every measurement of {named(row)}").click()
    expect(page.get_by_role("heading", name=f"Profile of {participant}")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="See this person's risk").click()
    shown(page, "Prediction")
    expect(page.get_by_text(re.compile(rf"The framed day, {named(row)}, has \d+ of 100"))).to_be_visible()
    page.get_by_role("link", name="All options, or ask anew").click()
    shown(page, "Interventions")
    expect(page.get_by_text("would have had to differ").first).to_be_visible()
    expect(page.get_by_text(f"({named(row)})").first).to_be_visible()
    answer = generate(page)
    assert (answer["participant_id"], answer["row_id"]) == nearest


def read_the_report(page: Page, participant: str) -> None:
    expect(page.get_by_role("heading", name=f"Glucose report of {participant}")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile("Limited data: .* consensus asks for 14 days"))).to_be_visible()
    for name in ("Share of the time with glucose", "Half of the readings", "Each box is one day"):
        expect(page.get_by_label(re.compile(name)).first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("24-hour glucose profile (AGP-style)")).to_be_visible()
    page.get_by_text("mmol/L", exact=True).click()
    expect(page.get_by_text("3.9–10.0 mmol/L").first).to_be_visible()
    settle(page)


def choose_the_day(page: Page, row: str) -> None:
    page.get_by_test_id("stRadio").get_by_text(named(row), exact=True).click()
    expect(page).to_have_url(re.compile(f"row={row}"))
    expect(page.locator(".st-key-strip")).to_contain_text(named(row).replace(" ", "\u00a0"))
    settle(page)


def generate(page: Page) -> dict[str, str]:
    """Ask the cohort's own adapter; its answer scrolls into view."""
    expect(page.locator(".st-key-chip_method")).to_contain_text("Language model, guided")
    page.get_by_role("button", name="Find options").click()
    expect(page.get_by_role("heading", name=re.compile(r"^\d options? found$"))).to_be_in_viewport(
        timeout=150_000
    )
    expect(page.get_by_role("heading", name=re.compile("^Option 1: risk"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON", exact=True).click()
    (answer,) = json.loads(Path(download.value.path()).read_text("utf-8"))["answers"]
    assert answer["method"] == "lm-guided" and answer["counterfactuals"]
    result: dict[str, str] = answer
    return result


def test_a_click_into_the_strip_of_days_chooses_one(page: Page, server: Server, nearest: Key) -> None:
    participant, row = nearest
    page.goto(f"{server.url}/Participants?cohort={COHORT}&participant={participant}")
    shown(page, "Participants")
    chart = page.locator(".js-plotly-plot").last
    chart.scroll_into_view_if_needed()
    day = chart.locator(".bartext", has_text=re.compile(f"^{date.fromisoformat(row).day}$"))
    expect(day).to_be_visible(timeout=30_000)
    still(page, chart)
    day.hover(force=True)  # its text lies on the bar that is meant
    expect(chart.locator(".hoverlayer .hovertext")).to_be_visible()  # a click before that hits nothing
    day.click(force=True)
    expect(page).to_have_url(re.compile(f"row={row}"), timeout=20_000)
    expect(page.get_by_role("radio", name=named(row))).to_be_checked()


def still(page: Page, chart: Locator) -> None:
    """Wait until charts above it have been drawn, which moves it down."""
    before = None
    while (now := chart.bounding_box()) != before:
        before = now
        page.wait_for_timeout(700)


def test_axe_finds_nothing_and_no_request_leaves(
    page: Page, server: Server, nearest: Key, foreign: list[str]
) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    for title in ("Participants", "Glucose", "Prediction", "Interventions"):
        opened(page, server, title, nearest)
        open_all(page)
        found |= violations(page, title)
    assert found == {}


def test_a_phone_shows_the_report_without_sideways_scrolling(
    browser: Browser, server: Server, nearest: Key
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
        storage_state=LET_IN,
    )
    page = context.new_page()
    for title in ("Participants", "Glucose", "Prediction", "Interventions"):
        opened(page, server, title, nearest)
        no_sideways_scrolling(page, title)
    context.close()
