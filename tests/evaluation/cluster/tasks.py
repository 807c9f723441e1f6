"""Tasks for workers; a module of its own, so that they import little."""

from __future__ import annotations

import os
import time
from pathlib import Path


def squared(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def squared_after_a_while(number: int) -> tuple[int, int]:
    time.sleep(0.2)
    return squared(number)


def slowly(file: Path, number: int) -> int:
    """Write a line every 50 ms until the file ``enough`` is beside it, at most for a minute."""
    for _ in range(1200):
        with file.open("a") as lines:
            lines.write(f"{number}\n")
        if file.with_name("enough").exists():
            break
        time.sleep(0.05)
    return number


def deadly(number: int) -> int:
    os._exit(9)
