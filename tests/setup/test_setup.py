"""The set-up steps, run in a copy of the checkout with a stand-in for Python that notes what it was asked."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

RECORDING_PYTHON = """#!/bin/bash
echo "$*" >> "$(dirname "$0")/../../calls"
case "$*" in
    *"version_info"*|"--version"|*"pip --version"*) exit 0 ;;
    *"importlib.metadata"*) exit 1 ;;
    *"$FAILING"*) [ -n "${FAILING:-}" ] && { echo "no network" >&2; exit 1; }; exit 0 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that set-up reads, and a .venv whose Python writes its arguments to ``calls``."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    requirements = [f"requirements{kind}.txt" for kind in ("", "-nodeps", "-dev", "-peers")]
    for name in (*requirements, "Makefile"):
        shutil.copy(ROOT / name, folder / name)
    program(folder / ".venv/bin/python", RECORDING_PYTHON)
    return folder


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def run(checkout: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def calls(checkout: Path) -> list[str]:
    record = checkout / "calls"
    return record.read_text().splitlines() if record.exists() else []


def installs(checkout: Path) -> list[str]:
    return [call.rpartition("pip install")[2] for call in calls(checkout) if "-m pip install" in call]


def assert_stopped(done: subprocess.CompletedProcess[str], step: str, why: str, remedy: str) -> None:
    assert done.returncode == 1
    assert f"Set-up stopped at: {step}" in done.stderr
    assert why in done.stderr.partition("Why:")[2]
    assert remedy in done.stderr.partition("What to do:")[2]


def test_torch_is_installed_first_and_announced(checkout: Path) -> None:
    done = run(checkout, "tools/setup.sh", "app")
    assert done.returncode == 0, done.stderr
    first, second, last = installs(checkout)
    assert "torch==" in first and "-c requirements.txt" in first
    assert "-r requirements.txt" in second
    assert "--no-deps -r requirements-nodeps.txt" in last
    asked = calls(checkout)
    assert asked.index(next(c for c in asked if "torch_build" in c)) < asked.index(
        next(c for c in asked if "pip install" in c)
    )


def test_a_second_set_up_installs_nothing_and_is_quick(checkout: Path) -> None:
    run(checkout, "tools/setup.sh", "tests", CHROMIUM="/bin/true")
    (checkout / "calls").unlink()
    started = time.monotonic()
    done = run(checkout, "tools/setup.sh", "tests", CHROMIUM="/bin/true")
    assert done.returncode == 0
    assert done.stdout == ""
    assert installs(checkout) == []
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-nodeps.txt"])
@pytest.mark.parametrize("step", ["app", "tests"])
def test_changed_requirements_are_installed(checkout: Path, name: str, step: str) -> None:
    run(checkout, "tools/setup.sh", step, CHROMIUM="/bin/true")
    (checkout / "calls").unlink()
    with (checkout / name).open("a") as requirements:
        requirements.write("six==1.17.0\n")
    run(checkout, "tools/setup.sh", step, CHROMIUM="/bin/true")
    assert any(f"-r {name}" in install for install in installs(checkout))


def test_a_failed_install_says_what_to_do_and_is_tried_again(checkout: Path) -> None:
    done = run(checkout, "tools/setup.sh", "app", FAILING="-r requirements.txt")
    assert_stopped(
        done, "installing what the app needs", "pip could not install", "run the same command again"
    )
    assert "no network" in done.stderr
    (checkout / "calls").unlink()
    assert run(checkout, "tools/setup.sh", "app").returncode == 0
    assert any("-r requirements.txt" in install for install in installs(checkout))


def test_baselines_that_fail_to_install_are_named_and_tried_again(checkout: Path) -> None:
    done = run(checkout, "tools/setup.sh", "app", FAILING="-r requirements-nodeps.txt")
    assert_stopped(done, "installing the baselines", "requirements-nodeps.txt", "run the same command again")
    (checkout / "calls").unlink()
    assert run(checkout, "tools/setup.sh", "app").returncode == 0
    assert any("-r requirements-nodeps.txt" in install for install in installs(checkout))


def test_half_installed_packages_are_removed_first(checkout: Path) -> None:
    packages = checkout / ".venv/lib/python3.11/site-packages"
    whole, cut_off = packages / "whole-1.0.dist-info", packages / "cut_off-1.0.dist-info"
    for folder in (whole, cut_off):
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text("Version: 1.0\n")
    (whole / "RECORD").write_text("whole.py,,\n")
    assert run(checkout, "tools/setup.sh", "app").returncode == 0
    assert whole.exists()
    assert not cut_off.exists()


def test_no_python_new_enough(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    path = old_system(tmp_path, python="exit 1")
    done = run(checkout, "tools/setup.sh", "app", PATH=path, PYTHON="")
    assert_stopped(done, "making the virtual environment", "no Python 3.11 or newer", "apt install python3")


def test_python_without_its_venv_module(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    path = old_system(tmp_path, python='case "$*" in *ensurepip*) exit 1 ;; esac')
    done = run(checkout, "tools/setup.sh", "app", PATH=path, PYTHON="")
    assert_stopped(
        done, "making the virtual environment", "venv module is missing", "apt install python3-venv"
    )


def test_a_missing_browser_that_may_not_be_installed(checkout: Path, tmp_path: Path) -> None:
    run(checkout, "tools/setup.sh", "tests", CHROMIUM="/bin/true")
    path = old_system(tmp_path, python="exit 0", id="echo 1000", sudo="exit 1")
    done = run(checkout, "tools/setup.sh", "tests", PATH=path, CHROMIUM="/nowhere/chromium")
    assert_stopped(
        done,
        "finding Chromium",
        "this user may not install it",
        "sudo apt-get install -y --no-install-recommends",
    )


def old_system(folder: Path, **programs: str) -> str:
    """A PATH with the usual small programs, and the given ones as shell scripts (``python`` is python3)."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    for name in ("bash", "sh", "dirname", "grep", "cat", "sha256sum", "rm", "tail", "sed", "id", "env"):
        found = shutil.which(name)
        assert found is not None
        (bin_folder / name).symlink_to(found)
    for name, text in programs.items():
        path = bin_folder / {"python": "python3"}.get(name, name)
        path.unlink(missing_ok=True)
        program(path, f"#!/bin/sh\n{text}\n")
    return str(bin_folder)


def test_llama_cpp_is_built_from_source_in_a_venv_of_its_own(checkout: Path) -> None:
    program(checkout / ".venv-peers/bin/python", RECORDING_PYTHON)
    done = run(checkout, "tools/setup.sh", "peers", CC="/bin/true", CXX="/bin/true")
    assert done.returncode == 0, done.stderr
    (install,) = installs(checkout)
    assert install.endswith("--no-binary llama-cpp-python -r requirements-peers.txt")
    assert not list((checkout / ".venv").glob("*.stamp"))
    (checkout / "calls").unlink()
    done = run(checkout, "tools/setup.sh", "peers", CC="/nowhere/gcc")
    assert (done.returncode, done.stdout, installs(checkout)) == (0, "", [])


def test_a_missing_compiler_is_said_before_anything_is_made(checkout: Path) -> None:
    done = run(checkout, "tools/setup.sh", "peers", CC="/bin/true", CXX="/nowhere/g++")
    assert_stopped(done, "building llama.cpp", "no compiler /nowhere/g++", "sudo apt install gcc g++")
    assert not (checkout / ".venv-peers").exists()


def test_clean_keeps_var(checkout: Path) -> None:
    for made in ("models/base/model", ".venv-peers", "var/runs", "sensecf_core/__pycache__", ".mypy_cache"):
        (checkout / made).mkdir(parents=True)
    (checkout / "var/sensecf.db").write_text("answers")
    done = run(checkout, "tools/setup.sh", "clean")
    assert done.returncode == 0
    assert "Kept: var/" in done.stdout
    assert (checkout / "var/sensecf.db").read_text() == "answers"
    for made in (".venv", ".venv-peers", "models/base", "sensecf_core/__pycache__", ".mypy_cache"):
        assert not (checkout / made).exists()


def test_an_unknown_step_shows_the_steps(checkout: Path) -> None:
    done = run(checkout, "tools/setup.sh", "everything")
    assert done.returncode == 2
    assert "tools/setup.sh app" in done.stderr
