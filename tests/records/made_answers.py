"""Answers as the program would give them for the small cohort."""

from __future__ import annotations

from typing import Any

from sensecf_core.queries.answer import (
    Answer,
    Best,
    Candidate,
    Change,
    Counterfactual,
    NearestPerson,
    Seconds,
    Trace,
)
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Driver, Factual
from sensecf_core.records import answers
from sensecf_core.records.storage.database import transaction

FACTUAL = {
    "age": 61,
    "bmi": 33.5,
    "waist": None,
    "carbohydrate": 300,
    "sugar": 140,
    "sleep": 5.5,
    "smoking": "current",
    "active": 0,
    "diet": "mixed",
    "sex": "male",
}


def make_counterfactual(
    changes: dict[str, tuple[float | str, float | str]], sentence: str = "Lower."
) -> Counterfactual:
    return Counterfactual(
        changes={name: Change(before=before, after=after) for name, (before, after) in changes.items()},
        features=FACTUAL | {name: after for name, (_, after) in changes.items()},
        probability=0.21,
        interval=(0.17, 0.26),
        second_judge_probability=0.25,
        second_judge_agrees=True,
        valid=True,
        violations=(),
        in_domain=True,
        lof_inlier=True,
        gower=0.03,
        n_changed=len(changes),
        percentiles={name: 42.5 for name, (_, after) in changes.items() if not isinstance(after, str)},
        nearest=NearestPerson(gower=0.05, participant_id="p0007"),
        similar=12,
        sentence=sentence,
    )


def make_answer(answer_id: str = "a1", **changed: Any) -> Answer:
    values: dict[str, Any] = {
        "answer_id": answer_id,
        "cohort": "small",
        "method": "lm-few-shot",
        "seed": 0,
        "created": "2026-11-22T19:00:00.000+00:00",
        "participant_id": "p0001",
        "row_id": "0",
        "status": "found",
        "reasons": ("One was found.",),
        "factual": Factual(features=FACTUAL, probability=0.63, predicted=1),
        "desired": 0,
        "limits": Limits(profile="intervention", frozen=("diet",), ranges={"bmi": (24.0, 30.0)}),
        "threshold": 0.31,
        "counterfactuals": (
            make_counterfactual({"bmi": (33.5, 30.0), "smoking": ("current", "former")}),
            make_counterfactual({"sugar": (140, 80)}),
        ),
        "best": Best(changes={"sleep": Change(before=5.5, after=7.0)}, probability=0.33),
        "trace": Trace(
            proposed=2,
            unique=2,
            readable=1,
            within_limits=1,
            valid=1,
            plausible=1,
            shown=1,
            model_rows=9,
            candidates=(
                Candidate(text="bmi = 30", edits={"bmi": 30.0}, readable=True, probability=0.4, valid=True),
                Candidate(text="nonsense", edits=None, readable=False),
            ),
        ),
        "seconds": Seconds(propose=1.2, total=1.3),
        "drivers": (Driver(feature="bmi", log_odds=0.8),),
        "prompt": "what was sent",
        "settings": {"k": 4},
        "provenance": {"commit": "abc", "cohort_sha256": "0" * 64},
    }
    return Answer(**(values | changed))


def put_in_place(answer: Answer) -> None:
    """Store an answer where another one stands, which the program never does."""
    with transaction() as database:
        database.execute("DELETE FROM answers WHERE answer_id = ?", (answer.answer_id,))
    answers.save(answer)
