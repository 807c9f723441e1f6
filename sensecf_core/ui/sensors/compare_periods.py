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
from sensecf_core.ui.common import sensor_wording, wording
from sensecf_core.ui.sensors import time_in_range_chart

MEANINGFUL = 5.0
"""Points of time in range that the consensus calls of clinical benefit."""


def show(person: OpenPerson, period: Period, shown_in: GlucoseUnit) -> None:
    """Ask for two periods and show what differs."""
    split = halves(period)
    if split is None:
        st.info("Only one day was recorded, so there are no two periods to compare.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        first = _ask("First period", "period_first", period, split[0])
    with right:
        second = _ask("Second period", "period_second", period, split[1])
    pair = tuple(summary(person.worn, person.days, one) for one in (first, second))
    for found in pair:
        if found.sufficiency == "too_little":
            name = sensor_wording.period_name(found.period)
            st.warning(f"{name}: {sensor_wording.sufficiency(found)}", icon=":material/hourglass_bottom:")
    st.table(
        _table(pair[0], pair[1], shown_in), hide_index=True, alt="Glucose of two periods, and the change"
    )
    st.caption(_sentence(pair[0], pair[1]))


def _ask(label: str, key: str, period: Period, default: Period) -> Period:
    # Not a slider: in the dark theme the names of its ends are too dark to read (axe).
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
    return st.selectbox(label, days, format_func=wording.day_name, key=key)


def _table(before: GlucoseSummary, after: GlucoseSummary, shown_in: GlucoseUnit) -> pd.DataFrame:
    names = [
        f"{title}: {sensor_wording.period_name(one.period)}"
        for title, one in (("First", before), ("Second", after))
    ]
    rows = [
        {
            "Measure": _title(one.name, shown_in),
            names[0]: _value(one.name, one.before, shown_in),
            names[1]: _value(one.name, one.after, shown_in),
            "Change": _change(one, shown_in),
        }
        for one in compare(before, after)
    ]
    wear = {"Measure": "Days with glucose", "Change": ""}
    wear |= {
        name: f"{one.glucose_days} of {one.days}" for name, one in zip(names, (before, after), strict=True)
    }
    return pd.DataFrame([*rows, wear])


def _title(name: str, shown_in: GlucoseUnit) -> str:
    """Name a compared metric, with its bounds in the unit that is shown."""
    tight, very_low, low, high, very_high = (
        number(float(level), shown_in) for level in (TIGHT_HIGH, VERY_LOW, LOW, HIGH, VERY_HIGH)
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


def _value(name: str, value: float, shown_in: GlucoseUnit) -> str:
    if math.isnan(value):
        return "not enough data"
    if name == "mean":
        return measure(value, shown_in)
    return f"{value:.1f} %" if name == "gmi" else time_in_range_chart.percent(value)


def _change(one: Difference, shown_in: GlucoseUnit) -> str:
    """Write the change between the two values as they are shown, so that a reader gets the same sum."""
    if math.isnan(one.change):
        return ""
    texts = [_value(one.name, value, shown_in) for value in (one.before, one.after)]
    if texts[0] == texts[1]:
        return "="
    mean = one.name == "mean"
    decimals, unit = (DECIMALS[shown_in], str(shown_in)) if mean else (int(one.name == "gmi"), "points")
    before, after = (
        round(in_unit(value, shown_in) if mean else value, decimals) for value in (one.before, one.after)
    )
    size = f"{abs(after - before):.{decimals}f}"
    if time_in_range_chart.UNDER_ONE in texts and abs(after - before) <= 1:
        size = "under 1"
    if unit == "points" and size in ("1", "under 1"):
        unit = "point"
    return f"{wording.arrow(one.change)} {size} {unit}"


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
