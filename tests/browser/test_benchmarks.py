"""A real small run on its page: charts and tables, saved for a paper, on a phone, and judged by axe."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LET_IN, settle, shown
from tests.browser.page_checks import no_sideways_scrolling, violations
from tests.browser.server import ROOT, Server

pytestmark = pytest.mark.browser
"""Pixels from the top within which the first view ends, on a desktop."""
RUN = ("benchmark", "--cohort", "heart", "--methods", "random", "--n", "4")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose machine holds one run."""
    folder = tmp_path_factory.mktemp("measured")
    environment = os.environ | {"SENSECF_VAR": str(folder / "var")}
    subprocess.run([sys.executable, "-m", "sensecf_core", *RUN], cwd=ROOT, env=environment, check=True)
    running = Server(folder).start()
    yield running
    running.stop()
    assert running.complaints() == []


def own_run(page: Page, server: Server) -> None:
    """Open the page and choose the run of this machine (committed ones stand before it)."""
    page.goto(f"{server.url}/Benchmarks?cohort=heart")
    shown(page, "Benchmarks")
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="made on this machine").click()
    expect(page.get_by_text("4 queries, the same for every method")).to_be_visible(timeout=20_000)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(700)


def test_a_run_is_read_and_saved_for_a_paper(page: Page, measured: Server, foreign: list[str]) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{measured.url}/Benchmarks?cohort=heart")  # the committed run has every method
    shown(page, "Benchmarks")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    own_run(page, measured)
    for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        page.get_by_text(kind, exact=True).click()
        page.wait_for_timeout(700)
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


def test_axe_finds_nothing_among_charts_and_tables(page: Page, measured: Server) -> None:
    own_run(page, measured)
    found = violations(page, "Summary")
    for tab in ("Charts", "Before any check"):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
        settle(page)
        found |= violations(page, tab)
    assert found == {}


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
