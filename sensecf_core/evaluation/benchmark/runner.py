"""Doing all tasks: finished ones are kept as JSON lines, the rest is asked, with the time that is left.

Methods without a language model may run in several processes (joblib, whose backend decides where those
are), which end with this one. Language models run in this one, one query at a time: they use all cores by
themselves, and what they sample depends on the number of threads. What is proven to have no answer is not put
to methods that would spend most of a benchmark's hours on it
(:attr:`~sensecf_core.evaluation.benchmark.entries.Entry.slow_when_infeasible`): no answer could be right. The
timed pass runs in this process too, with nothing beside it, and asks everything: a visitor who asks does not
know either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.run_task import Record
from sensecf_core.evaluation.json_lines import append_line, read_lines
from sensecf_core.processes import parallel_map
from sensecf_core.types import Progress

Ask = Callable[[Task], Record]


def run(
    wanted: Sequence[Task], place: Callable[[Task], Path], ask: Ask, tell: Progress, *, jobs: int = 1
) -> dict[str, Record]:
    """Do what is not finished yet; return all wanted records by key, in the order of the tasks.

    ``place`` says in which file (JSON lines) a task's record is kept. ``ask`` must be picklable where
    ``jobs`` is above 1. ``tell`` is called with the share of the *time* that has passed (0 to 1), judged by
    how long each method took so far, and words.
    """
    kept: dict[str, Record] = {}
    for path in dict.fromkeys(map(place, wanted)):
        kept |= read_lines(path)
    missing = [task for task in wanted if task.key not in kept]
    clock = _Clock(Counter(task.label for task in missing))
    told = len(wanted) - len(missing)
    beside = [task for task in missing if not task.alone]
    for step in (
        _in_processes((task for task in beside if task.entry is None), ask, jobs),
        _in_processes((_informed(task, kept) for task in beside if task.entry is not None), ask, jobs),
        _one_by_one((_informed(task, kept) for task in missing if task.alone and task.kind != "timed"), ask),
        _timed([task for task in missing if task.kind == "timed"], ask),
    ):
        for task, record, seconds in step:
            kept[task.key] = {"key": task.key, **record}
            append_line(place(task), kept[task.key])
            told += 1
            fraction = clock.after(task, seconds, 1 if task.alone else jobs)
            tell(fraction, f"{told} of {len(wanted)}: {task.label}, {task.direction.label}")
    return {task.key: kept[task.key] for task in wanted}


def _in_processes(coming: Iterable[Task], ask: Ask, jobs: int) -> Iterator[tuple[Task, Record, float]]:
    """Whatever is finished first comes first, so that a kill loses no more than what is under way."""
    tasks = list(coming)
    if jobs == 1 or not tasks:
        yield from _one_by_one(tasks, ask)
        return
    with closing(parallel_map(partial(_numbered, ask), list(enumerate(tasks)), jobs)) as answered:
        for number, record, seconds in answered:
            yield tasks[number], record, seconds


def _numbered(ask: Ask, numbered: tuple[int, Task]) -> tuple[int, Record, float]:
    number, task = numbered
    return number, *_with_time(ask, task)


def _informed(task: Task, kept: Mapping[str, Record]) -> Task:
    """The task, with what the exact search proved of its query if the method is to know."""
    proven = kept.get(task.about_key, {}).get("proven")
    slow = task.entry is not None and task.entry.slow_when_infeasible
    return replace(task, infeasible=slow and proven is False)


def _one_by_one(tasks: Iterable[Task], ask: Ask) -> Iterator[tuple[Task, Record, float]]:
    for task in tasks:
        yield task, *_with_time(ask, task)


def _timed(tasks: Sequence[Task], ask: Ask) -> Iterator[tuple[Task, Record, float]]:
    """Time method by method; the first answer of each, which loads and fits things, is thrown away."""
    by_spec: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_spec[task.label].append(task)
    for group in by_spec.values():
        ask(group[0])
        yield from _one_by_one(group, ask)


def _with_time(ask: Ask, task: Task) -> tuple[Record, float]:
    started = perf_counter()
    record = ask(task)
    return record, perf_counter() - started


@dataclass
class _Clock:
    """Seconds left, from what each method took so far (a method not seen yet: the mean of the others)."""

    left: Counter[str]
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    spent: float = 0.0

    def after(self, task: Task, seconds: float, jobs: int) -> float:
        """Note one finished task; return the share of all time that has passed."""
        name = task.label
        self.left[name] -= 1
        self.taken[name].append(seconds / jobs)
        self.spent += seconds / jobs
        means = {name: sum(times) / len(times) for name, times in self.taken.items()}
        usual = sum(means.values()) / len(means)
        ahead = sum(count * means.get(name, usual) for name, count in self.left.items())
        return self.spent / (self.spent + ahead) if self.spent + ahead > 0 else 1.0
