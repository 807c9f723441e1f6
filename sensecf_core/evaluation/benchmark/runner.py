"""Runs the tasks of a benchmark: records are kept as JSON lines, and only missing ones are made.

Methods without a language model may run in several processes, which end with this one, or on a cluster.
Language models run in this one, one query at a time: they use all cores by themselves, and what they sample
depends on the number of threads. What is proven to have no answer is not put to methods that would spend most
of a benchmark's hours on it (:attr:`~sensecf_core.evaluation.benchmark.entries.Entry.slow_when_infeasible`):
no answer could be right. The timed pass runs in this process too, with nothing beside it, and asks
everything: a visitor who asks does not know either.
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
from sensecf_core.evaluation.spreading import Workers, spread
from sensecf_core.types import Progress

RunTask = Callable[[Task], Record]


def run(
    tasks: Sequence[Task],
    record_file: Callable[[Task], Path],
    work: RunTask,
    progress: Progress,
    *,
    jobs: int = 1,
    cluster: Workers | None = None,
) -> dict[str, Record]:
    """Do the tasks that have no record yet; return the records of all by key, in the order of the tasks.

    ``record_file`` gives the file (JSON lines) with a task's record. ``work`` must be picklable where
    ``jobs`` is above 1 or there is a ``cluster`` (``jobs`` is then the number of its workers). ``progress``
    is called with the share of the *time* that has passed (0 to 1), estimated from how long each method took
    so far.
    """
    records: dict[str, Record] = {}
    for path in dict.fromkeys(map(record_file, tasks)):
        records |= read_lines(path)
    missing = [task for task in tasks if task.key not in records]
    clock = _Clock(Counter(task.label for task in missing))
    finished = len(tasks) - len(missing)
    parallel = [task for task in missing if not task.alone]
    for results in (
        _in_processes((task for task in parallel if task.entry is None), work, jobs, cluster),
        _in_processes(
            (_informed(task, records) for task in parallel if task.entry is not None), work, jobs, cluster
        ),
        _one_by_one(
            (_informed(task, records) for task in missing if task.alone and task.kind != "timed"), work
        ),
        _timed([task for task in missing if task.kind == "timed"], work),
    ):
        for task, record, seconds in results:
            records[task.key] = {"key": task.key, **record}
            append_line(record_file(task), records[task.key])
            finished += 1
            fraction = clock.after(task, seconds, 1 if task.alone else jobs)
            progress(fraction, f"{finished} of {len(tasks)}: {task.label}, {task.direction.label}")
    return {task.key: records[task.key] for task in tasks}


def _in_processes(
    waiting: Iterable[Task], work: RunTask, jobs: int, cluster: Workers | None
) -> Iterator[tuple[Task, Record, float]]:
    """Results as they are ready, so that a kill loses no more than what is under way."""
    tasks = list(waiting)
    if (jobs == 1 and cluster is None) or not tasks:
        yield from _one_by_one(tasks, work)
        return
    with closing(spread(partial(_numbered, work), list(enumerate(tasks)), jobs, cluster)) as results:
        for number, record, seconds in results:
            yield tasks[number], record, seconds


def _numbered(work: RunTask, numbered: tuple[int, Task]) -> tuple[int, Record, float]:
    number, task = numbered
    return number, *_with_time(work, task)


def _informed(task: Task, records: Mapping[str, Record]) -> Task:
    """The task, marked infeasible where a slow method would search for what is proven not to exist."""
    if task.entry is None or not task.entry.slow_when_infeasible:
        return task
    crossing = replace(task, direction=replace(task.direction, goal="cross"))
    looks_for = crossing if task.entry.crosses_only else task
    return replace(task, infeasible=records.get(looks_for.about_key, {}).get("proven") is False)


def _one_by_one(tasks: Iterable[Task], work: RunTask) -> Iterator[tuple[Task, Record, float]]:
    for task in tasks:
        yield task, *_with_time(work, task)


def _timed(tasks: Sequence[Task], work: RunTask) -> Iterator[tuple[Task, Record, float]]:
    """Time method by method; the first answer of each loads and fits things and is thrown away."""
    by_method: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_method[task.label].append(task)
    for group in by_method.values():
        work(group[0])
        yield from _one_by_one(group, work)


def _with_time(work: RunTask, task: Task) -> tuple[Record, float]:
    started = perf_counter()
    record = work(task)
    return record, perf_counter() - started


@dataclass
class _Clock:
    """Estimates the time left from the mean of each method (one without times: the mean of the others)."""

    waiting: Counter[str]
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    spent: float = 0.0

    def after(self, task: Task, seconds: float, jobs: int) -> float:
        """Note one finished task; return the share of all time that has passed."""
        name = task.label
        self.waiting[name] -= 1
        self.seconds[name].append(seconds / jobs)
        self.spent += seconds / jobs
        means = {name: sum(times) / len(times) for name, times in self.seconds.items()}
        usual = sum(means.values()) / len(means)
        ahead = sum(count * means.get(name, usual) for name, count in self.waiting.items())
        return self.spent / (self.spent + ahead) if self.spent + ahead > 0 else 1.0
