"""The 24-hour glucose profile: all days of a period superimposed by time of day.

Median, the middle half (25th to 75th percentile) and nine of ten (5th to 95th), as in the ambulatory
glucose profile that the consensus recommends (Battelino et al. 2019, Diabetes Care 42:1593). Percentiles
are taken over the readings in each piece of the day, without smoothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from sensecf_core.aireadi.features.glucose import Trace
from sensecf_core.aireadi.features.wear import GLUCOSE_DAYS
from sensecf_core.aireadi.release.timestamps import local
from sensecf_core.types import Floats, Ints

PERCENTILES = (5, 25, 50, 75, 95)

WIDTH = 30
"""Minutes per piece of the day: ten days of readings every five minutes give 60 readings a piece."""


@dataclass(frozen=True)
class ModalDay:
    """Glucose by the time of day.

    Attributes
    ----------
    minutes : middle of each piece, minutes after local midnight.
    levels : mg/dL, shape (5, pieces): the :data:`PERCENTILES`; NaN in pieces with fewer than
        :data:`GLUCOSE_DAYS` days, since percentiles of one or two days describe only those days.
    days : how many different days contribute to each piece.
    """

    minutes: Floats
    levels: Floats
    days: Ints

    @property
    def known(self) -> bool:
        """Whether any piece of the day has percentiles."""
        return bool(np.isfinite(self.levels).any())


def modal_day(trace: Trace, zone: ZoneInfo, width: int = WIDTH) -> ModalDay:
    """Superimpose the days of a trace by wall-clock time.

    Parameters
    ----------
    width : minutes of a piece; must divide the day.
    """
    pieces = 24 * 60 // width
    if pieces * width != 24 * 60:
        raise ValueError(f"`width` must divide 1,440 minutes, got {width}.")
    wall = local(trace.times, zone)
    day = wall.astype("datetime64[D]")
    piece = ((wall - day).astype("timedelta64[m]").astype(np.int64)) // width
    known = np.isfinite(trace.values)
    levels = np.full((len(PERCENTILES), pieces), np.nan)
    days: Ints = np.zeros(pieces, dtype=np.int64)
    for index in range(pieces):
        in_piece = known & (piece == index)
        days[index] = len(np.unique(day[in_piece]))
        if days[index] >= GLUCOSE_DAYS:
            levels[:, index] = np.percentile(trace.values[in_piece], PERCENTILES)
    minutes: Floats = (np.arange(pieces, dtype=np.float64) + 0.5) * width
    return ModalDay(minutes, levels, days)
