"""What is decided from measured rates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.counterfactuals.checks.grades import RANKS, grade_rows
from sensecf_core.counterfactuals.checks.refine import set_back_singly
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.fine_tuning import raw_rates as rating, self_training, validation
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_search
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import RawRates
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import Proposal
from sensecf_core.counterfactuals.proposers.tuned_prompt import GuidedPrompt
from sensecf_core.counterfactuals.search import combinations
from sensecf_core.counterfactuals.search.answers import scores_suffice
from sensecf_core.language.prompts.grammar import write_edits
from sensecf_core.queries.answer import Grade


def rates(valid: float, distinct: float, queries: int) -> RawRates:
    return RawRates(1.0, 1.0, valid, 1.0, distinct, 2.0, 0.01, 1.0, queries)


@pytest.mark.parametrize(
    ("distinct_of_twelve", "chosen"),
    [({1.0: 0.7, 0.8: 0.55, 0.6: 0.45}, 0.8), (dict.fromkeys((1.0, 0.8, 0.6), 0.3), 1.0)],
)
def test_the_temperature_is_the_best_that_still_gives_different_answers_over_all_queries(
    monkeypatch: pytest.MonkeyPatch, distinct_of_twelve: dict[float, float], chosen: float
) -> None:
    """Two queries with few answers do not outweigh twelve; where none is varied enough, the first stays."""

    def measured(*args: Any, temperature: float, **more: Any) -> dict[Any, RawRates]:
        return {
            ("intervention", 0): rates(1.0, 0.3, 2),
            ("contrast", 0): rates(1.1 - temperature / 2, distinct_of_twelve[temperature], 12),
        }

    monkeypatch.setattr(validation, "measure", measured)
    found, rows = validation.choose_temperature(None, None, None, None)  # type: ignore[arg-type]
    assert found == chosen
    assert [row["temperature"] for row in rows] == [t for t in validation.TEMPERATURES for _ in range(2)]


@pytest.fixture(scope="module")
def answered(fitted: FittedCohort) -> list[Pair]:
    """Training queries whose answers are enough by what the prompt says."""

    def enough(pair: Pair) -> bool:
        space = SearchSpace.of(fitted.schema, pair.query)
        rows = np.array([space.apply(answer) for answer in pair.answers])
        return bool(pair.answers) and bool(scores_suffice(space, rows, pair.hints).all())

    found = [pair for pair in pair_search.build(fitted, variants=0, most_rows=10) if enough(pair)]
    assert len(found) > 5
    return found


def test_what_a_round_teaches_is_enough_by_what_the_prompt_says(
    fitted: FittedCohort, answered: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given every told combination as a candidate, also such as reach the class without being enough."""

    def everything(prompt: Any, model: Any, pair: Pair, **more: Any) -> Proposal:
        space = SearchSpace.of(fitted.schema, pair.query)
        rows = combinations.combinations(space, pair.hints)
        edits = [{n: c.after for n, c in space.changes(row).items()} for row in rows]
        return Proposal(texts=tuple(write_edits(fitted.schema, one) for one in edits))

    monkeypatch.setattr(self_training, "propose", everything)
    rollouts = self_training.sample_own_answers(fitted, None, None, answered)  # type: ignore[arg-type]
    assert sum(one.accepted for one in rollouts) > 5
    for one in (one for one in rollouts if one.accepted):
        space = SearchSpace.of(fitted.schema, one.pair.query)
        rows = np.array([space.apply(answer) for answer in one.pair.answers])
        assert scores_suffice(space, rows, one.pair.hints).all()
        sets = Counter(row.tobytes() for row in space.changed(rows))
        assert max(sets.values()) == 1 and len(rows) <= self_training.ROUND_ANSWERS


@pytest.mark.parametrize("asked", ["solid", "fragile"])
def test_where_answers_are_graded_a_round_keeps_what_is_no_worse(
    fitted: FittedCohort, answered: list[Pair], monkeypatch: pytest.MonkeyPatch, asked: Grade
) -> None:
    def more_than_needed(prompt: Any, model: Any, pair: Pair, **more: Any) -> Proposal:
        item = pair.query.movable[0]
        value = to_value(fitted.schema.feature(item.feature), item.values[0])
        wider = [{item.feature: value, **one} for one in pair.answers]
        return Proposal(texts=tuple(write_edits(fitted.schema, one) for one in (*pair.answers, *wider)))

    monkeypatch.setattr(self_training, "propose", more_than_needed)
    graded = [replace(pair, grade=asked) for pair in answered]
    rollouts = self_training.sample_own_answers(fitted, None, None, graded)  # type: ignore[arg-type]
    assert any(one.accepted for one in rollouts)
    for one, pair in zip(rollouts, graded, strict=True):
        assert one.pair.grade == asked
        if not one.accepted:
            assert one.pair == pair
            continue
        problem = Problem.of(fitted, one.pair.query)
        rows = np.array([problem.space.apply(answer) for answer in one.pair.answers])
        assert all(RANKS[found] >= RANKS[asked] for found in grade_rows(problem, rows).grades)
        assert verify(problem, rows).passed.all() and len(rows) <= self_training.ROUND_ANSWERS
        source, fewer = set_back_singly(problem.space, rows)
        if len(source):  # every change is needed
            kept = verify(problem, fewer).passed
            grades = grade_rows(problem, fewer).grades
            assert not any(ok and RANKS[g] >= RANKS[asked] for ok, g in zip(kept, grades, strict=True))


def test_answers_that_are_not_solid_weigh_less(fitted: FittedCohort, answered: list[Pair]) -> None:
    class Tokenizer:
        chat_template = None

    grades: tuple[Grade | None, ...] = ("solid", "fragile", None)
    pairs = [replace(pair, grade=grade) for pair, grade in zip(answered, grades, strict=False)]
    written = self_training.training_examples(
        GuidedPrompt(fitted.schema), Tokenizer(), pairs, not_solid_weight=0.25
    )
    assert [example.weight for example in written] == [1.0, 0.25, 1.0]


def test_measuring_can_be_cancelled(
    fitted: FittedCohort, answered: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating, "propose", lambda *_, **__: Proposal(texts=()))
    validation_set = validation.ValidationSet({("intervention", 0): tuple(answered)})
    with pytest.raises(CancelledError):
        validation.choose_temperature(fitted, None, None, validation_set, lambda: True)  # type: ignore[arg-type]
