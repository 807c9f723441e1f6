"""Deep links, two visitors, cancelling, accessibility, small screens, dark theme."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from sensecf_core.classifiers import store
from sensecf_core.counterfactuals.checks.red_flags import red_flags
from sensecf_core.datasets import registry
from tests.browser.conftest import settle
from tests.browser.server import ROOT, Server

pytestmark = pytest.mark.browser
PATHS = {
    "Home": "/",
    "Participants": "/Participants",
    "Prediction": "/Prediction",
    "Interventions": "/Interventions",
    "Comparison": "/Comparison",
    "Benchmarks": "/Benchmarks",
    "Augmentation": "/Augmentation",
    "Models": "/Models",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


RED_FLAG = "97727"
"""A participant of nhanes whose blood pressure was 213/125 mmHg."""


@pytest.fixture(scope="session")
def flagged() -> list[str]:
    """Participants of nhanes' test part whom the classifier flags, without a red flag."""
    cohort = registry.load("nhanes")
    classifier, test = store.load(cohort), cohort.part("test")
    return [
        str(participant)
        for (participant, _), row in test[classifier.predict(test) == 1].iterrows()
        if not red_flags(cohort.schema, row.to_dict())
    ]


@pytest.fixture(scope="session")
def somebody(flagged: list[str]) -> str:
    return flagged[0]


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody has visited when its test begins."""
    running = Server(
        tmp_path_factory.mktemp("fresh"), SENSECF_COHORTS=str(ROOT / "tests/cohorts/own/example_own")
    )
    yield running
    running.stop()
    assert running.complaints() == []


def shown(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=40_000)
    settle(page)


@pytest.mark.parametrize("title", PATHS)
def test_a_deep_link_to_a_fresh_server_shows_page_banner_and_participant(
    title: str, page: Page, fresh: Server, somebody: str
) -> None:
    fresh.stop()
    fresh.start()
    page.goto(f"{fresh.url}{PATHS[title]}?cohort=nhanes&participant={somebody}&row=0")
    shown(page, title)
    expect(page.get_by_text("Research prototype, not a medical device").first).to_be_visible()
    expect(page.locator(".st-key-strip")).to_contain_text(somebody)
    expect(page.get_by_role("dialog")).to_have_count(0)
    for other in PATHS:
        page.get_by_role("link", name=other, exact=True).click()
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
    expect(page.get_by_text("SYNTHETIC DATA").first).to_be_visible()


def ready_to_ask(page: Page, server: Server, participant: str, seed: int) -> None:
    """Fill in the form for an answer that takes long."""
    page.goto(f"{server.url}/Interventions?cohort=nhanes&participant={participant}&row=0")
    shown(page, "Interventions")
    choose_mode(page, "Language model, shown examples")
    page.get_by_text("More settings").click()
    for name, value in (("Seed", seed), ("Candidates to try", 64)):
        field = page.get_by_role("spinbutton", name=name)
        field.fill(str(value))
        field.press("Tab")
    settle(page)


def choose_mode(page: Page, mode: str) -> None:
    page.get_by_role("combobox", name="Mode").click()
    page.get_by_role("option", name=mode).click()
    page.wait_for_timeout(300)  # "notRunning" is still true for a moment after a click
    settle(page)


@pytest.mark.model
def test_a_second_visitor_waits_in_the_queue_and_cancel_takes_effect(
    page: Page, browser: Browser, server: Server, somebody: str
) -> None:
    second = browser.new_context().new_page()
    # Both forms first: where the model is fast, one answer takes less time than filling in the other.
    for number, visitor in enumerate((page, second), start=1):
        ready_to_ask(visitor, server, somebody, seed=number)
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)
    second.get_by_role("button", name="Generate").click()
    expect(second.get_by_text(re.compile("place 1 in the queue"))).to_be_visible(timeout=20_000)
    expect(page.get_by_text(re.compile("The language model (reads|writes)"))).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile("Cancelled")).first).to_be_visible(timeout=30_000)
    expect(second.get_by_text(re.compile("place 1 in the queue"))).to_have_count(0, timeout=30_000)
    job = re.search("job=([0-9a-f]+)", second.url)
    assert job
    # a closed tab: the job goes on, and its link finds it again
    second.close()
    third = browser.new_context().new_page()
    third.goto(f"{server.url}/Interventions?cohort=nhanes&participant={somebody}&row=0&job={job[1]}")
    answered = third.get_by_role("button", name="Download JSON")
    expect(third.get_by_role("button", name="Cancel").or_(answered).first).to_be_visible(timeout=60_000)
    third.close()


def test_two_visitors_get_their_own_answers(
    page: Page, browser: Browser, server: Server, flagged: list[str]
) -> None:
    second = browser.new_context().new_page()
    people = {page: flagged[1], second: flagged[2]}
    for visitor, person in people.items():
        visitor.goto(f"{server.url}/Interventions?cohort=nhanes&participant={person}&row=0")
        shown(visitor, "Interventions")
        choose_mode(visitor, "Random draws (control)")
    for visitor in (page, second):
        visitor.get_by_role("button", name="Generate").click()
    for visitor in (page, second):
        expect(visitor.get_by_role("button", name="Download CSV")).to_be_visible(timeout=60_000)
    for visitor, person in people.items():
        with visitor.expect_download() as download:
            visitor.get_by_role("button", name="Download JSON").click()
        (answer,) = json.loads(Path(download.value.path()).read_text())["answers"]
        assert answer["participant_id"] == person
    second.close()


def open_all(page: Page) -> None:
    """Open every fold of a page, also those within others."""
    for _ in range(2):
        while (closed := page.locator("[data-testid=stMain] details:not([open]) > summary")).count():
            closed.first.click()
            page.wait_for_timeout(300)
        settle(page)
    page.wait_for_timeout(1000)


def violations(page: Page, title: str) -> dict[tuple[str, str], list[str]]:
    """Violations that axe finds on an open page, by page title and rule."""
    result = Axe().run(page, options={"runOnly": RULES})
    return {
        (title, violation["id"]): [node["html"][:200] for node in violation["nodes"]][:3]
        for violation in result.response["violations"]
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_no_request_leaves(
    scheme: str, page: Page, server: Server, somebody: str, foreign: list[str]
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found: dict[tuple[str, str], list[str]] = {}
    for title, path in PATHS.items():
        page.goto(f"{server.url}{path}?cohort=nhanes&participant={somebody}&row=0")
        shown(page, title)
        open_all(page)
        found |= violations(page, title)
    page.goto(f"{server.url}{PATHS['Interventions']}?cohort=nhanes&participant={RED_FLAG}&row=0")
    expect(page.get_by_role("heading", name="Act on this first")).to_be_visible(timeout=20_000)
    found |= violations(page, "Interventions with a red flag")
    assert found == {}


def no_sideways_scrolling(page: Page, title: str) -> None:
    """Check that an open page is no wider than its screen."""
    page.wait_for_timeout(500)
    widths = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(e => [e.scrollWidth, e.clientWidth])"
    )
    assert all(scroll <= client for scroll, client in widths), (title, widths)


def test_a_phone_shows_every_page_without_sideways_scrolling(
    browser: Browser, server: Server, somebody: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = context.new_page()
    for title, path in PATHS.items():
        page.goto(f"{server.url}{path}?cohort=nhanes&participant={somebody}&row=0")
        shown(page, title)
        no_sideways_scrolling(page, title)
    context.close()
