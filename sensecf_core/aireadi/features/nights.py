"""Nights from sleep segments. Releases lack each night's last segment, so sleep is slightly too short."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sensecf_core.aireadi.release.intervals import Intervals
from sensecf_core.aireadi.release.timestamps import local
from sensecf_core.types import Mask

NEW_NIGHT = np.timedelta64(3, "h")
"""After a longer pause between segments another sleep begins."""

SHORTEST, LONGEST = 3.0, 14.0
"""Hours in bed outside which a sleep does not count as a night."""

ASLEEP = ("light", "deep", "rem")


@dataclass(frozen=True)
class Night:
    """One sleep, from its first to its last segment.

    Attributes
    ----------
    start, end : UTC, first segment's start to last segment's end.
    woke : the local day on which it ended, to which the night belongs.
    in_bed, asleep, light, deep, rem, awake : hours; ``awake`` lies between falling asleep and waking up.
    midpoint : the time half way between falling asleep and waking up, in hours after the local midnight of
        ``woke``; negative before midnight, NaN if only time awake was recorded.
    """

    start: np.datetime64
    end: np.datetime64
    woke: date
    in_bed: float
    asleep: float
    light: float
    deep: float
    rem: float
    awake: float
    midpoint: float

    @property
    def usable(self) -> bool:
        """Whether it has the length of a night, and some sleep was recorded."""
        return SHORTEST <= self.in_bed <= LONGEST and self.asleep > 0

    @property
    def efficiency(self) -> float:
        """Percent of the time in bed spent asleep."""
        return 100 * self.asleep / self.in_bed


def nights(sleep: Intervals, zone: ZoneInfo) -> tuple[Night, ...]:
    """Group segments into sleeps, in the order of time."""
    return tuple(_night(part, zone) for part in stretches(sleep))


def stretches(sleep: Intervals) -> tuple[Intervals, ...]:
    """Return the segments of each sleep."""
    return tuple(sleep.where(marked) for marked in _sleeps(sleep))


def _sleeps(sleep: Intervals) -> list[Mask]:
    """Return the mask of each sleep's segments."""
    if not len(sleep):
        return []
    latest_end = np.maximum.accumulate(sleep.ends)  # a segment without a length may lie inside an earlier one
    begins = np.append(False, sleep.starts[1:] - latest_end[:-1] > NEW_NIGHT)
    number = np.cumsum(begins)
    return [number == index for index in range(number[-1] + 1)]


def touching(sleep: Intervals, begin: np.datetime64, end: np.datetime64) -> Intervals:
    """Keep all segments of every sleep that overlaps a period (UTC), also those outside it.

    A night that the period cuts stays whole, so that its part inside does not count as a short night.
    """
    keep = np.zeros(len(sleep), dtype=bool)
    for part in _sleeps(sleep):
        keep |= part & bool(sleep.starts[part][0] < end and sleep.ends[part].max() > begin)
    return sleep.where(keep)


def _night(part: Intervals, zone: ZoneInfo) -> Night:
    hours = part.seconds / 3600
    by_stage = {stage: float(hours[part.names == stage].sum()) for stage in ASLEEP}
    asleep = np.isin(part.names, ASLEEP)
    start, end = part.starts[0], part.ends.max()
    woke = local(np.array([end]), zone)[0].astype("datetime64[D]")
    midpoint, awake = float("nan"), float("nan")
    if asleep.any():
        onset, waking = part.starts[asleep][0], part.ends[asleep].max()
        middle = local(np.array([onset + (waking - onset) // 2]), zone)[0]
        midpoint = float((middle - woke.astype("datetime64[s]")) / np.timedelta64(1, "s")) / 3600
        inside = (part.names == "awake") & (part.starts >= onset) & (part.ends <= waking)
        awake = float(hours[inside].sum())
    in_bed = float((end - start) / np.timedelta64(1, "s")) / 3600
    return Night(
        start,
        end,
        pd.Timestamp(woke).date(),
        in_bed,
        sum(by_stage.values()),
        **by_stage,
        awake=awake,
        midpoint=midpoint,
    )


def main_nights(sleeps: tuple[Night, ...]) -> dict[date, Night]:
    """Return the longest usable sleep that ended on each day; naps and broken nights are left out."""
    longest: dict[date, Night] = {}
    for night in sleeps:
        longest_so_far = longest.get(night.woke)
        if night.usable and (longest_so_far is None or night.asleep > longest_so_far.asleep):
            longest[night.woke] = night
    return longest
