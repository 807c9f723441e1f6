from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.checks.sentences import sentence
from sensecf_core.queries.answer import Change
from tests.small_cohort import SCHEMA


def say(after: float, **changes: tuple[object, object]) -> str:
    edits = {name: Change.model_validate({"from": a, "to": b}) for name, (a, b) in changes.items()}
    return sentence(SCHEMA, edits, before=0.624, after=after, threshold=0.354)


def test_a_sentence_names_every_change_with_its_unit_and_the_risk() -> None:
    assert say(0.21, sleep=(5.5, 7.0), active=(0, 1), smoking=("current", "former")) == (
        "With sleep of 7.0 h/night instead of 5.5, active at leisure “yes” instead of “no” and smoking "
        "“former” instead of “current”, the model would no longer raise the flag “raised flag” "
        "(21 instead of 62 of 100)."
    )


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (0.351, "no longer raise the flag “raised flag” (just under 35"),
        (0.4, "would raise the flag “raised flag” (40"),
    ],
)
def test_a_risk_that_rounds_to_the_threshold_says_its_side(after: float, words: str) -> None:
    assert words in say(after, sugar=(120, 60))


def test_abbreviations_keep_their_capitals() -> None:
    bmi = SCHEMA.feature("bmi").model_copy(update={"label": "HDL cholesterol"})
    schema = SCHEMA.model_validate(
        {**SCHEMA.model_dump(), "features": [bmi.model_dump()], "rules": [], "couplings": []}
    )
    change = Change.model_validate({"from": 41.0, "to": 50.0})
    assert "With HDL cholesterol of" in sentence(
        schema, {"bmi": change}, before=0.6, after=0.2, threshold=0.3
    )
