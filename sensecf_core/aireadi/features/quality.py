"""The data-quality table: what is missing or odd, one row per participant and stream."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sensecf_core.aireadi.features.days import Worn
from sensecf_core.aireadi.features.wear import DAY_HOURS, GLUCOSE_SHARE, PIECE
from sensecf_core.aireadi.features.window import Window
from sensecf_core.aireadi.release.intervals import Intervals
from sensecf_core.aireadi.release.readings import Points, Reason
from sensecf_core.aireadi.release.recording import Recording
from sensecf_core.aireadi.release.timestamps import Times, local

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
    "out_of_range": "values that cannot be true, of the whole file",
    "not_a_number": "values that are no number, of the whole file",
    "censored": "glucose readings that the sensor gave as Low or High",
    "repeated": "records dropped for having the same minute (or the same interval) as another",
    "without_time": "records dropped for a time that cannot be read, or an end before the start",
    "other_events": "records dropped for being no reading of the sensor, such as a calibration",
    "too_long": "intervals dropped for being longer than a day",
    "overlapping": "intervals that begin before an earlier one ended; the time counts once",
    "days": "local days that the window touches",
    "wear_days": "days with enough of this stream",
    "gaps": "pauses without a valid reading, also at the window's edges, longer than the stream allows",
    "longest_gap_hours": "the longest pause",
    "notes": "what else is odd",
}
"""Columns of the table, with their meaning."""

ODD = (
    "not_worn",
    "motion",
    "out_of_range",
    "not_a_number",
    "censored",
    "repeated",
    "without_time",
    "other_events",
    "too_long",
    "overlapping",
)
"""Columns that count oddities."""

ERRORS = (Reason.OUT_OF_RANGE, Reason.NOT_A_NUMBER)


def quality_row(recording: Recording, worn: Worn) -> dict[str, object]:
    """Describe one stream of one participant; the columns are :data:`COLUMNS`, after ``stream``."""
    listed = recording.file.listed
    row: dict[str, object] = dict.fromkeys(ODD, 0)  # a stream of this kind cannot have some of them
    row |= {"stream": recording.stream.name, "state": recording.state}
    row["manifest_records"] = None if listed is None else listed.records
    if isinstance(recording.data, Points):
        row |= _points(recording, recording.data, worn)
    else:
        row |= _intervals(recording, recording.data, worn)
    row["days"] = len(worn.days)
    row["notes"] = "; ".join(recording.notes)
    return row


def quality_table(person: str, rows: list[dict[str, object]]) -> pd.DataFrame:
    """Combine one participant's rows, with stable columns and types."""
    table = pd.DataFrame(rows, columns=["stream", *COLUMNS])
    table.insert(0, "participant_id", person)
    texts = ("participant_id", "stream", "state", "notes")
    return table.astype({name: float for name in table.columns if name not in texts})


def _points(recording: Recording, data: Points, worn: Worn) -> dict[str, object]:
    inside = worn.window.points(data)
    counts = {reason: int((inside.reasons == reason).sum()) for reason in Reason}
    # Errors count in the whole file: the window of glucose begins and ends with valid readings.
    errors = {reason: int((data.reasons == reason).sum()) for reason in ERRORS}
    times = inside.times[inside.valid]
    return {
        "records": data.records,
        "in_window": len(inside),
        "outside_window": len(data) - len(inside),
        "valid": counts[Reason.VALID],
        "valid_share": counts[Reason.VALID] / len(inside) if len(inside) else np.nan,
        "not_worn": counts[Reason.NOT_WORN],
        "motion": counts[Reason.MOTION],
        "out_of_range": errors[Reason.OUT_OF_RANGE],
        "not_a_number": errors[Reason.NOT_A_NUMBER],
        "censored": int((inside.censored != 0).sum()),
        "repeated": data.repeated,
        "without_time": data.without_time,
        "other_events": data.other_events,
        "wear_days": _wear_days(times, recording.stream.name, worn),
        **_gaps(times, times, worn.window, recording.stream.longest_gap),
    }


def _intervals(recording: Recording, data: Intervals, worn: Worn) -> dict[str, object]:
    inside = worn.window.intervals(data)
    valid = inside.names != "unknown" if recording.stream.shape == "sleep" else inside.names != ""
    if recording.stream.shape == "sleep":
        wear_days = len(worn.nights)
    else:
        wear_days = len(np.unique(local(inside.starts, worn.zone).astype("datetime64[D]")))
    return {
        "records": data.records,
        "in_window": len(inside),
        "outside_window": len(data) - len(inside),
        "valid": int(valid.sum()),
        "valid_share": float(valid.mean()) if len(inside) else np.nan,
        "not_a_number": data.not_numbers,
        "repeated": data.repeated,
        "without_time": data.without_time,
        "too_long": data.too_long,
        "overlapping": data.overlapping,
        "wear_days": wear_days,
        **_gaps(inside.starts, inside.ends, worn.window, recording.stream.longest_gap),
    }


def _gaps(starts: Times, ends: Times, window: Window, longest_allowed: int) -> dict[str, float]:
    """Count the pauses longer than allowed, the window's edges included, and measure the longest in hours.

    A pause between records is measured from start to start; without any record the whole window is one gap.
    """
    last = ends.max() if len(ends) else window.start
    pauses = np.append(np.diff(starts, prepend=window.start), window.end - last)
    minutes = pauses.astype("timedelta64[s]").astype(np.float64) / 60
    return {"gaps": int((minutes > longest_allowed).sum()), "longest_gap_hours": float(minutes.max() / 60)}


def _wear_days(times: Times, stream: str, worn: Worn) -> int:
    """Count days with enough valid readings: glucose 70 % of the day, heart rate 10 hours, others any."""
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
