"""An option opened in What-if, changed by keyboard, saved as an own one with a grade; axe finds nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from sensecf_core.counterfactuals.explain import explain
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from tests.browser.conftest import opened_field, settle, shown
from tests.browser.page_checks import no_sideways_scrolling, open_all, violations
from tests.browser.server import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def answer_id(server: Server, flagged: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """An answer with options that the running server finds in its own database."""
    monkeypatch.setenv("SENSECF_VAR", str(server.var))
    for person in flagged:
        found = explain(ExplainRequest(cohort="nhanes", participant_id=person, method="random"))
        if found.counterfactuals:
            return answers.save(found)
    raise AssertionError("random draws found no option for anybody")


def test_an_option_is_tried_by_keyboard_and_saved_as_an_own_one(
    page: Page, server: Server, foreign: list[str], answer_id: str
) -> None:
    page.goto(f"{server.url}/Interventions?answer={answer_id}")
    shown(page, "Interventions")
    page.locator(".st-key-try_1").get_by_role("button", name="What-if").click()
    shown(page, "What-if")
    expect(page).to_have_url(re.compile(f"/What-if.*answer={answer_id}&option=1"))
    risk = page.locator(".st-key-whatif_risk").get_by_role("heading")
    expect(risk).to_have_text(re.compile(r"Risk \d+ → (just under )?\d+ of 100"))
    filled_in = risk.inner_text()
    slider = page.get_by_role("slider").first
    expect(slider).to_have_attribute("aria-label", re.compile(r", measured \d"))
    before = slider.get_attribute("aria-valuetext")
    slider.focus()
    for press in ("Home", "End"):  # one of them is another value than the option's
        page.keyboard.press(press)
        page.wait_for_timeout(300)
        settle(page)
    expect(slider).not_to_have_attribute("aria-valuetext", str(before))
    expect(risk).not_to_have_text(filled_in)
    assert violations(page, "What-if, changed") == {}
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Values of option 1").click()
    settle(page)
    expect(risk).to_have_text(filled_in)
    save = page.get_by_role("button", name="Save as my option").first
    opened_field(save, page.get_by_label("Your name")).fill("Dr Lee")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Save as my option").click()
    own = page.locator(".st-key-own_options")
    expect(own.get_by_text(re.compile(f"from option 1 of answer {answer_id}"))).to_be_visible(timeout=20_000)
    expect(own.get_by_text(re.compile("Solid|Fragile|On the line")).first).to_be_visible()
    own.get_by_role("button", name="Keep").click()
    expect(own.get_by_text("Kept by Dr Lee")).to_be_visible(timeout=20_000)
    open_all(page)
    assert violations(page, "What-if, all open") == {}
    page.set_viewport_size({"width": 390, "height": 844})
    no_sideways_scrolling(page, "What-if")
