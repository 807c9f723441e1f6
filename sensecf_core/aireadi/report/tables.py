"""The figures of a glucose report as tables for other programs: a row a figure, and a row a day.

The first column of both, ``red_flags``, has on each row what has to be acted on first: the red flags of the
participant, which are given (of a file that somebody uploaded there are none), then that of the report; ""
where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from sensecf_core.aireadi.report.bands import band_times
from sensecf_core.aireadi.report.glucose import GlucoseReport
from sensecf_core.aireadi.report.units import in_unit

LEVELS = ("mean", "sd", "mage", "night_mean")
"""What of a day is a level, in mg/dL or mmol/L."""
SHARES = ("cv", "gmi", "tir", "titr", "tar", "tar2", "tbr", "tbr2")
"""What of a day is in percent."""


def figures(report: GlucoseReport, red_flags: Sequence[str] = ()) -> pd.DataFrame:
    """The figures of a report.

    Returns
    -------
    ``red_flags``, ``figure``, ``value`` (text, "" where it is unknown) and ``unit``.
    """
    summary, unit = report.glucose, report.unit
    metrics = summary.metrics
    rows: list[tuple[str, str, str]] = [
        ("first_day", str(summary.period.first), ""),
        ("last_day", str(summary.period.last), ""),
        ("days", str(summary.days), "days"),
        ("glucose_days", str(summary.glucose_days), "days"),
        ("active", _figure(100 * summary.active), "%"),
        ("sufficiency", summary.sufficiency, ""),
        ("mean", _figure(in_unit(metrics.mean, unit)), unit),
        ("sd", _figure(in_unit(metrics.sd, unit)), unit),
        ("cv", _figure(metrics.cv), "%"),
        ("gmi", _figure(metrics.gmi), "%"),
        ("tir", _figure(metrics.tir), "%"),
        ("titr", _figure(metrics.titr), "%"),
        *((one.band.name, _figure(one.percent), "%") for one in band_times(metrics)),
    ]
    return _flagged(pd.DataFrame(rows, columns=["figure", "value", "unit"]), report, red_flags)


def by_day(days: pd.DataFrame, report: GlucoseReport, red_flags: Sequence[str] = ()) -> pd.DataFrame:
    """One row for each day of a report's period on which anything was recorded.

    Parameters
    ----------
    days : see :func:`sensecf_core.aireadi.features.days.day_table`.

    Returns
    -------
    ``red_flags``, ``day`` (YYYY-MM-DD, local), ``readings_percent`` (of the day's five-minute slots),
    ``enough_readings`` (1 with 70 % of them; without, the columns that follow are NaN), then levels with
    their unit and shares in percent.
    """
    period, unit = report.period, report.unit
    inside = days[[str(period.first) <= day <= str(period.last) for day in days.index]]
    table = pd.DataFrame(
        {
            "day": inside.index,
            "readings_percent": (100 * inside["glucose_share"].astype(float)).round(1).to_numpy(),
            "enough_readings": inside["glucose_enough"].astype(bool).astype(int).to_numpy(),
        }
    )
    in_words = unit.replace("/", "_").lower()
    for name in LEVELS:
        level = in_unit(inside[f"glucose_{name}"].to_numpy(float), unit)
        table[f"{name}_{in_words}"] = level.round(2)
    for name in SHARES:
        table[f"{name}_percent"] = inside[f"glucose_{name}"].to_numpy(float).round(2)
    return _flagged(table, report, red_flags)


def _flagged(table: pd.DataFrame, report: GlucoseReport, red_flags: Sequence[str]) -> pd.DataFrame:
    table.insert(0, "red_flags", " | ".join([*red_flags, *([] if report.flag is None else [report.flag])]))
    return table


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
