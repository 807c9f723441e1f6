"""Behaviours first, clinical values only as what would have to follow, and what is normal left alone."""

from __future__ import annotations

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.counterfactuals.checks.option_order import numbered
from sensecf_core.counterfactuals.explain import explain
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from tests.app.conftest import OpenPage, page_text, with_fields
from tests.app.test_interventions import answered, ask, generate

PERSON = {"cohort": "nhanes", "participant": "94666"}
"""Systolic 121 mmHg and total cholesterol 194 mg/dL, which is within reference."""


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker, fresh_caches: None) -> ModelWorker:
    return worker


def test_the_form_lists_behaviours_first_and_what_is_normal_last(open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", **PERSON))
    text = page_text(at)
    headings = (
        "What a person does",
        "Clinical values that would have to follow",
        "Left alone: the reference range",
    )
    assert sorted(headings, key=text.index) == list(headings)
    keys = [box.key for box in at.checkbox]
    assert keys.index("free_nhanes_sleep") < keys.index("free_nhanes_bmi")
    assert "widen_nhanes_total_cholesterol" in keys and "free_nhanes_total_cholesterol" not in keys
    assert not at.checkbox(key="widen_nhanes_total_cholesterol").value


def test_behaviours_only(open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", **PERSON))
    assert at.radio(key="profile_nhanes").options == [
        "Behaviours only",
        "Options for a person",
        "Explanation only",
    ]
    at.radio(key="profile_nhanes").set_value("behaviour").run()
    keys = {box.key for box in at.checkbox}
    assert "free_nhanes_sleep" in keys and "free_nhanes_bmi" not in keys
    answer = answers.find(ask(at).query_params["answer"])
    assert answer is not None and answer.limits.profile == "behaviour"


def test_a_normal_value_moves_once_it_is_ticked(open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", **PERSON))
    at.selectbox(key="method").select("random").run()
    at.checkbox(key="widen_nhanes_total_cholesterol").check()
    answer = answers.find(answered(generate(at)).query_params["answer"])
    assert answer is not None and answer.limits.ranges == {"total_cholesterol": (120, 300)}
    assert answer.behaviours is not None and answer.behaviours.limits.profile == "behaviour"
    assert not answer.behaviours.limits.ranges, "a limit of a clinical value is none of behaviours"


def test_a_value_that_stops_at_its_range_moves_further_once_it_is_ticked(open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", **PERSON))
    at.selectbox(key="method").select("random").run()
    assert at.checkbox(key="free_nhanes_systolic").label.endswith("121 mmHg → 116 mmHg")
    at.checkbox(key="widen_nhanes_systolic").check()
    answer = answers.find(answered(generate(at)).query_params["answer"])
    assert answer is not None and answer.limits.ranges == {"systolic": (100, 180)}


def test_a_narrowed_range_lets_nothing_move_further(open_page: OpenPage) -> None:
    at = with_fields(open_page("Interventions", **PERSON))
    at.selectbox(key="method").select("random").run()
    at.number_input(key="range_nhanes_intervention_saturated_fat_from").set_value(10.0)
    answer = answers.find(answered(generate(at)).query_params["answer"])
    assert answer is not None and answer.limits.ranges == {"saturated_fat": (22, 22)}


def test_options_of_behaviours_stand_first_and_clinical_values_are_never_something_to_do(
    open_page: OpenPage,
) -> None:
    asked = ExplainRequest(cohort="nhanes", participant_id="94666", method="random", candidates=256)
    answer = explain(asked)
    behaviours = explain(asked.model_copy(update={"profile": "behaviour"})).counterfactuals[0]
    assert "systolic" in answer.counterfactuals[0].changes and "sleep" in behaviours.changes
    both = answer.model_copy(update={"counterfactuals": (answer.counterfactuals[0], behaviours)})
    answer = numbered(builtin.read_schema("nhanes"), both)
    at = open_page("Interventions", **PERSON, answer=answers.save(answer))
    text = page_text(at)
    assert "limits have changed" not in text
    assert "If systolic blood pressure came down" in text
    assert text.index("Option 1: risk") < text.index("Option 2: risk"), "numbered as shown"
    assert text.index(behaviours.sentence) < text.index(answer.counterfactuals[0].sentence)


def test_an_answer_under_earlier_limits_says_so(open_page: OpenPage) -> None:
    answer = explain(ExplainRequest(cohort="nhanes", participant_id="94666", method="random", candidates=8))
    hashes = {name: value for name, value in answer.provenance["sha256"].items() if name != "limits"}
    earlier = answer.model_copy(update={"provenance": {**answer.provenance, "sha256": hashes}})
    at = open_page("Interventions", **PERSON, answer=answers.save(earlier))
    assert "limits have changed since this answer was made" in page_text(at)
