"""Tasks on real workers: none lost, none done twice, none left behind; the numbers of one machine."""

from __future__ import annotations

import _thread
import shutil
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sensecf_core.augmentation import experiment, students
from sensecf_core.augmentation.experiment import plan_experiment, run_experiment
from sensecf_core.augmentation.run_task import Cell
from sensecf_core.classifiers import hyperparameters
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation.benchmark import run as benchmark
from sensecf_core.evaluation.cluster import connect as connecting
from sensecf_core.evaluation.cluster.connect import Cluster, connect
from sensecf_core.evaluation.json_lines import read_lines
from sensecf_core.paths import ROOT
from tests.augmentation.planted import cohort
from tests.evaluation.cluster import fewer_trees
from tests.evaluation.cluster.dask_cluster import DaskCluster, scheduler, until
from tests.evaluation.cluster.tasks import deadly, slowly, squared, squared_after_a_while

TINY = "sensecf_core.errors"
"""A module whose code stands for that of a run where the run does not matter."""


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with scheduler(tmp_path_factory.mktemp("dask")) as found:
        yield found


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler may be slow where tests run beside much else."""
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 120.0)


@pytest.fixture
def two(dask: DaskCluster) -> DaskCluster:
    """The cluster with two workers, whatever the test before did to them."""
    dask.start_workers(2 - len(dask.workers), preload=fewer_trees.__name__)
    return dask


@pytest.fixture(scope="module")
def planted() -> Cohort:
    return cohort("linear", 200)


def quiet(fraction: float, message: str) -> None:
    assert 0 <= fraction <= 1
    assert message


def without_seconds(records: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key: {**record, "seconds": None} for key, record in records.items()}


def test_a_worker_is_killed_and_no_cell_is_lost_or_done_twice(
    two: DaskCluster, planted: Cohort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(students, "FOREST_TREES", fewer_trees.FOREST_TREES)
    monkeypatch.setattr(hyperparameters, "GRID", fewer_trees.GRID)
    plan = plan_experiment(planted, [Cell("C", 0.5)], ["weights"], repeats=8, seed=0)
    _, one_machine = run_experiment(planted, plan)
    expected = read_lines(plan.record_file)
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "cluster"))
    said: list[str] = []
    killed: list[tuple[str, int]] = []

    def killing(fraction: float, message: str) -> None:
        """Kill the other worker, in the middle of its cell, once one has finished a cell."""
        said.append(message)
        if "(on " in message and not killed:
            first = message.rpartition("(on ")[2].rstrip(")")
            (other,) = (address for address in two.workers if not address.endswith(first))
            killed.append((other, len(two.client.processing()[other])))
            two.kill([other])

    with connect(two.address, planted, experiment.__name__, killing) as cluster:
        assert (cluster.count, cluster.hosts) == (2, ("127.0.0.1",))
        _, summary = run_experiment(planted, plan, cluster=cluster, progress=cluster.progress)
    assert killed[0][1] >= 1
    lines = plan.record_file.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(read_lines(plan.record_file)) == 8 * len(plan.arms)
    assert without_seconds(read_lines(plan.record_file)) == without_seconds(expected)
    assert summary["results"] == one_machine["results"]
    assert said[0] == "0 of 8 repeats are there" and said[-2].startswith("8 of 8: C, 0.5 removed")

    # The same run again does nothing; one with more repeats fits only what is new.
    more = plan_experiment(planted, [Cell("C", 0.5)], ["weights"], repeats=9, seed=0)
    said.clear()
    with connect(two.address, planted, experiment.__name__, killing) as cluster:
        run_experiment(planted, plan, cluster=cluster, progress=cluster.progress)
        assert said[0] == "8 of 8 repeats are there" and not any("(on " in words for words in said)
        run_experiment(planted, more, cluster=cluster, progress=cluster.progress)
    keys = Counter(line.split('"')[3] for line in plan.record_file.read_text(encoding="utf-8").splitlines())
    assert len(keys) == 9 * len(plan.arms) and set(keys.values()) == {1}


def test_a_benchmark_has_the_numbers_of_one_machine(
    two: DaskCluster, fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(**options: Any) -> tuple[pd.DataFrame, Any]:
        return benchmark.run_benchmark(fitted, ["random"], n=3, candidates=8, timed=False, **options)

    expected, _ = run()
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "cluster"))
    said: list[str] = []
    tell = lambda fraction, message: said.append(message)  # noqa: E731
    with connect(two.address, fitted.cohort, benchmark.__name__, tell) as cluster:
        found, _ = run(jobs=cluster.count, cluster=cluster, progress=cluster.progress)
    pd.testing.assert_frame_equal(found, expected)
    workers = {message.rpartition("(on ")[2].rstrip(")") for message in said if "(on " in message}
    assert workers == {address.removeprefix("tcp://") for address in two.workers}


def test_one_worker_is_enough_and_this_process_computes_nothing(two: DaskCluster, planted: Cohort) -> None:
    two.kill(list(two.workers)[:1])
    with connect(two.address, planted, TINY, quiet) as cluster:
        found = list(cluster.map(squared, range(5)))
        assert list(cluster.map(squared, [])) == []
    assert sorted(square for square, _ in found) == [0, 1, 4, 9, 16]
    (worker,) = two.workers.values()
    assert {process for _, process in found} == {worker.pid}


def test_all_workers_die_and_the_run_waits_for_another(
    two: DaskCluster, planted: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "EMPTY_SECONDS", 0.2)
    started: list[str] = []

    def mending(fraction: float, message: str) -> None:
        if message.startswith("No worker is left") and not started:
            started.append(message)
            two.start_workers(1)

    with connect(two.address, planted, TINY, mending) as cluster:
        found = []
        for square, _ in cluster.map(squared_after_a_while, range(20)):
            if not found:
                two.kill(list(two.workers))
            found.append(square)
    assert started == [f"No worker is left at {two.address}: waiting for one"]
    assert sorted(found) == [number * number for number in range(20)]


@pytest.mark.usefixtures("interruptible")
def test_stopping_early_leaves_no_task_running(two: DaskCluster, planted: Cohort, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    with connect(two.address, planted, TINY, quiet) as cluster:
        results = cluster.map(partial(slowly, file), range(20))
        with closing(results), pytest.raises(KeyboardInterrupt):
            _interrupted(results, file, two)
    assert len(set(file.read_text().split())) == 2
    (tmp_path / "enough").touch()  # a task that runs cannot be stopped, and ends in its own time
    until(lambda: not two.busy())
    written = file.read_text()
    assert len(set(written.split())) == 2  # those that waited were never begun
    with connect(two.address, planted, TINY, quiet) as cluster:  # and the workers are as good as before
        assert len(list(cluster.map(squared, range(10)))) == 10
    assert file.read_text() == written


def _interrupted(results: Iterator[int], file: Path, dask: DaskCluster) -> None:
    """What Ctrl-C does while two tasks run."""

    def interrupt() -> None:
        until(lambda: file.exists() and len(dask.busy()) == 2)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    next(results)


def test_a_task_that_kills_its_workers_ends_the_run_with_a_sentence(planted: Cohort, tmp_path: Path) -> None:
    with scheduler(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as dask:
        dask.start_workers(1)
        with (
            connect(dask.address, planted, TINY, quiet) as cluster,
            pytest.raises(NotReadyError, match="died each time"),
        ):
            list(cluster.map(deadly, [0]))


def test_a_scheduler_that_goes_away_ends_the_run_with_a_sentence_and_its_worker(
    planted: Cohort, tmp_path: Path
) -> None:
    file = tmp_path / "lines"
    with scheduler(tmp_path) as dask:
        (address,) = dask.start_workers(1)
        with connect(dask.address, planted, TINY, quiet) as cluster:
            ending = threading.Thread(target=lambda: (until(file.exists), dask.process.kill()), daemon=True)
            ending.start()
            with pytest.raises(NotReadyError, match="went away; start it again"):
                list(cluster.map(partial(slowly, file), range(3)))
        until(lambda: dask.workers[address].poll() is not None)
    assert len(set(file.read_text().split())) == 1  # the one that ran was done once, the others never


def test_a_task_s_own_error_is_the_run_s(two: DaskCluster, planted: Cohort) -> None:
    with connect(two.address, planted, TINY, quiet) as cluster, pytest.raises(ZeroDivisionError):
        list(cluster.map(partial(divmod, 1), [0]))


@pytest.fixture(scope="module")
def other_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this program, in which one number is another."""
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(
        ROOT / "sensecf_core", folder / "sensecf_core", ignore=shutil.ignore_patterns("__pycache__")
    )
    source = folder / "sensecf_core/augmentation/experiment.py"
    text = source.read_text(encoding="utf-8")
    assert text.count("REPEATS_PER_SEED = 10_000") == 1
    source.write_text(
        text.replace("REPEATS_PER_SEED = 10_000", "REPEATS_PER_SEED = 10_001"), encoding="utf-8"
    )
    return folder


def test_a_worker_with_other_code_is_refused(two: DaskCluster, planted: Cohort, other_code: Path) -> None:
    plan = plan_experiment(planted, [Cell("C", 0.5)], ["scarce"], repeats=3, seed=0)
    with connect(two.address, planted, experiment.__name__, quiet) as cluster:
        two.kill(list(two.workers))
        (late,) = two.start_workers(1, code=other_code)
        with pytest.raises(InputError, match=f"The worker {late} runs other code of SenseCF"):
            run_experiment(planted, plan, cluster=cluster, progress=cluster.progress)
    assert read_lines(plan.record_file) == {}
    with pytest.raises(InputError, match=f"The worker {late} runs other code of SenseCF"):
        _connected(two.address, planted, experiment.__name__)
    _connected(two.address, planted, TINY)  # what differs is not what this would run
    two.kill([late])


def test_a_worker_without_the_program_is_refused(dask: DaskCluster, planted: Cohort, tmp_path: Path) -> None:
    (bare,) = dask.start_workers(1, code=tmp_path)
    with pytest.raises(InputError, match=f"The worker {bare} does not have this version of SenseCF"):
        _connected(dask.address, planted, TINY)
    dask.kill([bare])


def test_a_worker_that_does_two_tasks_at_once_is_refused(dask: DaskCluster, planted: Cohort) -> None:
    (double,) = dask.start_workers(1, threads=2)
    with pytest.raises(InputError, match="--nthreads 1"):
        _connected(dask.address, planted, TINY)
    dask.kill([double])


def test_a_scheduler_that_does_not_answer_is_one_sentence(
    planted: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 0.5)
    with socket.socket() as listening:  # takes the connection, and says nothing
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        silent = listening.getsockname()[1]
        with pytest.raises(NotReadyError, match=f"No Dask scheduler answers at tcp://127.0.0.1:{silent}"):
            _connected(f"tcp://127.0.0.1:{silent}", planted, TINY)
    with pytest.raises(NotReadyError, match="No Dask scheduler answers"):
        _connected(f"tcp://127.0.0.1:{silent}", planted, TINY)


def test_without_workers_it_says_what_it_waits_for(
    dask: DaskCluster, planted: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "WORKER_SECONDS", 1.5)
    dask.kill(list(dask.workers))
    said: list[str] = []
    with (
        pytest.raises(NotReadyError, match="has no worker, and none joined"),
        connect(dask.address, planted, TINY, lambda fraction, message: said.append(message)),
    ):
        pass
    assert said[0].startswith(f"Waiting for a worker at {dask.address}")


def _connected(address: str, planted: Cohort, module: str) -> Cluster:
    with connect(address, planted, module, quiet) as cluster:
        return cluster
