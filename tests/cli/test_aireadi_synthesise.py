"""``aireadi synthesise``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sensecf_core.cli import main

PROGRAM = (sys.executable, "-m", "sensecf_core", "aireadi", "synthesise")
ROOT = Path(__file__).resolve().parents[2]


def test_the_command_prints_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["aireadi", "synthesise", "--compact", "--n", "3", "--days", "3", "--jobs", "1"]
    assert main([*common, str(tmp_path / "text")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("SYNTHETIC release of 3 made-up participants")
    assert "Framingham 2024" in printed
    assert main([*common, "--json", str(tmp_path / "json")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["synthetic"] is True
    assert report["participants"] == 3
    assert len(report["calibration"]) == 13
    assert main([*common, "--json-progress", str(tmp_path / "lines")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["fraction"] for line in lines] == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert lines[-1]["result"]["participants"] == 3


def test_the_command_refuses_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/file").write_text("x")
    assert main(["aireadi", "synthesise", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["aireadi", "synthesise", "--layout", "v7", str(tmp_path / "y")]) == 2
    assert "Unknown layout" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("how", "jobs"),
    [(signal.SIGINT, "1"), (signal.SIGTERM, "1"), (signal.SIGINT, "2"), (signal.SIGTERM, "2")],
)
@pytest.mark.usefixtures("interruptible")
def test_ending_the_command_leaves_nothing(tmp_path: Path, how: signal.Signals, jobs: str) -> None:
    command = [*PROGRAM, "--n", "60", "--days", "5", "--jobs", jobs, str(tmp_path / "release")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        while not list(tmp_path.glob(".release.unfinished-*/wearable*")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(how)
        assert process.communicate(timeout=20)[0] == b""
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
