"""Where things live: private folders, in a checkout and in an installation."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sensecf_core import paths
from sensecf_core.errors import NotReadyError
from sensecf_core.paths import base_models, user_data, var


def test_every_folder_on_the_way_is_its_owners_alone(private_var: Path) -> None:
    path = var("one", "two", "three")
    assert path == private_var / "one" / "two" / "three" and not path.exists()
    folders = [private_var, private_var / "one", private_var / "one" / "two"]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 3


@pytest.mark.parametrize("kind", ["empty", "blank", "file", "dangling", "below a file", "impossible", "NUL"])
def test_a_private_folder_that_cannot_be_is_one_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.touch()
    link.symlink_to(tmp_path / "nowhere")
    given = {
        "empty": "",
        "blank": "  ",
        "file": str(file),
        "dangling": str(link),
        "below a file": str(file / "var"),
        "impossible": "/proc/sensecf",
    }
    if kind == "NUL":  # the environment itself cannot hold one
        monkeypatch.setattr(os, "environ", {"SENSECF_VAR": "a\0b"})
    else:
        monkeypatch.setenv("SENSECF_VAR", given[kind])
    with pytest.raises(NotReadyError, match="SENSECF_VAR") as caught:
        var("sensecf.db")
    assert "\n" not in str(caught.value)


def test_a_checkout_keeps_everything_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSECF_BASE_MODELS", raising=False)
    assert paths.CHECKOUT
    assert base_models() == paths.ROOT / "models" / "base"
    assert paths.MODELS == paths.ROOT / "models"
    assert (paths.COMMITTED_RESULTS / "benchmark").is_dir()


@pytest.mark.parametrize(("text", "is_one"), [('name = "sensecf"', True), ('name = "another"', False)])
def test_another_projects_folder_is_no_checkout(tmp_path: Path, text: str, is_one: bool) -> None:
    assert not paths._is_checkout(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{text}\n")
    assert paths._is_checkout(tmp_path) is is_one


@pytest.mark.parametrize("given", [None, "", "relative"])
def test_an_installation_uses_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.setattr(paths, "CHECKOUT", False)
    monkeypatch.setattr(sys, "platform", "linux")  # macOS has a folder of its own
    for name in ("SENSECF_VAR", "SENSECF_BASE_MODELS", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    if given is not None:
        monkeypatch.setenv("XDG_DATA_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".local" / "share" / "sensecf"
    assert user_data() == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert var("runs") == folder / "var" / "runs"
    assert base_models() == folder / "models" / "base"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert var("runs") == tmp_path / "data" / "sensecf" / "var" / "runs"
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "mine"))
    monkeypatch.setenv("SENSECF_BASE_MODELS", str(tmp_path / "weights"))
    assert (var("runs"), base_models()) == (tmp_path / "mine" / "runs", tmp_path / "weights")


@pytest.mark.parametrize(
    ("started_as", "said"),
    [
        ("-c", "python -m sensecf_core|.venv/bin/python -m sensecf_core|make setup"),
        ("/somewhere/bin/sensecf", 'sensecf|sensecf|pip install "sensecf[gpu]"'),
    ],
)
def test_messages_name_the_command_that_was_started(started_as: str, said: str) -> None:
    code = f"""
import sys
sys.argv[0] = {started_as!r}
from sensecf_core.provenance import CLI, PROGRAM, install_command
print(PROGRAM, CLI, install_command("gpu"), sep="|")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said


def test_a_folder_is_replaced_by_one_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, fresh = tmp_path / "target", tmp_path / "fresh"
    for exchange in (paths._exchange, lambda *_: False):  # and where the system cannot
        monkeypatch.setattr(paths, "_exchange", exchange)
        for number in range(3):
            fresh.mkdir()
            (fresh / "file").write_text(str(number))
            paths.replace_folder(fresh, target)
            assert [path.name for path in tmp_path.iterdir()] == ["target"]
            assert (target / "file").read_text() == str(number)


@pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is Linux's")
def test_a_kill_while_a_folder_is_replaced_leaves_the_old_or_the_new_one(tmp_path: Path) -> None:
    """Another process replaces it without end and is killed at some moment; the folder is always whole."""
    code = f"""
from pathlib import Path
from sensecf_core.paths import replace_folder
folder = Path({str(tmp_path)!r})
for number in range(10**9):
    fresh = folder / "fresh"
    fresh.mkdir(exist_ok=True)
    (fresh / "file").write_text(str(number))
    replace_folder(fresh, folder / "target")
    if number == 5:
        print("running", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    for _ in range(2000):
        assert (tmp_path / "target").is_dir()
    process.kill()
    process.communicate()
    assert (tmp_path / "target" / "file").read_text().isdigit()


@pytest.mark.parametrize("text", ["a" * 5000, "a\0b", "~nobody-of-this-name/models", "/" + "x" * 300])
def test_what_can_be_no_path_is_none(text: str) -> None:
    assert paths.user_path(text) is None


def test_what_can_be_a_path_is_one() -> None:
    assert paths.user_path("/nowhere/at/all") == Path("/nowhere/at/all")
    assert paths.user_path("~") == Path.home()
