from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.counterfactuals.checks.refine import refine, without
from sensecf_core.counterfactuals.checks.select import select
from sensecf_core.counterfactuals.checks.verify import _nearer, verify
from sensecf_core.counterfactuals.problem.budget import Budget, BudgetSpentError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.queries.limits import Limits


def meter(checker: FittedCohort, rows: int = 10**6) -> Budget:
    return Budget(checker.classifier, rows)


def drawn(checker: FittedCohort, moves: SearchSpace, n: int = 200, seed: int = 0) -> np.ndarray:
    run = ProposalRequest(n, seed, 1.0, np.inf, lambda: False, lambda done, words: None)
    texts = RandomProposer(checker.schema).propose(moves.query, run).texts
    return np.array([moves.apply(read_edits(checker.schema, text) or {}) for text in texts])


@pytest.fixture(params=["intervention", "contrast"])
def any_moves(request: pytest.FixtureRequest, checker: FittedCohort, flagged: list[str]) -> SearchSpace:
    limits = Limits(profile=request.param)
    return SearchSpace.of(checker.schema, make_queries(checker, [(flagged[1], "0")], 0, limits)[0])


def test_random_draws_keep_the_limits_and_repeat_with_the_seed(
    checker: FittedCohort, any_moves: SearchSpace
) -> None:
    codes = drawn(checker, any_moves)
    changed = any_moves.changed(codes)
    assert (changed.sum(axis=1) == any_moves.max_changes).all()
    for position in np.flatnonzero(changed.any(axis=0)):
        assert np.isin(codes[changed[:, position], position], any_moves.values[position]).all()
    assert np.array_equal(codes, drawn(checker, any_moves), equal_nan=True)
    assert not np.array_equal(codes, drawn(checker, any_moves, seed=1), equal_nan=True)


def test_refined_rows_stay_valid_and_only_shrink(checker: FittedCohort, any_moves: SearchSpace) -> None:
    raw = verify(checker, any_moves, drawn(checker, any_moves), meter(checker))
    raw = raw.take(np.flatnonzero(raw.valid & raw.within_limits))
    assert len(raw.codes) >= 5
    after = verify(checker, any_moves, refine(checker, any_moves, raw.codes, meter(checker)), meter(checker))
    assert after.valid.all()
    assert after.within_limits.all()
    assert (after.n_changed <= raw.n_changed).all()
    assert (after.gower <= raw.gower + 1e-12).all()
    assert after.gower.mean() < raw.gower.mean()


def test_refining_leaves_no_change_that_is_not_needed(checker: FittedCohort, any_moves: SearchSpace) -> None:
    raw = verify(checker, any_moves, drawn(checker, any_moves), meter(checker))
    kept = raw.codes[raw.valid & raw.within_limits]
    refined = refine(checker, any_moves, kept, meter(checker))
    for row in refined:
        for position in np.flatnonzero(any_moves.changed(row[None])[0]):
            undone = row.copy()
            undone[position] = any_moves.factual[position]
            verdict = verify(checker, any_moves, undone[None], meter(checker))
            assert not (verdict.valid & verdict.within_limits).any()


def test_second_answers_do_without_the_change_that_all_shrink_to(
    checker: FittedCohort, any_moves: SearchSpace
) -> None:
    raw = verify(checker, any_moves, drawn(checker, any_moves, 30, seed=2), meter(checker))
    kept = raw.codes[raw.valid & raw.within_limits]
    shrunk = refine(checker, any_moves, kept, meter(checker))
    seconds = without(checker, any_moves, kept, shrunk, meter(checker))
    assert 0 < len(seconds) <= len(kept)
    verdicts = verify(checker, any_moves, seconds, meter(checker))
    assert verdicts.valid.all()
    first = {tuple(np.flatnonzero(row)) for row in any_moves.changed(shrunk)}
    second = {tuple(np.flatnonzero(row)) for row in any_moves.changed(seconds)}
    assert second - first, "what is left over offers nothing new"


def test_verify_names_what_is_broken(checker: FittedCohort, moves: SearchSpace) -> None:
    schema = checker.schema
    codes = np.repeat(moves.factual[None], 4, axis=0)
    codes[0, schema.positions["age"]] -= 20
    codes[1, schema.positions["bmi"]] += 2
    codes[2, schema.positions["sugar"]] = moves.factual[schema.positions["carbohydrate"]] + 50
    verdicts = verify(checker, moves, codes, meter(checker))
    assert verdicts.violations[0] == ("`age` is context and may not change",)
    assert "`bmi` may only go down" in verdicts.violations[1]
    assert "Sugar cannot exceed carbohydrate" in verdicts.violations[2]
    assert verdicts.violations[3] == ()
    assert not verdicts.valid[3], "an unchanged row is no counterfactual"
    assert np.allclose(verdicts.probability, checker.classifier.probability_of_codes(codes))


def test_an_unmeasured_value_may_not_be_filled_in(checker: FittedCohort) -> None:
    sugar = checker.cohort.rows["sugar"]
    person = str(sugar.index[sugar.isna()][0][0])
    query = make_queries(checker, [(person, "0")], 0, Limits(profile="contrast"))[0]
    moves = SearchSpace.of(checker.schema, query)
    verdicts = verify(checker, moves, moves.apply({"sugar": 60})[None], meter(checker))
    assert verdicts.violations[0] == ("`sugar` was not measured and may not change",)


def test_a_value_outside_the_domain_may_come_nearer_to_it(checker: FittedCohort, moves: SearchSpace) -> None:
    bmi = checker.schema.positions["bmi"]
    high = checker.domain.high[bmi]
    far = replace(moves, factual=np.where(np.arange(len(moves.factual)) == bmi, high + 9, moves.factual))
    codes = np.repeat(far.factual[None], 2, axis=0)
    codes[:, bmi] = high + 6, high + 12
    nearer, farther = verify(checker, far, codes, meter(checker)).take(np.array([0, 1])).in_domain
    assert not nearer
    assert not farther
    assert _nearer(checker, far, codes)[:, bmi].tolist() == [True, False]


def test_a_budget_in_model_rows_stops_the_work(checker: FittedCohort, moves: SearchSpace) -> None:
    small = meter(checker, rows=50)
    with pytest.raises(BudgetSpentError, match="50 model rows"):
        verify(checker, moves, drawn(checker, moves, n=51), small)
    assert small.rows == 0


def test_selected_rows_are_distinct_and_differ_in_what_changes(
    checker: FittedCohort, any_moves: SearchSpace
) -> None:
    raw = verify(checker, any_moves, drawn(checker, any_moves), meter(checker))
    kept = raw.take(np.flatnonzero(raw.valid & raw.within_limits))
    twice = kept.take(np.concatenate([np.arange(len(kept.codes))] * 2))
    changed = any_moves.changed(twice.codes)
    chosen = select(twice, changed, 4)
    assert len(chosen) == 4
    assert len(np.unique(np.nan_to_num(twice.codes[chosen]), axis=0)) == 4
    sets = {tuple(np.flatnonzero(row)) for row in changed[chosen]}
    assert len(sets) >= min(3, len({tuple(np.flatnonzero(row)) for row in changed}))


def test_search_answers_most_people_validly_and_repeats(checker: FittedCohort, flagged: list[str]) -> None:
    queries = make_queries(checker, [(person, "0") for person in flagged[:30]], 0, Limits(profile="contrast"))
    moves = [SearchSpace.of(checker.schema, query) for query in queries]
    found = search(checker, moves, meter(checker))
    again = search(checker, moves, meter(checker))
    assert sum(row is not None for row in found) >= 0.8 * len(found)
    for move, row, other in zip(moves, found, again, strict=True):
        assert (row is None) == (other is None)
        if row is not None and other is not None:
            assert np.array_equal(row, other, equal_nan=True)
            verdict = verify(checker, move, row[None], meter(checker))
            assert verdict.valid.all()
            assert verdict.within_limits.all()


def test_a_search_margin_is_kept(checker: FittedCohort, flagged: list[str]) -> None:
    queries = make_queries(checker, [(person, "0") for person in flagged[:10]], 0, Limits(profile="contrast"))
    moves = [SearchSpace.of(checker.schema, query) for query in queries]
    found = [row for row in search(checker, moves, meter(checker), margin=0.5) if row is not None]
    odds = np.log(checker.classifier.threshold / (1 - checker.classifier.threshold)) - 0.5
    probabilities = checker.classifier.probability_of_codes(np.array(found))
    assert len(found) > 0
    assert (np.log(probabilities / (1 - probabilities)) < odds + 1e-9).all()
