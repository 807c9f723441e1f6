"""The data-quality table: what is missing or odd, one row per participant and stream."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sensecf_core.cohorts.aireadi.days import Worn
from sensecf_core.cohorts.aireadi.intervals import Intervals
from sensecf_core.cohorts.aireadi.reading import Recording
from sensecf_core.cohorts.aireadi.readings import Points, Reason
from sensecf_core.cohorts.aireadi.timestamps import Times, local
from sensecf_core.cohorts.aireadi.wear import DAY_HOURS, GLUCOSE_SHARE, PIECE

COLUMNS = {
    "state": "read, empty, missing or unreadable",
    "records": "records in the file",
    "manifest_records": "records that the manifest counts",
    "in_window": "records inside the window, repeated minutes counted once",
    "outside_window": "records before or after it: the tail after removal, impossible dates",
    "valid": "records inside the window with a usable value",
    "valid_share": "valid / in_window",
    "not_worn": "sentinels for a band that is off the wrist, or no reading",
    "motion": "sentinels for too much motion",
    "out_of_range": "values that cannot be true",
    "not_a_number": "values that are no number",
    "censored": "glucose readings that the sensor gave as Low or High",
    "repeated": "records dropped for having the same minute (or the same interval) as another",
    "without_time": "records dropped for a time that cannot be read, or an end before the start",
    "too_long": "intervals dropped for being longer than a day",
    "days": "local days that the window touches",
    "wear_days": "days with enough of this stream",
    "gaps": "pauses between valid readings that are longer than the stream allows",
    "longest_gap_hours": "the longest pause",
    "notes": "what else is odd",
}
"""What the table tells, by column."""


def quality_row(recording: Recording, worn: Worn) -> dict[str, object]:
    """Describe one stream of one participant; the columns are :data:`COLUMNS`, after ``stream``."""
    listed = recording.file.listed
    row: dict[str, object] = {"stream": recording.stream.name, "state": recording.state}
    row["manifest_records"] = None if listed is None else listed.records
    if isinstance(recording.data, Points):
        row |= _points(recording, recording.data, worn)
    else:
        row |= _intervals(recording, recording.data, worn)
    row["days"] = len(worn.days)
    row["notes"] = "; ".join(recording.notes)
    return row


def quality_table(person: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Put one participant's rows together with stable columns and types."""
    table = pd.DataFrame(rows, columns=["stream", *COLUMNS])
    table.insert(0, "participant_id", person)
    texts = ("participant_id", "stream", "state", "notes")
    return table.astype({name: float for name in table.columns if name not in texts})


def _points(recording: Recording, data: Points, worn: Worn) -> dict[str, object]:
    inside = worn.window.points(data)
    tally = {reason: int((inside.reasons == reason).sum()) for reason in Reason}
    times = inside.times[inside.valid]
    gaps, longest = _gaps(times, recording.stream.longest_gap)
    return {
        "records": data.records,
        "in_window": len(inside),
        "outside_window": len(data) - len(inside),
        "valid": tally[Reason.VALID],
        "valid_share": tally[Reason.VALID] / len(inside) if len(inside) else np.nan,
        "not_worn": tally[Reason.NOT_WORN],
        "motion": tally[Reason.MOTION],
        "out_of_range": tally[Reason.OUT_OF_RANGE],
        "not_a_number": tally[Reason.NOT_A_NUMBER],
        "censored": int((inside.censored != 0).sum()),
        "repeated": data.repeated,
        "without_time": data.without_time,
        "too_long": 0,
        "wear_days": _wear_days(times, recording.stream.name, worn),
        "gaps": gaps,
        "longest_gap_hours": longest,
    }


def _intervals(recording: Recording, data: Intervals, worn: Worn) -> dict[str, object]:
    inside = worn.window.intervals(data)
    valid = inside.names != "unknown" if recording.stream.shape == "sleep" else inside.names != ""
    if recording.stream.shape == "sleep":
        wear_days = len(worn.nights)
    else:
        wear_days = len(np.unique(local(inside.starts, worn.zone).astype("datetime64[D]")))
    gaps, longest = _gaps(inside.starts, recording.stream.longest_gap)
    return {
        "records": data.records,
        "in_window": len(inside),
        "outside_window": len(data) - len(inside),
        "valid": int(valid.sum()),
        "valid_share": float(valid.mean()) if len(inside) else np.nan,
        "not_worn": 0,
        "motion": 0,
        "out_of_range": 0,
        "not_a_number": data.not_numbers,
        "censored": 0,
        "repeated": data.repeated,
        "without_time": data.without_time,
        "too_long": data.too_long,
        "wear_days": wear_days,
        "gaps": gaps,
        "longest_gap_hours": longest,
    }


def _gaps(times: Times, longest_allowed: int) -> tuple[int, float]:
    """Count pauses beyond the allowed minutes, and the longest pause in hours."""
    if len(times) < 2:
        return 0, float("nan")
    minutes = np.diff(times).astype(np.float64) / 60
    return int((minutes > longest_allowed).sum()), float(minutes.max() / 60)


def _wear_days(times: Times, stream: str, worn: Worn) -> int:
    """Days with enough valid readings: glucose 70 % of the day, the band 10 hours, else any."""
    bounds = worn.bounds
    if not len(times) or not len(bounds):
        return 0
    pieces = (np.unique(times.astype(np.int64) // PIECE) * PIECE).astype("datetime64[s]")
    # The first piece may begin before the window's first reading, never before the day.
    counts = np.histogram(pieces.astype(np.int64), bounds.astype(np.int64))[0]
    lengths = np.diff(bounds).astype(np.int64) / PIECE
    if stream == "glucose":
        return int((counts >= GLUCOSE_SHARE * lengths).sum())
    if stream == "heart_rate":
        return int((counts >= DAY_HOURS * 3600 / PIECE).sum())
    return int((counts > 0).sum())
