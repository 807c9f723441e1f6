"""`make gpu-check` on tiny random models: every step for real, no download, no GPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.language.local import model
from tests.language.architectures import save
from tools.gpu import check, steps


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mistral")
    save(path, "MistralForCausalLM", sliding_window=4096, hidden_size=32, intermediate_size=64)
    return path


def run(folder: Path, out: Path, *more: str) -> tuple[int, dict[str, Any]]:
    options = ["--cohort", "heart", "--people", "2", "--steps", "3", "--candidates", "3", "--device", "cpu"]
    code = check.main(["--model", str(folder), *options, "--out", str(out), *more])
    return code, json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.parametrize("precision", ["float32", "nf4"])
def test_every_step_is_done_and_reported(
    folder: Path, tmp_path: Path, private_var: Path, precision: str
) -> None:
    shared = model.shared_model
    code, report = run(folder, tmp_path / "report.json", "--precision", precision)
    assert code == 0 and report["ok"]
    steps = report["steps"]
    assert steps["load"]["precision"] == precision and steps["load"]["architecture"] == "MistralForCausalLM"
    assert steps["load"]["parameters"] == 259 * 32 * 2 + 2 * (32 * 32 * 3 + 32 * 64 * 3 + 2 * 32) + 32
    assert steps["generate"]["decode_tokens_per_second_16"] > steps["generate"]["decode_tokens_per_second_1"]
    assert steps["judge"]["participants"] == 2 and steps["judge"]["candidates"] == 6
    assert steps["judge"]["readable"] == 6
    assert steps["judge"]["answered_by"]["model"] == folder.name
    tuned = steps["fine_tune"]
    assert tuned["steps"] == 3 and tuned["loss_last"] < tuned["loss_first"]
    assert tuned["answers_readable_afterwards"] == 1 and tuned["adapter_merged"] == (precision != "nf4")
    assert all(step["memory"]["process_peak_gb"] > 0 for step in steps.values())
    assert "says nothing about a GPU" in report["where"] and "Not a benchmark" in report["what"]
    assert report["versions"]["bitsandbytes"] and report["machine"]["gpus"] == []
    kept = list((private_var / "gpu-check").iterdir())
    assert [json.loads(path.read_text(encoding="utf-8")) for path in kept] == [report]
    assert model.shared_model is shared


def test_a_step_that_fails_is_written_down(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> dict[str, Any]:
        raise MemoryError("no room")

    monkeypatch.setitem(steps.STEPS, "judge", fails)
    code, report = run(folder, tmp_path / "report.json")
    assert code == 1 and not report["ok"]
    assert list(report["steps"]) == ["load", "generate", "judge"]
    assert report["steps"]["judge"]["error"] == "MemoryError: no room"


@pytest.mark.parametrize(("name", "said"), [("smollm2", "smollm2-135m"), ("gpt-4o", "runs on a server")])
def test_what_cannot_be_checked_is_said(
    name: str, said: str, private_var: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main(["--model", name]) == 2
    assert said in capsys.readouterr().err
    assert not (private_var / "gpu-check").exists()
