from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sensecf_core.cli import main
from sensecf_core.cohorts.aireadi.synthetic import release
from sensecf_core.cohorts.aireadi.synthetic.settings import Settings
from sensecf_core.errors import InputError

SMALL = Settings(n=5, days=3, seed=1, compact=True)
PROGRAM = (sys.executable, "-m", "sensecf_core", "aireadi", "synthesise")
ROOT = Path(__file__).resolve().parents[3]


def hashes(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path) -> None:
    told: list[float] = []
    release.write(tmp_path / "one", SMALL, lambda done, _: told.append(done))
    release.write(tmp_path / "two", SMALL, jobs=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert told == [pytest.approx((one + 1) / 5) for one in range(5)]


def test_another_seed_makes_other_people(tmp_path: Path) -> None:
    release.write(tmp_path / "one", Settings(n=2, days=3, seed=1, compact=True))
    release.write(tmp_path / "two", Settings(n=2, days=3, seed=2, compact=True))
    one, two = hashes(tmp_path / "one"), hashes(tmp_path / "two")
    assert one["participants.tsv"] != two["participants.tsv"]


def test_what_is_said_about_size_is_so(tmp_path: Path) -> None:
    made = release.write(tmp_path / "one", SMALL)
    assert made.bytes == sum(path.stat().st_size for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert 0.5 < SMALL.megabytes / (made.bytes / 1e6) < 2


def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(release.CancelledError):
        release.write(tmp_path / "one", SMALL, cancelled=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken_and_another_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    release.write(tmp_path / "empty", Settings(n=1, days=3, compact=True))
    assert (tmp_path / "empty/participants.tsv").is_file()
    with pytest.raises(InputError, match="is not empty; name a folder"):
        release.write(tmp_path / "empty", SMALL)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file; name a folder"):
        release.write(tmp_path / "file", SMALL)
    with pytest.raises(InputError, match="cannot be written"):
        release.write(tmp_path / "file/inside", SMALL)


def test_too_little_space_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MB are free there"):
        release.write(tmp_path / "huge", Settings(n=99_999, days=14))
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["aireadi", "synthesise", "--compact", "--n", "3", "--days", "3", "--jobs", "1"]
    assert main([*common, str(tmp_path / "text")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("SYNTHETIC release of 3 made-up participants")
    assert "Framingham 2024" in printed
    assert main([*common, "--json", str(tmp_path / "json")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["synthetic"] is True
    assert found["participants"] == 3
    assert len(found["calibration"]) == 13
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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ending_the_command_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    command = [*PROGRAM, "--n", "60", "--days", "5", "--jobs", "1", str(tmp_path / "release")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        while not list(tmp_path.glob(".release.unfinished-*/wearable*")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(how)
        assert process.communicate(timeout=20)[0] == b""
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
