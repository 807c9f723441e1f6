"""A benchmark from Python: of a fitted cohort that no command knows by name, in one process or several."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.benchmark.run import plan_benchmark, run_benchmark
from tests.evaluation.benchmark.conftest import OPTIONS
from tests.test_processes import running

ROOT = Path(__file__).resolve().parents[3]


def test_a_fitted_cohort_is_benchmarked_and_the_run_kept(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fractions: list[float] = []
    asked: dict[str, Any] = {"n": 2, "candidates": 8, "timed": False}
    frame, summary = run_benchmark(
        fitted, ["random"], **asked, progress=lambda done, _: fractions.append(done)
    )
    assert summary["cohort"] == "small" and summary["methods"] == ["random"]
    assert (summary["n"], summary["seed"], summary["candidates"]) == (2, 0, 8)
    assert len(frame) == 2 * 3 * 2  # rows of the method, directions and goals, people
    assert frame["seconds"].isna().all()
    assert fractions[-1] == 0.999 and len(fractions) == 3 * 2 * 4 + 1  # passes: query, main, seed, noise
    folder = run_folder.own_folder(summary["id"])
    kept = json.loads((folder / run_folder.SUMMARY).read_text())
    assert {**kept, "schema_version": 0} == {**summary, "schema_version": 0}
    pd.testing.assert_frame_equal(pd.read_parquet(folder / run_folder.RESULTS), frame)
    # Processes get a cohort that they cannot find by its name.
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "again"))
    pd.testing.assert_frame_equal(run_benchmark(fitted, ["random"], **asked, jobs=2)[0], frame)


def test_a_plan_has_one_id_and_asks_nothing(fitted: FittedCohort) -> None:
    def plan(**asked: Any) -> Any:
        return plan_benchmark(
            fitted, ["random"], **{"n": 2, "limits": None, "goal": "all", "options": OPTIONS, **asked}
        )

    assert plan().run_id == plan().run_id
    others = plan(n=3), plan(limits="all"), plan(goal="cross")
    assert len({plan().run_id, *(other.run_id for other in others)}) == 4
    assert not run_folder.own_folder(plan().run_id).exists()
    assert {entry.name for entry in plan().entries} == {"random"}
    with pytest.raises(InputError, match="No method is named"):
        plan_benchmark(fitted, [], n=2, limits=None, goal="all", options=OPTIONS)
    with pytest.raises(InputError, match="Unknown goal 'flip'; did you mean"):
        plan(goal="flip")


SLOW = """
import os, sys, time
from pathlib import Path
from sensecf_core import processes
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.runner import run
from sensecf_core.evaluation.raw_candidates.directions import Direction, request_of

def ask(task):
    processes.LOOK_EVERY = 0.05
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(60)

way = Direction(1, "contrast")
keys = [(str(number), "0") for number in range(4)]
tasks = [Task("main", way, Entry("random"), request_of("small", way, key)) for key in keys]
run(tasks, lambda task: Path(sys.argv[1], "records"), ask, lambda done, words: None, jobs=2)
"""


def test_workers_end_with_a_killed_benchmark(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path)], cwd=ROOT)
    try:
        give_up = time.monotonic() + 60
        while len(workers := [int(path.name) for path in tmp_path.iterdir()]) < 2:
            assert time.monotonic() < give_up and parent.poll() is None
            time.sleep(0.05)
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    give_up = time.monotonic() + 10
    while any(map(running, workers)) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not any(map(running, workers))
