"""Time below 54 mg/dL, which asks for action first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.aireadi.features.glucose import STEP, VERY_LOW
from sensecf_core.aireadi.report.bands import MINUTES_A_DAY
from sensecf_core.types import Floats

EVENT_SLOTS = 15 * 60 // STEP
"""Slots of an event: 15 minutes in a row, and as long above for its end (Battelino et al. 2019)."""


@dataclass(frozen=True)
class VeryLow:
    """Glucose below 54 mg/dL: percent of the time, and events of 15 minutes or more."""

    percent: float
    events: int

    @property
    def minutes(self) -> float:
        """Minutes of an average day of 24 hours."""
        return self.percent / 100 * MINUTES_A_DAY


def very_low(values: Floats) -> VeryLow | None:
    """Find the time below 54 mg/dL; None if there is none.

    Parameters
    ----------
    values : mg/dL on the five-minute grid, NaN in gaps.
    """
    known = np.isfinite(values)
    below = known & (values < VERY_LOW)
    if not below.any():
        return None
    return VeryLow(100 * float(below.sum()) / float(known.sum()), _events(below))


def _events(below: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], below, [False])).astype(np.int8)))
    events, last_end = 0, -EVENT_SLOTS
    for start, end in edges.reshape(-1, 2):
        if end - start < EVENT_SLOTS:
            continue
        if start - last_end >= EVENT_SLOTS:
            events += 1
        last_end = end
    return events
