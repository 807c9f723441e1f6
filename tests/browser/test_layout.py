"""Every page on a desktop and on a phone: where content begins, how long and wide it is, what axe finds."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from sensecf_core.records import answers, decisions
from tests.browser.conftest import LET_IN, PATHS, eventually, shown
from tests.browser.page_checks import ends_above, no_sideways_scrolling, open_all, violations
from tests.browser.server import Server
from tests.records.made_answers import make_answer, make_counterfactual

pytestmark = pytest.mark.browser
DESKTOP, PHONE = (1440, 900), (390, 844)
BEGINS = {DESKTOP: 170, PHONE: 130}
"""Pixels from the top above which the content of a page begins."""
LONGEST = {DESKTOP: 1560, PHONE: 3000}
"""Pixels of nhanes' list with somebody chosen about whom there are decisions and a note."""
FIRST_TAB = 1400
"""Pixels from the top at which Benchmarks' first tab ends, on a desktop."""
FIRST_BELOW_THE_BAR = """
(() => {
  const bottom = document.querySelector(".st-key-frame").getBoundingClientRect().bottom;
  const page = document.querySelector("[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock]");
  const tops = [...page.children]
    .map(element => element.getBoundingClientRect())
    .filter(box => box.height > 0 && box.top >= bottom)
    .map(box => box.top);
  return Math.min(...tops);
})()"""
RED_FLAG = "97727"
"""A participant of nhanes whose blood pressure was 213/125 mmHg."""
HEIGHT = "document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect().height"


@pytest.fixture(scope="module")
def decided(server: Server, flagged: list[str]) -> str:
    """Somebody about whom two options were decided and a note was written; no other test looks at them."""
    person, option = flagged[7], {"sleep_workdays": (6.0, 7.0)}
    made = make_answer(
        "decided",
        cohort="nhanes",
        participant_id=person,
        counterfactuals=(make_counterfactual(option), make_counterfactual({"bmi": (31.0, 30.0)})),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENSECF_VAR", str(server.var))
        answers.save(made)
        decisions.keep("decided", 1, by="Dr Lee")
        decisions.reject("decided", 2, reason="too-small", by="Dr Lee")
        decisions.write_note(
            "nhanes", person, "Works night shifts, so call in the evening. " * 5, by="Dr Lee"
        )
    return person


@pytest.fixture
def address(server: Server, decided: str) -> Callable[[str], str]:
    """The address of a page about somebody about whom there are decisions and a note."""
    return lambda name: f"{server.url}{PATHS[name]}?cohort=nhanes&participant={decided}&row=0"


def opened(page: Page, name: str, address: str) -> None:
    """Open a page by its address; its content begins high."""
    page.goto(address)
    shown(page, name)
    size = page.viewport_size
    assert size is not None
    limit = BEGINS[size["width"], size["height"]]
    # A widget whose code still loads has no height yet.
    begins = eventually(page, lambda: page.evaluate(FIRST_BELOW_THE_BAR), lambda top: top < limit)
    assert begins < limit, name


def no_longer_than(page: Page, limit: int) -> None:
    """The page's content is at most so many pixels long once everything is in its place."""
    height = eventually(page, lambda: page.evaluate(HEIGHT), lambda height: height <= limit)
    assert height <= limit


def decisions_are_shown(page: Page) -> None:
    """What was decided last, by whom and why, and the beginning of the note stand outside of any fold."""
    preview = page.locator(".st-key-preview")
    latest = "1 kept, 1 rejected. Latest: Option 2 rejected (Too small to matter), by Dr Lee"
    expect(preview.get_by_text(latest)).to_be_visible()
    note = preview.get_by_text("Works night shifts")
    expect(note).to_be_visible()
    box = eventually(page, note.bounding_box, lambda box: box is not None and box["height"] < 60)
    assert box is not None and box["height"] < 60, box  # two lines


def test_on_a_desktop_pages_are_short_and_axe_finds_nothing_and_no_request_leaves(
    page: Page, server: Server, address: Callable[[str], str], foreign: list[str]
) -> None:
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    found: dict[tuple[str, str], list[str]] = {}
    for name in PATHS:
        opened(page, name, address(name))
        if name == "Participants":
            expect(page.get_by_role("table", name="Behaviour")).to_be_visible(timeout=20_000)
            decisions_are_shown(page)
            no_longer_than(page, LONGEST[DESKTOP])
        if name == "Home":
            expect(page.get_by_role("button", name="Language model")).to_be_visible()
            no_longer_than(page, DESKTOP[1])
        if name == "Benchmarks":
            expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
            panel = page.get_by_role("tabpanel").first
            assert ends_above(page, panel, FIRST_TAB)
        open_all(page)
        found |= violations(page, name)
    page.goto(f"{server.url}{PATHS['Interventions']}?cohort=nhanes&participant={RED_FLAG}&row=0")
    expect(page.get_by_role("heading", name="Act on this first")).to_be_visible(timeout=20_000)
    found |= violations(page, "Interventions with a red flag")
    assert found == {}


def test_a_phone_shows_every_page_short_and_without_sideways_scrolling(
    browser: Browser, server: Server, address: Callable[[str], str]
) -> None:
    context = browser.new_context(
        storage_state=LET_IN,
        viewport={"width": PHONE[0], "height": PHONE[1]},
        is_mobile=True,
        has_touch=True,
    )
    page = context.new_page()
    for name in PATHS:
        opened(page, name, address(name))
        if name == "Participants":
            expect(page.get_by_role("table", name="Behaviour")).to_be_visible(timeout=20_000)
            decisions_are_shown(page)
            no_longer_than(page, LONGEST[PHONE])
        no_sideways_scrolling(page, name)
    page.goto(f"{server.url}{PATHS['Interventions']}?cohort=nhanes&participant={RED_FLAG}&row=0")
    expect(page.get_by_role("heading", name="Act on this first")).to_be_visible(timeout=20_000)
    no_sideways_scrolling(page, "Interventions with a red flag")
    context.close()


def test_the_bar_opens_with_a_selector_and_the_notice(page: Page, server: Server, flagged: list[str]) -> None:
    page.goto(f"{server.url}/Prediction?cohort=nhanes&participant={flagged[0]}&row=0")
    shown(page, "Prediction")
    page.get_by_role("button", name="Research only").click()
    notice = page.get_by_text("Do not change medicines on its basis").filter(visible=True)
    expect(notice).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="NHANES 2017").click()
    expect(page.get_by_role("combobox", name="Cohort")).to_be_visible()
    expect(page.get_by_text("REAL DATA, public")).to_be_visible()
    assert violations(page, "the cohort's chip, open") == {}
    page.keyboard.press("Escape")
    page.locator(".st-key-strip").get_by_role("button").first.click()
    page.get_by_role("combobox", name="Participant").fill(flagged[1])
    page.get_by_role("option", name=flagged[1]).click()
    expect(page).to_have_url(re.compile(f"participant={flagged[1]}"), timeout=20_000)
    shown(page, "Prediction")  # until then what was there before is pale
    assert violations(page, "the person's chip, open") == {}
