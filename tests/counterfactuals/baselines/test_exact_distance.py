"""The exact optimum: no counterfactual within the limits is nearer, and none is found where there is none."""

from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.baselines.exact_distance import OptimalityProof, prove
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.queries.limits import Limits
from tests.counterfactuals.every_row import by_hand


def question(fitted: FittedCohort, person: str, most: int) -> SearchSpace:
    limits = Limits(profile="intervention", max_changes=most)
    return SearchSpace.of(fitted.schema, make_queries(fitted, [(person, "0")], 0, limits)[0])


@pytest.mark.parametrize("most", [1, 2])
def test_it_is_what_trying_everything_finds(fitted: FittedCohort, flagged: list[str], most: int) -> None:
    said = []
    for person in [*flagged[:6], flagged[10], *flagged[-3:]]:
        space = question(fitted, person, most)
        kept, free = by_hand(fitted, space)
        if free is None:
            said.append("none")
            right = OptimalityProof(impossible=True)
        elif kept == free:
            said.append("proven")
            right = OptimalityProof(distance=pytest.approx(kept))
        else:
            said.append("open")
            right = (
                OptimalityProof()
            )  # the nearest row of all breaks a rule across features: it is a lower bound only
        assert prove(fitted, space) == right
    assert said.count("proven") > said.count("open")
    assert set(said) == ({"none", "proven", "open"} if most == 1 else {"none", "proven"})


def test_nothing_that_may_move_is_proof_enough(fitted: FittedCohort, flagged: list[str]) -> None:
    space = question(fitted, flagged[0], 2)
    still = SearchSpace(space.schema, space.query, space.factual, {}, space.half_step)
    assert prove(fitted, still) == OptimalityProof(impossible=True)


def test_without_time_or_nodes_nothing_is_proven(fitted: FittedCohort, flagged: list[str]) -> None:
    space = question(fitted, flagged[0], 2)
    assert prove(fitted, space, seconds=0.0) == OptimalityProof(ended="deadline")
    assert prove(fitted, space, nodes=20) == OptimalityProof(ended="budget")
