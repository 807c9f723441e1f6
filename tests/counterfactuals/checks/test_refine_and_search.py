from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.counterfactuals.checks.graded import GradedRows
from sensecf_core.counterfactuals.checks.refine import alternatives, refine
from sensecf_core.counterfactuals.checks.select import select
from sensecf_core.counterfactuals.checks.verify import _nearer, verify
from sensecf_core.counterfactuals.problem.budget import Budget, BudgetSpentError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.queries.limits import Limits


def budget(fitted: FittedCohort, rows: int = 10**6) -> Budget:
    return Budget(fitted.classifier, rows)


def problem(fitted: FittedCohort, space: SearchSpace) -> Problem:
    return Problem(fitted, space, budget(fitted))


def drawn(fitted: FittedCohort, space: SearchSpace, n: int = 200, seed: int = 0) -> np.ndarray:
    run = ProposalRequest(n, seed, 1.0, np.inf)
    texts = RandomProposer(fitted.schema).propose(space.query, run).texts
    return np.array([space.apply(read_edits(fitted.schema, text) or {}) for text in texts])


@pytest.fixture(params=["intervention", "contrast"])
def any_space(request: pytest.FixtureRequest, fitted: FittedCohort, flagged: list[str]) -> SearchSpace:
    limits = Limits(profile=request.param)
    return SearchSpace.of(fitted.schema, make_queries(fitted, [(flagged[1], "0")], 0, limits)[0])


def test_random_draws_keep_the_limits_and_repeat_with_the_seed(
    fitted: FittedCohort, any_space: SearchSpace
) -> None:
    codes = drawn(fitted, any_space)
    changed = any_space.changed(codes)
    assert (changed.sum(axis=1) == any_space.max_changes).all()
    for position in np.flatnonzero(changed.any(axis=0)):
        assert np.isin(codes[changed[:, position], position], any_space.values[position]).all()
    assert np.array_equal(codes, drawn(fitted, any_space), equal_nan=True)
    assert not np.array_equal(codes, drawn(fitted, any_space, seed=1), equal_nan=True)


def test_refined_rows_stay_valid_and_only_shrink(fitted: FittedCohort, any_space: SearchSpace) -> None:
    raw = verify(problem(fitted, any_space), drawn(fitted, any_space))
    raw = raw.take(np.flatnonzero(raw.valid & raw.within_limits))
    assert len(raw.codes) >= 5
    after = verify(problem(fitted, any_space), refine(problem(fitted, any_space), raw.codes))
    assert after.valid.all()
    assert after.within_limits.all()
    assert (after.n_changed <= raw.n_changed).all()
    assert (after.gower <= raw.gower + 1e-12).all()
    assert after.gower.mean() < raw.gower.mean()


def test_refining_leaves_no_change_that_is_not_needed(fitted: FittedCohort, any_space: SearchSpace) -> None:
    raw = verify(problem(fitted, any_space), drawn(fitted, any_space))
    kept = raw.codes[raw.valid & raw.within_limits]
    refined = refine(problem(fitted, any_space), kept)
    for row in refined:
        for position in np.flatnonzero(any_space.changed(row[None])[0]):
            undone = row.copy()
            undone[position] = any_space.factual[position]
            verdict = verify(problem(fitted, any_space), undone[None])
            assert not (verdict.valid & verdict.within_limits).any()


def test_second_answers_do_without_the_change_that_all_shrink_to(
    fitted: FittedCohort, any_space: SearchSpace
) -> None:
    raw = verify(problem(fitted, any_space), drawn(fitted, any_space, 30, seed=2))
    kept = raw.codes[raw.valid & raw.within_limits]
    refined = refine(problem(fitted, any_space), kept)
    seconds = alternatives(problem(fitted, any_space), kept, refined)
    assert 0 < len(seconds) <= len(kept)
    checks = verify(problem(fitted, any_space), seconds)
    assert checks.valid.all()
    first = {tuple(np.flatnonzero(row)) for row in any_space.changed(refined)}
    second = {tuple(np.flatnonzero(row)) for row in any_space.changed(seconds)}
    assert second - first, "what is left over offers nothing new"


def test_verify_names_what_is_broken(fitted: FittedCohort, space: SearchSpace) -> None:
    schema = fitted.schema
    codes = np.repeat(space.factual[None], 4, axis=0)
    codes[0, schema.positions["age"]] -= 20
    codes[1, schema.positions["bmi"]] += 2
    codes[2, schema.positions["sugar"]] = space.factual[schema.positions["carbohydrate"]] + 50
    checks = verify(problem(fitted, space), codes)
    assert checks.violations[0] == ("`age` is context and may not change",)
    assert "`bmi` may only go down" in checks.violations[1]
    assert "Sugar cannot exceed carbohydrate" in checks.violations[2]
    assert checks.violations[3] == ()
    assert not checks.valid[3], "an unchanged row is no counterfactual"
    assert np.allclose(checks.probability, fitted.classifier.probability_of_codes(codes))


def test_an_unmeasured_value_may_not_be_filled_in(fitted: FittedCohort) -> None:
    sugar = fitted.cohort.rows["sugar"]
    person = str(sugar.index[sugar.isna()][0][0])
    query = make_queries(fitted, [(person, "0")], 0, Limits(profile="contrast"))[0]
    space = SearchSpace.of(fitted.schema, query)
    checks = verify(problem(fitted, space), space.apply({"sugar": 60})[None])
    assert checks.violations[0] == ("`sugar` was not measured and may not change",)


def test_a_value_outside_the_domain_may_come_nearer_to_it(fitted: FittedCohort, space: SearchSpace) -> None:
    bmi = fitted.schema.positions["bmi"]
    high = fitted.domain.high[bmi]
    far = replace(space, factual=np.where(np.arange(len(space.factual)) == bmi, high + 9, space.factual))
    codes = np.repeat(far.factual[None], 2, axis=0)
    codes[:, bmi] = high + 6, high + 12
    nearer, farther = verify(problem(fitted, far), codes).take(np.array([0, 1])).in_domain
    assert not nearer
    assert not farther
    assert _nearer(fitted, far, codes)[:, bmi].tolist() == [True, False]


def test_a_budget_in_model_rows_stops_the_work(fitted: FittedCohort, space: SearchSpace) -> None:
    small = budget(fitted, rows=50)
    with pytest.raises(BudgetSpentError, match="50 model rows"):
        verify(Problem(fitted, space, small), drawn(fitted, space, n=51))
    assert small.rows == 0


def test_selected_rows_are_distinct_and_differ_in_what_changes(
    fitted: FittedCohort, any_space: SearchSpace
) -> None:
    raw = verify(problem(fitted, any_space), drawn(fitted, any_space))
    kept = raw.take(np.flatnonzero(raw.valid & raw.within_limits))
    twice = kept.take(np.concatenate([np.arange(len(kept.codes))] * 2))
    changed = any_space.changed(twice.codes)
    chosen = select(GradedRows.of(problem(fitted, any_space), twice), changed, 4)
    assert len(chosen) == 4
    assert len(np.unique(np.nan_to_num(twice.codes[chosen]), axis=0)) == 4
    sets = {tuple(np.flatnonzero(row)) for row in changed[chosen]}
    assert len(sets) >= min(3, len({tuple(np.flatnonzero(row)) for row in changed}))


def test_search_answers_most_people_validly_and_repeats(fitted: FittedCohort, flagged: list[str]) -> None:
    queries = make_queries(fitted, [(person, "0") for person in flagged[:30]], 0, Limits(profile="contrast"))
    spaces = [SearchSpace.of(fitted.schema, query) for query in queries]
    found = search(fitted, spaces, budget(fitted))
    again = search(fitted, spaces, budget(fitted))
    assert sum(row is not None for row in found) >= 0.8 * len(found)
    for space, row, other in zip(spaces, found, again, strict=True):
        assert (row is None) == (other is None)
        if row is not None and other is not None:
            assert np.array_equal(row, other, equal_nan=True)
            verdict = verify(problem(fitted, space), row[None])
            assert verdict.valid.all()
            assert verdict.within_limits.all()


def test_a_search_margin_is_kept(fitted: FittedCohort, flagged: list[str]) -> None:
    queries = make_queries(fitted, [(person, "0") for person in flagged[:10]], 0, Limits(profile="contrast"))
    spaces = [SearchSpace.of(fitted.schema, query) for query in queries]
    found = [row for row in search(fitted, spaces, budget(fitted), margin=0.5) if row is not None]
    odds = np.log(fitted.classifier.threshold / (1 - fitted.classifier.threshold)) - 0.5
    probabilities = fitted.classifier.probability_of_codes(np.array(found))
    assert len(found) > 0
    assert (np.log(probabilities / (1 - probabilities)) < odds + 1e-9).all()
