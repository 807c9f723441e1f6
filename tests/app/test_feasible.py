"""What pages make of the feasibility map: order and filter of people, the example, the first sentence."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.feasibility.cohort_map import phrase
from sensecf_core.ui.choice.people_order import in_order
from tests.app.conftest import OpenPage, World, page_text


def test_who_has_an_option_stands_first_and_can_be_filtered(mapped: World, open_page: OpenPage) -> None:
    at = open_page("Participants")
    table = at.dataframe[0].value
    assert table["Person", "Participant"].iloc[0] == mapped.flagged
    assert table["Work list", "Options"].iloc[:2].tolist() == ["lowers by 8", "none"]
    assert table["Work list", "Risk of 100"].iloc[1:].is_monotonic_decreasing
    at.pills(key="view_small").set_value("With options").run()
    assert at.dataframe[0].value["Person", "Participant"].tolist() == [mapped.flagged]
    assert not at.exception


def test_the_example_has_something_to_talk_about(mapped: World, open_page: OpenPage) -> None:
    at = open_page("Interventions")
    at.button[0].click().run()
    assert at.query_params["participant"] == mapped.flagged


@pytest.mark.parametrize(
    ("who", "said"), [("flagged", "can be moved by **8 points**"), ("certain", "No realistic change alters")]
)
def test_interventions_begin_with_what_the_map_says(
    mapped: World, open_page: OpenPage, who: str, said: str
) -> None:
    at = open_page("Interventions", cohort="small", participant=getattr(mapped, who))
    assert said in page_text(at) and not at.exception


def test_who_can_only_cross_unreliably_is_not_told_that_nothing_can_be_done(
    mapped: World, open_page: OpenPage
) -> None:
    frame = cohort_map.read(mapped.cohort).frame
    assert frame is not None
    frame.loc[frame["participant_id"] == mapped.certain, "cross"] = "fragile"
    at = open_page("Interventions", cohort="small", participant=mapped.certain)
    text = page_text(at)
    assert "finds changes that would alter this prediction, but none to be relied on" in text
    assert "No realistic change" not in text
    listed = open_page("Participants").dataframe[0].value
    said = listed.set_index(("Person", "Participant"))["Work list", "Options"]
    assert said[mapped.certain] == "fragile"


def test_without_a_map_the_riskiest_stand_first() -> None:
    risks, rank = np.array([0.2, 0.9, 0.5, 0.6]), np.array([0, 2, 1, 1])
    assert in_order(risks, None).tolist() == [1, 3, 2, 0]
    assert in_order(risks, rank).tolist() == [0, 3, 2, 1]


def test_the_words_of_a_line() -> None:
    assert phrase("solid", "solid", 30.0) == "solid"
    assert phrase("fragile", "fragile", 1.24) == "lowers by 1.2, fragile"
    assert phrase("proven none", "solid", 7.6, desired=1) == "raises by 8"
    assert phrase("none found", "none found", 0.0) == "none"
    assert phrase("fragile", "none found", 0.0) == "fragile", "it alters the prediction, if not reliably"
