"""A whole benchmark from methods to summary: what the command ``benchmark`` and a notebook start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd

from sensecf_core import provenance
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.evaluation.benchmark import availability, entries, published, run_folder, runner, summary
from sensecf_core.evaluation.benchmark.entries import EVERYTHING, Entry
from sensecf_core.evaluation.benchmark.plan import Task, tasks
from sensecf_core.evaluation.benchmark.published import Absent
from sensecf_core.evaluation.benchmark.record_keys import RecordKeys
from sensecf_core.evaluation.benchmark.run_task import (
    Bench,
    Record,
    load_bench,
    make_bench,
    run_in_process,
    run_task,
)
from sensecf_core.evaluation.benchmark.table import table
from sensecf_core.evaluation.raw_candidates.directions import (
    GOAL_CHOICES,
    GoalChoice,
    LimitsChoice,
    directions,
)
from sensecf_core.evaluation.spreading import Workers
from sensecf_core.json_safe import json_safe
from sensecf_core.types import Json, Progress


@dataclass(frozen=True)
class BenchmarkPlan:
    """What a benchmark will ask.

    Attributes
    ----------
    entries, absent : the methods that can answer here, and those that cannot, with the reason.
    tasks : every question, the timed ones last.
    keys : what decides each method's records, and where they are kept.
    n, limits, goal : as they were asked for.
    seed : draws the people, every candidate, and the bootstrap.
    """

    entries: tuple[Entry, ...]
    absent: tuple[Absent, ...]
    tasks: tuple[Task, ...]
    keys: RecordKeys
    n: int
    limits: LimitsChoice
    goal: GoalChoice
    seed: int

    @property
    def run_id(self) -> str:
        """The run's id: the same plan by the same code on the same data has the same."""
        return self.keys.run(n=self.n, limits=self.limits, goal=self.goal)


def run_benchmark(
    fitted: FittedCohort,
    methods: Sequence[str] = (EVERYTHING,),
    *,
    n: int = 100,
    limits: LimitsChoice = None,
    goal: GoalChoice = "all",
    k: int = 4,
    candidates: int = 16,
    max_changes: int = 3,
    seed: int = 0,
    jobs: int = 1,
    cluster: Workers | None = None,
    timed: bool = True,
    progress: Progress = lambda done, words: None,
) -> tuple[pd.DataFrame, Json]:
    """Ask every method the same questions in both directions, and score all answers by the same rules.

    The run is kept: one that was ended goes on where it stopped, and what a method answered in another run is
    not asked again.

    Parameters
    ----------
    methods : names, ``method@model``, or ``all``: every method that can answer here.
    n : test participants a class; 0 means all.
    limits : those towards the desired class.
    goal : ``cross``, ``lower`` (towards the desired class), or both.
    k, candidates, max_changes, seed : of every request; the seed draws the people and the bootstrap too.
    jobs : processes for methods without a language model; the numbers are the same with any.
    cluster : its workers take the place of those processes.
    timed : whether answers are timed too, one at a time at the end; a later run can add it.
    progress : called with the share of the time that has passed.

    Returns
    -------
    The table (:func:`~sensecf_core.evaluation.benchmark.table.table`), and the summary as it is written to
    ``summary.json`` in :func:`~sensecf_core.evaluation.benchmark.run_folder.own_folder` of its ``id``.

    Raises
    ------
    InputError : an unknown method or goal, none that can answer, or a test part without people.
    NotReadyError : a method that was named cannot answer here.
    """
    options = {"seed": seed, "candidates": candidates, "max_changes": max_changes, "k": k}
    plan = plan_benchmark(fitted, methods, n=n, limits=limits, goal=goal, options=options)
    return run_plan(fitted, plan, jobs=jobs, cluster=cluster, timed=timed, progress=progress)


def plan_benchmark(
    fitted: FittedCohort,
    methods: Sequence[str],
    *,
    n: int,
    limits: LimitsChoice,
    goal: GoalChoice,
    options: Mapping[str, int],
) -> BenchmarkPlan:
    """Plan a benchmark; nothing is asked yet. ``options`` are fields of every request, ``seed`` among them.

    Raises like :func:`run_benchmark`.
    """
    wanted = entries.parse(methods)
    if goal not in GOAL_CHOICES:
        raise unknown("goal", goal, GOAL_CHOICES)
    named = [name for name in methods if name != EVERYTHING]
    ready, absent = availability.ready(fitted, wanted, entries.parse(named) if named else ())
    if not ready:
        raise InputError(f"None of the methods {', '.join(methods)} can answer here.")
    planned = tasks(fitted, directions(fitted, limits, goal), ready, n=n, options=options)
    if not planned:
        raise InputError(f"The test part of {fitted.schema.name} has nobody to ask about.")
    return BenchmarkPlan(
        entries=ready,
        absent=(*absent, *published.absent(fitted.schema.name, ready)),
        tasks=planned,
        keys=RecordKeys.of(fitted, ready, options),
        n=n,
        limits=limits,
        goal=goal,
        seed=options["seed"],
    )


def run_plan(
    fitted: FittedCohort,
    plan: BenchmarkPlan,
    *,
    jobs: int,
    cluster: Workers | None,
    timed: bool,
    progress: Progress,
) -> tuple[pd.DataFrame, Json]:
    """Ask what is planned and not answered yet; see :func:`run_benchmark`."""
    folder = run_folder.own_folder(plan.run_id)
    config = run_folder.begin(folder, _config(plan, jobs))
    planned = [task for task in plan.tasks if timed or task.kind != "timed"]
    bench, work = _bench_and_work(fitted, by_name=cluster is None)
    records = runner.run(planned, plan.keys.record_file, work, progress, jobs=jobs, cluster=cluster)
    progress(0.999, "Means and intervals")
    frame = table(bench, planned, records)
    found = {
        **config,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "labels": {feature.name: feature.label for feature in fitted.schema.features},
        "groups": summary.groups(frame, bench.evaluators.plausibility, seed=plan.seed),
        "raw": summary.raw_rates(planned, records, frame, seed=plan.seed),
        "absent": [asdict(method) for method in plan.absent],
    }
    whole = dict(json_safe(found, digits=6))
    run_folder.end(folder, frame, whole)
    return frame, whole


def _config(plan: BenchmarkPlan, jobs: int) -> dict[str, Any]:
    return {
        "id": plan.run_id,
        "command": provenance.command(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "jobs": jobs,
        "n": plan.n,
        "limits": plan.limits,
        "goal": plan.goal,
        "methods": [entry.name for entry in plan.entries],
        **plan.keys.origin,
    }


def _bench_and_work(fitted: FittedCohort, *, by_name: bool) -> tuple[Bench, Callable[[Task], Record]]:
    """The bench, and what does one task.

    A process loads a cohort that it can find by its name (``by_name``); any other travels to it. All do to a
    cluster, whose workers may have another cohort of that name, or none.
    """
    name = fitted.schema.name
    try:
        known = load_fitted(name) is fitted
    except (InputError, NotReadyError):
        known = False
    if known and by_name:
        return load_bench(name), partial(run_in_process, name)
    bench = load_bench(name) if known else make_bench(fitted)
    return bench, partial(run_task, bench)
