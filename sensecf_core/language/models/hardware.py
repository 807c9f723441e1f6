"""Which models fit into this machine's memory, and at which precision. Imports no torch."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil

from sensecf_core.language.models.registry import ModelSpec, Precision, folder_of

LARGE = 1_000_000_000
"""Number of parameters from which a model is slow without a GPU, and memory matters more than speed."""
NATIVE_BF16 = 8.0
"""CUDA compute capability from which bfloat16 is computed natively (Ampere)."""
WITHOUT_BF16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Values of ``ONEDNN_MAX_CPU_ISA`` below AVX-512 BF16 (oneDNN, "CPU Dispatcher Control")."""
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Hardware:
    """Free memory in GB (10⁹ bytes), and the devices. ``gpu`` is None if torch cannot use one."""

    memory_gb: float
    cpu_bf16: bool
    gpu: str | None = None
    gpu_memory_gb: float = 0.0
    gpu_bf16: bool = False


@dataclass(frozen=True)
class Fit:
    """Whether this machine can hold a model, at which precision and where; ``reason`` is for people.

    ``here`` says whether its weights are on this disk (True for an endpoint, which needs none).
    """

    ok: bool
    precision: Precision | None
    device: Literal["cuda", "cpu", "server"] | None
    reason: str
    here: bool = True


def detect_hardware() -> Hardware:
    """Read free memory now (also a container's limit), the processor and the first NVIDIA GPU."""
    name, memory, capability = _gpu() if _torch_has_cuda() else (None, 0.0, 0.0)
    return Hardware(
        memory_gb=round(_free_memory() / 1e9, 1),
        cpu_bf16=cpu_computes_bf16(),
        gpu=name,
        gpu_memory_gb=round(memory, 1),
        gpu_bf16=capability >= NATIVE_BF16,
    )


def cpu_computes_bf16() -> bool:
    """Whether the processor has instructions for bfloat16 (AVX-512 BF16 or AMX), and may use them.

    oneDNN, which computes for torch, does without those above ``ONEDNN_MAX_CPU_ISA`` where that is set.
    """
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper() in WITHOUT_BF16:
        return False
    flags = _read_text(Path("/proc/cpuinfo"))
    return "avx512_bf16" in flags or "amx_bf16" in flags


def fits(spec: ModelSpec, hardware: Hardware | None = None) -> Fit:
    """Whether this machine (or ``hardware``) can hold a model, at the best precision that fits.

    A GPU is preferred; on each device the precision it computes in natively comes first, 4-bit last.
    """
    if spec.is_remote:
        return Fit(True, None, "server", f"Runs on the server at {spec.source}, not in this program.")
    hardware = hardware or detect_hardware()
    fetched = folder_of(spec) is not None
    if not spec.memory:
        why = "nothing of it is on this machine" if not fetched else "its parts are not all there"
        return Fit(False, None, None, f"How much memory {spec.name} needs is not known: {why}.", fetched)
    for device, memory_gb, precisions in _devices(hardware):
        for precision in precisions:
            if spec.memory.get(precision, float("inf")) <= memory_gb:
                return Fit(True, precision, device, _fit_text(spec, device, precision), fetched)
    least = min(spec.memory.values())
    gpu = f"its GPU {hardware.gpu_memory_gb:g} GB" if hardware.gpu else "no GPU that torch can use"
    reason = f"Needs at least {least:g} GB; this machine has {hardware.memory_gb:g} GB free and {gpu}."
    return Fit(False, None, None, reason, fetched)


def _devices(hardware: Hardware) -> list[tuple[Literal["cuda", "cpu"], float, tuple[Precision, ...]]]:
    """Each device with its memory in GB and its precisions, best first."""
    precisions: tuple[Precision, ...] = ("bf16", "nf4") if hardware.cpu_bf16 else ("float32", "bf16", "nf4")
    devices: list[tuple[Literal["cuda", "cpu"], float, tuple[Precision, ...]]] = [
        ("cpu", hardware.memory_gb, precisions)
    ]
    if hardware.gpu:
        devices.insert(0, ("cuda", hardware.gpu_memory_gb, (native_precision(hardware, gpu=True), "nf4")))
    return devices


def native_precision(hardware: Hardware, *, gpu: bool) -> Precision:
    """What a device computes in natively, which is also what ``auto`` loads."""
    return "bf16" if (hardware.gpu_bf16 if gpu else hardware.cpu_bf16) else "float32"


def _fit_text(spec: ModelSpec, device: str, precision: Precision) -> str:
    text = (
        f"Fits in {precision} ({spec.memory[precision]:g} GB) on the {'GPU' if device == 'cuda' else 'CPU'}"
    )
    slow = device == "cpu" and (spec.parameters or 0) >= LARGE
    return f"{text}; a model of this size is slow without a GPU." if slow else f"{text}."


def _free_memory() -> float:
    """Bytes that are free on the machine and within the container's limit."""
    free = float(psutil.virtual_memory().available)
    try:
        limit = float((CGROUP / "memory.max").read_text(encoding="ascii"))
        used = float((CGROUP / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no cgroup 2, or no limit ("max")
        return free
    return min(free, max(limit - used, 0.0))


def _torch_has_cuda() -> bool:
    try:
        return "+cpu" not in metadata.version("torch")
    except metadata.PackageNotFoundError:
        return False


def _gpu() -> tuple[str | None, float, float]:
    """The first NVIDIA GPU: (name, free GB, compute capability), or (None, 0, 0)."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None, 0.0, 0.0
    query = ["--query-gpu=name,memory.free,compute_cap", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run([program, *query], capture_output=True, text=True, timeout=5, check=True)
        name, free_mib, capability = (part.strip() for part in done.stdout.splitlines()[0].rsplit(",", 2))
        return name, float(free_mib) * 1024**2 / 1e9, float(capability)
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return None, 0.0, 0.0


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
