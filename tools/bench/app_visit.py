"""Measure the app as a visitor sees it: a fresh server, visited with headless Chromium."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.browser.conftest import ARGUMENTS, CHROMIUM, LET_IN, shown
from tests.browser.server import Server

PATIENCE_MS = 300_000


class AppVisit:
    """A context manager around a freshly started server with an empty ``var/``.

    ``seconds_to_health`` is the time from its start until it answers.
    """

    def __enter__(self) -> AppVisit:
        self._folder = tempfile.TemporaryDirectory(prefix="sensecf-bench-")
        self._server = Server(Path(self._folder.name))
        started = time.perf_counter()
        self._server.start()
        self.seconds_to_health = time.perf_counter() - started
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._folder.cleanup()

    def seconds_of_first_page(self) -> float:
        """Seconds from requesting the home page until its heading is visible."""
        with _browser() as page:
            started = time.perf_counter()
            page.goto(self._server.url)
            page.get_by_role("heading", level=1).first.wait_for(timeout=PATIENCE_MS)
            return time.perf_counter() - started

    @contextmanager
    def pages(self) -> Iterator[OpenedPages]:
        """One browser in which pages are opened one after the other."""
        with _browser() as page:
            yield OpenedPages(self._server.url, page)

    def seconds_of_answers(
        self, cohort: str, keys: Sequence[tuple[str, str]], *, home_seconds: float | None = None
    ) -> list[float]:
        """Seconds from opening Options of each row, which asks, until the answer can be downloaded.

        Where ``home_seconds`` are given, Home is opened first and read for so long.
        """
        with _browser() as page:
            if home_seconds is not None:
                page.goto(self._server.url, timeout=PATIENCE_MS)
                page.get_by_role("heading", level=1).first.wait_for(timeout=PATIENCE_MS)
                time.sleep(home_seconds)
            return [self._answer_of(page, cohort, *key) for key in keys]

    def _answer_of(self, page: Any, cohort: str, person: str, row: str) -> float:
        address = f"{self._server.url}/Interventions?cohort={cohort}&participant={person}&row={row}"
        started = time.perf_counter()
        page.goto(address, timeout=PATIENCE_MS)
        page.get_by_role("button", name="JSON").first.wait_for(timeout=PATIENCE_MS)
        return time.perf_counter() - started

    def seconds_of_glucose(self, cohort: str, people: Sequence[str]) -> tuple[float, float]:
        """Median seconds until a participant's glucose report is drawn, the first and the second time.

        Other participants are opened in between.
        """
        with _browser() as page:
            rounds = [[self._glucose_of(page, cohort, person) for person in people] for _ in range(2)]
        return statistics.median(rounds[0]), statistics.median(rounds[1])

    def _glucose_of(self, page: Any, cohort: str, person: str) -> float:
        started = time.perf_counter()
        page.goto(f"{self._server.url}/Glucose?cohort={cohort}&participant={person}", timeout=PATIENCE_MS)
        page.get_by_role("heading", name=f"Glucose report of {person}").wait_for(timeout=PATIENCE_MS)
        page.locator(".js-plotly-plot .main-svg").nth(5).wait_for(timeout=PATIENCE_MS)
        return time.perf_counter() - started

    def peak_gigabytes(self) -> float:
        """Peak resident memory of the server process in GB."""
        children = psutil.Process().children()
        (server,) = (child for child in children if str(self._server.port) in child.cmdline())
        for line in Path(f"/proc/{server.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e9
        raise RuntimeError("the kernel does not say how much memory the server held")


@dataclass(frozen=True)
class OpenedPages:
    """A browser's page at a server."""

    url: str
    page: Any

    def seconds_to_open(self, name: str, path: str) -> float:
        """Seconds from the address until the page's heading stands and its script has ended."""
        started = time.perf_counter()
        self.page.goto(f"{self.url}{path}", timeout=PATIENCE_MS)
        shown(self.page, name)
        return time.perf_counter() - started


@contextmanager
def _browser() -> Iterator[Any]:
    """A fresh page in headless Chromium, of somebody who has shown the server's token."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser.new_page(viewport={"width": 1440, "height": 900}, storage_state=LET_IN)
        finally:
            browser.close()
