"""How hard a change is, by how far it moves on the cohort's scale, and what that sorts."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.cohorts.clinical import MeaningfulChange
from sensecf_core.cohorts.domain import Domain
from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.effort import default_efforts, of_option, rank
from sensecf_core.counterfactuals.checks.option_order import in_order
from sensecf_core.queries.answer import Change, Counterfactual, Effort
from sensecf_core.queries.goal import Goal
from tests.records.made_answers import make_answer, make_counterfactual
from tests.small_cohort import SCHEMA

PEOPLE = 100


def schema(meaningful: float | None) -> Schema:
    """The small cohort's, with this smallest meaningful change of sleep."""
    change = None if meaningful is None else MeaningfulChange(value=meaningful, source="made up")
    features = [
        feature.model_copy(update={"meaningful_change": change}) if feature.name == "sleep" else feature
        for feature in SCHEMA.features
    ]
    return SCHEMA.model_copy(update={"features": tuple(features)})


def effort(
    before: Value, after: Value, meaningful: float | None = None, name: str = "sleep"
) -> Effort | None:
    """Of a change in a cohort where one person in a hundred sleeps 0.1 h more than the one before."""
    codes = np.zeros((PEOPLE, len(SCHEMA.features)))
    codes[:, SCHEMA.positions["sleep"]] = np.arange(PEOPLE) / 10
    known = schema(meaningful)
    changes = {name: Change(before=before, after=after)}
    return default_efforts(known, Domain.fit(known, codes), changes).get(name)


@pytest.mark.parametrize(
    ("after", "meaningful", "expected"),
    [
        (6.0, None, "easy"),  # passes 10 of 100 people
        (4.0, None, "easy"),
        (6.1, None, "moderate"),
        (7.5, None, "moderate"),
        (7.6, None, "hard"),
        (6.0, 0.5, "easy"),  # twice the smallest meaningful change
        (6.0, 0.4, "moderate"),
        (6.0, 0.25, "moderate"),
        (6.0, 0.2, "hard"),
        (7.6, 2.0, "hard"),  # the harder of the two counts
    ],
)
def test_the_default_is_how_far_a_value_moves(
    after: float, meaningful: float | None, expected: Effort
) -> None:
    assert effort(5.0, after, meaningful) == expected


def test_a_category_has_no_distance() -> None:
    assert effort("current", "former", name="smoking") is None
    assert effort(0, 1, name="active") is None


def test_the_hardest_change_counts_and_what_is_said_of_the_person_before_the_default() -> None:
    changes = {name: Change(before=0, after=1) for name in ("sleep", "smoking")}
    assert of_option(changes, {"sleep": "easy"}, {}) == "moderate"  # nothing is known of the other
    assert of_option(changes, {"sleep": "easy"}, {"smoking": "easy"}) == "easy"
    assert of_option(changes, {"sleep": "easy"}, {"smoking": "hard"}) == "hard"
    assert of_option(changes, {"sleep": "hard"}, {"sleep": "easy", "sugar": "hard"}) == "moderate"
    assert of_option(changes, {}, {}) is None
    assert rank("easy") < rank(None) == rank("moderate") < rank("hard")


def test_easy_options_stand_before_hard_ones_after_grade_and_number() -> None:
    def option(grade: str, level: Effort, *names: str) -> Counterfactual:
        after = len(grade) + (level == "hard")
        made = make_counterfactual(dict.fromkeys(names, (0, after)), sentence=f"{grade} {level}")
        return made.model_copy(update={"grade": grade, "effort": {names[0]: level}})

    options = (
        option("fragile", "easy", "sleep"),
        option("solid", "hard", "sleep"),
        option("solid", "easy", "sleep", "sugar"),
        option("solid", "easy", "sugar"),
    )
    answer = make_answer(counterfactuals=options)
    order = [one.sentence for _, one in in_order(SCHEMA, answer)]
    assert order == ["solid easy", "solid hard", "solid easy", "fragile easy"]
    lower = make_answer(counterfactuals=options, goal=Goal(kind="lower", asked="lower"))
    assert [one for _, one in in_order(SCHEMA, lower)] == [*options[1:], options[0]]
