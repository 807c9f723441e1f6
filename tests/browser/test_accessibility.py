"""Every page in both themes and on a phone: axe finds nothing, no request leaves, nothing is too wide."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LET_IN, PATHS, shown
from tests.browser.page_checks import no_sideways_scrolling, open_all, violations
from tests.browser.server import Server

pytestmark = pytest.mark.browser
RED_FLAG = "97727"
"""A participant of nhanes whose blood pressure was 213/125 mmHg."""


def test_axe_finds_nothing_and_no_request_leaves(
    page: Page, server: Server, somebody: str, foreign: list[str]
) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    for title, path in PATHS.items():
        page.goto(f"{server.url}{path}?cohort=nhanes&participant={somebody}&row=0")
        shown(page, title)
        open_all(page)
        found |= violations(page, title)
    page.goto(f"{server.url}{PATHS['Interventions']}?cohort=nhanes&participant={RED_FLAG}&row=0")
    expect(page.get_by_role("heading", name="Act on this first")).to_be_visible(timeout=20_000)
    found |= violations(page, "Interventions with a red flag")
    assert found == {}


def test_a_phone_shows_every_page_without_sideways_scrolling(
    browser: Browser, server: Server, somebody: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
        storage_state=LET_IN,
    )
    page = context.new_page()
    for title, path in PATHS.items():
        page.goto(f"{server.url}{path}?cohort=nhanes&participant={somebody}&row=0")
        shown(page, title)
        no_sideways_scrolling(page, title)
    context.close()
