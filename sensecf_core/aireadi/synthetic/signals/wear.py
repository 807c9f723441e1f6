"""When the band was on the wrist, and the stage of sleep of every minute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.signals.clock import Clock
from sensecf_core.aireadi.synthetic.signals.sleep_stages import NO_NIGHT, STAGES, night

PUT_ON, TAKEN_OFF = 600, 720
"""Approximate local minutes at which the band is put on at the visit and taken off on the last day."""


@dataclass(frozen=True)
class Wear:
    """Per minute of the clock: ``worn``, and ``stage`` (index into ``STAGES``, ``NO_NIGHT`` by day).

    ``nights``: the segments of each night that the band recorded, as (first minute, stage, length);
    ``started`` and ``ended``: the minutes between which the band belongs to the participant.
    """

    worn: npt.NDArray[np.bool_]
    stage: npt.NDArray[np.int8]
    nights: list[list[tuple[int, int, int]]]
    started: int
    ended: int


def wear(clock: Clock, days: pd.DataFrame, rng: np.random.Generator) -> Wear:
    """Place nights and times off the wrist; ``days`` are one participant's, in order."""
    started = clock.index(0, PUT_ON + int(rng.integers(-60, 120)))
    ended = clock.index(len(days) - 1, TAKEN_OFF + int(rng.integers(-90, 120)))
    worn = np.zeros(len(clock.utc), dtype=bool)
    worn[started:ended] = True
    stage = np.full(len(clock.utc), NO_NIGHT, dtype=np.int8)
    nights = []
    for row in days.itertuples():
        if row.day == 0:
            continue
        segments = _night(clock, row, rng)
        for first, kind, length in segments:
            stage[first : first + length] = kind
        if row.night_worn:
            nights.append(segments)
        else:
            first, last = segments[0][0], segments[-1][0] + segments[-1][2]
            worn[first - 20 : last + 10] = False
    for row in days.itertuples():
        off = clock.index(int(row.day), int(row.off_start))
        worn[off : off + int(row.off_minutes)] &= stage[off : off + int(row.off_minutes)] != NO_NIGHT
    return Wear(worn, stage, nights, started, ended)


def _night(clock: Clock, row: object, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    minutes = {name: int(getattr(row, name)) for name in STAGES}
    woke = clock.index(int(row.day), int(row.wake_minute))  # type: ignore[attr-defined]
    first = woke - sum(minutes.values())
    segments = []
    for kind, length in night(minutes, int(row.last_segment), rng):  # type: ignore[attr-defined]
        segments.append((first, kind, length))
        first += length
    return segments
