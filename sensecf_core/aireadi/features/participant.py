"""Everything computed from one participant's sensors: window, days, summary and data quality."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sensecf_core.aireadi.features.days import Worn, day_table
from sensecf_core.aireadi.features.glucose import metrics, no_metrics
from sensecf_core.aireadi.features.nights import touching
from sensecf_core.aireadi.features.quality import quality_row, quality_table
from sensecf_core.aireadi.features.wear import COLUMNS, CONSENSUS_DAYS, GLUCOSE_DAYS
from sensecf_core.aireadi.features.window import window
from sensecf_core.aireadi.release.inventory import PersonFiles
from sensecf_core.aireadi.release.recording import Recording, read
from sensecf_core.aireadi.release.streams import ACTIVITY, SLEEP, STREAMS
from sensecf_core.aireadi.release.timestamps import choose_zone

NO_OVERLAP = "heart rate was recorded, but not in the days that count"
"""Note on people whose band and glucose sensor were not worn at the same time."""

FEWEST_NIGHTS = 3
"""Fewest nights from which the regularity of sleep is computed."""

NOT_AVERAGED = frozenset({*COLUMNS, "weekend"})
"""Columns of the day table whose mean is meaningless."""


@dataclass(frozen=True)
class PersonTables:
    """One participant's rows for the cohort's tables.

    Attributes
    ----------
    days : see :func:`day_table`.
    summary : one value per column, see :func:`summarise`.
    quality : one row per stream.
    """

    days: pd.DataFrame
    summary: dict[str, object]
    quality: pd.DataFrame


def worn_streams(
    files: PersonFiles, now: datetime | None = None
) -> tuple[Worn, tuple[Recording, ...], tuple[str, ...]]:
    """Read all streams of a participant and cut them to the window.

    Returns
    -------
    The streams inside the window, each file as it was read, and notes on time zone and window.
    """
    recordings = tuple(read(file) for file in files.files)
    by_name = {recording.stream.name: recording for recording in recordings}
    local_zone, zone_note = choose_zone([recording.zone_name for recording in recordings], files.site)
    heart = by_name["heart_rate"].points
    study_window = window(by_name["glucose"].points, heart.times[heart.valid], files.visit, local_zone, now)
    points = {
        name: study_window.points(recording.points)
        for name, recording in by_name.items()
        if recording.stream.shape == "points"
    }
    activity = study_window.intervals(by_name[ACTIVITY.name].intervals)
    sleep = touching(by_name[SLEEP.name].intervals, study_window.start, study_window.end)
    worn = Worn(study_window, local_zone, points, activity, sleep)
    overlap_note = NO_OVERLAP if heart.valid.any() and not points["heart_rate"].valid.any() else None
    return worn, recordings, tuple(note for note in (zone_note, study_window.note, overlap_note) if note)


def person_tables(files: PersonFiles, now: datetime | None = None) -> PersonTables:
    """Read one participant and compute every feature."""
    worn, recordings, notes = worn_streams(files, now)
    days = day_table(worn)
    rows = [quality_row(recording, worn) for recording in recordings]
    return PersonTables(days, summarise(worn, days, notes), quality_table(files.person, rows))


def guarded_tables(files: PersonFiles) -> PersonTables:
    """Like :func:`person_tables`, but never raises: the quality table notes a failure, without an id."""
    try:
        return person_tables(files)
    except Exception as error:
        note = f"reading failed ({type(error).__name__})"
        rows: list[dict[str, object]] = [
            {"stream": stream.name, "state": "unreadable", "notes": note} for stream in STREAMS
        ]
        no_days = pd.DataFrame(index=pd.Index([], name="day"))
        return PersonTables(no_days, {"notes": note}, quality_table(files.person, rows))


def summarise(worn: Worn, days: pd.DataFrame, notes: tuple[str, ...]) -> dict[str, object]:
    """Summarise a person: means over days with enough wear, and glucose over all readings.

    Glucose metrics are computed over the whole window, as in the consensus (not as means of days), and only
    for people with at least :data:`GLUCOSE_DAYS` days of glucose. ``sleep_midpoint_sd`` is in minutes.
    """
    usable = days[days["enough_wear"]] if len(days) else days
    row: dict[str, object] = {
        name: float(usable[name].mean()) for name in usable.columns if name not in NOT_AVERAGED
    }
    trace = worn.trace
    glucose_days = int(days["glucose_enough"].sum()) if len(days) else 0
    enough_glucose = glucose_days >= GLUCOSE_DAYS
    row |= (metrics(trace.values) if enough_glucose else no_metrics()).as_columns()
    midpoints = [night.midpoint for night in worn.nights.values()]
    midpoint_sd = float(np.std(midpoints, ddof=1)) * 60 if len(midpoints) >= FEWEST_NIGHTS else np.nan
    return row | {
        "sleep_midpoint_sd": midpoint_sd,
        "days": len(days),
        "wear_days": int(days["worn"].sum()) if len(days) else 0,
        "usable_days": len(usable),
        "nights": len(midpoints),
        "glucose_days": glucose_days,
        "glucose_active": float(trace.measured.mean()) if len(trace.measured) else 0.0,
        "enough_glucose": enough_glucose,
        "consensus_glucose": glucose_days >= CONSENSUS_DAYS,
        "time_zone": worn.zone.key,
        "window_start": _day(worn.window.start, worn.zone),
        "window_source": worn.window.source,
        "notes": "; ".join(notes),
    }


def _day(instant: np.datetime64, zone: ZoneInfo) -> str:
    stamp = pd.Timestamp(instant, tz="UTC").tz_convert(zone)
    return str(stamp.date())
