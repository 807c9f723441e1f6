"""97727 has 213/125 mmHg: every page says it first, and options wait until somebody has seen it."""

from __future__ import annotations

import pytest

from sensecf_core.jobs.model_worker import ModelWorker
from tests.app.conftest import PAGES, OpenPage, page_text

FLAGGED = {"cohort": "nhanes", "participant": "97727"}
LABEL = "Blood pressure 213/125 mmHg"


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker, fresh_caches: None) -> ModelWorker:
    return worker


@pytest.mark.parametrize("title", PAGES)
def test_every_page_shows_it_before_anything_else(title: str, open_page: OpenPage) -> None:
    at = open_page(title, **FLAGGED)
    assert f"Act on this first: {LABEL}." in at.error[0].value
    assert "no clinician has confirmed this rule" in at.error[0].value
    shown = [element.value for element in at.main if element.type in ("error", "markdown", "title")]
    strip = next(n for n, text in enumerate(shown) if "**97727**" in text)
    assert LABEL in shown[strip - 1]  # above the strip, and so above the title


@pytest.mark.parametrize("title", ["Interventions", "Comparison"])
def test_options_are_withheld_until_it_was_seen(title: str, open_page: OpenPage) -> None:
    at = open_page(title, **FLAGGED)
    assert "are withheld" in page_text(at)
    assert not at.radio and not any(button.label in ("Find options", "Run all") for button in at.button)
    at.button(key="red_flag_seen").click().run()
    assert not at.exception
    assert "are withheld" not in page_text(at)
    assert any(button.label in ("Find options", "Run all") for button in at.button)
    assert LABEL in at.error[0].value  # the flag itself stays


def test_it_was_seen_for_this_person_only(open_page: OpenPage) -> None:
    at = open_page("Interventions", **FLAGGED)
    at.button(key="red_flag_seen").click().run()
    at.switch_page(PAGES["Comparison"]).run()
    assert "are withheld" not in page_text(at)
    at.query_params["participant"] = "93968"
    at.run()
    assert "93968" in page_text(at) and "are withheld" in page_text(at)


def test_nobody_else_is_asked(open_page: OpenPage) -> None:
    at = open_page("Interventions", cohort="nhanes", participant="93708")
    assert not at.error
    assert any(button.label == "Find options" for button in at.button)


def test_the_list_names_it(open_page: OpenPage) -> None:
    at = open_page("Participants", cohort="nhanes")
    table = at.dataframe[0].value
    flags = table.loc[table.iloc[:, 0] == "97727"].iloc[0]
    assert LABEL in flags.tolist()
