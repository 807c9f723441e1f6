from __future__ import annotations

import pytest

from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.checks.sentences import believed, sentence
from sensecf_core.queries.answer import Change
from sensecf_core.queries.goal import GoalKind
from tests.records.made_answers import make_counterfactual
from tests.small_cohort import SCHEMA


def say(after: float, profile: Profile = "intervention", **changes: tuple[object, object]) -> str:
    edits = {name: Change.model_validate({"from": a, "to": b}) for name, (a, b) in changes.items()}
    return sentence(SCHEMA, edits, profile=profile, before=0.624, after=after, threshold=0.354)


def test_a_sentence_names_every_change_with_its_unit_and_the_risk() -> None:
    assert say(0.21, sleep=(5.5, 7.0), active=(0, 1), smoking=("current", "former")) == (
        "With sleep of 7.0 h/night instead of 5.5, active at leisure “yes” instead of “no” and smoking "
        "“former” instead of “current”, the model would no longer raise the flag “raised flag” "
        "(21 instead of 62 of 100)."
    )


def test_what_a_person_does_comes_first_and_clinical_values_only_follow() -> None:
    changes = {"bmi": (31.0, 29.0), "waist": (102.0, 97.0), "sleep": (5.5, 7.0)}
    assert say(0.21, **changes).startswith(
        "With sleep of 7.0 h/night instead of 5.5, and if body mass index came down to 29.0 kg/m² (now 31.0) "
        "and waist came down to 97.0 cm (now 102.0), the model would no longer raise"
    )
    assert say(0.21, bmi=(31.0, 29.0)).startswith(
        "If body mass index came down to 29.0 kg/m² (now 31.0), the"
    )
    assert say(0.21, bmi=(29.0, 31.0)).startswith("If body mass index came up to 31.0 kg/m² (now 29.0), the")


def test_an_explanation_words_all_changes_alike() -> None:
    assert say(0.21, "contrast", bmi=(31.0, 29.0), sleep=(5.5, 7.0)).startswith(
        "With body mass index of 29.0 kg/m² instead of 31.0 and sleep of 7.0 h/night instead of 5.5, the"
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
        schema, {"bmi": change}, profile="contrast", before=0.6, after=0.2, threshold=0.3
    )


@pytest.mark.parametrize(
    ("goal", "votes", "said"),
    [
        ("cross", True, "; the second model agrees."),
        ("cross", False, "; the second model does not agree."),
        ("lower", True, "; the second model moves the same way."),
        ("lower", False, "; the second model does not follow."),
        ("target", True, "; the second model moves the same way."),
        ("lower", None, "in nine of ten retrained copies."),
    ],
)
def test_a_vote_of_the_second_model_is_worded_by_the_goal(
    goal: GoalKind, votes: bool | None, said: str
) -> None:
    option = make_counterfactual({"sugar": (140, 80)}).model_copy(
        update={"grade": "fragile", "reliable_reduction": 2.0, "second_agrees": votes}
    )
    assert believed(option, goal).endswith(said)
