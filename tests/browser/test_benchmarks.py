"""A real small run on its page: charts and tables, saved for a paper, on a phone, and judged by axe."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sensecf_core.cli import main
from tests.browser.conftest import LET_IN, quiet, shown
from tests.browser.page_checks import no_sideways_scrolling, violations
from tests.browser.server import Server

pytestmark = pytest.mark.browser
RUN = ("benchmark", "--cohort", "heart", "--methods", "random", "--n", "2")


@pytest.fixture(scope="module")
def measured(server: Server) -> Server:
    """The server, on whose machine there is one run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENSECF_VAR", str(server.var))
        assert main(RUN) == 0
    return server


def own_run(page: Page, server: Server) -> None:
    """Open the page and choose the run of this machine (committed ones stand before it)."""
    page.goto(f"{server.url}/Benchmarks?cohort=heart")
    shown(page, "Benchmarks")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="made on this machine").click()
    expect(page.get_by_text("2 queries, the same for every method")).to_be_visible(timeout=20_000)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    quiet(page)


def test_a_run_is_read_and_saved_for_a_paper_and_axe_finds_nothing(
    page: Page, measured: Server, foreign: list[str]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    own_run(page, measured)
    found = violations(page, "Summary")
    for tab in ("Charts", "Before any check"):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
        quiet(page)
        found |= violations(page, tab)
    assert found == {}
    page.get_by_role("tab", name="Summary").click()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    quiet(page)
    for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        page.get_by_text(kind, exact=True).click()
        quiet(page)
        page.locator(".js-plotly-plot").first.hover()
        with page.expect_download() as saved:
            page.locator(".modebar-btn").first.click()
        assert saved.value.suggested_filename == f"benchmark-belief.{kind.lower()}"
        assert Path(saved.value.path()).read_bytes().startswith(begins)
    page.get_by_role("tab", name="About this run").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the run as CSV").click()
    with Path(download.value.path()).open() as lines:
        rows = {line["row"] for line in csv.DictReader(lines)}
    assert rows == {"random", "random + refine", "held-out rows"}


def test_a_phone_shows_a_run_without_sideways_scrolling(browser: Browser, measured: Server) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
        storage_state=LET_IN,
    )
    page = context.new_page()
    own_run(page, measured)
    no_sideways_scrolling(page, "Benchmarks")
    context.close()
