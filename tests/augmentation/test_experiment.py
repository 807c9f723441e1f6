"""Runs: planted truths, resuming, the same numbers again."""

from __future__ import annotations

from typing import Any

import pytest
from joblib import parallel_config

from sensecf_core.augmentation import experiment
from sensecf_core.augmentation.experiment import plan_experiment, run_experiment
from sensecf_core.augmentation.run_task import Cell, Record, Task
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError
from tests.augmentation.planted import QUICK, cohort
from tests.evaluation.cluster import fewer_trees


def run(planted: Cohort, cell: Cell, arms: list[str], repeats: int, **options: Any) -> dict[str, Any]:
    plan = plan_experiment(planted, [cell], arms, repeats=repeats, seed=0)
    _, summary = run_experiment(planted, plan, **options)
    found: dict[str, Any] = summary["results"][0]
    return found


@pytest.mark.usefixtures("light")
def test_labels_at_random_no_arm_gains() -> None:
    found = run(cohort("random", 400), Cell("C", 0.5), QUICK, 3)
    for name, student in found["students"].items():
        # 3 × 80 test rows: a standard error of 0.04; a leak would show as 0.7 and more.
        assert set(QUICK) <= set(student["arms"])
        for arm, one in student["arms"].items():
            assert one["means"]["auroc"] < 0.62, (name, arm)
        gains = [one["gains"]["auroc"]["mean"] for one in student["arms"].values()]
        assert sum(gains) / len(gains) < 0.03, name


@pytest.mark.usefixtures("light")
def test_prior_shift_only_the_threshold_returns_everything() -> None:
    found = run(cohort("two", 3000), Cell("A", 0.7), ["threshold", "weights"], 3)
    for name in ("trees", "ridge", "panel"):
        student = found["students"][name]
        assert student["losses"]["f1_half"]["lost"]
        assert student["losses"]["f1_half"]["mean"] > 0.08
        assert student["arms"]["threshold"]["recovery"]["f1_half"] > 0.9
        for measure in ("auroc", "f1_prevalence", "f1_tuned", "brier_corrected"):
            assert student["losses"][measure]["mean"] < 0.02, (name, measure)
            assert student["arms"]["weights"]["recovery"][measure] is None


@pytest.mark.usefixtures("light")
def test_a_linear_truth_with_few_labels_the_panel_gains() -> None:
    found = run(cohort("linear", 1500), Cell("C", 0.9), ["ridge", "panel", "search-hard", "search-panel"], 4)
    trees = found["students"]["trees"]
    assert trees["losses"]["auroc"]["lost"]
    for arm in ("ridge", "panel"):
        assert trees["arms"][arm]["gains"]["auroc"]["low"] > 0, arm
        assert trees["arms"][arm]["recovery"]["auroc"] > 0.5, arm
    assert trees["arms"]["panel"]["labels_worth"] > 100
    # The same rows harm with the label of the classifier that they were made against, not with the panel's.
    assert trees["arms"]["search-hard"]["gains"]["auroc"]["high"] < 0
    assert trees["arms"]["search-panel"]["gains"]["auroc"]["mean"] > -0.02
    # What stands in for the student is the same whoever the student is.
    assert trees["arms"]["panel"]["means"] == found["students"]["panel"]["arms"]["scarce"]["means"]


ARMS_RESUMED = ["weights", "ros"]
CELL = Cell("C", 0.5)


@pytest.mark.usefixtures("light")
def test_a_run_that_was_ended_goes_on_with_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    planted = cohort("linear", 200)
    whole = run(planted, CELL, ARMS_RESUMED, 3)
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "again"))
    calls: list[tuple[int, int]] = []
    work = experiment.run_task

    def counted(cohort: Cohort, task: Task) -> list[Record]:
        if len(calls) == 1 and task.repeat == 1:
            calls.append((-1, -1))
            raise KeyboardInterrupt
        calls.append((task.repeat, len(task.arms)))
        return work(cohort, task)

    monkeypatch.setattr(experiment, "run_task", counted)
    with pytest.raises(KeyboardInterrupt):
        run(planted, CELL, ARMS_RESUMED, 3)
    calls[1:] = [(9, 9)]
    assert run(planted, CELL, ARMS_RESUMED, 3) == whole
    assert calls == [(0, 4), (9, 9), (1, 4), (2, 4)]
    more = run(planted, CELL, [*ARMS_RESUMED, "threshold"], 3)  # only the new arm is fitted
    assert calls[4:] == [(0, 1), (1, 1), (2, 1)]
    assert more["students"]["trees"]["arms"]["ros"] == whole["students"]["trees"]["arms"]["ros"]


@pytest.mark.usefixtures("light")  # which also puts back what is set here
def test_the_numbers_are_the_same_in_any_number_of_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    fewer_trees.dask_setup(worker=None)
    planted = cohort("linear", 200)
    one = run(planted, CELL, ["smotenc", "search-panel"], 2)
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "again"))
    with parallel_config("loky", initializer=fewer_trees.dask_setup, initargs=(None,)):
        assert run(planted, CELL, ["smotenc", "search-panel"], 2, jobs=2) == one


@pytest.mark.usefixtures("light")
def test_the_same_seed_gives_the_same_numbers_and_another_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    planted = cohort("linear", 200)
    arms = ["rose", "cfa-panel", "random-hard", "search-twice-panel", "effects-panel", "real-near"]
    one = run(planted, CELL, arms, 1)
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "again"))
    assert run(planted, CELL, arms, 1) == one
    plan = plan_experiment(planted, [CELL], ["scarce"], repeats=1, seed=1)
    _, other = run_experiment(planted, plan)
    losses = [each["students"]["trees"]["losses"]["auroc"]["mean"] for each in (one, other["results"][0])]
    assert losses[0] != losses[1]


@pytest.mark.usefixtures("light")
def test_a_cell_with_too_few_rows_is_refused_and_the_others_are_run() -> None:
    planted = cohort("linear", 200)
    plan = plan_experiment(planted, [Cell("A", 0.98), CELL], ["scarce"], repeats=1, seed=0)
    frame, summary = run_experiment(planted, plan)
    refused, there = summary["results"]
    assert refused["repeats"] == 0 and "leaves" in refused["refused"][0]
    assert there["repeats"] == 1 and not there["refused"]
    assert set(frame["student"]) == {"trees", "ridge", "forest", "panel"}
    assert set(frame["arm"]) == {"scarce", "full"}


def test_a_share_must_leave_something() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        plan_experiment(cohort("linear", 200), [Cell("A", 1.0)], ["all"], repeats=1, seed=0)
