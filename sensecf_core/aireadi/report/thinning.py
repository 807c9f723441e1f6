"""Fewer points for the browser, with every peak and nadir kept. Metrics never see a thinned trace."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensecf_core.aireadi.release.readings import Floats, Points
from sensecf_core.aireadi.release.timestamps import Times


def broken(data: Points, longest_gap: int) -> tuple[Times, Floats]:
    """Return the valid readings with a NaN in every pause longer than ``longest_gap`` minutes.

    A line drawn through them breaks where nothing was measured.
    """
    times, values = data.times[data.valid], data.values[data.valid]
    pauses = np.flatnonzero(np.diff(times) > np.timedelta64(longest_gap, "m"))
    holes = times[pauses] + np.timedelta64(60, "s")
    with_holes: Times = np.insert(times, pauses + 1, holes)
    return with_holes, np.insert(values, pauses + 1, np.nan)


def thin(times: Times, values: Floats, most: int) -> tuple[Times, Floats]:
    """Keep the lowest and the highest value of each of ``most / 2`` equal stretches of time, and the ends.

    NaN marks a gap, and one of each run of them is kept too, so the result has at most ``most`` values, the
    first and the last one, and a NaN per gap. Times must not fall.
    """
    gap = np.isnan(values)
    opening = gap & ~np.concatenate(([False], gap[:-1])) if len(values) else gap
    measured = np.flatnonzero(~gap)
    if len(measured) <= most:
        kept = np.flatnonzero(~gap | opening)
        return times[kept], values[kept]
    ends = measured[[0, -1]]
    kept = np.unique(
        np.concatenate((_extremes(times, values, measured, most), ends, np.flatnonzero(opening)))
    )
    return times[kept], values[kept]


def _extremes(
    times: Times, values: Floats, measured: npt.NDArray[np.intp], most: int
) -> npt.NDArray[np.intp]:
    """Places of the lowest and the highest value of each stretch."""
    offset = (times[measured] - times[measured[0]]).astype(np.int64)
    stretch = offset * max(most // 2, 1) // (int(offset[-1]) + 1)
    order = np.lexsort((values[measured], stretch))
    first = np.concatenate(([True], np.diff(stretch[order]) > 0))
    last = np.concatenate((first[1:], [True]))
    return measured[order[first | last]]
