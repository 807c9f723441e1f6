"""Many visitors, kills and page loads: ``python -m tools.soak [--visitors 20] [--kills 3] [--loads 200]``.

Exit code 1 if a question was refused or lost, or if the server's open files go on growing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence

MOST_GROWN = 9
"""Descriptors that the last half of the page loads may add."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--each", type=int, default=2, help="questions of each visitor")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--loads", type=int, default=200, help="page loads; 0 for none")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as private:
        os.environ["SENSECF_VAR"] = private
        from tools.soak import pages, queue

        begun = time.monotonic()
        lost = queue.ask(chosen.visitors, chosen.each, chosen.kills)
        print(
            f"{chosen.visitors} visitors asked {lost.asked} questions at once: {lost.accepted} accepted, "
            f"{lost.answered} answered through {lost.kills} kills, in {time.monotonic() - begun:.0f} s"
        )
        for problem in lost.problems:
            print(problem)
        if chosen.loads == 0:
            return 0 if lost.ok else 1
        held = pages.visit(chosen.loads)
        for at in held:
            print(f"{at.loads} page loads: {at.descriptors} open files, {at.megabytes:,} MB")
    return 0 if lost.ok and pages.grown(held) <= MOST_GROWN else 1


if __name__ == "__main__":
    sys.exit(main())
