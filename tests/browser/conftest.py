from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Semaphore
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Locator, Page, expect

from sensecf_core.classifiers import store
from sensecf_core.counterfactuals.checks.red_flags import red_flags
from sensecf_core.datasets import registry
from sensecf_core.language.models.registry import OWN_FILE
from sensecf_core.language.remote import allow_list
from sensecf_core.ui.page.navigation import TITLES
from sensecf_core.ui.server.guard import COOKIE
from tests.browser.server import TOKEN, Server
from tests.language.scripted_server import Response, completion, serving

T = TypeVar("T")
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
INSTALL = "apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
]

ANY_TIME = {"expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}

PATHS = {
    "Home": "/",
    "Participants": "/Participants",
    "Prediction": "/Prediction",
    "Interventions": "/Interventions",
    "What-if": "/What-if",
    "Comparison": "/Comparison",
    "Benchmarks": "/Benchmarks",
    "Augmentation": "/Augmentation",
    "Models": "/Models",
}


LET_IN: Any = {
    "cookies": [{"name": COOKIE, "value": TOKEN, "domain": "127.0.0.1", "path": "/", **ANY_TIME}],
    "origins": [],
}
"""The storage of a browser that has shown the server's token."""


HELD_BACK = """document.addEventListener("securitypolicyviolation", event => console.error(
    `held back by ${event.violatedDirective}: ${event.blockedURI} of ${event.sourceFile}`))"""


@pytest.fixture(scope="session", autouse=True)
def chromium() -> Path:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing; install it with `{INSTALL}`", pytrace=False)
    return CHROMIUM


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: Path) -> dict[str, Any]:
    return browser_type_launch_args | {"executable_path": str(chromium), "args": ARGUMENTS, "headless": True}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {
        "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce",
        "locale": "en-GB",
        "timezone_id": "UTC",
        "accept_downloads": True,
        "storage_state": LET_IN,
    }


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("app")).start()
    yield running
    running.stop()
    assert running.complaints() == []


@pytest.fixture
def foreign(page: Page) -> Iterator[list[str]]:
    """Requests that left this machine, and what the content security policy held back.

    Must stay empty in every test that asks for it.
    """
    left: list[str] = []
    own = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own) else left.append(request.url))
    page.add_init_script(HELD_BACK)
    page.on("console", lambda said: left.append(said.text) if said.text.startswith("held back") else None)
    yield left
    assert left == []


def settle(page: Page) -> None:
    """Wait until no script runs and nothing on the page is stale.

    By locators: ``wait_for_function`` evaluates text again and again, which the pages' own policy forbids.
    """
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']", timeout=60_000)
    expect(page.locator("[data-stale='true']")).to_have_count(0, timeout=30_000)


QUIET = """
milliseconds => new Promise(done => {
  const over = () => { watch.disconnect(); clearTimeout(soon); clearTimeout(most); done(); };
  const most = setTimeout(over, 20 * milliseconds);
  let soon = setTimeout(over, milliseconds);
  const watch = new MutationObserver(() => { clearTimeout(soon); soon = setTimeout(over, milliseconds); });
  watch.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
})
"""


def quiet(page: Page, milliseconds: int = 250) -> None:
    """Wait until so long nothing on the page has changed: charts are drawn, folds are open."""
    page.evaluate(QUIET, milliseconds)
    settle(page)


def eventually(page: Page, read: Callable[[], T], holds: Callable[[T], bool], within: int = 20_000) -> T:
    """What is read once it holds, or what was read last after ``within`` milliseconds.

    Whatever is read in one go (many texts, a box, a height) may be read while a rerun replaces it.
    """
    end = time.monotonic() + within / 1000
    found = read()
    while not holds(found) and time.monotonic() < end:
        page.wait_for_timeout(200)
        found = read()
    return found


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


def chip(page: Page, name: str) -> None:
    """Open or close one chip of the question on Interventions: limits, numbers, fixed or method."""
    page.locator(f".st-key-chip_{name}").get_by_role("button").first.click()
    page.wait_for_timeout(300)  # "notRunning" is still true for a moment after a click
    settle(page)


def shown(page: Page, name: str) -> None:
    """Wait until the page of this name (as in its address) is shown."""
    expect(page.get_by_role("heading", name=TITLES.get(name, name), exact=True)).to_be_visible(timeout=40_000)
    settle(page)


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option).click()
    quiet(page)


def opened_field(button: Locator, field: Locator) -> Locator:
    """Open a popover by its button, again if a rerun has closed it, and return the field in it.

    Whatever a rerun replaces (a card that an answer has pushed down) is a new element, and closed.
    """
    quiet(button.page)
    button.click()
    try:
        expect(field).to_be_visible(timeout=5_000)
        quiet(button.page)
        expect(field).to_be_visible(timeout=1_000)
    except AssertionError:
        quiet(button.page)
        if not field.is_visible():
            button.click()
        expect(field).to_be_visible(timeout=20_000)
    return field


def close(page: Page) -> None:
    """Close the open chip."""
    page.keyboard.press("Escape")
    quiet(page)


@dataclass
class Held:
    """A language model's server that was asked as often as ``asked`` says, and answers once it is let go."""

    asked: Semaphore = field(default_factory=lambda: Semaphore(0))
    let_go: Event = field(default_factory=Event)

    def answer(self, body: dict[str, Any]) -> Response:
        self.asked.release()
        self.let_go.wait()
        return completion(*["bmi=25.0"] * body.get("n", 1))


@pytest.fixture
def held(server: Server) -> Iterator[Held]:
    """The language model ``held``, which nhanes may be sent to."""
    model = Held()
    known, allowed = server.var / OWN_FILE, server.var / allow_list.FILE
    with serving(model.answer) as language_model:
        server.var.mkdir(exist_ok=True)
        known.write_text(f'[held]\nkind = "endpoint"\nanswers = "text"\nsource = "{language_model.url}"\n')
        allowed.write_text('["127.0.0.1"]\ncohorts = ["nhanes"]\n')
        yield model
        model.let_go.set()
        known.unlink()
        allowed.unlink()


def ask_held(page: Page, address: str) -> str:
    """Ask the language model ``held`` on the page Options; returns its job, which waits or is at work."""
    open_unasked(page, address)
    chip(page, "method")
    choose(page, "Method", "Language model, no examples")
    choose(page, "Language model", "held")
    close(page)
    expect(page.locator(".st-key-chip_method")).to_contain_text("Language model, no examples")
    page.get_by_role("button", name="Find options").click()
    expect(page).to_have_url(re.compile("job=[0-9a-f]"), timeout=60_000)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=20_000)
    return page.url.split("job=")[1].split("&")[0]


def open_unasked(page: Page, address: str) -> None:
    """Open the page Options about somebody without the question that opening it asks.

    A job that nobody knows stands in the address, so there is nothing to ask until the button is pressed.
    """
    page.goto(f"{address}&job=unknown")
    shown(page, "Interventions")
    expect(page.get_by_text("This job is not known on this machine")).to_be_visible()
