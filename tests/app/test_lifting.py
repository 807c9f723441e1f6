"""Where nothing crosses, the page says the gap, and one press lifts one limit and asks again."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.checks.sentences import risk
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.feasibility.cohort_map import FeasibilityMap
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.answer import Answer, BindingLimit
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.ui.common import data
from sensecf_core.ui.interventions import lifting
from tests.app.conftest import OpenPage, World, page_text
from tests.app.test_interventions import answered, generate
from tests.small_cohort import SCHEMA


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker) -> ModelWorker:
    return worker


@pytest.fixture(scope="module")
def whole(trained: World) -> FittedCohort:
    return FittedCohort.fit(trained.cohort, trained.classifier)


def someone(whole: FittedCohort, wanted: Callable[[Answer], bool], **limits: object) -> Answer:
    """The answer to a flagged person for whom ``wanted`` holds."""
    risks = whole.classifier.predict_proba(whole.cohort.rows)
    for place in (-risks).argsort():
        if risks[place] < whole.classifier.threshold:
            break
        asked = ExplainRequest.model_validate(
            {
                "cohort": "small",
                "participant_id": str(whole.cohort.rows.index[place][0]),
                "method": "random",
                "candidates": 64,
                **limits,
            }
        )
        found = explaining.answer(whole, asked)
        if wanted(found):
            return found
    pytest.fail("nobody is so")


def held_by_one_frozen(found: Answer) -> bool:
    return found.feasibility is not None and "frozen" in {b.kind for b in found.feasibility.binding_limits}


def test_one_press_lifts_just_that_limit_and_asks(
    world: World, open_page: OpenPage, whole: FittedCohort
) -> None:
    frozen = ("waist", "sugar", "sleep", "smoking")
    found = someone(whole, held_by_one_frozen, frozen=frozen, goal="cross")
    assert found.feasibility is not None
    shown = lifting.offered(found.feasibility.binding_limits)
    number, limit = next((n, b) for n, b in enumerate(shown) if b.kind == "frozen")
    (feature,) = limit.features
    at = open_page("Interventions", cohort="small", participant=found.participant_id)
    at.selectbox(key="method").select("random").run()
    for name in frozen:
        at.checkbox(key=f"free_small_{name}").uncheck()
    at = answered(generate(at))
    text = page_text(at)
    assert lifting.HEADING in text
    assert lifting.gap_text(found) is not None and str(lifting.gap_text(found)) in text
    button = at.button(key=f"lift_{number}")
    assert button.label == f"Let “{SCHEMA.feature(feature).label}” move"
    button.click().run()
    assert at.checkbox(key=f"free_small_{feature}").value, "the form shows the limit lifted"
    again = answers.find(answered(at).query_params["answer"])
    assert again is not None and again.limits == limit.limits
    assert again.feasibility is not None and again.feasibility.cross in ("solid", "fragile")


def test_more_changes_and_all_of_a_profile_are_lifted_too(
    world: World, open_page: OpenPage, whole: FittedCohort
) -> None:
    def by_changes(found: Answer) -> bool:
        held = () if found.feasibility is None else found.feasibility.binding_limits
        return "max_changes" in {limit.kind for limit in held}

    found = someone(whole, by_changes, max_changes=1)
    at = open_page("Interventions", answer=answers.save(found))
    at.selectbox(key="method").select("random").run()
    press = next(b for b in at.button if b.label == "Allow 3 changes")
    press.click().run()
    assert at.number_input(key="ask_changes").value == 3
    again = answers.find(answered(at).query_params["answer"])
    assert again is not None and again.limits.max_changes == 3


def test_before_anything_was_asked_the_gap_and_the_limits_are_there(
    world: World, open_page: OpenPage, whole: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_crosses(found: Answer) -> bool:
        return found.feasibility is not None and found.feasibility.cross in ("proven none", "none found")

    found = someone(whole, nothing_crosses)
    assert found.feasibility is not None and found.feasibility.best_probability is not None
    line = {
        "participant_id": found.participant_id,
        "row_id": "0",
        "profile": "intervention",
        "desired": 0,
        "on_the_line": False,
        **found.feasibility.model_dump(include={"cross", "lower", "reliable_reduction", "best_probability"}),
    }
    monkeypatch.setattr(cohort_map, "read", lambda _: FeasibilityMap(pd.DataFrame([line])))
    data._feasible.clear()
    at = open_page("Interventions", cohort="small", participant=found.participant_id)
    data._feasible.clear()
    best, threshold = risk(found.feasibility.best_probability), risk(world.classifier.threshold)
    assert f"best reachable {best}, line {threshold} of 100" in page_text(at)
    expected = [lifting.label(SCHEMA, limit) for limit in lifting.offered(found.feasibility.binding_limits)]
    assert [b.label for b in at.button if (b.key or "").startswith("lift_")] == expected


def test_labels_say_what_a_press_does() -> None:
    def limit(kind: str, *features: str, **limits: object) -> BindingLimit:
        asked = Limits.model_validate({"profile": "intervention", **limits})
        return BindingLimit.model_validate({"kind": kind, "features": features, "text": "t", "limits": asked})

    said = (
        (limit("frozen", "bmi"), "Let “Body mass index” move"),
        (limit("range", "bmi"), "Free the range of “Body mass index”"),
        (limit("levels", "smoking"), "Allow every level of “Smoking”"),
        (limit("max_changes", max_changes=5), "Allow 5 changes"),
        (limit("profile"), "Let clinical values follow too"),
        (limit("profile", profile="contrast"), lifting.EXPLANATION),
        (limit("reference_range", "sugar"), f"Move “{SCHEMA.feature('sugar').label}” further"),
        (limit("reference_range", "bmi", "sugar"), lifting.ALL_REFERENCES),
    )
    assert [lifting.label(SCHEMA, one) for one, _ in said] == [text for _, text in said]
    too_many = limit("max_changes", max_changes=8)
    order = lifting.offered((limit("profile", profile="contrast"), too_many, *(one for one, _ in said)))
    assert too_many not in order and len(order) == len(said) + 1
    assert [each.limits.profile for each in order[-2:]] == ["contrast", "contrast"]
