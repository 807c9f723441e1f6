"""The page Augmentation: a quick run is started, watched, cancelled."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sensecf_core.augmentation.findings import runs
from sensecf_core.cli.program import app
from sensecf_core.jobs import job_table, subprocess_worker, worker as worker_module
from sensecf_core.jobs.job_table import JobOutcome
from sensecf_core.jobs.subprocess_worker import SubprocessWorker
from sensecf_core.ui.augmentation import quick_run
from sensecf_core.ui.jobs import background_run
from tests.app.conftest import OpenPage, World, page_text, until


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were started; nothing runs."""
    started: list[list[str]] = []
    monkeypatch.setattr(
        subprocess_worker, "start", lambda kind, argv, label: started.append([kind, *argv]) or "a-job"
    )
    return started


def test_the_form_passes_what_was_asked_to_the_command(
    world: World, open_page: OpenPage, started: list[list[str]]
) -> None:
    at = open_page("Augmentation")
    at.multiselect(key="quick_scenarios").set_value(["C"])
    at.multiselect(key="quick_removed").set_value(["0.5", "0.8"])
    at.number_input(key="quick_seed").set_value(7)
    next(b for b in at.button if b.label == "Start the quick run").click().run()
    assert not at.exception
    ((kind, *argv),) = started
    command, options = argv[0], argv[1:]  # the parser empties the latter
    program: Any = typer.main.get_command(app)
    parsed = program.commands[command].make_context(command, options).params
    expected = {
        "cohort": "small", "scenario": "C", "removed": "0.5,0.8", "repeats": 3, "seed": 7,
        "json_progress": True, "arms": ",".join(quick_run.SEARCH), "out": None,
    }  # fmt: skip
    assert kind == "augment" and expected.items() <= parsed.items()
    plan = quick_run.plan_of(world.cohort, argv)
    assert [(cell.scenario, cell.removed) for cell in plan.cells] == [("C", 0.5), ("C", 0.8)]


def test_nothing_is_started_without_a_scenario(
    world: World, open_page: OpenPage, started: list[list[str]]
) -> None:
    at = open_page("Augmentation")
    at.multiselect(key="quick_scenarios").set_value([])
    next(b for b in at.button if b.label == "Start the quick run").click().run()
    assert "at least one scenario" in at.error[0].value and not started


ARGV = runs.arguments("small", scenarios=["C"], removed=[0.7], arms=["weights"], repeats=3)


@pytest.fixture
def printing(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[SubprocessWorker]:
    """A real worker, whose command only prints what ``augment`` would print."""
    line = json.dumps({"fraction": 0.25, "message": "1 of 3: C, 0.7 removed, repeat 1"})
    code = f"import time; print({line!r}, flush=True); time.sleep(60)"
    worker = SubprocessWorker((sys.executable, "-c", code))
    monkeypatch.setitem(worker_module._shared, SubprocessWorker, worker)
    yield worker
    worker.close()


def test_a_quick_run_is_watched_as_it_fills_from_any_tab_and_can_be_cancelled(
    world: World, made: Path, printing: SubprocessWorker, open_page: OpenPage
) -> None:
    printing.start("augment", [*ARGV, "--json-progress"], "")
    while not until("augment", "running").message:
        time.sleep(0.05)
    at = open_page("Augmentation")
    progress: Any = at.get("progress")[0]
    assert progress.value == 25 and "1 of 3: C, 0.7 removed, repeat 1" in progress.text
    text = page_text(at)
    assert "A quick run is under way" in text and "0 of 3 repeats finished" in text
    assert "waiting for its first repeat" in text
    assert not [b for b in at.button if b.label == "Start the quick run"]
    # A repeat is finished: its records are on disk.
    plan = quick_run.plan_of(world.cohort, ARGV)
    whole = next((made.parents[1] / "augmentation-records").glob("*.jsonl")).read_text().splitlines()
    wanted = {task.key(arm) for task in plan.tasks()[:1] for arm in task.arms}
    lines = [line for line in whole if json.loads(line)["key"] in wanted]
    plan.record_file.parent.mkdir(parents=True, exist_ok=True)
    plan.record_file.write_text("".join(f"{line}\n" for line in lines))
    at = open_page("Augmentation")
    text = page_text(at)
    assert "1 of 3 repeats finished" in text and "Lost" not in text
    assert "training labels left" in text
    next(b for b in at.button if b.label == "Cancel").click().run()
    until("augment", "cancelled")
    at = open_page("Augmentation")
    assert "The quick run was cancelled at 25 %" in page_text(at)
    assert [b for b in at.button if b.label == "Start the quick run"]


def test_a_run_that_failed_says_why_and_one_about_another_cohort_is_not_shown(
    world: World, open_page: OpenPage
) -> None:
    other = [part.replace("small", "other") for part in ARGV]
    job_table.add("process", "1:0.00:x", kind="augment", label="", spec=json.dumps(other), most_waiting=9)
    assert background_run.newest("augment", world.cohort) is None
    job = job_table.add(
        "process", "1:0.00:x", kind="augment", label="", spec=json.dumps(ARGV), most_waiting=9
    )
    job_table.finish(job, JobOutcome("failed", error="Nothing was left."))
    at = open_page("Augmentation")
    assert "ended at 0 %" in at.error[0].value and "Nothing was left." in at.error[0].value
