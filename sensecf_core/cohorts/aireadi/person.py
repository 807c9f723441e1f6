"""Everything about one participant's sensors: the streams, the window, the days, the quality."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sensecf_core.cohorts.aireadi.days import Worn, day_table
from sensecf_core.cohorts.aireadi.files import FileFinder
from sensecf_core.cohorts.aireadi.glucose import metrics, no_metrics
from sensecf_core.cohorts.aireadi.quality import quality_row, quality_table
from sensecf_core.cohorts.aireadi.reading import Recording, read
from sensecf_core.cohorts.aireadi.streams import ACTIVITY, SLEEP, STREAMS
from sensecf_core.cohorts.aireadi.timestamps import Times, zone
from sensecf_core.cohorts.aireadi.wear import GLUCOSE_DAYS
from sensecf_core.cohorts.aireadi.window import window

CONSENSUS_DAYS = 14
"""Days of glucose that the consensus asks for; the study's sensors lasted ten."""

NO_OVERLAP = "heart rate was recorded, but not in the days that count"
"""Told of people whose band and glucose sensor do not overlap."""

FEWEST_NIGHTS = 3
"""Nights below which the regularity of sleep is not told."""


NOT_AVERAGED = frozenset({
    "heart_rate_hours", "glucose_share", "worn", "glucose_enough", "night_recorded", "enough_wear", "weekend",
})  # fmt: skip
"""Columns of the day table that a mean says nothing about."""


@dataclass(frozen=True)
class PersonTables:
    """One participant's rows for the cohort's tables.

    Attributes
    ----------
    days : see :func:`days.day_table`.
    summary : one value a column, see :func:`summarise`.
    quality : one row per stream.
    read_bytes : size of the files that were read.
    """

    days: pd.DataFrame
    summary: dict[str, object]
    quality: pd.DataFrame
    read_bytes: int


def worn_streams(
    finder: FileFinder, person: str, *, site: str, visit: date | None, now: datetime | None = None
) -> tuple[Worn, tuple[Recording, ...], tuple[str, ...]]:
    """Read all streams of a participant and cut them to the window.

    Returns
    -------
    The streams inside the window, each file as it was read, and what is odd about the person's clock.
    """
    recordings = tuple(read(finder, stream, person) for stream in STREAMS)
    by_name = {recording.stream.name: recording for recording in recordings}
    where, doubt = zone([recording.zone_name for recording in recordings], site)
    chosen = window(by_name["glucose"].points, _band_times(recordings), visit, where, now)
    points = {
        name: chosen.points(recording.points)
        for name, recording in by_name.items()
        if recording.stream.shape == "points"
    }
    activity, sleep = (chosen.intervals(by_name[stream.name].intervals) for stream in (ACTIVITY, SLEEP))
    worn = Worn(chosen, where, points, activity, sleep)
    worn_ever = by_name["heart_rate"].points.valid.any()
    apart = NO_OVERLAP if worn_ever and not points["heart_rate"].valid.any() else None
    return worn, recordings, tuple(note for note in (doubt, chosen.note, apart) if note)


def _band_times(recordings: tuple[Recording, ...]) -> Times:
    """Times of valid heart rate: what a window rests on when there is neither glucose nor a visit."""
    for recording in recordings:
        if recording.stream.name == "heart_rate":
            return recording.points.times[recording.points.valid]
    return np.array([], dtype="datetime64[s]")


def person_tables(
    finder: FileFinder, person: str, *, site: str, visit: date | None, now: datetime | None = None
) -> PersonTables:
    """Read one participant and compute every feature; never raises for what the files hold."""
    worn, recordings, notes = worn_streams(finder, person, site=site, visit=visit, now=now)
    days = day_table(worn)
    rows = [{"person_id": person, **quality_row(recording, worn)} for recording in recordings]
    size = sum(recording.file.size for recording in recordings)
    return PersonTables(days, summarise(worn, days, notes), quality_table(rows), size)


def summarise(worn: Worn, days: pd.DataFrame, notes: tuple[str, ...]) -> dict[str, object]:
    """Tell about the person as a whole: means over days with enough wear, glucose over all readings.

    Glucose metrics are of the whole window, as the consensus computes them (not means of days), and only
    for people with at least :data:`wear.GLUCOSE_DAYS` days of glucose. ``sleep_midpoint_sd`` is in minutes.
    """
    usable = days[days["enough_wear"]] if len(days) else days
    row: dict[str, object] = {
        name: float(usable[name].mean()) for name in usable.columns if name not in NOT_AVERAGED
    }
    trace = worn.trace
    glucose_days = int(days["glucose_enough"].sum()) if len(days) else 0
    enough = glucose_days >= GLUCOSE_DAYS
    row |= (metrics(trace.values) if enough else no_metrics()).as_columns()
    midpoints = [night.midpoint for night in worn.nights.values()]
    regular = float(np.std(midpoints, ddof=1)) * 60 if len(midpoints) >= FEWEST_NIGHTS else np.nan
    return row | {
        "sleep_midpoint_sd": regular,
        "days": len(days),
        "wear_days": int(days["worn"].sum()) if len(days) else 0,
        "usable_days": len(usable),
        "nights": len(midpoints),
        "glucose_days": glucose_days,
        "glucose_active": float(trace.measured.mean()) if len(trace.measured) else 0.0,
        "enough_glucose": enough,
        "consensus_glucose": glucose_days >= CONSENSUS_DAYS,
        "time_zone": worn.zone.key,
        "window_start": _day(worn.window.start, worn.zone),
        "window_source": worn.window.source,
        "notes": "; ".join(notes),
    }


def _day(instant: np.datetime64, where: ZoneInfo) -> str:
    stamp = pd.Timestamp(instant, tz="UTC").tz_convert(where)
    return str(stamp.date())
