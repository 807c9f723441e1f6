"""Three methods on one participant of nhanes, as a visitor compares them."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LET_IN, Held, ask_held, eventually, quiet, settle, shown
from tests.browser.page_checks import RULES, no_sideways_scrolling
from tests.browser.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.model]
ANSWER_MS = 240_000
CANDIDATES = 16
MATRIX = "What each method answers, a column each"
CELLS = "table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
METHODS = ["lm-few-shot", "lm-zero-shot", "random"]
TITLES = ["Language model, shown examples", "Language model, no examples", "Random draws (control)"]
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36"


@pytest.fixture(scope="session")
def answerable() -> str:
    """A flagged participant for whom :data:`CANDIDATES` random candidates hold an answer."""
    from sensecf_core.counterfactuals.explain import answer
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows
    from sensecf_core.queries.request import ExplainRequest

    fitted = load_fitted("nhanes")
    for person, _ in sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=60, seed=0):
        request = ExplainRequest(
            cohort="nhanes", participant_id=person, method="random", candidates=CANDIDATES
        )
        if answer(fitted, request).status == "found":
            return person
    raise AssertionError("nobody of 60 could be helped")


def test_three_methods_side_by_side_left_meanwhile_and_opened_again_after_a_restart(
    page: Page, server: Server, answerable: str, foreign: list[str]
) -> None:
    run_three_methods(page, server, answerable)
    page.get_by_role("link", name="Home", exact=True).click()
    shown(page, "Home")
    page.get_by_role("link", name="Comparison", exact=True).click()
    expect(page.get_by_role("button", name="Cancel all")).to_have_count(0, timeout=ANSWER_MS)
    headline = page.get_by_role("heading", name=re.compile(r"[123] of 3 methods found an option"))
    expect(headline).to_be_visible(timeout=ANSWER_MS)
    came_in(page, "Random draws", re.compile(r"\d option"))
    read_the_matrix(page)
    wider = "table => table.scrollWidth - table.clientWidth"
    region = page.locator(".st-key-matrix").get_by_role("region")
    assert eventually(page, lambda: region.evaluate(wider), lambda by: by <= 0) <= 0, "it fits at 1280 pixels"
    page.get_by_text("How far would each value move?").click()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    assert_downloads(page, answerable)
    page.get_by_text(re.compile(r"Random draws \(control\): \d option")).click()
    page.get_by_text("How these were found and checked").click()
    expect(page.get_by_text("From proposed to shown")).to_be_visible(timeout=30_000)
    quiet(page)
    violations = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in violations] == []
    found, address = headline.inner_text(), page.url
    comparison = re.search("comparison=([0-9a-f]+)", address)
    assert comparison
    server.stop()
    server.start()
    context = page.context.browser.new_context(  # type: ignore[union-attr]
        storage_state=LET_IN,
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
        user_agent=PHONE,
    )
    phone = context.new_page()
    phone.goto(f"{server.url}/Comparison?comparison={comparison[1]}")
    expect(phone.get_by_role("heading", name=found)).to_be_visible(timeout=40_000)
    expect(phone).to_have_url(re.compile(f"participant={answerable}"))
    settle(phone)
    no_sideways_scrolling(phone, "Comparison")
    heading = phone.get_by_role("rowheader", name="Answer", exact=True)
    before = heading.bounding_box()
    phone.locator(".st-key-matrix").get_by_role("region").evaluate("table => { table.scrollLeft = 200; }")
    assert before and heading.bounding_box() == before, "it scrolls inside itself, its headings stay"
    context.close()


def test_one_method_is_cancelled_and_the_others_come_in(
    page: Page, server: Server, browser: Browser, answerable: str, held: Held
) -> None:
    another = browser.new_context(storage_state=LET_IN).new_page()
    ask_held(another, f"{server.url}/Interventions?cohort=nhanes&participant={answerable}&row=0")
    run_three_methods(
        page, server, answerable, seed=7
    )  # its language models wait until the other has its answer
    waiting = page.locator(".st-key-method_lm-zero-shot")
    # A click waits until the button stands still, and its fragment draws it anew every second.
    waiting.get_by_role("button", name="Cancel").dispatch_event("click")
    expect(waiting.get_by_role("button", name="Ask again")).to_be_visible(timeout=60_000)
    held.let_go.set()
    another.context.close()
    came_in(page, "Random draws", re.compile(r"\d option|No option"))
    came_in(page, "LM with examples", re.compile(r"\d option|No option"))
    came_in(page, "LM without examples", "Cancelled")
    expect(page.get_by_text("1 method without an answer left out")).to_be_visible()


def came_in(page: Page, method: str, text: str | re.Pattern[str]) -> None:
    """Wait until the matrix has an answer of a method, by its column's heading."""
    found = eventually(
        page,
        lambda: answers_by_method(page).get(method, ""),
        lambda said: re.search(text, said) is not None,
        within=ANSWER_MS,
    )
    assert re.search(text, found), (found, cells(page))


def cells(page: Page) -> list[list[str]]:
    """The matrix as it stands, headings included, read at once."""
    table = page.get_by_role("table", name=MATRIX).last  # a rerun may show the former one for a moment
    found: list[list[str]] = table.evaluate(CELLS, timeout=ANSWER_MS)
    return found


def answers_by_method(page: Page) -> dict[str, str]:
    """What the matrix says in its row "Answer", by its columns' headings."""
    table = cells(page)
    rows = {row[0]: row for row in table}
    return dict(zip(table[0], rows["Answer"], strict=True)) if "Answer" in rows else {}


def read_the_matrix(page: Page) -> None:
    """The matrix has headings for rows and columns, the risk on top and the grade at the bottom."""
    head, *rows = cells(page)
    headings = [row[0] for row in rows]
    assert headings[0].startswith("Risk of 100 (cut-off ") and headings[-2:] == ["Answer", "Grade"]
    assert len(headings) > 3
    assert head[-1] == "Random draws"
    assert re.match(r"\d+ → (just under )?\d+", rows[0][-1]), rows[0]


def run_three_methods(page: Page, server: Server, participant: str, seed: int = 0) -> None:
    page.goto(f"{server.url}/Comparison?cohort=nhanes&participant={participant}&row=0")
    shown(page, "Comparison")
    choose_methods(page)
    page.get_by_text("The same limits for every method").click()
    open_settings(page)
    for name, value in (("Candidates to try", CANDIDATES), ("Seed", seed)):
        field = page.get_by_role("spinbutton", name=name)
        field.fill(str(value))
        field.press("Tab")
    page.get_by_role("button", name="Run all").click()
    expect(page.get_by_role("button", name="Cancel all")).to_be_visible(timeout=30_000)


def open_settings(page: Page) -> None:
    """Open the settings; what was chosen before is drawn anew, and may close them once."""
    settle(page)
    page.get_by_text("More settings").click()
    settle(page)
    seed = page.get_by_role("spinbutton", name="Seed")
    try:
        expect(seed).to_be_visible(timeout=5_000)
    except AssertionError:
        page.get_by_text("More settings").click()
        expect(seed).to_be_visible(timeout=30_000)


def choose_methods(page: Page) -> None:
    """Choose the three methods, whichever are chosen to begin with."""
    field = page.get_by_test_id("stMultiSelect").first
    field.get_by_role("button", name="Clear all").click()
    for title in TITLES:
        field.get_by_role("combobox").fill(title)
        page.get_by_role("option", name=title, exact=True).click()
    page.keyboard.press("Escape")
    expect(field.get_by_role("button", name="Remove")).to_have_count(len(TITLES))


def assert_downloads(page: Page, participant: str) -> None:
    with page.expect_download() as csv_file:
        page.get_by_role("button", name="Download CSV").last.click()
    table = list(csv.DictReader(io.StringIO(Path(csv_file.value.path()).read_text("utf-8-sig"))))
    assert {row["method"] for row in table} == set(METHODS)
    assert {row["participant_id"] for row in table} == {participant}
    with page.expect_download() as json_file:
        page.get_by_role("button", name="Download JSON").last.click()
    answers = json.loads(Path(json_file.value.path()).read_text("utf-8"))["answers"]
    assert [answer["method"] for answer in answers] == METHODS
    assert len({json.dumps(answer["limits"]) for answer in answers}) == 1
