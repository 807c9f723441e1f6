"""Where nothing crosses, the page says the gap, and one press lifts one limit and asks again."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.checks.sentences import risk, risk_beside
from sensecf_core.counterfactuals.explain import query_of
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.feasibility.ask import look
from sensecf_core.counterfactuals.feasibility.cohort_map import FeasibilityMap
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.answer import BindingLimit, Feasibility
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from sensecf_core.ui.common import data
from sensecf_core.ui.interventions import answer as intervention_answer, lifting
from tests.app.conftest import OpenPage, World, page_text, with_fields
from tests.app.test_interventions import answered, generate
from tests.small_cohort import SCHEMA


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker) -> ModelWorker:
    return worker


@pytest.fixture(scope="module")
def whole(trained: World) -> FittedCohort:
    return FittedCohort.fit(trained.cohort, trained.classifier)


def someone(
    whole: FittedCohort, wanted: Callable[[Feasibility], bool], **limits: object
) -> tuple[ExplainRequest, Feasibility]:
    """A request about the first flagged person, from the line up, of whom the search says what is wanted."""
    risks = whole.classifier.predict_proba(whole.cohort.rows)
    for place in risks.argsort():
        if risks[place] < whole.classifier.threshold:
            continue
        person = str(whole.cohort.rows.index[place][0])
        asked = ExplainRequest.model_validate(
            {"cohort": "small", "participant_id": person, "method": "random", "candidates": 64, **limits}
        )
        found = look(whole, query_of(whole, asked), Budget(whole.classifier))
        if wanted(found):
            return asked, found
    pytest.fail("nobody is so")


def held_by(kind: str) -> Callable[[Feasibility], bool]:
    return lambda found: kind in {limit.kind for limit in found.binding_limits}


def nothing_crosses(found: Feasibility) -> bool:
    return found.cross in ("proven none", "none found")


def test_one_press_lifts_just_that_limit_and_asks(
    world: World, open_page: OpenPage, whole: FittedCohort
) -> None:
    frozen = ("waist", "sugar", "sleep")
    asked, found = someone(whole, lambda f: f.cross == "proven none" and held_by("frozen")(f), frozen=frozen)
    shown = lifting.offered(found.binding_limits)
    number, limit = next((n, b) for n, b in enumerate(shown) if b.kind == "frozen")
    (feature,) = limit.features
    at = with_fields(open_page("Interventions", cohort="small", participant=asked.participant_id))
    at.selectbox(key="method").select("random").run()
    for name in frozen:
        at.checkbox(key=f"free_small_{name}").uncheck()
    at = answered(generate(at))
    before = answers.find(at.query_params["answer"])
    assert before is not None
    assert before.limits.frozen == frozen, before.limits
    assert lifting.HEADING in page_text(at) and str(lifting.gap_text(before)) in page_text(at)
    button = at.button(key=f"lift_{number}")
    assert button.label == f"Let “{SCHEMA.feature(feature).label}” move"
    button.click().run()
    assert at.checkbox(key=f"free_small_{feature}").value, "the form shows the limit lifted"
    again = answers.find(answered(at).query_params["answer"])
    assert again is not None and again.limits == limit.limits
    assert again.feasibility is not None and again.feasibility.cross in ("solid", "fragile")


def test_more_changes_are_allowed_by_a_press(world: World, open_page: OpenPage, whole: FittedCohort) -> None:
    asked, _ = someone(whole, held_by("max_changes"), max_changes=1)
    at = with_fields(open_page("Interventions", answer=answers.save(explaining.answer(whole, asked))))
    at.selectbox(key="method").select("random").run()
    next(b for b in at.button if b.label == "Allow 3 changes").click().run()
    assert at.number_input(key="ask_changes").value == 3
    again = answers.find(answered(at).query_params["answer"])
    assert again is not None and again.limits.max_changes == 3


def test_before_anything_was_asked_the_gap_and_the_limits_are_there(
    world: World, open_page: OpenPage, whole: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, found = someone(whole, nothing_crosses)
    assert found.best_probability is not None
    line = {
        "participant_id": asked.participant_id,
        "row_id": "0",
        "profile": "intervention",
        "desired": 0,
        "on_the_line": False,
        **found.model_dump(include={"cross", "lower", "reliable_reduction", "best_probability"}),
    }
    monkeypatch.setattr(cohort_map, "read", lambda _: FeasibilityMap(pd.DataFrame([line])))
    data._feasible.clear()
    at = open_page("Interventions", cohort="small", participant=asked.participant_id)
    data._feasible.clear()
    threshold = world.classifier.threshold
    said = f"best reachable {risk_beside(found.best_probability, threshold)}, line {risk(threshold)} of 100"
    assert said in page_text(at)
    expected = [lifting.label(SCHEMA, limit) for limit in lifting.offered(found.binding_limits)]
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


@pytest.mark.parametrize(
    ("found", "offered"),
    [
        (None, True),
        (Feasibility(cross="fragile", reliable_reduction=None), True),
        (Feasibility(cross="proven none", reliable_reduction=None), False),
        (Feasibility(cross="none found", reliable_reduction=1.0), False),
    ],
)
def test_what_a_search_has_tried_is_not_offered_again(
    world: World, open_page: OpenPage, whole: FittedCohort, found: Feasibility | None, offered: bool
) -> None:
    """A search that finds nothing has lifted each limit too: neither wider limits nor contrast would do."""
    asked, _ = someone(whole, nothing_crosses)
    answer = explaining.answer(whole, asked)
    limits = Limits(profile="intervention", frozen=("bmi",))
    nothing = {"status": "none", "counterfactuals": (), "feasibility": found, "limits": limits}
    at = open_page("Interventions", answer=answers.save(answer.model_copy(update=nothing)))
    text = page_text(at)
    assert ("Allow more features to move" in text) == (found is None)
    several = answer.model_copy(
        update=nothing | {"limits": Limits(profile="intervention", frozen=("bmi", "sugar"))}
    )
    assert intervention_answer.what_next(several) is not None, "both at once were not tried"
    keys = [button.key for button in at.button]
    assert any(str(key).startswith("offer_contrast") for key in keys) == offered
    assert not at.exception
