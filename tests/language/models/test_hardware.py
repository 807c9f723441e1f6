from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sensecf_core.language.models import hardware
from sensecf_core.language.models.hardware import Hardware, fits
from sensecf_core.language.models.registry import ModelSpec, spec

LAPTOP = Hardware(memory_gb=6.0, cpu_bf16=False)


@pytest.mark.parametrize(
    ("name", "machine", "precision", "device"),
    [
        ("smollm2-135m", LAPTOP, "float32", "cpu"),
        ("smollm2-135m", Hardware(6.0, cpu_bf16=True), "bf16", "cpu"),
        ("smollm2-135m", Hardware(1.0, cpu_bf16=False), "bf16", "cpu"),
        ("llama-3.1-8b-instruct", LAPTOP, None, None),
        ("llama-3.1-8b-instruct", Hardware(16.0, cpu_bf16=True), "nf4", "cpu"),
        ("llama-3.1-8b-instruct", Hardware(6.0, True, "A100", 40.0, True), "bf16", "cuda"),
        ("llama-3.1-8b-instruct", Hardware(6.0, True, "RTX 3060", 11.5, True), "nf4", "cuda"),
        ("llama-3.1-8b-instruct", Hardware(6.0, True, "T4", 15.0, False), "nf4", "cuda"),
        ("llama-3.1-8b-instruct", Hardware(64.0, True, "GTX 1050", 3.5, False), "bf16", "cpu"),
        ("biomistral-7b", Hardware(6.0, True, "V100", 32.0, False), "float32", "cuda"),
    ],
)
def test_the_best_precision_that_fits(
    name: str, machine: Hardware, precision: str | None, device: str | None
) -> None:
    fit = fits(spec(name), machine)
    assert (fit.precision, fit.device, fit.ok) == (precision, device, precision is not None)


@pytest.mark.parametrize(
    ("flags", "most", "computes"),
    [
        ("avx2 avx512_bf16", "", True),
        ("avx2 amx_bf16", "AVX512_CORE_AMX", True),
        ("avx2 avx512_bf16", "AVX2", False),
        ("avx2 avx512f", "", False),
    ],
)
def test_bfloat16_is_computed_where_the_processor_can_and_may(
    flags: str, most: str, computes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", most)
    monkeypatch.setattr(hardware, "_read_text", lambda _: f"flags : {flags}")
    assert hardware.cpu_computes_bf16() is computes


def test_what_does_not_fit_says_why() -> None:
    fit = fits(spec("llama-3.1-8b-instruct"), LAPTOP)
    assert fit.reason == "Needs at least 8 GB; this machine has 6 GB free and no GPU that torch can use."
    with_gpu = fits(spec("llama-3.1-8b-instruct"), Hardware(6.0, True, "GTX 1050", 3.5, False))
    assert "its GPU 3.5 GB" in with_gpu.reason
    unknown = ModelSpec(name="a/b", kind="local", source="a/b")
    assert "not known" in fits(unknown, LAPTOP).reason and not fits(unknown, LAPTOP).ok


def test_a_large_model_without_a_gpu_is_called_slow() -> None:
    assert "slow" in fits(spec("biomistral-7b"), Hardware(64.0, cpu_bf16=True)).reason
    assert "slow" not in fits(spec("smollm2-135m"), LAPTOP).reason


def test_a_server_needs_nothing_of_this_machine() -> None:
    fit = fits(spec("gpt-4o"), Hardware(0.1, cpu_bf16=False))
    assert fit.ok and fit.device == "server" and fit.precision is None


def test_hardware_is_detected_without_torch() -> None:
    code = (
        "import sys; from sensecf_core.language.models import hardware, registry as r;"
        "m = hardware.detect_hardware(); f = [hardware.fits(s, m) for s in r.registry().values()];"
        "assert m.memory_gb > 0 and f; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_a_container_with_less_memory_than_its_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "CGROUP", tmp_path)
    free = hardware.detect_hardware().memory_gb
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert hardware.detect_hardware().memory_gb == pytest.approx(free, abs=2)
    (tmp_path / "memory.max").write_text("1500000000\n")
    (tmp_path / "memory.current").write_text("500000000\n")
    assert hardware.detect_hardware().memory_gb == pytest.approx(min(free, 1.0), abs=0.1)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (
            "NVIDIA A100-SXM4-40GB, 39500, 8.0\nNVIDIA A100-SXM4-40GB, 1, 8.0\n",
            ("NVIDIA A100-SXM4-40GB", 41.4),
        ),
        ("Tesla T4, 15000, 7.5\n", ("Tesla T4", 15.7)),
        ("NVIDIA-SMI has failed\n", (None, 0.0)),
        ("", (None, 0.0)),
    ],
)
def test_the_gpu_is_read_from_nvidia_smi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, printed: str, expected: tuple[str | None, float]
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nprintf '{printed}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(hardware, "_torch_has_cuda", lambda: True)
    machine = hardware.detect_hardware()
    assert (machine.gpu, machine.gpu_memory_gb) == expected
    assert machine.gpu_bf16 is bool(expected[0] and "A100" in expected[0])
