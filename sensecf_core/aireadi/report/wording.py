"""How reports about sensors write days, periods, shares of time, and how much was recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from sensecf_core.aireadi.features.wear import CONSENSUS_DAYS, GLUCOSE_DAYS, GLUCOSE_SHARE
from sensecf_core.aireadi.report.bands import BandName, BandTime, Goal
from sensecf_core.aireadi.report.periods import GlucoseSummary, Period

UNDER_ONE = "under 1 %"
MOST_DECIMALS = 3


def day_name(day: date) -> str:
    """Write a day as "Wed 5 Mar"; the year is shown once, beside the recording period."""
    return f"{day:%a} {day.day} {day:%b}"


def period_name(period: Period) -> str:
    """Write a period as "Wed 5 Mar" or "Wed 5 Mar to Thu 13 Mar 2025"."""
    if len(period) == 1:
        return f"{day_name(period.first)} {period.first.year}"
    return f"{day_name(period.first)} to {day_name(period.last)} {period.last.year}"


def sufficiency(glucose: GlucoseSummary) -> str:
    """Say how much glucose was recorded, and what that allows, in one line."""
    if not glucose.active:
        return "No glucose was recorded in these days, so there is nothing to report about it."
    share = f"{100 * GLUCOSE_SHARE:.0f} %"
    have = (
        f"{glucose.glucose_days} of {glucose.days} {'day' if glucose.days == 1 else 'days'} with {share} or "
        f"more of their glucose, sensor active {100 * glucose.active:.0f} % of the time"
    )
    if glucose.sufficiency == "full":
        return f"Enough data: {have}."
    if glucose.sufficiency == "limited":
        asks = f"the consensus asks for {CONSENSUS_DAYS} days and {share}"
        return f"Limited data: {have}; {asks}. Read the percentages as rough."
    return f"Too little glucose: {have}. Metrics are shown from {GLUCOSE_DAYS} such days on."


def percent(share: float) -> str:
    """Write a percent of time without decimals; a share that would round to zero is "under 1 %"."""
    return UNDER_ONE if 0 < share < 0.5 else f"{share:.0f} %"


def duration(minutes: float) -> str:
    """Write minutes of an average day: "17 h 10 min a day"."""
    whole = round(minutes)
    if whole < 60:
        return f"{whole} min a day"
    return f"{whole // 60} h {whole % 60} min a day" if whole % 60 else f"{whole // 60} h a day"


def shares(times: Sequence[BandTime]) -> dict[BandName, str]:
    """Write each band's percent so that they add up to 100, as far as bands under 1 % allow.

    Time in range is rounded as everywhere else; the rest is divided among the other bands by the largest
    remainder, and a band that would get nothing is "under 1 %".
    """
    target = next(time.percent for time in times if time.band.name == "target")
    others = {
        time.band.name: time.percent for time in times if time.band.name != "target" and time.percent >= 0.5
    }
    whole = {name: math.floor(value) for name, value in others.items()}
    left = 100 - round(target) - sum(whole.values())
    for name in sorted(others, key=lambda name: whole[name] - others[name])[: max(left, 0)]:
        whole[name] += 1
    return {
        time.band.name: percent(time.percent)
        if time.band.name not in whole
        else f"{whole[time.band.name]} %"
        if whole[time.band.name]
        else UNDER_ONE
        for time in times
    }


def share_beside_goal(goal: Goal, share: float, written: str | None = None) -> str:
    """Write a percent as ``written``, with more decimals if it would contradict the goal's mark beside it."""
    text = written or percent(share)
    shown = 0.5 if text == UNDER_ONE else float(text.removesuffix(" %"))
    met, decimals = goal.met_by(share), 0
    while goal.met_by(shown) != met and decimals < MOST_DECIMALS:
        decimals += 1
        shown = round(share, decimals)
        text = f"{shown:.{decimals}f} %"
    return text
