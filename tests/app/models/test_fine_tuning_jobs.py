from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import typer

from sensecf_core.cli.program import app
from sensecf_core.jobs import job_table, worker as worker_module
from sensecf_core.jobs.job_table import JobOutcome
from sensecf_core.jobs.subprocess_worker import SubprocessWorker
from sensecf_core.ui.models import fine_tuning
from tests.app import made_adapter
from tests.app.conftest import OpenPage, World, page_text, until

ARGV = [
    "finetune",
    "--cohort",
    "small",
    "--minutes",
    "60",
    "--name",
    "tuned-1",
    "--seed",
    "0",
    "--json-progress",
]


def test_start_passes_what_was_asked_to_the_command(
    world: World, open_page: OpenPage, started: list[list[str]]
) -> None:
    made_adapter.write(world.cohort, "tuned-1")
    at = open_page("Models", cohort="small")
    assert "goes on when you leave this page" in page_text(at) and "up to 5 GB of memory" in page_text(at)
    at.number_input(key="tune_minutes").set_value(30)
    at.number_input(key="tune_seed").set_value(7)
    at.selectbox(key="tune_told").select("profile")
    next(b for b in at.button if b.label == "Start fine-tuning").click().run()
    ((command, *options),) = started
    parsed = typer.main.get_command(app).commands[command].make_context(command, options).params  # type: ignore[attr-defined]
    expected = {"cohort": "small", "minutes": 30, "told": "profile", "seed": 7}
    expected |= {"name": "tuned-2", "json_progress": True}
    assert command == "finetune" and expected.items() <= parsed.items()


@pytest.mark.parametrize("name", ["../up", "-x", "a b", ".hidden", "tuned-1"])
def test_a_name_that_cannot_be_used_starts_nothing(
    name: str, world: World, open_page: OpenPage, started: list[list[str]]
) -> None:
    made_adapter.write(world.cohort, "tuned-1")
    at = open_page("Models", cohort="small")
    at.text_input(key="tune_name").set_value(name)
    next(b for b in at.button if b.label == "Start fine-tuning").click().run()
    assert at.error and repr(name) in at.error[0].value.replace("\\", "")
    assert started == []


def test_minutes_are_checked_on_the_server_too(world: World) -> None:
    with pytest.raises(ValueError, match="1 to 1440"):
        fine_tuning.check(world.cohort, 0, "fine")


def test_without_the_language_model_nothing_can_be_started(
    world: World, open_page: OpenPage, base: Callable[[bool], None]
) -> None:
    base(False)
    at = open_page("Models", cohort="small")
    assert "run `make setup`" in at.error[-1].value
    assert not [b for b in at.button if b.label == "Start fine-tuning"]


def test_progress_is_found_from_another_tab_then_cancelled_then_gone_on_with(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is real; the command only prints what fine-tuning would print."""
    words = "Training: step 9, loss 0.41, 350 tokens/s, about 12 min left"
    line = json.dumps({"fraction": 0.25, "message": words})
    code = f"import time; print({line!r}, flush=True); time.sleep(60)"
    worker = SubprocessWorker((sys.executable, "-c", code))
    monkeypatch.setitem(worker_module._shared, SubprocessWorker, worker)
    try:
        fine_tuning._queue(ARGV)
        while not until("finetune", "running").message:
            time.sleep(0.05)
        at = open_page("Models", cohort="small")
        shown: Any = at.get("progress")[0]
        assert shown.value == 25 and words in shown.text
        assert "**tuned-1** is being trained for 60 minutes" in page_text(at)
        assert not [b for b in at.button if b.label == "Start fine-tuning"]
        next(b for b in at.button if b.label == "Cancel").click().run()
        job = until("finetune", "cancelled")
        at = open_page("Models", cohort="small")
        assert "was cancelled at 25 %" in page_text(at)
        assert [b for b in at.button if b.label == "Start fine-tuning"]
        at.button(key=f"resume_{job.id}").click().run()
        assert json.loads(until("finetune", "running").spec) == [*ARGV, "--resume"]
    finally:
        worker.close()


def test_a_run_that_the_program_ended_under_can_be_gone_on_with(
    world: World, open_page: OpenPage, started: list[list[str]]
) -> None:
    job = job_table.add(
        "process",
        "1:0.00:gone",
        kind="finetune",
        label="",
        spec=json.dumps([*ARGV, "--resume"]),
        most_waiting=9,
    )
    at = open_page("Models", cohort="small")
    assert "Interrupted: the program ended while this ran" in at.error[-1].value
    at.button(key=f"resume_{job}").click().run()
    assert at.text_input(key="tune_name").placeholder == "tuned-2"
    assert started == [[*ARGV, "--resume"]]


def test_a_finished_run_says_so_while_its_adapter_is_there(world: World, open_page: OpenPage) -> None:
    folder = made_adapter.write(world.cohort, "tuned-1")
    job = job_table.add(
        "process", "1:0.00:x", kind="finetune", label="", spec=json.dumps(ARGV), most_waiting=9
    )
    job_table.finish(job, JobOutcome("done"))
    at = open_page("Models", cohort="small")
    assert "**tuned-1** was trained and measured" in at.success[0].value
    at.button(key="delete_own_tuned-1").click().run()
    assert not folder.exists() and not at.success


def test_a_run_about_another_cohort_is_not_shown_here(world: World, open_page: OpenPage) -> None:
    spec = json.dumps([part.replace("small", "other") for part in ARGV])
    job_table.add("process", "1:0.00:gone", kind="finetune", label="", spec=spec, most_waiting=9)
    assert fine_tuning.newest(world.cohort) is None
    assert not open_page("Models", cohort="small").error
