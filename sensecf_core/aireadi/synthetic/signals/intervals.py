"""Activity records: consecutive intervals of one kind of movement with its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from sensecf_core.aireadi.synthetic.population.settings import Sampling
from sensecf_core.aireadi.synthetic.signals.clock import Stream
from sensecf_core.aireadi.synthetic.signals.minutes import Signals
from sensecf_core.aireadi.synthetic.signals.movement import KINDS, SEDENTARY
from sensecf_core.types import Ints

AFTER_REMOVAL = (2880, 4320)
"""Minutes after removal at which a last record ends: an interval of more than a day."""


def activity(signals: Signals, sampling: Sampling, *, odd: bool, rng: np.random.Generator) -> Stream:
    """Write movement down as intervals; each starts where the one before ended.

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
    """End (exclusive place), kind and steps of every stretch of one kind within a clock interval.

    Sedentary stretches are split at full intervals; stretches of movement are whole unless records are
    to be few (a compact release), where all movement of one kind in an interval becomes one record.
    """
    wear, kind = signals.wear, signals.movement.kind
    place = np.arange(wear.started, wear.ended)
    place = place[wear.worn[place]]
    block = place // sampling.activity
    if sampling.indent is None:
        return _pooled(place, block, kind[place].astype(np.int64), signals.movement.steps[place])
    new = np.diff(kind[place], prepend=-1) != 0
    new |= np.diff(place, prepend=place[0]) > 1
    new |= (np.diff(block, prepend=block[0]) != 0) & (kind[place] == SEDENTARY)
    first = np.flatnonzero(new)
    steps = np.add.reduceat(signals.movement.steps[place], first)
    return place[np.append(first[1:], len(place)) - 1] + 1, kind[place[first]].astype(np.int64), steps


def _pooled(place: Ints, block: Ints, kind: Ints, steps: Ints) -> tuple[Ints, Ints, Ints]:
    """One record per kind and clock interval, in an order that keeps every kind's minutes."""
    order = np.lexsort((place, kind, block))
    key = block[order] * len(KINDS) + kind[order]
    first = np.flatnonzero(np.diff(key, prepend=-1) != 0)
    lengths = np.diff(np.append(first, len(key)))
    totals = np.add.reduceat(steps[order], first)
    blocks, kinds = block[order][first], kind[order][first]
    latest = np.full(int(block[-1]) + 1, 0)
    latest[block] = place + 1
    remaining = np.zeros(len(first), dtype=np.int64)
    for number in range(len(first) - 2, -1, -1):
        if blocks[number] == blocks[number + 1]:
            remaining[number] = remaining[number + 1] + lengths[number + 1]
    return latest[blocks] - remaining, kinds, totals


def _make_odd(names: list[str], values: list[Any]) -> None:
    """Turn the smallest counts of movement into NaN, some numbers into text, and blank a few records."""
    moving = sorted((at for at, name in enumerate(names) if name != "sedentary"), key=lambda at: values[at])
    for at in moving[: max(1, len(moving) // 100)]:
        values[at] = float("nan")
    for at in moving[-3:]:
        values[at] = str(values[at])
    still = [at for at, name in enumerate(names) if name == "sedentary"]
    for at in still[10:12]:
        names[at], values[at] = "", ""
