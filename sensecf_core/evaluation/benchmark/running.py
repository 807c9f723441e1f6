"""Doing all tasks: finished ones are kept as JSON lines, the rest is asked, with the time that is left.

Methods without a language model may run in several processes (joblib, whose backend decides where those
are). Language models run in this one, one query at a time: they use all cores by themselves, and what they
sample depends on the number of threads. The timed pass runs in this one too, with nothing beside it.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from sensecf_core.evaluation.benchmark.asking import Record
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.trace_table import read_lines

Ask = Callable[[Task], Record]
Tell = Callable[[float, str], None]


def run(wanted: Sequence[Task], folder: Path, ask: Ask, tell: Tell, *, jobs: int = 1) -> dict[str, Record]:
    """Do what ``folder`` does not hold yet; return all wanted records by key, in the order of the tasks.

    ``ask`` must be picklable where ``jobs`` is above 1. ``tell`` is called with the share of the *time*
    that has passed (0 to 1), judged by how long each method took so far, and words.
    """
    kept = finished(folder)
    missing = [task for task in wanted if task.key not in kept]
    clock = _Clock(Counter(task.spec.name for task in missing))
    told = len(wanted) - len(missing)
    for step in (
        _in_processes([task for task in missing if not task.alone], ask, jobs),
        _one_by_one([task for task in missing if task.alone and task.kind != "timed"], ask),
        _timed([task for task in missing if task.kind == "timed"], ask),
    ):
        for task, record, seconds in step:
            kept[task.key] = {"key": task.key, **record}
            _append(folder / _file_name(task), kept[task.key])
            told += 1
            fraction = clock.after(task, seconds, 1 if task.alone else jobs)
            tell(fraction, f"{told} of {len(wanted)}: {task.spec.name}, {task.direction.label}")
    return {task.key: kept[task.key] for task in wanted}


def finished(folder: Path) -> dict[str, Record]:
    """Every record that a run folder keeps, by key; a line cut off by a kill is left out."""
    paths = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    return {key: entry for path in paths for key, entry in read_lines(path).items()}


def _in_processes(tasks: Sequence[Task], ask: Ask, jobs: int) -> Iterator[tuple[Task, Record, float]]:
    if jobs == 1:
        yield from _one_by_one(tasks, ask)
        return
    from joblib import Parallel, delayed

    answered: Iterable[tuple[Record, float]] = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_with_time)(ask, task) for task in tasks
    )
    for task, (record, seconds) in zip(tasks, answered, strict=True):
        yield task, record, seconds


def _one_by_one(tasks: Sequence[Task], ask: Ask) -> Iterator[tuple[Task, Record, float]]:
    for task in tasks:
        yield task, *_with_time(ask, task)


def _timed(tasks: Sequence[Task], ask: Ask) -> Iterator[tuple[Task, Record, float]]:
    """Time method by method; the first answer of each, which loads and fits things, is thrown away."""
    by_spec: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_spec[task.spec.name].append(task)
    for group in by_spec.values():
        ask(group[0])
        yield from _one_by_one(group, ask)


def _with_time(ask: Ask, task: Task) -> tuple[Record, float]:
    started = perf_counter()
    record = ask(task)
    return record, perf_counter() - started


def _file_name(task: Task) -> str:
    name = "query" if task.kind == "query" else f"{task.kind}-{task.spec.name}"
    return f"{re.sub('[^a-z0-9.-]+', '-', name.lower())}.jsonl"


def _append(path: Path, record: Mapping[str, object]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


@dataclass
class _Clock:
    """Seconds left, from what each method took so far (a method not seen yet: the mean of the others)."""

    left: Counter[str]
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    spent: float = 0.0

    def after(self, task: Task, seconds: float, jobs: int) -> float:
        """Note one finished task; return the share of all time that has passed."""
        name = task.spec.name
        self.left[name] -= 1
        self.taken[name].append(seconds / jobs)
        self.spent += seconds / jobs
        means = {name: sum(times) / len(times) for name, times in self.taken.items()}
        usual = sum(means.values()) / len(means)
        ahead = sum(count * means.get(name, usual) for name, count in self.left.items())
        return self.spent / (self.spent + ahead) if self.spent + ahead > 0 else 1.0
