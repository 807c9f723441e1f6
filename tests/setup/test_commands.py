"""The commands that people and CI type: make's targets, the server's start, CI's script."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools.torch_build import describe

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("run", "setup", "test", "lint", "data", "train", "bench", "bench-peers", "check-wheel", "clean")


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.findall(r"make (\w+)", listed.stdout)[:1] == ["help"]
    for target in TARGETS:
        assert re.search(rf"^  make {target}\s+\S", listed.stdout, re.MULTILINE), target


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_the_target(target: str) -> None:
    subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=True)


def test_ci_runs_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make test"]


def test_make_test_checks_format_lint_types_and_tests() -> None:
    script = (ROOT / "tools/check.sh").read_text()
    for check in ("ruff format --check .", "ruff check .", "mypy sensecf_core", "-m pytest"):
        assert check in script


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = serve(str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"make run PORT={port + 1}" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1", "8501; true"])
def test_a_port_that_is_none(port: str) -> None:
    done = serve(port)
    assert done.returncode == 2
    assert "PORT must be a number from 1 to 65535" in done.stderr


def serve(port: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["tools/serve.sh"],
        cwd=ROOT,
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def report(version: str, url: str, *needs: str) -> dict[str, object]:
    return {"metadata": {"version": version, "requires_dist": list(needs)}, "download_info": {"url": url}}


def test_the_download_is_announced_with_its_size(tmp_path: Path) -> None:
    wheel = tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"
    wheel.write_bytes(b"0" * 3_000_000)
    cuda = report(
        "2.13.0",
        "https://files.example/torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        "nvidia-cublas==13; platform_system == 'Linux'",
    )
    mac = report("2.13.0", "https://files.example/torch-2.13.0-cp311-none-macosx_11_0_arm64.whl")
    assert (
        describe(report("2.13.0+cpu", wheel.as_uri()))
        == "PyTorch 2.13.0+cpu: 3 MB, from this machine's disk."
    )
    assert "with CUDA, about 3 GB" in describe(cuda)
    assert "CPU build, about 200 MB" in describe(mac)


def test_importing_the_package_and_its_commands_is_light() -> None:
    heavy = {"torch", "transformers", "sklearn", "shap", "streamlit", "pandas"}
    heavy |= {"dice_ml", "nice", "cfnow", "treecf", "cv2", "skimage", "nltk", "matplotlib"}
    code = f"import sys, sensecf_core, sensecf_core.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
