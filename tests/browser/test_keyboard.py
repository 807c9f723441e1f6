"""The clinician's way on nhanes by keyboard alone, with the real default model: no mouse is touched."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle, shown
from tests.browser.server import Server
from tests.browser.test_journey import ANSWER_MS, NOTE

pytestmark = [pytest.mark.browser, pytest.mark.model]
DESKTOP = {"width": 1440, "height": 900}
MOST_TABS = 60
FOCUSED = """
(() => {
  const e = document.activeElement;
  const control = e.matches("a, button, input, textarea, [role]");
  return control ? `${e.getAttribute("aria-label") ?? ""} ${e.innerText ?? ""}` : "";
})()
"""
"""What the control with the focus is called; nothing for a region that can be scrolled."""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called ``name``; it has to be within reach."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if re.search(name, page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"{name} is not reached by {MOST_TABS} times Tab")


def focus_is_in(page: Page, label: str) -> None:
    """Wait until the focus is in a field of this name."""
    expect(page.get_by_label(label).and_(page.locator(":focus"))).to_be_visible(timeout=20_000)


def test_from_an_example_to_the_work_list_without_a_mouse(page: Page, server: Server) -> None:
    page.set_viewport_size(DESKTOP)
    open_the_example_and_see_an_option(page, server)
    participant = re.search(r"participant=([^&]+)", page.url)
    assert participant
    try_it_and_come_back(page)
    keep_it_and_write_a_note(page)
    assert f"participant={participant[1]}" in page.url  # no letter of the note was taken for a key
    find_the_person_again(page, participant[1])


def open_the_example_and_see_an_option(page: Page, server: Server) -> None:
    page.goto(server.url)
    shown(page, "Home")
    tab_to(page, "Open an example")
    page.keyboard.press("Enter")
    # The first example of a server reads the cohort's map and classifier.
    expect(page.get_by_role("heading", name="Options", exact=True)).to_be_visible(timeout=ANSWER_MS)
    option = page.locator(".st-key-option_1")
    expect(option).to_be_visible(timeout=ANSWER_MS)
    settle(page)
    box = option.bounding_box()
    assert box is not None
    assert box["y"] >= 0 and box["y"] + box["height"] <= DESKTOP["height"], box


def try_it_and_come_back(page: Page) -> None:
    page.keyboard.press("w")
    expect(page).not_to_have_url(re.compile("Interventions"), timeout=20_000)
    expect(page.get_by_text(re.compile("With your changes|What-if")).first).to_be_visible(timeout=30_000)
    settle(page)
    tab_to(page, r"\bOptions\b")
    page.keyboard.press("Enter")
    shown(page, "Interventions")
    expect(page.locator(".st-key-option_1")).to_be_visible(timeout=20_000)
    settle(page)


def keep_it_and_write_a_note(page: Page) -> None:
    page.keyboard.press("k")
    focus_is_in(page, "Your name")
    page.keyboard.type("Dr Lee")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-option_1").get_by_text("Kept by Dr Lee")).to_be_visible(timeout=20_000)
    settle(page)
    page.keyboard.press("m")
    focus_is_in(page, "Note on this participant")
    page.keyboard.type(NOTE)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".st-key-decision_bar").get_by_text(NOTE)).to_be_visible(timeout=20_000)
    settle(page)


def find_the_person_again(page: Page, participant: str) -> None:
    tab_to(page, r"\bParticipants\s*$")
    page.keyboard.press("Enter")
    shown(page, "Participants")
    page.keyboard.press("n")  # away from the person
    expect(page).not_to_have_url(re.compile(f"participant={participant}"), timeout=20_000)
    settle(page)
    page.keyboard.press("Control+k")
    focus_is_in(page, "Participant")
    page.keyboard.type(participant)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"participant={participant}"), timeout=20_000)
    preview = page.locator(".st-key-preview")
    expect(preview.get_by_text("Option 1 kept, by Dr Lee")).to_be_visible(timeout=20_000)
    expect(preview.get_by_text(NOTE)).to_be_visible()
    settle(page)
    tab_to(page, r"^\s*All\s*$")
    for _ in range(9):  # chips are one stop, and arrows move among them
        if re.search("Decided", page.evaluate(FOCUSED)):
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    few = re.compile(r"^\d{1,2} of [0-9]")  # the whole list has thousands
    expect(page.get_by_text(few)).to_be_visible(timeout=20_000)
    expect(preview.get_by_text("Option 1 kept, by Dr Lee")).to_be_visible(timeout=20_000)
