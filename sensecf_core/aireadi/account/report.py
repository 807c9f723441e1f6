"""The figures of the glucose report for one account's export."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sensecf_core.aireadi.account.export_file import Export
from sensecf_core.aireadi.features.days import Worn, day_table
from sensecf_core.aireadi.features.window import Window
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.release.intervals import no_intervals
from sensecf_core.aireadi.release.readings import no_points
from sensecf_core.aireadi.release.streams import STREAMS
from sensecf_core.aireadi.report.periods import Period
from sensecf_core.errors import InputError

WALL = ZoneInfo("UTC")
"""Times of an export have no zone: they are the clock's, so a day has 24 hours also when clocks change."""


def recorded(export: Export) -> Period:
    """The days from the first reading to the last."""
    times = export.readings.times[export.readings.valid]
    return Period(pd.Timestamp(times[0]).date(), pd.Timestamp(times[-1]).date())


def chosen_period(export: Export, days: int, first: date | None, last: date | None) -> Period:
    """The period that is asked for: ``first`` to ``last``, else the last ``days`` days of the recording.

    Raises ``InputError`` where nothing was recorded in it.
    """
    whole = recorded(export)
    end = last or whole.last
    reaches_back = days > (end - whole.first).days  # then no date is computed: it might lie before year 1
    begin = first or (whole.first if reaches_back else end - timedelta(days=days - 1))
    period = Period(begin, end)
    if end < whole.first or begin > whole.last:
        raise InputError(
            f"Nothing was recorded from {begin} to {end}; the export goes from {whole.first} to {whole.last}."
        )
    return period


def opened(export: Export, period: Period) -> OpenPerson:
    """The days of a period as those of a participant whose only sensor this is; times are the receiver's.

    Raises ``InputError`` where nothing was recorded in it.
    """
    start = np.datetime64(period.first, "s")
    end = (np.datetime64(period.last, "D") + 1).astype("datetime64[s]")
    times = export.readings.times
    inside = export.readings.where((times >= start) & (times < end))
    if not inside.valid.any():
        raise InputError(f"Nothing was recorded from {period.first} to {period.last}.")
    known = inside.times[inside.valid]
    window = Window(known[0], known[-1] + np.timedelta64(300, "s"), "glucose")
    streams = {stream.name: no_points() for stream in STREAMS if stream.shape == "points"}
    worn = Worn(window, WALL, streams | {"glucose": inside}, no_intervals(), no_intervals())
    return OpenPerson(pd.Series(dtype=object), worn, day_table(worn), pd.DataFrame(), export.notes)
