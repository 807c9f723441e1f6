"""Own options: checks and grades as those of a method have, linked, refused where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.counterfactuals.by_hand.own_option import CameFrom, own_option
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records.kept_options import kept_options


@pytest.fixture(scope="module")
def asked(fitted: FittedCohort, flagged: list[str]) -> Answer:
    """An answer with options about the least certain of those who are flagged."""
    request = ExplainRequest(cohort="small", participant_id=flagged[0], method="random", candidates=64)
    found = answer(fitted, request)
    assert found.counterfactuals
    return found


def test_the_values_of_an_option_get_its_evidence_and_grade(fitted: FittedCohort, asked: Answer) -> None:
    for option in asked.counterfactuals:
        edits = {name: change.after for name, change in option.changes.items()}
        came_from = CameFrom(asked.answer_id, option.number or 0, "intervention", 0, asked.goal)
        key = (asked.participant_id, asked.row_id)
        own = own_option(fitted, key, edits, by="Dr Lee", came_from=came_from)
        (made,) = kept_options(own, None)
        if own.goal.kind == asked.goal.kind:
            apart = {"number", "second_judge_probability"}  # a mean over a batch has another last digit
            assert made.option.model_dump(exclude=apart) == option.model_dump(exclude=apart)
            second = made.option.second_judge_probability
            assert second == pytest.approx(option.second_judge_probability)
        assert made.number == 1 and made.option.grade is not None and made.option.violations == ()
        assert own.settings["came_from"] == {"answer_id": asked.answer_id, "option": option.number}
        assert own.settings["made_by"] == "Dr Lee" and own.settings["edits"] == edits
        assert own.provenance["sha256"] == asked.provenance["sha256"]
        assert (own.method, own.status, own.threshold) == ("by-hand", "found", asked.threshold)


def test_the_same_values_have_the_same_id_and_others_another(fitted: FittedCohort, asked: Answer) -> None:
    key = (asked.participant_id, asked.row_id)
    edits = {n: change.after for n, change in asked.counterfactuals[0].changes.items()}
    ids = {own_option(fitted, key, edits, by="Dr Lee").answer_id for _ in range(2)}
    assert len(ids) == 1
    assert own_option(fitted, key, edits, by="Dr Roy").answer_id not in ids


def test_limits_that_are_broken_are_kept_with_it(fitted: FittedCohort, flagged: list[str]) -> None:
    """A BMI lower than may be suggested is one's own to choose, and said."""
    own = own_option(fitted, (flagged[0], "0"), {"bmi": 18.0, "active": 1}, by="Dr Lee")
    (option,) = own.counterfactuals
    assert any("`bmi`" in text for text in option.violations) and option.grade is not None


@pytest.mark.parametrize(
    ("edits", "refusal"),
    [
        ({}, "Nothing is changed yet"),
        ({"bmi": 5.0}, "can only be 10.0 kg/m² to 80.0 kg/m², got 5.0 kg/m²"),
        ({"bmi": None}, "is empty"),
        ({"bmj": 25.0}, "Unknown feature 'bmj'; did you mean bmi"),
        ({"smoking": "formerly"}, "Unknown level of .* 'formerly'; did you mean former"),
        ({"bmi": "slim"}, "must be a number, got 'slim'"),
        ({"bmi": float("nan")}, "must be a number, got nan"),
        ({"active": 7}, "is 0 or 1, got 7"),
        ({"sugar": 690}, "cannot be together: Sugar cannot exceed carbohydrate"),
        ({"bmi": 45.0}, "do not lower the risk in nine of ten retrained models"),
    ],
)
def test_what_is_no_option_is_refused(
    edits: dict[str, float | str | None], refusal: str, fitted: FittedCohort, flagged: list[str]
) -> None:
    rows = fitted.cohort.rows
    someone = next(person for person in flagged if not rows.loc[(person, "0")].isna().any())
    assert rows.loc[(someone, "0"), "bmi"] < 45
    with pytest.raises(InputError, match=refusal):
        own_option(fitted, (someone, "0"), edits, by="Dr Lee")


def test_what_was_not_measured_cannot_be_changed(fitted: FittedCohort) -> None:
    rows = fitted.cohort.rows
    person = str(rows.index[rows["sleep"].isna()][0][0])
    with pytest.raises(InputError, match="was not measured"):
        own_option(fitted, (person, "0"), {"sleep": 8.0}, by="Dr Lee")


def test_somebody_on_the_desired_side_has_the_risk_lowered(fitted: FittedCohort) -> None:
    test = fitted.cohort.part("test")
    risk = fitted.classifier.predict_proba(test)
    below = np.flatnonzero((risk < fitted.classifier.threshold) & (test["active"] == 0).to_numpy())
    person = str(test.index[below[risk[below].argmax()]][0])
    own = own_option(fitted, (person, "0"), {"active": 1, "bmi": 20.0}, by="Dr Lee")
    assert own.goal.kind == "lower" and own.counterfactuals[0].reliable_reduction > 0  # type: ignore[operator]


def test_a_target_of_the_option_that_it_came_from_is_graded_first(
    fitted: FittedCohort, asked: Answer
) -> None:
    goal = Goal(kind="target", target=round(100 * asked.factual.probability, 1) - 1, asked="target")
    came_from = CameFrom(asked.answer_id, 1, "intervention", 0, goal)
    key = (asked.participant_id, asked.row_id)
    best = min(asked.counterfactuals, key=lambda option: option.probability)
    edits = {name: change.after for name, change in best.changes.items()}
    own = own_option(fitted, key, edits, by="Dr Lee", came_from=came_from)
    assert own.goal == goal and own.counterfactuals[0].valid
    out_of_reach = CameFrom(asked.answer_id, 1, "intervention", 0, goal.model_copy(update={"target": 0.1}))
    assert own_option(fitted, key, edits, by="Dr Lee", came_from=out_of_reach).goal.kind == "lower"


def test_what_crosses_only_just_is_refused_and_never_an_option(
    fitted: FittedCohort, flagged: list[str]
) -> None:
    """Hand changes of people near the line, in steps of half a unit: some flip the classifier by a hair."""
    refused, grades = 0, set()
    for person in flagged[:4]:
        now = fitted.cohort.rows.loc[(person, "0")]
        for name in ("bmi", "waist", "sugar"):
            for step in (0.5, 1.0, 2.0, 4.0, 8.0):
                decimals = fitted.schema.feature(name).decimals
                edits = {name: round(float(now[name]) - step * 10**-decimals * 5, decimals)}
                try:
                    own = own_option(fitted, (person, "0"), edits, by="Dr Lee")
                except InputError as error:
                    refused += "cross the line only just" in str(error)
                else:
                    grades.add(own.counterfactuals[0].grade)
    assert refused and grades and "on the line" not in grades
