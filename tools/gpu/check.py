"""Check everything that this program does with a language model on this machine, and write a report.

    make gpu-check MODEL=llama-3.1-8b-instruct          or any name, folder or hub id of the registry
    python -m tools.gpu.check --model biomistral-7b --precision nf4
    python -m tools.gpu.check --people 3 --steps 4      the default model, a few minutes on a CPU

It loads the weights, generates, answers for participants of the test part through the same pipeline as the
app, and fine-tunes for some steps. It measures memory and speed and shows that each step works. The trained
adapter is not kept, and so few participants say little about quality. A step that fails is reported with its
error, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.local.loading import PRECISIONS
from sensecf_core.language.models import registry
from sensecf_core.paths import var
from sensecf_core.provenance import commit, machine, versions
from tools.gpu.steps import STEPS, Options, Session, find, say

WHAT = (
    "One run on one machine: memory and speed of loading, generating, answering and fine-tuning. Not a "
    "benchmark of quality: the people are few, the model is asked as it is (zero-shot), and the adapter "
    "made here is thrown away."
)
EXTRA_LIBRARIES = ("peft", "accelerate", "bitsandbytes", "tokenizers")


def run_step(step: Callable[[Session], dict[str, Any]], session: Session) -> dict[str, Any]:
    """Run one step and add its memory; an exception becomes part of the result."""
    import torch

    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    try:
        result: dict[str, Any] = {"ok": True, **step(session)}
    except Exception as error:
        is_expected = isinstance(error, InputError | NotReadyError)
        result = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        result |= {} if is_expected else {"traceback": traceback.format_exc()}
    memory = {
        "process_gb": psutil.Process().memory_info().rss / 1e9,
        "process_peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }
    if cuda:
        memory["gpu_peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
        memory["gpu_reserved_gb"] = torch.cuda.max_memory_reserved() / 1e9
    return {**result, "wall_seconds": time.perf_counter() - started, "memory": memory}


def gpus() -> list[dict[str, Any]]:
    """The GPUs that torch sees; empty on a CPU."""
    import torch

    devices = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    return [
        {
            "name": gpu.name,
            "memory_gb": gpu.total_memory / 1e9,
            "capability": f"{gpu.major}.{gpu.minor}",
            "cuda": torch.version.cuda,
        }
        for gpu in devices
    ]


def hardware_note(session: Session) -> str:
    """Say in one sentence on what hardware the model ran."""
    import torch

    if session.model is None:
        return "The model was not loaded: nothing was measured."
    if session.loaded.model.device.type == "cuda":
        return "This ran on a GPU."
    if shutil.which("nvidia-smi") and not torch.cuda.is_available():
        return (
            f"This ran on the CPU, although the machine has a GPU driver: torch {torch.__version__} uses no "
            "GPU here (the build with CUDA is needed)."
        )
    return "This ran on the CPU: it says nothing about a GPU."


def check(options: Options, argv: list[str]) -> dict[str, Any]:
    """Run the steps up to the first that fails, and return the report."""
    import torch

    session = Session(options, *find(options.model), load_fitted(options.cohort))
    steps: dict[str, Any] = {}
    for name, step in STEPS.items():
        say(f"{name.replace('_', '-')} …")
        steps[name] = run_step(step, session)
        for line in lines_of(steps[name]):
            print(f"  {line}", flush=True)
        if not steps[name]["ok"]:
            break
    return {
        "what": WHAT,
        "where": hardware_note(session),
        "ok": len(steps) == len(STEPS) and all(step["ok"] for step in steps.values()),
        "command": " ".join(["python -m tools.gpu.check", *argv]),
        "options": {**asdict(options), "out": None},
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": {**machine(), "memory_gb": psutil.virtual_memory().total / 1e9, "gpus": gpus()},
        "threads": torch.get_num_threads(),
        "versions": {**versions(), **{name: metadata.version(name) for name in EXTRA_LIBRARIES}},
        "steps": steps,
    }


def lines_of(result: dict[str, Any]) -> Iterator[str]:
    """Format the numbers of one step."""
    for name, value in {**result, **result["memory"]}.items():
        if isinstance(value, float):
            yield f"{name}: {value:,.3g}" if value < 1000 else f"{name}: {value:,.0f}"
        elif isinstance(value, str | int) and name != "traceback":
            yield f"{name}: {value}"


def parse(argv: list[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default=registry.DEFAULT)
    parser.add_argument("--cohort", default="nhanes")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--steps", type=int, default=50, help="fine-tuning steps")
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: what the registry thinks fits)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="also write the report here")
    options = Options(**vars(parser.parse_args(argv)))
    if min(options.people, options.steps, options.candidates) < 1:
        parser.error("--people, --steps and --candidates must be at least 1")
    return options


def main(argv: list[str]) -> int:
    """Check, print and write the report; returns 0 if every step worked, 2 for unusable options."""
    options = parse(argv)
    say(WHAT)
    try:
        report = check(options, argv)
    except (InputError, NotReadyError) as error:
        say(str(error))
        return 2
    name = f"{Path(options.model).name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    text = json.dumps(report, indent=1, default=str) + "\n"
    for path in filter(None, (var("gpu-check", name), options.out)):
        path.write_text(text, encoding="utf-8")
        print(f"written: {path}")
    say(report["where"])
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
