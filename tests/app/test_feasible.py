"""What pages make of the feasibility map: order and filter of people, the example, the first sentence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.feasibility.cohort_map import FeasibilityMap, phrase
from sensecf_core.ui.common import data
from sensecf_core.ui.participants.table import in_order
from tests.app.conftest import OpenPage, World, page_text


@pytest.fixture
def mapped(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A map in which nobody who is flagged has an option but one, the least certain of the test part."""
    cohort, classifier = world.cohort, world.classifier
    flagged = cohort.rows.index[classifier.predict(cohort.rows) == 1]
    frame = pd.DataFrame(
        [
            {
                "participant_id": person,
                "row_id": row,
                "profile": "intervention",
                "desired": 0,
                "cross": "proven none",
                "lower": "solid" if person == world.flagged else "none found",
                "reliable_reduction": 7.6 if person == world.flagged else 0.0,
                "best_probability": 0.5,
                "on_the_line": False,
            }
            for person, row in flagged
        ]
    )
    monkeypatch.setattr(cohort_map, "read", lambda _: FeasibilityMap(frame))
    data._feasible.clear()
    yield world
    data._feasible.clear()


def test_who_has_an_option_stands_first_and_can_be_filtered(mapped: World, open_page: OpenPage) -> None:
    at = open_page("Participants")
    table = at.dataframe[0].value
    assert table["", "Participant"].iloc[0] == mapped.flagged
    assert table["", "Options"].iloc[:2].tolist() == ["moves by 8 points", "none"]
    assert table["", "Risk of 100"].iloc[1:].is_monotonic_decreasing
    at.radio(key="view_small").set_value("With options").run()
    assert at.dataframe[0].value["", "Participant"].tolist() == [mapped.flagged]
    assert not at.exception


def test_the_example_has_something_to_talk_about(mapped: World, open_page: OpenPage) -> None:
    at = open_page("Interventions")
    at.button[0].click().run()
    assert (
        at.query_params["participant"] == [mapped.flagged] or at.query_params["participant"] == mapped.flagged
    )


@pytest.mark.parametrize(
    ("who", "said"), [("flagged", "can be moved by **8 points**"), ("certain", "No realistic change alters")]
)
def test_interventions_begin_with_what_the_map_says(
    mapped: World, open_page: OpenPage, who: str, said: str
) -> None:
    at = open_page("Interventions", cohort="small", participant=getattr(mapped, who))
    assert said in page_text(at) and not at.exception


def test_without_a_map_the_riskiest_stand_first() -> None:
    risks, solid = np.array([0.2, 0.9, 0.5]), np.array([True, False, True])
    assert in_order(risks, None).tolist() == [1, 2, 0]
    assert in_order(risks, solid).tolist() == [2, 0, 1]


def test_the_words_of_a_line() -> None:
    assert phrase("solid", "solid", 30.0) == "crosses solidly"
    assert phrase("fragile", "fragile", 1.24) == "moves by 1.2 points, fragile"
    assert phrase("none found", "none found", 0.0) == "none"
