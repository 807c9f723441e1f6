from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from streamlit.testing.v1 import AppTest

from sensecf_core.cli.program import app
from sensecf_core.jobs import model_lane, process_lane, rows
from sensecf_core.jobs.process_lane import ProcessLane
from sensecf_core.jobs.rows import JobView, Outcome
from sensecf_core.language import adapters, machine, model_registry
from sensecf_core.language.machine import Machine
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui import adapter_card, adapter_rates, tuning_panel
from tests.app import made_adapter
from tests.app.conftest import OpenPage, World, said

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


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "machine", lambda: Machine(memory_gb=9.0, cpu_bf16=True))


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bool], None]:
    """Whether the default model is on this machine, said and not looked up."""
    from sensecf_core.language import weights
    from sensecf_core.language.weights import WeightsStatus

    def have(ready: bool) -> None:
        found = (
            WeightsStatus("ready", "Ready.", tmp_path, made_adapter.BASE_SHA256)
            if ready
            else WeightsStatus("missing", "The language model is missing; run `make setup`.", tmp_path)
        )
        monkeypatch.setattr(weights, "status", lambda *_, **__: found)

    have(True)
    return have


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was started is noted, and nothing runs."""
    noted: list[list[str]] = []
    monkeypatch.setattr(process_lane, "start", lambda kind, argv, label: noted.append([*argv]) or "a-job")
    return noted


def facts(at: AppTest) -> str:
    return " ".join(
        str(cell)
        for table in at.get("table")
        for cell in [*table.value.columns, *table.value.to_numpy().ravel()]
    )


def warnings(at: AppTest) -> str:
    return "\n".join(one.value.replace("\\", "") for one in at.warning)


def test_what_fits_is_said_with_the_reason_for_the_rest(world: World, open_page: OpenPage) -> None:
    at = open_page("Models", cohort="small")
    text = said(at)
    assert "Fits in bf16 (0.8 GB) on the CPU" in text
    assert "Fits in nf4 (8 GB) on the CPU; a model of this size is slow without a GPU." in text
    assert "hf download meta-llama/Llama-3.1-8B-Instruct" in text and "accept its licence" in text
    assert "135 million parameters" in facts(at) and "Apache-2.0" in facts(at) and "gated" in facts(at)


def test_too_large_says_how_much_is_missing(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "machine", lambda: Machine(memory_gb=3.0, cpu_bf16=True))
    text = said(open_page("Models", cohort="small"))
    assert "Too large for this machine" in text
    assert "Needs at least 8 GB; this machine has 3 GB free and no GPU" in text
    assert "Only 3 GB of memory are free now" in text


def test_servers_say_where_data_go_and_how_to_allow_them(
    world: World, open_page: OpenPage, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    text = said(open_page("Models", cohort="small"))
    assert "LEAVE THIS MACHINE" in text and "the profile is sent to that program" in text
    assert "not allowed to see the cohort 'small'" in text and '`cohorts = ["small"]`' in text
    private_var.mkdir(exist_ok=True)
    allow = '["api.openai.com"]\ncohorts = ["small"]\n["127.0.0.1"]\ncohorts = ["*"]\n'
    (private_var / "remote.toml").write_text(allow)
    at = open_page("Models", cohort="small")
    assert "OPENAI_API_KEY" in said(at)
    assert [one.label for one in at.expander if "Servers" in one.label] == [
        "Servers (4; 3 may be asked about this cohort)"
    ]


def test_a_private_cohort_is_allowed_only_by_its_own_line(
    world: World, open_page: OpenPage, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensecf_core.cohorts import registry

    monkeypatch.setattr(registry, "load", lambda name: replace(world.cohort, own=True))
    private_var.mkdir(exist_ok=True)
    (private_var / "remote.toml").write_text('["127.0.0.1"]\ncohorts = ["*"]\n')
    at = open_page("Models", cohort="small")
    assert '`restricted_cohorts = ["small"]`' in said(at)
    assert any("0 may be asked" in one.label for one in at.expander)


def test_a_broken_file_of_ones_own_is_said_and_the_rest_of_the_page_goes_on(
    world: World, open_page: OpenPage, private_var: Path
) -> None:
    private_var.mkdir(exist_ok=True)
    (private_var / model_registry.OWN_FILE).write_text("[mine]\nkind = 'nothing'\n")
    at = open_page("Models", cohort="small")
    assert "model `mine`" in at.error[0].value
    assert "Fine-tune for this cohort" in said(at)


def test_without_an_adapter_the_page_says_what_to_do(world: World, open_page: OpenPage) -> None:
    at = open_page("Models", cohort="small")
    assert "No language model was fine-tuned for this cohort yet. Start it below" in at.info[0].value
    assert not [b for b in at.button if (b.key or "").startswith(("use_", "delete_"))]


def test_an_adapter_shows_rates_with_units_curve_rounds_and_origin(world: World, open_page: OpenPage) -> None:
    made_adapter.write(world.cohort, classifier_sha256=world.classifier.sha256)
    at = open_page("Models", cohort="small")
    text, told = said(at), facts(at)
    assert "is answered by **trial**" in text
    assert "Raw validity **80 of 100** (68–90 by direction and limits)" in text
    assert "Options for a person → flag not raised" in told and "Explanation only → flag raised" in told
    assert "Raw validity, of 100" in told and "82" in told.split() and "0.042" in told.split()
    assert "Mean raw validity by temperature: 1: 60 of 100; 0.8: 80 of 100." in text
    assert "fell from 1.91 to 0.31" in text and "rose from 31 to 78" in text
    assert len(at.get("plotly_chart")) == 2
    assert "no longer improved" in told and "Features changed" in told and "0.031" in told.split()
    assert "about 917 people" in text.replace("\u202f", " ")
    assert "sha256 dddddddddddd…" in told
    assert not at.warning


def test_a_phone_gets_letters_for_column_heads(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_rates, "on_phone", lambda: True)
    made_adapter.write(world.cohort)
    at = open_page("Models", cohort="small")
    assert "**B**: Explanation only → flag not raised" in said(at)
    assert ["Measure", "A", "B", "C"] in [list(table.value.columns) for table in at.get("table")]


def test_the_learning_curve_goes_on_over_rounds_and_survives_damage(world: World) -> None:
    folder = made_adapter.write(world.cohort)
    assert [p.tokens for p in adapter_card.moments(folder)] == [150_000, 300_000, 490_000, 612_345]
    (folder / adapters.CURVE).write_text('[{"tokens": 5, "loss": NaN, "score": null}]')
    assert adapter_card.moments(folder) == (adapter_card.Moment(5, None, None),)
    (folder / adapters.CURVE).write_text("[{")
    assert adapter_card.moments(folder) == ()


def test_rates_of_a_test_part_with_intervals_are_shown(world: World, open_page: OpenPage) -> None:
    found = made_adapter.rate("intervention", 0, 0.8) | {"valid": {"value": 0.8, "low": 0.7, "high": 0.9}}
    rates = (found | {"part": "test", "judge": "forest"}, found | {"k": 1}, found | {"k": 2})
    made_adapter.write(world.cohort, rates=rates, rounds=())
    at = open_page("Models", cohort="small")
    assert "80 (70–90)" in facts(at) and "judge forest" in facts(at)
    assert "Raw validity **80 of 100**" in said(at) and "(part `test`)" in said(at)


def test_columns_that_are_headed_alike_are_all_there(world: World, open_page: OpenPage) -> None:
    found = made_adapter.rate("intervention", 0, 0.8)
    made_adapter.write(world.cohort, rates=(found | {"k": 1}, found | {"k": 2}), rounds=())
    assert "→ flag not raised (2)" in facts(open_page("Models", cohort="small"))


def test_another_adapter_is_chosen_and_stays_chosen(world: World, open_page: OpenPage) -> None:
    first, second = (made_adapter.write(world.cohort, name) for name in ("one", "two"))
    at = open_page("Models", cohort="small")
    assert "answered by **one**" in said(at)
    at.button(key="use_own_two").click().run()
    assert not at.exception
    assert "answered by **two**" in said(at)
    again = open_page("Models", cohort="small")
    assert "answered by **two**" in said(again)
    chosen = adapters.chosen(world.cohort)
    assert chosen is not None and chosen.folder == second != first


def test_deleting_asks_first_and_deletes_only_that_one(world: World, open_page: OpenPage) -> None:
    first, second = (made_adapter.write(world.cohort, name) for name in ("one", "two"))
    at = open_page("Models", cohort="small")
    assert "and its checkpoints are deleted from this disk for good" in said(at)
    at.button(key="delete_own_one").click().run()
    assert not at.exception
    assert not first.exists() and second.exists()
    assert "answered by **two**" in said(at)


def test_one_that_came_with_the_program_cannot_be_deleted(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(adapters, "BUILT_IN", tmp_path / "given")
    made_adapter.write(world.cohort, "shipped", place=tmp_path / "given" / "small" / "shipped")
    at = open_page("Models", cohort="small")
    assert "came with the program" in said(at)
    assert not [b for b in at.button if (b.key or "").startswith("delete_")]


def test_unfit_adapters_and_another_classifier_are_warned_of(world: World, open_page: OpenPage) -> None:
    made_adapter.write(world.cohort, "old", schema_sha256="f" * 64, base="biomistral-7b")
    at = open_page("Models", cohort="small")
    assert "None of these adapters can answer" in warnings(at)
    assert "The adapter old was trained for another schema" in warnings(at)
    assert not [b for b in at.button if (b.key or "").startswith("use_")]
    made_adapter.write(world.cohort, "fits")
    at = open_page("Models", cohort="small")
    assert "fits was trained and measured with another classifier" in warnings(at)
    assert "answered by **fits**" in said(at)


def test_start_passes_what_was_asked_to_the_command(
    world: World, open_page: OpenPage, asked: list[list[str]]
) -> None:
    made_adapter.write(world.cohort, "tuned-1")
    at = open_page("Models", cohort="small")
    assert "goes on when you leave this page" in said(at) and "up to 5 GB of memory" in said(at)
    at.number_input(key="tune_minutes").set_value(30)
    at.number_input(key="tune_seed").set_value(7)
    next(b for b in at.button if b.label == "Start fine-tuning").click().run()
    ((command, *options),) = asked
    told = typer.main.get_command(app).commands[command].make_context(command, options).params  # type: ignore[attr-defined]
    given = {"cohort": "small", "minutes": 30, "name": "tuned-2", "seed": 7, "json_progress": True}
    assert command == "finetune" and given.items() <= told.items()


@pytest.mark.parametrize("name", ["../up", "-x", "a b", ".hidden", "tuned-1"])
def test_a_name_that_cannot_be_used_starts_nothing(
    name: str, world: World, open_page: OpenPage, asked: list[list[str]]
) -> None:
    made_adapter.write(world.cohort, "tuned-1")
    at = open_page("Models", cohort="small")
    at.text_input(key="tune_name").set_value(name)
    next(b for b in at.button if b.label == "Start fine-tuning").click().run()
    assert at.error and repr(name) in at.error[0].value.replace("\\", "")
    assert asked == []


def test_minutes_are_checked_on_the_server_too(world: World) -> None:
    with pytest.raises(ValueError, match="1 to 1440"):
        tuning_panel.check(world.cohort, 0, "fine")


def test_without_the_language_model_nothing_can_be_started(
    world: World, open_page: OpenPage, base: Callable[[bool], None]
) -> None:
    base(False)
    at = open_page("Models", cohort="small")
    assert "run `make setup`" in at.error[-1].value
    assert not [b for b in at.button if b.label == "Start fine-tuning"]


def until(state: str, within: float = 10.0) -> JobView:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        (job, *_) = rows.recent("process", "finetune")
        if job.state == state:
            return job
        time.sleep(0.05)
    raise AssertionError(f"never {state}")


def test_progress_is_found_from_another_tab_then_cancelled_then_gone_on_with(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lane is real; the command that it runs only speaks as fine-tuning does."""
    words = "Training: step 9, loss 0.41, 350 tokens/s, about 12 min left"
    line = json.dumps({"fraction": 0.25, "message": words})
    code = f"import time; print({line!r}, flush=True); time.sleep(60)"
    lane = ProcessLane((sys.executable, "-c", code))
    monkeypatch.setattr(process_lane, "_lane", lane)
    try:
        tuning_panel._queue(ARGV)
        while not until("running").message:
            time.sleep(0.05)
        at = open_page("Models", cohort="small")
        shown: Any = at.get("progress")[0]
        assert shown.value == 25 and words in shown.text
        assert "**tuned-1** is being trained for 60 minutes" in said(at)
        assert not [b for b in at.button if b.label == "Start fine-tuning"]
        next(b for b in at.button if b.label == "Cancel").click().run()
        job = until("cancelled")
        at = open_page("Models", cohort="small")
        assert "was cancelled at 25 %" in said(at)
        assert [b for b in at.button if b.label == "Start fine-tuning"]
        at.button(key=f"resume_{job.id}").click().run()
        assert json.loads(until("running").spec) == [*ARGV, "--resume"]
    finally:
        lane.close()


def test_a_run_that_the_program_ended_under_can_be_gone_on_with(
    world: World, open_page: OpenPage, asked: list[list[str]]
) -> None:
    job = rows.add(
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
    assert asked == [[*ARGV, "--resume"]]


def test_a_finished_run_says_so_while_its_adapter_is_there(world: World, open_page: OpenPage) -> None:
    folder = made_adapter.write(world.cohort, "tuned-1")
    job = rows.add("process", "1:0.00:x", kind="finetune", label="", spec=json.dumps(ARGV), most_waiting=9)
    rows.finish(job, Outcome("done"))
    at = open_page("Models", cohort="small")
    assert "**tuned-1** was trained and measured" in at.success[0].value
    at.button(key="delete_own_tuned-1").click().run()
    assert not folder.exists() and not at.success


def test_a_run_about_another_cohort_is_not_shown_here(world: World, open_page: OpenPage) -> None:
    spec = json.dumps([part.replace("small", "other") for part in ARGV])
    rows.add("process", "1:0.00:gone", kind="finetune", label="", spec=spec, most_waiting=9)
    assert tuning_panel.newest(world.cohort) is None
    assert not open_page("Models", cohort="small").error


@pytest.fixture
def chooser(world: World, private_var: Path, open_page: OpenPage) -> AppTest:
    """Interventions, where one server on this machine and one elsewhere are allowed."""
    private_var.mkdir(exist_ok=True)
    about = 'kind = "endpoint"\nsource = "https://models.example.org/v1"\n'
    (private_var / model_registry.OWN_FILE).write_text(f"[far]\n{about}")
    allow = '["models.example.org"]\ncohorts = ["small"]\n["127.0.0.1:8080"]\ncohorts = ["small"]\n'
    (private_var / "remote.toml").write_text(allow)
    return open_page("Interventions", cohort="small", participant=world.flagged)


def test_a_server_is_offered_without_examples_only_and_says_that_data_leave(
    chooser: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ExplainRequest] = []

    class Noted:
        def submit(self, request: ExplainRequest) -> str:
            asked.append(request)
            return "a-job"

        def view(self, job: str) -> None:
            return None

    monkeypatch.setattr(model_lane, "lane", Noted)
    at = chooser
    assert not [box for box in at.selectbox if box.key == "model"]
    at.selectbox(key="method").select("lm-zero-shot").run()
    assert at.selectbox(key="model").options == ["smollm2-135m", "llama-server", "far"]
    at.selectbox(key="model").select("far").run()
    assert "LEAVE THIS MACHINE" in at.warning[0].value
    next(b for b in at.button if b.label == "Generate").click().run()
    at.selectbox(key="method").select("lm-few-shot").run()
    assert "LEAVE THIS MACHINE" not in warnings(at)
    next(b for b in at.button if b.label == "Generate").click().run()
    assert [(one.method, one.model) for one in asked] == [("lm-zero-shot", "far"), ("lm-few-shot", None)]


def test_a_server_needs_no_weights_here(chooser: AppTest, base: Callable[[bool], None]) -> None:
    base(False)
    at = chooser.run()
    assert next(b for b in at.button if b.label == "Generate").disabled
    at.selectbox(key="method").select("lm-zero-shot").run()
    at.selectbox(key="model").select("llama-server").run()
    assert not next(b for b in at.button if b.label == "Generate").disabled
