"""What is asked of any open page: axe's rules, and that it is no wider than its screen."""

from __future__ import annotations

import math

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import eventually, quiet

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CLOSED = "[data-testid=stMain] details:not([open]) > summary"
DROP_ZONE = 'data-testid="stFileUploaderDropzone"'
TOO_WIDE = """
["html", "[data-testid=stMain]", ".st-key-bar"].filter(name => {
  const one = document.querySelector(name);
  return one.scrollWidth > one.clientWidth;
})"""
COLOURS = ["color-contrast", "link-in-text-block"]


def open_all(page: Page) -> None:
    """Open every fold of a page, also those within others."""
    while page.locator(CLOSED).count():
        page.evaluate(f"document.querySelectorAll('{CLOSED}').forEach(fold => fold.click())")
        quiet(page)


def violations(page: Page, title: str) -> dict[tuple[str, str], list[str]]:
    """Violations that axe finds on an open page in both themes, by page title and rule.

    The rules see the page in light; of them only those about colours can differ in dark.
    """
    found = _found(page, title, {"runOnly": RULES})
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    quiet(page)  # charts are drawn again in the theme's colours
    found |= _found(page, f"{title}, dark", {"runOnly": {"type": "rule", "values": COLOURS}})
    page.emulate_media(color_scheme="light")
    return found


def _found(page: Page, title: str, options: dict[str, object]) -> dict[tuple[str, str], list[str]]:
    found = {
        (title, violation["id"]): [node["html"][:200] for node in violation["nodes"]]
        for violation in Axe().run(page, options=options).response["violations"]
    }
    # Streamlit's own drop zone is presentation and has a label; its button is what a keyboard reaches.
    own = {
        key: [html for html in nodes if key[1] != "presentation-role-conflict" or DROP_ZONE not in html]
        for key, nodes in found.items()
    }
    return {key: nodes[:3] for key, nodes in own.items() if nodes}


def no_sideways_scrolling(page: Page, title: str) -> None:
    """Check that an open page, and the bar on top of it, are no wider than the screen."""
    quiet(page)
    wider = eventually(page, lambda: page.evaluate(TOO_WIDE), lambda found: not found)
    assert wider == [], title


def ends_above(page: Page, one: Locator, limit: float) -> bool:
    """Whether something ends at most ``limit`` pixels from the top once everything is in its place."""

    def bottom() -> float:
        box = one.bounding_box()
        return math.inf if box is None else box["y"] + box["height"]

    return eventually(page, bottom, lambda end: end <= limit) <= limit


def no_higher_than(page: Page, one: Locator, limit: float) -> bool:
    """Whether something is at most ``limit`` pixels high once everything is in its place."""

    def height() -> float:
        box = one.bounding_box()
        return math.inf if box is None else box["height"]

    return eventually(page, height, lambda pixels: pixels <= limit) <= limit
