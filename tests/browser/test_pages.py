"""Deep links, two visitors, cancelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sensecf_core.ui.page.navigation import TITLES
from tests.browser.conftest import LET_IN, PATHS, Held, ask_held, chip, choose, close, open_unasked, shown
from tests.browser.server import ROOT, Server

pytestmark = pytest.mark.browser
MOST_SECONDS = 240
"""What an answer may take on a busy machine until its language model is asked."""


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody has visited when its test begins."""
    running = Server(
        tmp_path_factory.mktemp("fresh"), SENSECF_COHORTS=str(ROOT / "tests/cohorts/own/example_own")
    )
    yield running
    running.stop()
    assert running.complaints() == []


@pytest.mark.parametrize("title", ["Home", "Prediction", "Interventions", "Benchmarks"])
def test_a_deep_link_to_a_fresh_server_shows_page_banner_and_participant(
    title: str, page: Page, fresh: Server, somebody: str
) -> None:
    fresh.stop()
    fresh.start()
    page.goto(f"{fresh.url}{PATHS[title]}?cohort=nhanes&participant={somebody}&row=0")
    shown(page, title)
    page.get_by_role("button", name="Research only").click()
    expect(page.get_by_text("Research prototype, not a medical device").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-strip")).to_contain_text(somebody)
    expect(page.get_by_role("dialog")).to_have_count(0)
    for other in PATHS:
        page.get_by_role("link", name=TITLES.get(other, other), exact=True).click()
        shown(page, other)
        expect(page).to_have_url(re.compile(f"participant={somebody}"))
        expect(page.locator(".st-key-strip")).to_contain_text(somebody)
        if title != "Home":
            break


def test_an_own_cohort_is_trained_on_first_use_with_progress(page: Page, fresh: Server) -> None:
    fresh.start() if fresh._process is None else None
    page.goto(f"{fresh.url}/Participants?cohort=walking")
    expect(page.get_by_text("It is being trained now")).to_be_visible(timeout=40_000)
    expect(page.get_by_role("progressbar").first).to_be_visible()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=120_000)
    expect(page.get_by_role("button", name=re.compile("synthetic"))).to_be_visible()


def test_a_second_visitor_waits_in_the_queue_and_cancel_takes_effect(
    page: Page, browser: Browser, server: Server, somebody: str, held: Held
) -> None:
    about = f"{server.url}/Interventions?cohort=nhanes&participant={somebody}&row=0"
    second = browser.new_context(storage_state=LET_IN).new_page()
    ask_held(page, about)
    job = ask_held(second, about)
    assert held.asked.acquire(timeout=MOST_SECONDS)
    expect(second.get_by_text("place 1 in the queue")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=30_000)
    assert held.asked.acquire(timeout=MOST_SECONDS)
    # a closed tab: the job goes on, and its link finds it again
    second.close()
    third = browser.new_context(storage_state=LET_IN).new_page()
    third.goto(f"{about}&job={job}")
    expect(third.get_by_role("button", name="Cancel")).to_be_visible(timeout=60_000)
    held.let_go.set()
    expect(third.get_by_role("button", name="JSON", exact=True)).to_be_visible(timeout=60_000)
    third.close()


def test_two_visitors_get_their_own_answers(
    page: Page, browser: Browser, server: Server, flagged: list[str]
) -> None:
    second = browser.new_context(storage_state=LET_IN).new_page()
    people = {page: flagged[1], second: flagged[2]}
    for visitor, person in people.items():
        open_unasked(visitor, f"{server.url}/Interventions?cohort=nhanes&participant={person}&row=0")
        chip(visitor, "method")
        choose(visitor, "Method", "Random draws (control)")
        close(visitor)
    for visitor in (page, second):
        visitor.get_by_role("button", name="Find options").click()
    for visitor in (page, second):
        expect(visitor.get_by_role("button", name="CSV", exact=True)).to_be_visible(timeout=60_000)
    for visitor, person in people.items():
        with visitor.expect_download() as download:
            visitor.get_by_role("button", name="JSON", exact=True).click()
        (answer,) = json.loads(Path(download.value.path()).read_text())["answers"]
        assert answer["participant_id"] == person
    second.close()
