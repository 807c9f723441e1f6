"""Compare the speed of this program's language model with llama.cpp on this machine: `make bench-peers`.

    python -m tools.peers.bench                     table on stdout, JSON in var/bench/
    python -m tools.peers.bench --repeats 3         fewer repeats
    python -m tools.peers.bench --out FILE          also write the JSON there

Three sides read the same prompt and write equally many tokens, drawn at temperature 1 without a grammar, with
the same number of threads: SenseCF's own sampling, llama.cpp with the Q4_1 file that the default model comes
from, and llama.cpp with that file dequantised to bfloat16, which are the weights that SenseCF loads. Sides
take turns in every repeat, and each number is a median. Table and JSON name what could not be measured, and
the exit code is then 1.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sensecf_core.errors import NotReadyError
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import default_model
from sensecf_core.paths import var
from tools.bench.record import run_metadata, write_report
from tools.peers.bf16_gguf import write_bf16
from tools.peers.greedy_agreement import agreement, answers_of, in_words
from tools.peers.llama_cpp_peer import PYTHON, LlamaCpp, PeerError, command
from tools.peers.token_speed import FullLength, Timing, prompt_of, timed

Q4_1, BF16 = "llama.cpp Q4_1", "llama.cpp bf16"
PEERS = (Q4_1, BF16)
SPARE_CELLS = 64

Side = Callable[[str, int, int], Timing]
Timings = dict[str, dict[int, list[Timing]]]
"""By side, then by the number of rows."""


@dataclass
class Comparison:
    """Sides by name (ours first), their descriptions, and the sides left out with the reason."""

    sides: dict[str, Side] = field(default_factory=dict)
    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def leave_out(self, name: str, why: Exception) -> None:
        """Drop a side, and report why."""
        self.sides.pop(name, None)
        self.left_out[name] = f"{why}" if isinstance(why, PeerError | NotReadyError) else repr(why)
        print(f"{name}: not measured: {self.left_out[name]}", file=sys.stderr)


def add_ours(comparison: Comparison, threads: int) -> LocalModel:
    """Load the default model as the app does."""
    import torch

    torch.set_num_threads(threads)
    model = LocalModel.load()
    name = f"ours ({model.settings()['precision']})"
    comparison.sides[name] = partial(timed, FullLength.of(model))
    comparison.about[name] = dict(model.provenance())
    return model


def add_peers(comparison: Comparison, options: argparse.Namespace, stack: ExitStack) -> dict[str, LlamaCpp]:
    """Start llama.cpp with each file; the bfloat16 file is written first and deleted after the run."""
    context = options.prompt_tokens + options.rows * options.new_tokens + SPARE_CELLS
    started: dict[str, LlamaCpp] = {}
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=var("bench", "peers").parent)))
    for name in PEERS:
        try:
            file = default_model.fetch_gguf()
            if name == BF16:
                source, file = file, folder / "bf16.gguf"
                write_bf16(source, file)
            argv = command(file, threads=options.threads, rows=options.rows, context=context)
            peer = stack.enter_context(LlamaCpp(argv))
        except Exception as error:
            comparison.leave_out(name, error)
            continue
        started[name] = peer
        comparison.sides[name] = peer.timed
        comparison.about[name] = {"bytes": file.stat().st_size, **peer.about}
    return started


def add_agreement(comparison: Comparison, model: LocalModel, peers: dict[str, LlamaCpp]) -> None:
    """Compare each peer's greedy answers with the transformers model's, and print the agreement."""
    answers = answers_of(model)
    for name, peer in peers.items():
        try:
            result = agreement(peer.follow, answers)
        except PeerError as error:
            comparison.leave_out(name, error)
            continue
        comparison.about[name]["agreement"] = result
        print(f"{name} against transformers: {in_words(result)}")


def take_turns(
    comparison: Comparison, text: str, rows: tuple[int, ...], new_tokens: int, repeats: int
) -> Timings:
    """Time every side with every number of rows, once as a warm-up and then ``repeats`` times.

    Each repeat runs the sides in turn and starts with a different one.
    """
    timings: Timings = {name: {n: [] for n in rows} for name in comparison.sides}
    for repeat in range(-1, repeats):
        names = list(comparison.sides)
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            try:
                timings_by_rows = {n: comparison.sides[name](text, n, new_tokens) for n in rows}
            except PeerError as error:
                comparison.leave_out(name, error)
                del timings[name]
                continue
            if repeat >= 0:
                for n, timing in timings_by_rows.items():
                    timings[name][n].append(timing)
    return timings


def rows_of(timings: Timings) -> list[dict[str, Any]]:
    """The table: the speeds of every side, and the ratio of ours to each peer's."""
    ours = next(iter(timings))
    numbers = sorted(timings[ours])
    speeds = {
        "prefill": {name: [t.prefill for t in measured[numbers[0]]] for name, measured in timings.items()}
    }
    for n in numbers:
        speeds[f"decode, {n} at once"] = {
            name: [t.decode for t in measured[n]] for name, measured in timings.items()
        }
    table = []
    for what, values in speeds.items():
        medians = {name: statistics.median(measured) for name, measured in values.items()}
        ratios = {name: medians[ours] / median for name, median in medians.items() if name != ours}
        table.append({"what": what, "unit": "tok/s", "median": medians, "ours_to": ratios})
    return table


def lines_of(table: list[dict[str, Any]], left_out: dict[str, str]) -> list[str]:
    """Format the table."""
    names, peers = list(table[0]["median"]), list(table[0]["ours_to"])
    heads = [*names, *(f"ours : {name.removeprefix('llama.cpp ')}" for name in peers)]
    lines = [f"{'tokens per second':20}" + "".join(f"{head:>18}" for head in heads)]
    for row in table:
        cells = [f"{row['median'][name]:.1f}" for name in names] + [
            f"{row['ours_to'][name]:.2f}" for name in peers
        ]
        lines.append(f"{row['what']:20}" + "".join(f"{cell:>18}" for cell in cells))
    return lines + [f"{name}: not measured: {why}" for name, why in left_out.items()]


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Load every side, check that they run the same model, measure, and return the report."""
    load = [os.getloadavg()[0]]
    comparison = Comparison()
    with ExitStack() as stack:
        model = add_ours(comparison, options.threads)
        peers = add_peers(comparison, options, stack)
        add_agreement(comparison, model, peers)
        text = prompt_of(model, options.prompt_tokens)
        numbers = tuple(sorted({1, options.rows}))
        timings = take_turns(comparison, text, numbers, options.new_tokens, options.repeats)
    load.append(os.getloadavg()[0])
    return {
        "rows": rows_of(timings),
        "left_out": comparison.left_out,
        "sides": comparison.about,
        "timings": {
            name: {n: [asdict(timing) for timing in repeats] for n, repeats in by_rows.items()}
            for name, by_rows in timings.items()
        },
        "load_average": {"before": load[0], "after": load[1]},
    }


def parse(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure SenseCF's language model beside llama.cpp.")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--rows", type=int, default=16, help="answers written at once")
    parser.add_argument("--out", type=Path, help="also write the JSON here")
    options = parser.parse_args(argv)
    if min(options.repeats, options.threads, options.prompt_tokens, options.new_tokens, options.rows) < 1:
        parser.error("every number must be at least 1")
    return options


def main(argv: list[str]) -> int:
    """Measure, print and write; 1 if a side could not be measured, 2 without llama.cpp or the model."""
    options = parse(argv)
    if not PYTHON.exists():
        print("llama.cpp is not there; run `make bench-peers` or `tools/setup.sh peers`.", file=sys.stderr)
        return 2
    try:
        results = compare(options)
    except NotReadyError as error:
        print(error, file=sys.stderr)
        return 2
    used_options = {name: value for name, value in vars(options).items() if name != "out"}
    metadata = {**run_metadata("tools.peers.bench", argv), "threads": options.threads}
    for line in lines_of(results["rows"], results["left_out"]):
        print(line)
    write_report({**metadata, "options": used_options, **results}, options.out, "peers-")
    return int(bool(results["left_out"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
