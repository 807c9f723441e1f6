"""What a run asks: the same people for every method, smaller passes on the first of them."""

from __future__ import annotations

from collections import Counter

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.benchmark import plan
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task, tasks
from tests.evaluation.benchmark.conftest import BOTH, OPTIONS


def people(made: tuple[Task, ...], kind: str, method: str) -> list[tuple[str, ...]]:
    return [task.query for task in made if task.kind == kind and task.label == method]


def test_every_method_has_the_same_people_and_passes_the_first_of_them(fitted: FittedCohort) -> None:
    made = tasks(fitted, BOTH, [Entry("random"), Entry("lm-few-shot")], n=51, options=OPTIONS)
    asked = people(made, "main", "random")
    assert len(asked) == len(set(asked)) == 102
    assert people(made, "main", "lm-few-shot") == asked == people(made, "query", "exact search")

    def first(most: int) -> list[tuple[str, ...]]:
        return [query for begin in (0, 51) for query in asked[begin : begin + most]]

    for kind in ("seed", "noise"):
        again = first(plan.STABILITY_QUERIES)
        assert people(made, kind, "random") == people(made, kind, "lm-few-shot") == again
    timed = first(plan.TIMED_QUERIES // 2)
    assert people(made, "timed", "random") == people(made, "timed", "lm-few-shot") == timed
    assert people(made, "free", "lm-few-shot, no grammar") == first(plan.FREE_QUERIES // 2)
    assert {task.label for task in made if task.kind == "free"} == {"lm-few-shot, no grammar"}
    assert len({task.key for task in made}) == len(made)


def test_requests_say_what_their_pass_is_about(drawing: tuple[Task, ...]) -> None:
    assert Counter(task.kind for task in drawing) == {
        "query": 24, "main": 24, "seed": 24, "noise": 24, "timed": 20
    }  # fmt: skip
    for task in drawing:
        request = task.request
        assert request.seed == (1 if task.kind == "seed" else 0)
        assert request.desired == 1 - task.direction.predicted
        assert (request.profile, request.k, request.candidates) == (task.direction.profile, 4, 24)


def test_what_runs_with_nothing_beside_it(fitted: FittedCohort) -> None:
    made = tasks(fitted, BOTH, [Entry("random"), Entry("lm-few-shot")], n=1, options=OPTIONS)
    alone = {(task.kind, task.request.method) for task in made if task.alone}
    assert ("timed", "random") in alone and ("main", "random") not in alone
    assert {kind for kind, method in alone if method == "lm-few-shot"} == {
        "main", "seed", "noise", "free", "timed"
    }  # fmt: skip
