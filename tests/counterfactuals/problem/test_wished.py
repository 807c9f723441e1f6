"""Wishes put into a request for a row of a real cohort."""

from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.problem.constraints import resolve_limits
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.wished import with_wishes
from sensecf_core.language.wishes.wish import read_wishes
from sensecf_core.queries.limits import Movable
from sensecf_core.queries.request import ExplainRequest


@pytest.fixture(scope="module")
def nhanes() -> FittedCohort:
    return load_fitted("nhanes")


def moves(fitted: FittedCohort, participant: str, text: str) -> dict[str, Movable]:
    """What may move once wishes are in the request, by feature."""
    request = ExplainRequest(cohort="nhanes", participant_id=participant)
    wished = with_wishes(fitted, request, read_wishes(fitted.schema, text)).request
    limits = resolve_limits(wished, fitted.cohort, fitted.domain)
    (query,) = make_queries(fitted, [(participant, "0")], 0, limits)
    return {entry.feature: entry for entry in query.movable}


def test_wishes_only_ever_narrow_what_may_move(nhanes: FittedCohort) -> None:
    """A direction lifts no reference range, and every request that comes out is a valid one."""
    people = nhanes.cohort.rows.index.get_level_values(0)[:40]
    narrowed = 0
    for person in people:
        before = moves(nhanes, person, "")
        for text in ("sleep=up; systolic=down; total_cholesterol=by 10", "sugar=down; fibre=up; pulse=keep"):
            after = moves(nhanes, person, text)
            assert set(after) <= set(before)
            for name, entry in after.items():
                assert set(entry.values) <= set(before[name].values), (person, name)
            narrowed += after != before
    assert narrowed > len(people) // 2


def test_directions_keep_every_value_of_their_side(nhanes: FittedCohort) -> None:
    person = "99616"
    now = float(nhanes.cohort.rows.loc[(person, "0")]["sleep"])
    values = moves(nhanes, person, "*limits=contrast")["sleep"].values
    assert min(values) < now < max(values)
    for text, kept in (
        ("up", [value for value in values if value > now]),
        ("down", [value for value in values if value < now]),
        ("by 1", [value for value in values if abs(value - now) <= 1]),
        ("6..8", [value for value in values if 6 <= value <= 8]),
    ):
        assert list(moves(nhanes, person, f"*limits=contrast; sleep={text}")["sleep"].values) == kept
