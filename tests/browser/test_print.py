"""Pages on paper: what was found, without controls, on white in both themes; Glucose on one page."""

from __future__ import annotations

import io
import re

import pypdf
import pytest
from playwright.sync_api import Page, expect

from sensecf_core.disclaimer import DISCLAIMER_LONG
from tests.browser.conftest import quiet, shown
from tests.browser.server import Server

pytestmark = pytest.mark.browser
LOW = "900050"
"""A participant of aireadi with time below 54 mg/dL, so that the page has all that it may have."""
CONTROLS = ("Benchmarks", "Research only", "Letter", "mmol/L")
WIDTHS, SCALE = {"A4": 718, "Letter": 740}, 0.65
"""Pixels between margins of 10 mm, and the scale at which pages are printed."""
CONTENT_WIDTH = """
document.querySelector("[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock]").clientWidth
"""
PAGES = {"Interventions": "Options", "Prediction": "Overview", "Comparison": "Comparison"}


def printed(page: Page, paper: str) -> list[pypdf.PageObject]:
    """The sheets that the browser prints; on the screen, nothing was wider than they are at their scale."""
    assert page.evaluate(CONTENT_WIDTH) <= WIDTHS[paper] / SCALE
    return list(pypdf.PdfReader(io.BytesIO(page.pdf(format=paper))).pages)


def text_of(sheets: list[pypdf.PageObject]) -> str:
    return re.sub(r"\s+", " ", " ".join(sheet.extract_text() for sheet in sheets))


def opened(page: Page, server: Server, name: str, address: str) -> None:
    page.goto(f"{server.url}/{name}?{address}")
    shown(page, name)


def test_glucose_is_one_page_of_either_size(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    opened(page, server, "Glucose", f"cohort=aireadi&participant={LOW}")
    expect(page.locator(".js-plotly-plot .main-svg").nth(5)).to_be_visible(timeout=40_000)
    quiet(page)  # charts take the width of their columns
    glucose_is_one_page(page)
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    quiet(page)
    glucose_is_one_page(page)


def glucose_is_one_page(page: Page) -> None:
    for paper in WIDTHS:
        sheets = printed(page, paper)
        assert len(sheets) == 1, paper
        text = text_of(sheets)
        for expected in (
            DISCLAIMER_LONG,
            f"Glucose report of {LOW}",
            "Act on this first. Time below 54 mg/dL",
            "In range",
            "goal above 70 %",
            "24-hour glucose profile",
            "95th",
            "Day by day",
            "24 Apr",
            "4 May",
        ):
            assert expected in text, expected
        for control in (*CONTROLS, "Compare two periods", "Participants"):
            assert control not in text, control


def test_options_overview_and_comparison_print_without_controls(
    page: Page, server: Server, somebody: str
) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    who = f"cohort=nhanes&participant={somebody}&row=0"
    for name, title in PAGES.items():
        opened(page, server, name, who)
        quiet(page)
        sheets = printed(page, "A4")
        text = text_of(sheets)
        assert len(sheets) == 1, name
        assert DISCLAIMER_LONG in text and title in text and somebody in text and "Flagged" in text, name
        for control in CONTROLS:
            assert control not in text, (name, control)
