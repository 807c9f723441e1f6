"""How far behaviours alone reach, on the small cohort."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sensecf_core.classifiers import store
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.baselines.exact_distance import OptimalityProof
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.evaluation import behaviour_reach
from sensecf_core.evaluation.sampling import sample_rows
from sensecf_core.paths import ROOT
from sensecf_core.queries.limits import Limits


@pytest.fixture(scope="module")
def found(fitted: FittedCohort) -> dict[str, Any]:
    return behaviour_reach.measure(fitted)


def free(fitted: FittedCohort, n: int) -> list[SearchSpace]:
    """Flagged test rows with everything that ``intervention`` limits let move."""
    keys = sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=n, seed=0)
    limits = Limits(profile="intervention", max_changes=10)
    return [SearchSpace.of(fitted.schema, query) for query in make_queries(fitted, keys, 0, limits)]


def test_every_flagged_test_row_is_asked_about(fitted: FittedCohort, found: dict[str, Any]) -> None:
    flagged = sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=0, seed=0)
    assert found["rows"] == len(flagged) and 0 < found["flipped"] <= found["rows"]
    assert found["flipped"] + found["proven_impossible"] <= found["rows"]
    assert found["share"]["value"] == pytest.approx(found["flipped"] / found["rows"])
    assert found["share"]["low"] < found["share"]["value"] < found["share"]["high"]
    roles = {fitted.schema.feature(name).role for name in found["behaviours"]}
    assert roles == {"behaviour"}


def test_a_flip_that_only_the_exact_search_finds_counts(
    fitted: FittedCohort, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A descent that goes nowhere leaves every row to the exact search."""
    stuck = lambda fitted, space: float(fitted.classifier.probability_of_codes(space.factual[None])[0])  # noqa: E731
    monkeypatch.setattr(behaviour_reach, "furthest", stuck)
    proofs = iter([OptimalityProof(distance=0.1), OptimalityProof(impossible=True)])
    monkeypatch.setattr(behaviour_reach, "prove", lambda fitted, space: next(proofs, OptimalityProof()))
    again = behaviour_reach.measure(fitted)
    assert (again["flipped"], again["proven_impossible"]) == (1, 1)
    assert again["share"]["value"] == pytest.approx(1 / found["rows"])


def test_the_change_of_the_risk_is_towards_the_desired_class(found: dict[str, Any]) -> None:
    change = found["reduction"]
    assert 0 <= change["lower_quartile"] <= change["median"] <= change["upper_quartile"] <= change["largest"]
    assert 0 < change["largest"] < 100


def test_the_descent_goes_at_least_as_far_as_every_single_change(fitted: FittedCohort) -> None:
    for space in free(fitted, 5):
        rows = []
        for position, values in space.values.items():
            for value in values:
                rows.append(np.where(np.arange(len(space.factual)) == position, value, space.factual))
        tried = np.array(rows)
        tried = tried[~violations(fitted.schema, space.factual, tried).any(axis=1)]
        least = fitted.classifier.probability_of_codes(tried).min()
        assert behaviour_reach.furthest(fitted, space) <= least + 1e-9


def test_features_that_a_coupling_ties_are_tried_together(fitted: FittedCohort) -> None:
    positions = fitted.schema.positions
    tied = {positions[fitted.schema.couplings[0].feature], positions[fitted.schema.couplings[0].follows]}
    space = next(one for one in free(fitted, 30) if tied <= set(one.values))
    blocks = [set(block) for block in behaviour_reach._blocks(space)]
    assert tied in blocks
    assert sum(len(block) for block in blocks) == len(set().union(*blocks))


def test_a_summary_is_read_only_for_the_same_rows_and_classifier(
    fitted: FittedCohort, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "load", lambda cohort: fitted.classifier)
    path = behaviour_reach.summary_file(fitted.cohort)
    assert ROOT / "results" not in path.parents
    assert behaviour_reach.read(fitted.cohort) is None
    path.write_text(json.dumps(found))
    assert behaviour_reach.read(fitted.cohort) == found
    other = replace(fitted.cohort, split_sha256="0" * 64)
    assert behaviour_reach.read(other) is None


def test_the_committed_summary_is_of_the_committed_classifier() -> None:
    from sensecf_core.cohorts import builtin

    cohort = builtin.load("aireadi")
    summary = behaviour_reach.read(cohort)
    assert summary is not None
    flagged = sample_rows(cohort, store.load(cohort), predicted=1, n=0, seed=0)
    assert summary["rows"] == len(flagged)
    assert summary["flipped"] + summary["proven_impossible"] == summary["rows"]
