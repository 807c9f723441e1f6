"""Methods compared on the same questions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from sensecf_core.api.arguments import at_least, profile_of, require_cohort, texts
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.in_memory import fitted_of
from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.evaluation.benchmark import entries
from sensecf_core.evaluation.benchmark.run import run_benchmark
from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.types import NO_CALLBACKS, Progress


@dataclass(frozen=True)
class BenchmarkResult:
    """What methods answered to the same questions.

    ``summary`` has everything with 95 % intervals, as JSON values: by direction, limits and goal, each row's
    measures, comparisons, and raw rates of methods that sample. ``queries`` has a line a query and row.
    """

    summary: dict[str, Any]
    queries: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row for each direction, limits, goal and method, one column a measure (its mean).

        Of each method there is the row as returned and the one after our refining; ``in_use`` marks the one
        that stands for it. What the measures mean is in ``attrs["measures"]``.
        """
        lines = [
            {
                **{name: group[name] for name in ("direction", "limits", "goal")},
                "method": row["row"],
                "in_use": row["in_use"],
                "queries": group["queries"],
                **{name: row["measures"][name]["value"] for name in MEASURES if name in row["measures"]},
            }
            for group in self.summary["groups"]
            for row in group["rows"]
        ]
        frame = pd.DataFrame(lines).dropna(axis="columns", how="all")
        frame.attrs["notice"] = DISCLAIMER_LONG
        frame.attrs["measures"] = {
            name: f"{MEASURES[name].definition} ({MEASURES[name].better} is better)"
            for name in frame.columns
            if name in MEASURES
        }
        return frame


def benchmark(
    cohort: Cohort,
    model: ClassifierLike | None = None,
    *,
    methods: Iterable[str] = ("random",),
    n: int = 20,
    seed: int = 0,
    k: int = 4,
    candidates: int = 16,
    max_changes: int = 3,
    limits: str | None = None,
    goal: Literal["all", "cross", "lower"] = "all",
    timed: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> BenchmarkResult:
    """Put the same questions to several methods and judge all answers by the same rules.

    What was answered is kept in ``var/`` under the content of cohort and model: the same call again asks only
    what is new.

    Parameters
    ----------
    methods : names as in :func:`explain`, ``lm-few-shot@NAME`` for a language model of your own, or ``all``
        that can answer here.
    n : test participants a class; 0 means all.
    limits : towards the desired class; None is the cohort's own. Away from it they are ``contrast``.
    goal : to ``cross`` the line, to ``lower`` the risk (towards the desired class), or ``all``.
    timed : answer a few questions once more, one at a time, to measure the time.
    jobs : processes for methods without a language model.

    Raises
    ------
    InputError, NotReadyError : as :func:`explain`.
    """
    require_cohort(cohort)
    at_least(0, n=n, seed=seed)
    at_least(1, k=k, candidates=candidates, max_changes=max_changes, jobs=jobs)
    wanted = texts("methods", methods)
    demanded = entries.parse(named) if (named := [m for m in wanted if m != entries.EVERYTHING]) else ()
    fitted = fitted_of(cohort, model, *(entry.method for entry in demanded))
    frame, summary = run_benchmark(
        fitted,
        wanted,
        n=n,
        limits=profile_of(limits),
        goal=goal,
        k=k,
        candidates=candidates,
        max_changes=max_changes,
        seed=seed,
        jobs=jobs,
        timed=timed,
        progress=progress or NO_CALLBACKS.progress,
    )
    return BenchmarkResult({**summary, "notice": DISCLAIMER_LONG}, frame)
