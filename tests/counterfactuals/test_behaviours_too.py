"""One request under intervention limits that is also answered for behaviours alone."""

from __future__ import annotations

import json
from typing import Any

from sensecf_core.counterfactuals.explain import answer, behaviour_request
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.queries.answer import Answer, Counterfactual
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import exports
from sensecf_core.types import Callbacks
from tests.small_cohort import SCHEMA


def asked(person: str, **options: Any) -> ExplainRequest:
    request = {"cohort": "small", "participant_id": person, "method": "random", "candidates": 32}
    return ExplainRequest.model_validate({**request, "behaviours_too": True, **options})


def unnumbered(answered: Answer) -> list[Counterfactual]:
    """The counterfactuals but for their numbers, which count over both answers."""
    return [one.model_copy(update={"number": None}) for one in answered.counterfactuals]


def test_both_are_answered_as_if_each_were_asked_alone(fitted: FittedCohort, flagged: list[str]) -> None:
    for person in (flagged[0], flagged[-1]):
        both = answer(fitted, asked(person))
        assert both.behaviours is not None and both.limits.profile == "intervention"
        alone = answer(fitted, asked(person, profile="behaviour", behaviours_too=False))
        without = answer(fitted, asked(person, behaviours_too=False))
        assert unnumbered(both.behaviours) == unnumbered(alone)
        assert both.behaviours.answer_id == alone.answer_id
        assert unnumbered(both) == unnumbered(without) and without.behaviours is None
        assert both.answer_id != without.answer_id
        for option in both.behaviours.counterfactuals:
            assert {SCHEMA.feature(name).role for name in option.changes} == {"behaviour"}


def test_an_answer_survives_the_database_and_exports_both(fitted: FittedCohort, flagged: list[str]) -> None:
    both = answer(fitted, asked(flagged[0]))
    assert both.behaviours is not None
    text = json.dumps(both.model_dump(mode="json", by_alias=True))
    assert Answer.model_validate_json(text) == both
    lines = exports.answers_csv([both], {"small": SCHEMA}).splitlines()
    profiles = {line.split(",")[exports.CSV_COLUMNS.index("limits_profile")] for line in lines[1:]}
    assert profiles == {"behaviour", "intervention"}
    document = exports.document([both], {"small": SCHEMA}, candidates=False)
    assert "candidates" not in document["answers"][0]["behaviours"]["trace"]
    assert "candidates" not in both.to_dict()["behaviours"]["trace"]


def test_it_is_one_question_where_only_behaviours_or_none_may_move() -> None:
    behaviours = [f.name for f in SCHEMA.features if f.role == "behaviour"]
    clinical = [f.name for f in SCHEMA.features if f.role == "clinical"]
    assert behaviour_request(SCHEMA, asked("p", frozen=tuple(behaviours))) is None
    assert behaviour_request(SCHEMA, asked("p", frozen=tuple(clinical))) is None
    assert behaviour_request(SCHEMA, asked("p", profile="contrast")) is None
    assert behaviour_request(SCHEMA, asked("p", behaviours_too=False)) is None


def test_limits_of_clinical_values_stay_behind() -> None:
    request = asked("p", frozen=("bmi", "sleep"), ranges={"waist": (80, 90), "sugar": (50, 90)})
    alone = behaviour_request(SCHEMA, request)
    assert alone is not None and alone.profile == "behaviour" and not alone.behaviours_too
    assert alone.frozen == ("sleep",) and alone.ranges == {"sugar": (50, 90)}


def test_progress_goes_on_and_a_cancel_ends_both(fitted: FittedCohort, flagged: list[str]) -> None:
    shares: list[float] = []
    answer(fitted, asked(flagged[0]), Callbacks(lambda share, _: shares.append(share)))
    assert shares == sorted(shares) and 0.5 < shares[-1] <= 1
    stopped = answer(fitted, asked(flagged[0]), Callbacks(cancelled=lambda: True))
    assert stopped.status == "cancelled"
    assert stopped.behaviours is not None and stopped.behaviours.status == "cancelled"
