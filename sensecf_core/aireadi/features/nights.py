"""Nights out of sleep segments. The release lost each night's last segment, so sleep is a little short."""

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
"""A longer pause between segments begins another sleep."""

SHORTEST, LONGEST = 3.0, 14.0
"""Hours in bed outside which a sleep does not count as a night."""

ASLEEP = ("light", "deep", "rem")


@dataclass(frozen=True)
class Night:
    """One stretch of sleep.

    Attributes
    ----------
    start, end : UTC, first segment's start to last segment's end.
    woke : the local day on which it ended; the night belongs to this day.
    in_bed, asleep, light, deep, rem, awake : hours; ``awake`` lies between falling asleep and waking up.
    midpoint : hours after the local midnight of ``woke`` half way between falling asleep and waking up;
        negative before midnight, NaN where nothing but waking was recorded.
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
        """Whether it is as long as a night can be, and some sleep was recorded."""
        return SHORTEST <= self.in_bed <= LONGEST and self.asleep > 0

    @property
    def efficiency(self) -> float:
        """Percent of the time in bed that was slept."""
        return 100 * self.asleep / self.in_bed


def nights(sleep: Intervals, where: ZoneInfo) -> tuple[Night, ...]:
    """Join segments into sleeps, in the order of time."""
    return tuple(_night(part, where) for part in stretches(sleep))


def stretches(sleep: Intervals) -> tuple[Intervals, ...]:
    """Return the segments of each sleep."""
    return tuple(sleep.where(marked) for marked in _sleeps(sleep))


def _sleeps(sleep: Intervals) -> list[Mask]:
    """Mark the segments of each sleep."""
    if not len(sleep):
        return []
    reached = np.maximum.accumulate(sleep.ends)  # a segment without a length may lie inside an earlier one
    begins = np.append(False, sleep.starts[1:] - reached[:-1] > NEW_NIGHT)
    number = np.cumsum(begins)
    return [number == one for one in range(number[-1] + 1)]


def touching(sleep: Intervals, begin: np.datetime64, end: np.datetime64) -> Intervals:
    """Keep the segments of every sleep that reaches into a stretch of time (UTC), those outside it too.

    A night that the stretch cuts stays whole, so that its part inside is not taken for a short night.
    """
    kept = np.zeros(len(sleep), dtype=bool)
    for part in _sleeps(sleep):
        kept |= part & bool(sleep.starts[part][0] < end and sleep.ends[part].max() > begin)
    return sleep.where(kept)


def _night(part: Intervals, where: ZoneInfo) -> Night:
    hours = part.seconds / 3600
    by_stage = {stage: float(hours[part.names == stage].sum()) for stage in ASLEEP}
    asleep = np.isin(part.names, ASLEEP)
    start, end = part.starts[0], part.ends.max()
    woke = local(np.array([end]), where)[0].astype("datetime64[D]")
    midpoint, awake = float("nan"), float("nan")
    if asleep.any():
        onset, waking = part.starts[asleep][0], part.ends[asleep].max()
        middle = local(np.array([onset + (waking - onset) // 2]), where)[0]
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


def main_nights(found: tuple[Night, ...]) -> dict[date, Night]:
    """Return the longest usable sleep of each day of waking; naps and broken nights are left out."""
    longest: dict[date, Night] = {}
    for night in found:
        other = longest.get(night.woke)
        if night.usable and (other is None or night.asleep > other.asleep):
            longest[night.woke] = night
    return longest
