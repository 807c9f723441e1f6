"""Activity records: consecutive intervals of one kind of movement, with their steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from sensecf_core.aireadi.synthetic.population.settings import Sampling
from sensecf_core.aireadi.synthetic.signals.clock import Stream
from sensecf_core.aireadi.synthetic.signals.minutes import Signals
from sensecf_core.aireadi.synthetic.signals.movement import KINDS, SEDENTARY
from sensecf_core.types import Ints

AFTER_REMOVAL = (2880, 4320)
"""Minutes from removal to the end of the last record, which is longer than a day."""


def activity(signals: Signals, sampling: Sampling, *, odd: bool, rng: np.random.Generator) -> Stream:
    """Record movement as intervals; each starts where the previous one ended.

    Time off the wrist is part of the next interval. ``odd``: some values are NaN, text or blank.
    """
    ends, kinds, steps = _runs(signals, sampling)
    start = signals.clock.utc[signals.wear.started]
    last = int(signals.clock.utc[signals.wear.ended]) + int(rng.integers(*AFTER_REMOVAL))
    end = np.concatenate([[start], signals.clock.utc[ends - 1] + 1, [last]])
    names = ["sedentary", *[KINDS[kind] for kind in kinds], "sedentary"]
    values: list[Any] = [0, *steps.tolist(), 0]
    begin = np.concatenate([[start], end[:-1]])
    if odd:
        _make_odd(names, values)
    return Stream(end, values, begin=begin, extra=names)


def _runs(signals: Signals, sampling: Sampling) -> tuple[Ints, Ints, Ints]:
    """End (exclusive), kind and steps of every record.

    Sedentary records are split at full clock intervals; records of movement are not, except in a compact
    release, where all movement of one kind in an interval becomes one record.
    """
    wear, kind = signals.wear, signals.movement.kind
    minutes = np.arange(wear.started, wear.ended)
    minutes = minutes[wear.worn[minutes]]
    blocks = minutes // sampling.activity
    if sampling.indent is None:
        return _pooled(minutes, blocks, kind[minutes].astype(np.int64), signals.movement.steps[minutes])
    is_first = np.diff(kind[minutes], prepend=-1) != 0
    is_first |= np.diff(minutes, prepend=minutes[0]) > 1
    is_first |= (np.diff(blocks, prepend=blocks[0]) != 0) & (kind[minutes] == SEDENTARY)
    first = np.flatnonzero(is_first)
    steps = np.add.reduceat(signals.movement.steps[minutes], first)
    return minutes[np.append(first[1:], len(minutes)) - 1] + 1, kind[minutes[first]].astype(np.int64), steps


def _pooled(minutes: Ints, blocks: Ints, kind: Ints, steps: Ints) -> tuple[Ints, Ints, Ints]:
    """Return one record per kind and clock interval, with the minutes of every kind preserved."""
    order = np.lexsort((minutes, kind, blocks))
    key = blocks[order] * len(KINDS) + kind[order]
    first = np.flatnonzero(np.diff(key, prepend=-1) != 0)
    lengths = np.diff(np.append(first, len(key)))
    totals = np.add.reduceat(steps[order], first)
    record_blocks, kinds = blocks[order][first], kind[order][first]
    latest = np.full(int(blocks[-1]) + 1, 0)
    latest[blocks] = minutes + 1
    remaining = np.zeros(len(first), dtype=np.int64)
    for index in range(len(first) - 2, -1, -1):
        if record_blocks[index] == record_blocks[index + 1]:
            remaining[index] = remaining[index + 1] + lengths[index + 1]
    return latest[record_blocks] - remaining, kinds, totals


def _make_odd(names: list[str], values: list[Any]) -> None:
    """Replace the smallest counts of movement by NaN and some numbers by text, and blank a few records."""
    moving = sorted(
        (index for index, name in enumerate(names) if name != "sedentary"), key=lambda index: values[index]
    )
    for index in moving[: max(1, len(moving) // 100)]:
        values[index] = float("nan")
    for index in moving[-3:]:
        values[index] = str(values[index])
    sedentary = [index for index, name in enumerate(names) if name == "sedentary"]
    for index in sedentary[10:12]:
        names[index], values[index] = "", ""
