"""Two periods of one participant side by side: first and second half, or any two ranges of days."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.features.glucose import HIGH, LOW, TIGHT_HIGH, VERY_HIGH, VERY_LOW
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.periods import Difference, GlucoseSummary, Period, compare, halves, summary
from sensecf_core.aireadi.report.units import DECIMALS, GlucoseUnit, in_unit, measure, number
from sensecf_core.aireadi.report.wording import UNDER_ONE, day_name, percent, period_name, sufficiency
from sensecf_core.ui.common import wording

MEANINGFUL = 5.0
"""Percentage points of time in range that the consensus calls of clinical benefit."""


def show(person: OpenPerson, period: Period, unit: GlucoseUnit) -> None:
    """Ask for two periods and show how they differ."""
    split = halves(period)
    if split is None:
        st.info("Only one day was recorded, so there are no two periods to compare.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        first = choose_period("First period", "period_first", period, split[0])
    with right:
        second = choose_period("Second period", "period_second", period, split[1])
    summaries = tuple(summary(person.worn, person.days, chosen) for chosen in (first, second))
    for glucose in summaries:
        if glucose.sufficiency == "too_little":
            name = period_name(glucose.period)
            st.warning(f"{name}: {sufficiency(glucose)}", icon=":material/hourglass_bottom:")
    st.table(
        _table(summaries[0], summaries[1], unit),
        hide_index=True,
        alt="Glucose of two periods, and the change",
    )
    st.caption(_sentence(summaries[0], summaries[1]))


def choose_period(label: str, key: str, period: Period, default: Period) -> Period:
    """Ask for the first and the last day of a period within another one."""
    # Not a slider: in the dark theme the labels at its ends are too dark to read (axe).
    days = [period.first + timedelta(days=n) for n in range(len(period))]
    key = f"{key}_{period.first}_{period.last}"
    with st.container(horizontal=True):
        first = _day(f"{label} from", days, default.first, f"{key}_from")
        later = [day for day in days if day >= first]
        last = _day(f"{label} to", later, max(default.last, first), f"{key}_to")
    return Period(first, last)


def _day(label: str, days: list[date], default: date, key: str) -> date:
    if st.session_state.get(key) not in days:
        st.session_state[key] = default
    return st.selectbox(label, days, format_func=day_name, key=key)


def _table(before: GlucoseSummary, after: GlucoseSummary, unit: GlucoseUnit) -> pd.DataFrame:
    names = [
        f"{title}: {period_name(glucose.period)}" for title, glucose in (("First", before), ("Second", after))
    ]
    rows = [
        {
            "Measure": _title(difference.name, unit),
            names[0]: _value(difference.name, difference.before, unit),
            names[1]: _value(difference.name, difference.after, unit),
            "Change": _change(difference, unit),
        }
        for difference in compare(before, after)
    ]
    days_row = {"Measure": "Days with glucose", "Change": ""}
    days_row |= {
        name: f"{glucose.glucose_days} of {glucose.days}"
        for name, glucose in zip(names, (before, after), strict=True)
    }
    return pd.DataFrame([*rows, days_row])


def _title(name: str, unit: GlucoseUnit) -> str:
    """Name a compared metric, with its bounds in the displayed unit."""
    tight, very_low, low, high, very_high = (
        number(float(level), unit) for level in (TIGHT_HIGH, VERY_LOW, LOW, HIGH, VERY_HIGH)
    )
    return {
        "tir": f"In range {low}–{high}",
        "titr": f"In tight range {low}–{tight}",
        "mean": "Mean glucose",
        "gmi": "GMI",
        "cv": "Variation (CV)",
        "tar": f"Above {high}",
        "tar2": f"Above {very_high}",
        "tbr": f"Below {low}",
        "tbr2": f"Below {very_low}",
    }[name]


def _value(name: str, value: float, unit: GlucoseUnit) -> str:
    if math.isnan(value):
        return "not enough data"
    if name == "mean":
        return measure(value, unit)
    return f"{value:.1f} %" if name == "gmi" else percent(value)


def _change(difference: Difference, glucose_unit: GlucoseUnit) -> str:
    """Write the change between the two values as displayed, so that the difference adds up for a reader."""
    if math.isnan(difference.change):
        return ""
    texts = [_value(difference.name, value, glucose_unit) for value in (difference.before, difference.after)]
    if texts[0] == texts[1]:
        return "="
    mean = difference.name == "mean"
    decimals, unit = (
        (DECIMALS[glucose_unit], str(glucose_unit)) if mean else (int(difference.name == "gmi"), "points")
    )
    before, after = (
        round(in_unit(value, glucose_unit) if mean else value, decimals)
        for value in (difference.before, difference.after)
    )
    size = f"{abs(after - before):.{decimals}f}"
    if UNDER_ONE in texts and abs(after - before) <= 1:
        size = "under 1"
    if unit == "points" and size in ("1", "under 1"):
        unit = "point"
    return f"{wording.arrow(difference.change)} {size} {unit}"


def _sentence(before: GlucoseSummary, after: GlucoseSummary) -> str:
    change = after.metrics.tir - before.metrics.tir
    if math.isnan(change):
        return "A period with fewer than three days of glucose has no metrics to compare."
    shown = round(abs(change), 1)
    size = f"{shown:.1f} points"
    if shown < MEANINGFUL:
        return (
            f"Before rounding, time in range differs by {size}, less than the {MEANINGFUL:.0f} points that "
            "the consensus calls of clinical benefit. Periods this short differ by chance."
        )
    return (
        f"Before rounding, time in range is {size} {'higher' if change > 0 else 'lower'} in the second "
        f"period; {MEANINGFUL:.0f} points or more are of clinical benefit by the consensus. Periods this "
        "short also differ by chance."
    )
