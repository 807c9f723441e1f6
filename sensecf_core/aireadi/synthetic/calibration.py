"""The calibration report: published target against what the release achieves, per study group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.population.assumptions import GROUPS
from sensecf_core.aireadi.synthetic.population.people import Floats
from sensecf_core.aireadi.synthetic.targets import (
    COMPARISONS,
    TARGETS,
    Target,
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
