"""The calibration report: published target against what the release achieves, per study group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.population.assumptions import GROUPS, HEALTHY, INSULIN, ORAL, PRE
from sensecf_core.types import Floats

FRAMINGHAM = "Framingham 2024"
ADA = "ADA cut-offs"
SHAH = "Shah 2019"
Statistic = Literal["mean", "median"]


@dataclass(frozen=True)
class Target:
    """One published figure: between ``low`` and ``high``, for the people of ``groups``.

    ``tolerance`` is what the model may be off beside sampling error (which the report adds); None: shown
    for comparison, not a target.
    """

    measure: str
    groups: tuple[str, ...]
    statistic: Statistic
    low: float
    high: float
    tolerance: float | None
    source: str


def _exactly(
    measure: str, groups: tuple[str, ...], value: float, tolerance: float | None, source: str
) -> Target:
    return Target(measure, groups, "mean", value, value, tolerance, source)


DIABETES = (ORAL, INSULIN)

TARGETS = (
    _exactly("percent_70_140", (HEALTHY,), 87.0, 1.5, FRAMINGHAM),
    _exactly("percent_above_140", (HEALTHY,), 12.1, 1.5, FRAMINGHAM),
    _exactly("percent_above_180", (HEALTHY,), 1.2, 0.5, FRAMINGHAM),
    _exactly("percent_70_140", (PRE,), 77.1, 2.0, FRAMINGHAM),
    _exactly("percent_70_140", DIABETES, 46.2, 2.5, FRAMINGHAM),
    Target("hba1c", (HEALTHY,), "median", 4.0, 5.7, 0.1, ADA),
    Target("hba1c", (PRE,), "median", 5.7, 6.5, 0.1, ADA),
    Target("hba1c", (ORAL,), "median", 6.5, 15.0, 0.1, ADA),
    Target("hba1c", (INSULIN,), "median", 6.5, 15.0, 0.1, ADA),
)
COMPARISONS = (
    Target("glucose_mean", (HEALTHY,), "mean", 98.0, 104.0, None, SHAH),
    Target("glucose_cv", (HEALTHY,), "mean", 17.0, 17.0, None, SHAH),
    Target("percent_70_140", (HEALTHY,), "median", 96.0, 96.0, None, SHAH),
    Target("percent_below_70", (HEALTHY,), "median", 1.1, 1.1, None, SHAH),
)

SAMPLING_ERRORS = 0.5
"""Standard errors added to a tolerance: half of one, since people are drawn balanced within groups."""

FEWEST = 5
"""A group with fewer people is not judged."""

SHORT = {
    group.name: short for group, short in zip(GROUPS, ("healthy", "pre", "oral", "insulin"), strict=True)
}
ASSUMED = (
    "glucose_mean",
    "glucose_cv",
    "percent_70_180",
    "percent_below_70",
    "heart_rate_5th",
    "stress_mean",
)


@dataclass(frozen=True)
class Line:
    """One row of the report. ``met`` is None for comparisons, and where too few people could be judged."""

    measure: str
    groups: tuple[str, ...]
    source: str
    statistic: str
    low: float
    high: float
    achieved: float
    tolerance: float | None
    people: int
    met: bool | None


def report(groups: pd.Series, measures: pd.DataFrame) -> list[Line]:
    """Compare a release with every published figure.

    Parameters
    ----------
    groups : study group by participant id.
    measures : one row per participant id, columns as ``summary`` names them, NaN where missing.
    """
    figures = (*TARGETS, *COMPARISONS)
    whole = measures.reindex(columns=list(dict.fromkeys(target.measure for target in figures)))
    return [_line(target, groups, whole) for target in figures]


def assumed(groups: pd.Series, measures: pd.DataFrame) -> pd.DataFrame:
    """Means per group of what nothing published fixes: shown so that nobody takes it for a finding."""
    table = measures.reindex(columns=list(ASSUMED)).groupby(groups).mean()
    return table.reindex([group.name for group in GROUPS]).rename(index=SHORT)


def _line(target: Target, groups: pd.Series, measures: pd.DataFrame) -> Line:
    found = {
        name: measures.loc[groups.index[groups == name], target.measure].dropna().to_numpy(dtype=float)
        for name in target.groups
    }
    people = sum(len(values) for values in found.values())
    judged = people > 0 and all(len(values) >= FEWEST for values in found.values())
    achieved = _pooled(target, found) if people else float("nan")
    tolerance = None
    if target.tolerance is not None and judged:
        tolerance = target.tolerance + SAMPLING_ERRORS * _standard_error(target, found)
    met = None
    if tolerance is not None:
        met = target.low - tolerance <= achieved <= target.high + tolerance
    return Line(
        target.measure,
        tuple(SHORT[name] for name in target.groups),
        target.source,
        target.statistic,
        target.low,
        target.high,
        achieved,
        tolerance,
        people,
        met,
    )


def _pooled(target: Target, found: dict[str, Floats]) -> float:
    values = np.concatenate(list(found.values()))
    return float(np.median(values) if target.statistic == "median" else values.mean())


def _standard_error(target: Target, found: dict[str, Floats]) -> float:
    """Of the mean, or of the median as for normal values (1.25 times as much)."""
    values = np.concatenate(list(found.values()))
    factor = 1.2533 if target.statistic == "median" else 1.0
    return factor * float(values.std(ddof=1)) / float(np.sqrt(len(values)))


def texts(lines: Sequence[Line], table: pd.DataFrame) -> list[str]:
    """Write the report as lines for people."""
    made = ["Calibration: published figure against this release (tolerance includes half a standard error)"]
    for line in lines:
        made.append(
            f"  {line.source:16} {line.statistic:6} {line.measure:18} {'+'.join(line.groups):13} "
            f"{_range(line):>12}  achieved {line.achieved:6.1f}  {_verdict(line)}"
        )
    made.append("Assumed, not published (means of this release):")
    for name, row in table.iterrows():
        shown = ", ".join(f"{measure} {value:.1f}" for measure, value in row.items() if value == value)  # noqa: PLR0124
        made.append(f"  {name:8} {shown}")
    return made


def _range(line: Line) -> str:
    return f"{line.low:.1f}" if line.low == line.high else f"{line.low:.1f} to {line.high:.1f}"


def _verdict(line: Line) -> str:
    if line.tolerance is None:
        judged = line.source in {target.source for target in TARGETS}
        return f"too few people ({line.people}) to judge" if judged else "for comparison, not a target"
    return f"±{line.tolerance:.1f} {'met' if line.met else 'NOT MET'} ({line.people} people)"
