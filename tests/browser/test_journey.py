"""The whole journey on nhanes with the real default model, as a visitor makes it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sensecf_core.counterfactuals.proposers.registry import default_method
from sensecf_core.datasets import registry
from tests.browser.conftest import settle
from tests.browser.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.model]
ANSWER_MS = 150_000
CANDIDATES = 8


def test_from_home_to_a_downloaded_answer_and_back_by_its_link(
    page: Page, server: Server, foreign: list[str]
) -> None:
    choose_the_second_riskiest(page, server)
    see_the_prediction_and_try_a_change(page)
    ask_the_language_model_and_leave_the_page_meanwhile(page)
    answer = download(page)
    heading = page.get_by_role("heading", name=re.compile("found|Stopped")).first.inner_text()
    server.stop()
    server.start()
    newcomer = page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    newcomer.goto(f"{server.url}/Interventions?answer={answer['answer_id']}")
    expect(newcomer.get_by_role("heading", name=heading)).to_be_visible(timeout=30_000)
    expect(newcomer).to_have_url(re.compile(f"participant={answer['participant_id']}"))
    newcomer.context.close()


def choose_the_second_riskiest(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Home")).to_be_visible(timeout=30_000)
    page.locator(".st-key-cohort_nhanes").get_by_role("link", name="Look through the participants").click()
    expect(page.get_by_role("heading", name="Participants", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("cohort=nhanes"))
    grid = page.get_by_test_id("stDataFrame").first
    expect(grid).to_be_visible(timeout=30_000)
    settle(page)
    page.wait_for_timeout(1000)  # the grid paints on a canvas after it is in the DOM
    grid.click(position={"x": 17, "y": 120})
    expect(page.get_by_role("heading", name=re.compile("Profile of"))).to_be_visible(timeout=20_000)
    expect(page).to_have_url(re.compile(r"participant=\d+"))


def see_the_prediction_and_try_a_change(page: Page) -> None:
    page.get_by_role("link", name="What does the model make of this person?").click()
    expect(page.get_by_role("heading", name=re.compile(r"Risk \d+ of 100"))).to_be_visible(timeout=30_000)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("img", name=re.compile("Ten rows of ten people"))).to_be_visible()
    bmi = page.get_by_role("spinbutton", name=re.compile("Body mass index"))
    bmi.fill("24")
    bmi.press("Tab")
    page.get_by_role("button", name="Recompute").click()
    expect(page.get_by_text("With your changes")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name=re.compile(r"Risk \d+ → \d+ of 100"))).to_be_visible()


def ask_the_language_model_and_leave_the_page_meanwhile(page: Page) -> None:
    page.get_by_role("link", name="What small change would alter this?").click()
    expect(page.get_by_role("heading", name="Interventions", exact=True)).to_be_visible()
    page.get_by_text("More settings").click()
    candidates = page.get_by_role("spinbutton", name="Candidates to try")
    candidates.fill(str(CANDIDATES))
    candidates.press("Tab")
    page.get_by_role("button", name="Find options").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.get_by_role("link", name="Interventions", exact=True).click()
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible(timeout=ANSWER_MS)
    # That of behaviours alone is folded away.
    expect(page.get_by_text("From proposed to shown").filter(visible=True)).to_have_count(1)
    expect(page).to_have_url(re.compile("answer="))


def download(page: Page) -> dict[str, Any]:
    """Download both files, check them, and return the answer."""
    with page.expect_download() as csv_file:
        page.get_by_role("button", name="Download CSV").click()
    table = list(csv.DictReader(io.StringIO(Path(csv_file.value.path()).read_text("utf-8-sig"))))
    assert {row["cohort"] for row in table} == {"nhanes"}
    assert {row["method"] for row in table} == {default_method(registry.load("nhanes"))}
    with page.expect_download() as json_file:
        page.get_by_role("button", name="Download JSON").click()
    answer: dict[str, Any] = json.loads(Path(json_file.value.path()).read_text("utf-8"))["answers"][0]
    assert answer["trace"]["readable"] == answer["trace"]["proposed"] == CANDIDATES
    assert answer["prompt"]
    return answer
