"""Give the program thousands of damaged inputs: ``python -m tools.fuzz [--inputs 10000] [--seed 19]``.

Each has to end in an answer or in one sentence, within :data:`MOST_SECONDS`. Whatever else is raised is
listed with its input's number; exit code 1 then. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

MOST_SECONDS = 5.0


@dataclass
class Found:
    """What a run found: inputs by kind, how many were refused, what was raised, and what took too long."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    raised: dict[str, str] = field(default_factory=dict)
    slow: list[str] = field(default_factory=list)
    longest: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.raised and not self.slow


def run(
    inputs: int, seed: int, only: Sequence[str] = (), tell: Callable[[str], None] = lambda said: None
) -> Found:
    """Try inputs of the kinds ``only`` (empty: of all), shared among them; ``tell`` hears of each kind."""
    from tools.fuzz.kinds import ALLOWED, kinds

    found = Found()
    with tempfile.TemporaryDirectory() as folder:
        every = {name: kind for name, kind in kinds(Path(folder)).items() if not only or name in only}
        total = sum(kind.share for kind in every.values())
        for name, kind in every.items():
            for number in range(max(1, round(inputs * kind.share / total))):
                content = kind.make(random.Random(f"{seed} {name} {number}"))
                begun = time.perf_counter()
                try:
                    kind.take(content)
                except ALLOWED:
                    found.refused[name] += 1
                except Exception as error:
                    last = traceback.extract_tb(error.__traceback__)[-1]
                    where = f"{name}: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
                    found.raised.setdefault(where, f"input {number}: {str(error)[:200]!r}")
                seconds = time.perf_counter() - begun
                found.tried[name] += 1
                found.longest = max(found.longest, seconds if number > 0 else 0.0)
                if seconds > MOST_SECONDS and number > 0:  # the first loads libraries and cohorts
                    found.slow.append(f"{name} {number}: {seconds:.1f} s")
            tell(f"{name}: {found.tried[name]:,} inputs, {found.refused[name]:,} refused by an error")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print what was found; 0 if nothing was."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--only", action="append", default=[], help="a kind; may be repeated")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as private:
        os.environ["SENSECF_VAR"] = private
        found = run(chosen.inputs, chosen.seed, chosen.only, partial(print, flush=True))
    for where, what in found.raised.items():
        print(f"RAISED {where}: {what}")
    for what in found.slow:
        print(f"SLOW {what}")
    print(
        f"{found.tried.total():,} inputs, {len(found.raised)} kinds of traceback, {len(found.slow)} over "
        f"{MOST_SECONDS:g} s, the longest {found.longest:.1f} s"
    )
    return 0 if found.ok else 1


if __name__ == "__main__":
    sys.exit(main())
