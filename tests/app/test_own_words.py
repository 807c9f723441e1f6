"""Limits in somebody's own words on the options page: nothing of it holds before it was confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.datasets import registry
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.language.wishes import rules
from sensecf_core.records import answers
from sensecf_core.ui.limits import own_words
from sensecf_core.ui.limits.own_words import CHIP
from tests.app.conftest import OpenPage, page_text
from tests.app.test_interventions import ask
from tests.language.scripted_server import Response, Server, completion, reading_words

PERSON = {"cohort": "nhanes", "participant": "94666"}


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker, fresh_caches: None) -> ModelWorker:
    return worker


def said(at: AppTest, sentence: str) -> AppTest:
    """Open the chip, write a sentence and have it read."""
    at.session_state[CHIP] = True
    at.run()
    at.text_area(key="own_words").set_value(sentence).run()
    return at.button(key="read_words").click().run()


def test_words_are_shown_then_set_for_one_participant_and_can_be_taken_back(open_page: OpenPage) -> None:
    at = said(
        open_page("Interventions", **PERSON),
        "BMI from 28 to 30, leave her sleep alone, reach a risk of 30, zebras",
    )
    (chips,) = at.get("pills")
    assert [option.partition(":")[0] for option in chips.options[:2]] == [
        "Body mass index",
        "Sleep on workdays",
    ]
    assert any(c.value == "Read by rules." for c in at.caption)
    assert any(c.value.startswith("Not understood:") and "zebras" in c.value for c in at.caption)
    assert at.session_state["ask_goal"] == "auto" and "free_nhanes_sleep" not in at.session_state
    at.button(key="set_words").click().run()
    assert "Set in your words" in page_text(at)
    answer = answers.find(ask(at).query_params["answer"])
    assert answer is not None and answer.limits.frozen == ("sleep",)
    assert answer.limits.ranges == {"bmi": (28, 30)}
    assert (answer.goal.kind, answer.goal.target) == ("target", 30)
    at.button(key="undo_words").click().run()
    assert at.session_state["free_nhanes_sleep"] and at.session_state["ask_goal"] == "auto"


@pytest.fixture
def served() -> Iterator[Server]:
    with reading_words('"easy on the sweets" sugar=down') as server:
        yield server


def read_by_model(at: AppTest, sentence: str) -> AppTest:
    at.session_state[CHIP] = True
    at.run()
    at.selectbox(key="own_words_by_nhanes").select("reader").run()
    assert any("are sent to that program" in caption.value for caption in at.caption)
    return said(at, sentence)


def ended(at: AppTest) -> AppTest:
    """The page once the reading has ended."""
    reading = at.session_state["own_words_reading"]
    reading.found.result(timeout=30)
    return at.run()


def test_a_language_model_reads_and_its_chips_are_confirmed_like_those_of_rules(
    open_page: OpenPage, served: Server
) -> None:
    at = ended(read_by_model(open_page("Interventions", **PERSON), "Easy on it: easy on the sweets, zebras"))
    (chips,) = at.get("pills")
    assert len(chips.options) == 1 and "easy on the sweets" in chips.options[0]
    assert any(caption.value == "Read by reader." for caption in at.caption)
    assert any("zebras" in caption.value for caption in at.caption if "Not understood" in caption.value)
    assert "94666" not in str(served.bodies), "the person is not told"
    at.button(key="set_words").click().run()
    assert "Set in your words" in page_text(at)
    at = ended(said(at, "less salt"))
    assert len(served.bodies) == 2, "other words are read again"


def test_chips_left_out_of_one_reading_say_nothing_of_another(open_page: OpenPage, served: Server) -> None:
    words = "leave her sleep alone, easy on the sweets, at most two changes"
    at = ended(read_by_model(open_page("Interventions", **PERSON), words))
    at.get("pills")[0].set_value([]).run()
    at.selectbox(key="own_words_by_nhanes").select("").run()
    (chips,) = at.get("pills")
    assert len(chips.value) == len(chips.options) > 1, "those of the rules are all as they were read"


def test_a_reading_can_be_cancelled_and_says_why_it_failed(open_page: OpenPage, served: Server) -> None:
    served.script = [replace(completion("nothing"), after=20.0)]
    at = read_by_model(open_page("Interventions", **PERSON), "less sugar")
    assert any("reader reads it" in caption.value for caption in at.caption)
    at.button(key="cancel_words").click().run()
    at = ended(at)
    assert any("Cancelled" in info.value for info in at.info)
    served.script = [Response(status=401, body={"error": {"message": "no"}})]
    at = ended(at.button(key="read_words").click().run())
    assert "HTTP 401" in at.error[-1].value
    assert not at.get("pills")


def test_where_only_rules_can_read_nobody_is_asked_who_does(open_page: OpenPage) -> None:
    at = said(open_page("Interventions", **PERSON), "less sugar")
    assert not [box for box in at.selectbox if box.key == "own_words_by_nhanes"]


def test_words_that_say_nothing_set_nothing(open_page: OpenPage) -> None:
    at = said(open_page("Interventions", **PERSON), "good morning")
    assert "No limit was understood" in at.warning[-1].value
    assert not [button for button in at.button if button.key == "set_words"]


def test_what_was_said_of_one_participant_does_not_hold_for_the_next(open_page: OpenPage) -> None:
    at = said(open_page("Interventions", **PERSON), "leave her sleep alone")
    at.button(key="set_words").click().run()
    at = said(at, "at most two changes, reach a risk of 20")
    at.button(key="set_words").click().run()
    assert "Sleep on workdays: stays as it is · At most 2 changes" in page_text(at)
    assert (at.session_state["ask_changes"], at.session_state["ask_goal"]) == (2, "target")
    at.query_params["participant"] = "102279"
    at.run()
    assert at.session_state["free_nhanes_sleep"] and "Set in your words" not in page_text(at)
    assert (at.session_state["ask_changes"], at.session_state["ask_goal"]) == (3, "auto")
    assert not at.session_state["own_words"], "what was said of another stands ready for nobody"


@pytest.mark.parametrize("cohort", ["nhanes", "heart", "aireadi"])
def test_the_example_in_the_box_is_read_whole(cohort: str) -> None:
    schema = registry.load(cohort).schema
    understood = rules.read(schema, own_words.example(schema))
    assert [wish.kind for wish in understood.wishes] == ["down", "keep", "changes"]
    assert understood.unread == ()
