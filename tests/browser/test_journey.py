"""The whole journey on nhanes with the real default model, as a visitor makes it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pypdf
import pytest
from fhir.resources.R4B.bundle import Bundle
from playwright.sync_api import Page, expect

from sensecf_core.counterfactuals.proposers.registry import default_method
from sensecf_core.datasets import registry
from tests.browser.conftest import LET_IN, chip, opened_field, settle
from tests.browser.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.model]
ANSWER_MS = 150_000
CANDIDATES = 8
NOTE = "Talked about sleep; wants to try for a month."


def test_from_home_to_a_downloaded_answer_and_back_by_its_link(
    page: Page, server: Server, foreign: list[str]
) -> None:
    choose_the_second_riskiest(page, server)
    see_the_prediction_and_try_a_change(page)
    ask_the_language_model_and_leave_the_page_meanwhile(page)
    sentence = keep_an_option_and_note_why(page)
    hand_over(page, sentence)
    find_the_decision_in_the_work_list(page)
    answer = download(page)
    heading = page.get_by_role("heading", name=re.compile("found|Stopped")).first.inner_text()
    server.stop()
    server.start()
    newcomer = page.context.browser.new_context(storage_state=LET_IN).new_page()  # type: ignore[union-attr]
    newcomer.goto(f"{server.url}/Interventions?answer={answer['answer_id']}")
    expect(newcomer.get_by_role("heading", name=heading)).to_be_visible(timeout=30_000)
    expect(newcomer.locator(".st-key-option_1").get_by_text("Kept by Dr Lee")).to_be_visible()
    expect(newcomer.get_by_text(NOTE)).to_be_visible()
    expect(newcomer).to_have_url(re.compile(f"participant={answer['participant_id']}"))
    newcomer.context.close()


def choose_the_second_riskiest(page: Page, server: Server) -> None:
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Home")).to_be_visible(timeout=30_000)
    page.locator(".st-key-cohort_nhanes").get_by_role("link", name="Browse participants").click()
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
    page.get_by_role("link", name="See this person's risk").click()
    expect(page.get_by_role("heading", name=re.compile(r"Risk \d+ of 100"))).to_be_visible(timeout=30_000)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("img", name=re.compile("Ten rows of ten people"))).to_be_visible()
    page.get_by_role("link", name="Change values by hand").click()
    slider = page.get_by_role("slider").first
    expect(slider).to_be_visible(timeout=30_000)
    settle(page)
    slider.press("ArrowLeft")
    changed = re.compile(r"Risk \d+ → (just under )?\d+ of 100")
    expect(page.get_by_role("heading", name=changed)).to_be_visible()


def ask_the_language_model_and_leave_the_page_meanwhile(page: Page) -> None:
    page.get_by_role("link", name="Options", exact=True).click()
    expect(page.get_by_role("heading", name="Options", exact=True)).to_be_visible()
    expect(page.locator(".st-key-option_1")).to_be_visible(timeout=ANSWER_MS)  # asked by opening the page
    another = re.compile(f"answer=(?!{answer_in(page)})")
    settle(page)
    chip(page, "numbers")
    candidates = page.get_by_role("spinbutton", name="Candidates to try")
    candidates.fill(str(CANDIDATES))
    candidates.press("Tab")
    settle(page)
    page.keyboard.press("Escape")
    settle(page)
    page.get_by_role("button", name="Find options").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.get_by_role("link", name="Options", exact=True).click()
    expect(page).to_have_url(another, timeout=ANSWER_MS)  # one that is named: Home's address names none
    expect(page.get_by_role("button", name="CSV", exact=True)).to_be_visible(timeout=ANSWER_MS)
    page.get_by_text("How these were found and checked").click()
    expect(page.get_by_text("From proposed to shown").filter(visible=True).first).to_be_visible(
        timeout=20_000
    )
    settle(page)  # what is drawn for the opened fold closes a popover


def answer_in(page: Page) -> str:
    """The answer that the address names, once it does."""
    expect(page).to_have_url(re.compile("answer="), timeout=20_000)
    return page.url.split("answer=")[1].split("&")[0]


def keep_an_option_and_note_why(page: Page) -> str:
    """Keep the first option and write a note; returns the option's sentence."""
    card = page.locator(".st-key-option_1")
    sentence = card.get_by_test_id("stMarkdown").filter(has_text="the model").first.inner_text()
    opened_field(card.get_by_role("button", name="Keep"), page.get_by_label("Your name")).fill("Dr Lee")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Keep").click()
    expect(card.get_by_text("Kept by Dr Lee")).to_be_visible(timeout=20_000)
    settle(page)
    note = page.locator(".st-key-decision_bar").get_by_role("button", name="Note")
    opened_field(note, page.get_by_label("Note on this participant")).fill(NOTE)
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator(".st-key-decision_bar").get_by_text(NOTE)).to_be_visible(timeout=20_000)
    settle(page)
    return sentence


def hand_over(page: Page, sentence: str) -> None:
    """What is printed is what the page says, and the bundle has the kept option alone."""
    (printed,) = pypdf.PdfReader(io.BytesIO(downloaded(page, "One page, A4"))).pages
    text = "".join(printed.extract_text().split())
    assert "".join(sentence.split()) in text and "Option1:" in text and "Option2:" not in text
    bundle = json.loads(downloaded(page, "FHIR"))
    assert Bundle.model_validate(bundle).type == "collection"
    plans = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "CarePlan"]
    assert [plan["title"] for plan in plans] == ["Option 1, to discuss"]


def find_the_decision_in_the_work_list(page: Page) -> None:
    page.get_by_role("link", name="Participants", exact=True).click()
    preview = page.locator(".st-key-preview")
    expect(preview.get_by_text("Option 1 kept, by Dr Lee").filter(visible=True).first).to_be_visible(
        timeout=30_000
    )
    expect(preview.get_by_text(NOTE).filter(visible=True).first).to_be_visible()
    page.get_by_role("link", name="Options", exact=True).click()
    expect(page.locator(".st-key-option_1").get_by_text("Kept by Dr Lee")).to_be_visible(timeout=30_000)
    settle(page)


def download(page: Page) -> dict[str, Any]:
    """Download both tables, check them, and return the answer."""
    table = list(csv.DictReader(io.StringIO(downloaded(page, "CSV").decode("utf-8-sig"))))
    assert {row["cohort"] for row in table} == {"nhanes"}
    assert {row["method"] for row in table} == {default_method(registry.load("nhanes"))}
    answer: dict[str, Any] = json.loads(downloaded(page, "JSON"))["answers"][0]
    assert answer["trace"]["readable"] == answer["trace"]["proposed"] == CANDIDATES
    assert answer["prompt"]
    return answer


def downloaded(page: Page, label: str) -> bytes:
    with page.expect_download() as file:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(file.value.path()).read_bytes()
