"""What was found and decided, and what comes up over a page: axe finds nothing, nothing is too wide."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from sensecf_core.counterfactuals.explain import explain
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, decisions
from tests.browser.conftest import LET_IN, PATHS, shown
from tests.browser.page_checks import no_sideways_scrolling, violations
from tests.browser.server import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def decided(server: Server, flagged: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Somebody on the server with an answer, a kept and a rejected option, a note and a star."""
    monkeypatch.setenv("SENSECF_VAR", str(server.var))
    for person in flagged:
        asked = ExplainRequest(cohort="nhanes", participant_id=person, method="random", candidates=64)
        answer = explain(asked)
        if len(answer.counterfactuals) > 2:
            break
    answer_id = answers.save(answer)
    decisions.keep(answer_id, 1, by="AB")
    decisions.reject(answer_id, 2, "too-small", by="AB")
    decisions.write_note("nhanes", person, "Talked about sleep.", by="AB")
    decisions.star("nhanes", person, by="AB")
    return person


def test_what_was_found_and_decided_is_accessible_on_both_screens(
    page: Page, browser: Browser, server: Server, decided: str
) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True, storage_state=LET_IN
    ).new_page()
    for name in ("Interventions", "Participants"):
        address = f"{server.url}{PATHS[name]}?cohort=nhanes&participant={decided}&row=0"
        page.goto(address)
        shown(page, name)
        expect(page.get_by_text("1 kept, 1 rejected").first).to_be_visible(timeout=20_000)
        found |= violations(page, f"{name}, decided")
        phone.goto(address)
        shown(phone, name)
        no_sideways_scrolling(phone, f"{name}, decided")
    page.get_by_role("button", name="Keyboard").click()
    expect(page.get_by_text("the next person of the list")).to_be_visible()
    found |= violations(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible(timeout=20_000)
    found |= violations(page, "find")
    phone.context.close()
    assert found == {}
