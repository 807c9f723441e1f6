"""Runs are picked up where they were killed; timing comes last and without its first answer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task, tasks
from sensecf_core.evaluation.benchmark.run_task import Record
from sensecf_core.evaluation.benchmark.runner import run
from tests.evaluation.benchmark.conftest import BOTH, OPTIONS


def into(folder: Path) -> Callable[[Task], Path]:
    return lambda task: folder / f"{task.label}.jsonl"


def quiet(fraction: float, message: str) -> None:
    assert 0 <= fraction <= 1
    assert message


def person(task: Task) -> Record:
    return {"person": task.request.participant_id, "process": os.getpid()}


def test_a_run_that_was_killed_goes_on_where_it_stopped(drawing: tuple[Task, ...], tmp_path: Path) -> None:
    asked: list[str] = []

    def until_killed(task: Task) -> Record:
        if len(asked) == 30:
            raise KeyboardInterrupt
        asked.append(task.key)
        return person(task)

    with pytest.raises(KeyboardInterrupt):
        run(drawing, into(tmp_path), until_killed, quiet)
    assert sum(len(path.read_text().splitlines()) for path in tmp_path.iterdir()) == 30
    with (tmp_path / "random.jsonl").open("a") as lines:
        lines.write('{"key": "main|random|1→0|interv')
    first = set(asked)
    asked.clear()

    def going_on(task: Task) -> Record:
        asked.append(task.key)
        return person(task)

    records = run(drawing, into(tmp_path), going_on, quiet)
    assert first.isdisjoint(asked)
    assert list(records) == [task.key for task in drawing]
    assert all(records[task.key]["person"] == task.request.participant_id for task in drawing)
    asked.clear()
    assert run(drawing, into(tmp_path), going_on, quiet) == records
    assert asked == []
    assert all(json.loads(line) for path in tmp_path.glob("*.jsonl") for line in path.open())


def test_the_timed_pass_is_last_and_its_first_answer_is_thrown_away(
    drawing: tuple[Task, ...], tmp_path: Path
) -> None:
    asked: list[Task] = []

    def noting(task: Task) -> Record:
        asked.append(task)
        return {"asked": len(asked)}

    records = run(drawing, into(tmp_path), noting, quiet)
    kinds = [task.kind for task in asked]
    assert kinds.index("timed") == len(drawing) - kinds.count("timed") + 1
    timed = [task for task in drawing if task.kind == "timed"]
    assert asked[-len(timed) - 1] == asked[-len(timed)] == timed[0]
    assert records[timed[0].key]["asked"] == len(asked) - len(timed) + 1


def test_processes_give_the_same_records_and_what_must_be_alone_stays_here(
    drawing: tuple[Task, ...], tmp_path: Path
) -> None:
    few = drawing[:6] + drawing[-2:]
    records = run(few, into(tmp_path), person, quiet, jobs=2)
    assert [records[task.key]["person"] for task in few] == [task.request.participant_id for task in few]
    here = [records[task.key]["process"] == os.getpid() for task in few]
    assert here == [False] * 6 + [True] * 2


def test_progress_grows_to_the_end(drawing: tuple[Task, ...], tmp_path: Path) -> None:
    hints: list[tuple[float, str]] = []
    run(drawing[:8], into(tmp_path), person, lambda fraction, message: hints.append((fraction, message)))
    assert len(hints) == 8
    assert hints[-1] == (1.0, "8 of 8: exact search, 1→0")


def test_more_people_and_methods_ask_only_what_is_new(
    fitted: FittedCohort, drawing: tuple[Task, ...], tmp_path: Path
) -> None:
    run(drawing, into(tmp_path), person, quiet)
    asked: list[Task] = []

    def noting(task: Task) -> Record:
        asked.append(task)
        return person(task)

    more = tasks(fitted, BOTH, [Entry("random"), Entry("treecf")], n=13, options=OPTIONS)
    assert list(run(more, into(tmp_path), noting, quiet)) == [task.key for task in more]
    known = {task.key for task in drawing}
    timed = {task.key for task in more if task.kind == "timed"}  # each method's first is asked once more
    assert {task.key for task in asked} - timed == {task.key for task in more} - known - timed


def test_methods_that_are_slow_when_infeasible_skip_what_is_proven_to_have_no_answer(
    fitted: FittedCohort, tmp_path: Path
) -> None:
    entries = [Entry("random"), Entry("dice-genetic"), Entry("lm-few-shot")]
    lowering = replace(BOTH[0], goal="lower")
    made = tasks(fitted, (*BOTH, lowering), entries, n=6, options=OPTIONS)
    hints: dict[str, bool] = {}

    def nobody(task: Task) -> bool:
        return int(task.request.participant_id[-1]) % 2 == 0

    def proving(task: Task) -> Record:
        hints[task.key] = task.infeasible
        if task.entry is None:
            return {"proven": not nobody(task) if task.direction.goal == "cross" else None}
        return {}

    run(made, into(tmp_path), proving, quiet)
    searched = [task for task in made if task.entry and task.entry.slow_when_infeasible]
    slow = [task for task in searched if task.kind != "timed" and nobody(task)]
    assert {task.direction.goal for task in slow} == {"cross", "lower"}
    # To lower a risk the genetic search looks for a crossing all the same; a language model does not.
    spared = {task.key for task in slow if task.direction.goal == "cross" or task.entry == entries[1]}
    assert {key for key, said in hints.items() if said} == spared
