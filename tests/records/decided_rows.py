"""Answers about rows of the small cohort with two options each, for decisions about them."""

from __future__ import annotations

from collections.abc import Iterator

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Query
from sensecf_core.records import answers
from sensecf_core.types import Part
from tests.records.made_answers import make_answer, make_counterfactual


def save_answers(fitted: FittedCohort, part: Part, most: int) -> list[str]:
    """Store answers about different people of a part; option 1 lowers the BMI, option 2 sugar."""
    found = []
    for query in _with_both(fitted, part, most):
        values = {entry.feature: entry.values for entry in query.movable}
        factual = query.factual.features
        options = tuple(
            make_counterfactual({name: (factual[name], values[name][0])})  # type: ignore[dict-item]
            for name in ("bmi", "sugar")
        )
        answer = make_answer(
            f"of-{query.participant_id}",
            participant_id=query.participant_id,
            row_id=query.row_id,
            factual=query.factual,
            limits=query.limits,
            counterfactuals=options,
            provenance={"sha256": {"schema": fitted.schema.sha256}},
        )
        found.append(answers.save(answer))
    assert len(found) == most
    return found


def _with_both(fitted: FittedCohort, part: Part, most: int) -> Iterator[Query]:
    rows = fitted.cohort.part(part)
    keys = [(str(participant), str(row)) for participant, row in rows.index]
    asked = make_queries(fitted, keys, 0, Limits(profile="intervention"))
    both = [query for query in asked if {"bmi", "sugar"} <= {entry.feature for entry in query.movable}]
    yield from both[:most]
