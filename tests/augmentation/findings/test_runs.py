"""Runs as they are found and read, and what one under way shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from sensecf_core.augmentation import experiment
from sensecf_core.augmentation.findings import runs
from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.findings.partial import partial_summary
from sensecf_core.augmentation.findings.verdict import verdict
from sensecf_core.augmentation.run_task import Cell
from sensecf_core.cli.program import app
from tests.augmentation.planted import cohort

ARMS = ["threshold", "weights", "search-panel"]


@pytest.mark.usefixtures("light")
def test_a_run_under_way_shows_its_finished_repeats_and_touches_no_record() -> None:
    planted = cohort("linear", 200)
    plan = experiment.plan_experiment(planted, [Cell("C", 0.5)], ARMS, repeats=2, seed=0)
    assert partial_summary(planted, plan).done == 0 and partial_summary(planted, plan).planned == 2
    frame, whole = experiment.run_experiment(planted, plan)
    lines = plan.record_file.read_text().splitlines(keepends=True)
    assert len(lines) == 2 * 5  # with scarce and full
    # Two repeats at the end: one line of the second is half written.
    cut = "".join(lines[:9]) + lines[9][:40]
    plan.record_file.write_text(cut)
    some = partial_summary(planted, plan)
    assert (some.done, some.planned) == (1, 2)
    assert plan.record_file.read_text() == cut
    (cell,) = some.summary["results"]
    assert cell["repeats"] == 1 and set(some.table["repeat"]) == {0}
    first = frame[frame["repeat"].eq(0) & frame["arm"].eq("full") & frame["student"].eq("trees")][
        "auroc"
    ].iloc[0]
    assert cell["students"]["trees"]["arms"]["full"]["means"]["auroc"] == pytest.approx(first, rel=1e-5)
    # One repeat has no interval: nothing can be said of it yet.
    view = CellView(cell, some.summary["titles"], "trees", "auroc")
    assert verdict(view, some.table).light == "unclear"
    plan.record_file.write_text("".join(lines))
    done = partial_summary(planted, plan)
    (at_end,) = done.summary["results"]
    assert at_end["students"] == whole["results"][0]["students"] and done.done == 2


@pytest.mark.usefixtures("light")
def test_a_run_of_this_machine_is_found_with_its_table_and_example_rows(private_var: Path) -> None:
    planted = cohort("linear", 200)
    plan = experiment.plan_experiment(planted, [Cell("C", 0.5)], ARMS, repeats=1, seed=0)
    experiment.run_experiment(planted, plan)
    (run,) = runs.runs("planted-linear")
    assert run.id == plan.run_id and run.finished and not run.committed
    assert runs.read_summary(run.folder)["id"] == plan.run_id
    table, rows = runs.read_table(run.folder), runs.read_rows(run.folder)
    assert table is not None and set(table["arm"]) == {
        "scarce",
        "threshold",
        "weights",
        "search-panel",
        "full",
    }
    assert rows is not None and {"real", "removed", "search"} == set(rows["source"])
    (run.folder / runs.ROWS).unlink()
    assert runs.read_rows(run.folder) is None
    (run.folder / "summary.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(ValueError, match="another version"):
        runs.read_summary(run.folder)


def test_the_committed_runs_can_be_read() -> None:
    for name in ("heart", "nhanes"):
        committed = [run for run in runs.runs(name) if run.committed]
        assert committed
        for run in committed:
            summary = runs.read_summary(run.folder)
            assert runs.read_table(run.folder) is not None
            for cell in summary["results"]:
                if cell["repeats"]:
                    view = CellView(cell, summary["titles"], "trees", "auroc")
                    assert view.best(["counterfactual"]) in view.arms


def test_the_command_of_a_run_is_one_that_the_program_takes() -> None:
    argv = runs.arguments("heart", scenarios=["A", "C"], removed=[0.9], arms=["weights"], repeats=3, seed=7)
    command: Any = typer.main.get_command(app)
    parsed = command.commands["augment"].make_context("augment", argv[1:]).params
    expected = {
        "cohort": "heart",
        "scenario": "A,C",
        "removed": "0.9",
        "arms": "weights",
        "repeats": 3,
        "seed": 7,
    }
    assert expected.items() <= parsed.items()
    assert runs.command("heart", scenarios=["A"]).endswith(
        "augment --cohort heart --scenario A --removed 0.5,0.9,0.95 --arms all --repeats 20 --seed 0"
    )
