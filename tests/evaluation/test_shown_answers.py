"""What people are shown when an adapter answers: shares of all who were asked about, on the card."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.evaluation.shown_answers import ShownAnswers, keep, measure_shown
from sensecf_core.language.models import adapter_choice, adapters
from sensecf_core.language.models.adapter_choice import Shown
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.models import adapter_rates
from tests.app import made_adapter
from tests.records.made_answers import make_answer, make_counterfactual


def test_shares_are_of_everybody_who_was_asked_about(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_adapter.write(fitted.cohort)
    asked: list[ExplainRequest] = []
    near, far = (
        make_counterfactual({"bmi": (31.0, 30.0)}).model_copy(update={"grade": grade, "gower": gower})
        for grade, gower in (("solid", 0.02), ("fragile", 0.06))
    )
    shown: list[tuple[Any, ...]] = [(near, far), (far, near), (), (near,)]

    def answer(_: FittedCohort, request: ExplainRequest) -> Any:
        asked.append(request)
        return make_answer(f"a{len(asked)}", counterfactuals=shown[len(asked) - 1])

    monkeypatch.setattr(explain, "answer", answer)
    found = measure_shown(fitted, n=4)
    val = fitted.cohort.part("val")
    flagged = set(val.index[fitted.classifier.predict(val) == 1])
    assert {(one.participant_id, one.row_id) for one in asked} <= flagged and len(asked) == 4
    assert {one.method for one in asked} == {"lm-guided"} and not asked[0].behaviours_too
    assert (found.shown.people, found.shown.answered, found.shown.solid) == (4, 0.75, 0.5)
    assert found.shown.gower == pytest.approx((0.02 + 0.06 + 0.02) / 3)
    keep(found)
    (adapter,) = adapters.adapters(fitted.cohort)
    assert adapter.card.shown["small"]["solid"] == 0.5 and adapter.card.shown["small"]["part"] == "val"


def test_what_an_own_cohorts_people_are_shown_by_an_adapter_for_all_stands_beside_its_own(
    fitted: FittedCohort,
) -> None:
    cohort = replace(fitted.cohort, own=True)
    made_adapter.write(cohort)
    (own,) = adapters.adapters(cohort)
    card = own.card.model_copy(update={"cohort": adapters.ANY})
    assert adapter_choice.shown_about(card, cohort) is None
    before = (own.folder / adapters.CARD).read_bytes()
    general = adapters.Adapter(own.folder, card, own=False)
    shown = Shown(
        part="val",
        people=8,
        seed=0,
        answered=0.75,
        solid=0.5,
        gower=0.02,
        classifier_sha256="c" * 64,
    )
    keep(ShownAnswers(general, cohort, shown))
    assert (own.folder / adapters.CARD).read_bytes() == before, "its card came with the program"
    told = adapter_choice.shown_about(card, cohort)
    assert told is not None and (told.solid, told.people, told.part) == (0.5, 8, "val")
    sentence = adapter_rates.shown(cohort, card, "c" * 64)
    assert sentence is not None and "50 of 100" in sentence and "8 people" in sentence
    assert adapter_rates.shown(cohort, card, "d" * 64) is None, "another classifier by now"
    worse = own.card.model_copy(update={"shown": {"small": {**told.model_dump(), "solid": 0.4}}})
    assert adapter_choice.shown_better(card, worse, cohort)
    assert not adapter_choice.shown_better(worse, card, cohort)
    assert len(adapters.adapters(cohort)) == 1, "the file beside it is no adapter"
    path = adapter_choice.own_shown(card, cohort)
    wrong = json.dumps({**told.model_dump(), "solid": None})
    for damaged in ("{", "[]", '{"solid": 1}', wrong):
        path.write_text(damaged, encoding="utf-8")
        assert adapter_choice.shown_about(card, cohort) is None


def test_an_adapter_that_does_not_answer_is_not_measured_under_anothers_name(fitted: FittedCohort) -> None:
    made_adapter.write(fitted.cohort, "first")
    made_adapter.write(fitted.cohort, "second")
    with pytest.raises(InputError, match="choose second on the page Models first"):
        measure_shown(fitted, "second", n=1)
