"""Wording about sensors and about how much was recorded; no streamlit."""

from __future__ import annotations

from sensecf_core.aireadi.cohort.stress_task import GROUP_NAMES
from sensecf_core.aireadi.features.wear import CONSENSUS_DAYS, GLUCOSE_DAYS, GLUCOSE_SHARE
from sensecf_core.aireadi.release.participants import GROUPS
from sensecf_core.aireadi.report.periods import GlucoseSummary, Period
from sensecf_core.ui.common.wording import counted, day_name

WITHOUT_DIABETES = frozenset(GROUPS[:2])
"""Study groups that the consensus goals are not made for."""


def group_title(group: object) -> str:
    """Name a study group as the cohort does; an unknown group keeps its own name."""
    return GROUP_NAMES.get(str(group), str(group)) if isinstance(group, str) else "not given"


def period_name(period: Period) -> str:
    """Write a period as "Wed 5 Mar" or "Wed 5 Mar to Thu 13 Mar 2025"."""
    if len(period) == 1:
        return f"{day_name(period.first)} {period.first.year}"
    return f"{day_name(period.first)} to {day_name(period.last)} {period.last.year}"


def sufficiency(glucose: GlucoseSummary) -> str:
    """Say how much glucose was recorded and what that allows."""
    share, days = f"{100 * GLUCOSE_SHARE:.0f} %", counted(glucose.glucose_days, "day")
    requirement = f"the consensus asks for {CONSENSUS_DAYS} days and {share}"
    have = (
        f"{days} with {share} or more of their glucose, sensor active {100 * glucose.active:.0f} % of the "
        "time"
    )
    if glucose.sufficiency == "full":
        return f"Enough data: {have} ({requirement})."
    if glucose.sufficiency == "limited":
        return f"Limited data: {have}; {requirement}. Read the percentages as rough."
    if not glucose.active:
        return "No glucose was recorded in these days, so there is nothing to report about it."
    return (
        f"Too little glucose: {have}. Metrics are shown from {GLUCOSE_DAYS} such days on; the traces below "
        "show what there is."
    )
