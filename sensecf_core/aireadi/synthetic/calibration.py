"""Calibration: published targets, measures of participants, and the report that compares them by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.population.assumptions import GROUPS, HEALTHY, INSULIN, ORAL, PRE
from sensecf_core.aireadi.synthetic.signals.clock import Stream
from sensecf_core.aireadi.synthetic.signals.glucose import HIGH, LOW
from sensecf_core.types import Floats

FRAMINGHAM = "Framingham 2024"
ADA = "ADA cut-offs"
SHAH = "Shah 2019"
Statistic = Literal["mean", "median"]


@dataclass(frozen=True)
class Target:
    """One published figure: between ``low`` and ``high``, for the people of ``groups``.

    ``tolerance`` is the deviation allowed on top of sampling error (which the report adds); None: shown for
    comparison, not a target.
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
"""Standard errors added to a tolerance: only half of one, since people are drawn balanced within groups."""

FEWEST = 5
"""Fewest people of a group that is compared with its target."""

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


FEWEST_READINGS = 3 * 288
"""Fewest glucose readings of a person who counts: three days."""


def measures_of(person: pd.Series, streams: Mapping[str, Stream]) -> dict[str, float]:
    """Measures of one participant's streams, by name; without those whose stream is missing or too short."""
    measures = {"hba1c": float(person["hba1c"])}
    if "glucose" in streams:
        measures |= glucose_measures(levels(streams["glucose"]))
    if "heart_rate" in streams:
        beats = np.array([value for value in streams["heart_rate"].values if value > 0], dtype=float)
        measures |= {"heart_rate_5th": float(np.percentile(beats, 5))} if len(beats) else {}
    if "stress" in streams:
        valid = np.array([value for value in streams["stress"].values if value >= 0], dtype=float)
        measures |= {"stress_mean": float(valid.mean())} if len(valid) else {}
    return measures


def levels(stream: Stream) -> Floats:
    """Glucose in mg/dL; "Low" and "High" become values just outside the sensor's range."""
    outside = {"Low": LOW - 1, "High": HIGH + 1}
    return np.array([outside.get(value, value) for value in stream.values], dtype=float)


def glucose_measures(readings: Floats) -> dict[str, float]:
    """Mean, coefficient of variation and shares of time in percent; nothing for too few readings."""
    if len(readings) < FEWEST_READINGS:
        return {}
    return {
        "glucose_mean": float(readings.mean()),
        "glucose_cv": float(100 * readings.std() / readings.mean()),
        "percent_70_140": float(100 * np.mean((readings >= 70) & (readings <= 140))),
        "percent_70_180": float(100 * np.mean((readings >= 70) & (readings <= 180))),
        "percent_above_140": float(100 * np.mean(readings > 140)),
        "percent_above_180": float(100 * np.mean(readings > 180)),
        "percent_below_70": float(100 * np.mean(readings < 70)),
    }


@dataclass(frozen=True)
class Line:
    """One row of the report. ``met`` is None for comparisons, and if there are too few people."""

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
    measures : one row per participant id, columns as :func:`measures_of` names them, NaN where missing.
    """
    figures = (*TARGETS, *COMPARISONS)
    complete = measures.reindex(columns=list(dict.fromkeys(target.measure for target in figures)))
    return [_line(target, groups, complete) for target in figures]


def assumed(groups: pd.Series, measures: pd.DataFrame) -> pd.DataFrame:
    """Means per group of what no published figure fixes: reported so that nobody takes it for a finding."""
    table = measures.reindex(columns=list(ASSUMED)).groupby(groups).mean()
    return table.reindex([group.name for group in GROUPS]).rename(index=SHORT)


def _line(target: Target, groups: pd.Series, measures: pd.DataFrame) -> Line:
    by_group = {
        name: measures.loc[groups.index[groups == name], target.measure].dropna().to_numpy(dtype=float)
        for name in target.groups
    }
    people = sum(len(values) for values in by_group.values())
    enough_people = people > 0 and all(len(values) >= FEWEST for values in by_group.values())
    achieved = _pooled(target, by_group) if people else float("nan")
    tolerance = None
    if target.tolerance is not None and enough_people:
        tolerance = target.tolerance + SAMPLING_ERRORS * _standard_error(target, by_group)
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


def _pooled(target: Target, by_group: dict[str, Floats]) -> float:
    values = np.concatenate(list(by_group.values()))
    return float(np.median(values) if target.statistic == "median" else values.mean())


def _standard_error(target: Target, by_group: dict[str, Floats]) -> float:
    """Standard error of the mean, or of the median of normal values (1.25 times as large)."""
    values = np.concatenate(list(by_group.values()))
    factor = 1.2533 if target.statistic == "median" else 1.0
    return factor * float(values.std(ddof=1)) / float(np.sqrt(len(values)))


def texts(lines: Sequence[Line], table: pd.DataFrame) -> list[str]:
    """Format the report as lines of text."""
    rows = ["Calibration: published figure against this release (tolerance includes half a standard error)"]
    for line in lines:
        rows.append(
            f"  {line.source:16} {line.statistic:6} {line.measure:18} {'+'.join(line.groups):13} "
            f"{_range(line):>12}  achieved {line.achieved:6.1f}  {_verdict(line)}"
        )
    rows.append("Assumed, not published (means of this release):")
    for name, row in table.iterrows():
        means = ", ".join(f"{measure} {value:.1f}" for measure, value in row.items() if value == value)  # noqa: PLR0124
        rows.append(f"  {name:8} {means}")
    return rows


def _range(line: Line) -> str:
    return f"{line.low:.1f}" if line.low == line.high else f"{line.low:.1f} to {line.high:.1f}"


def _verdict(line: Line) -> str:
    if line.tolerance is None:
        is_target = line.source in {target.source for target in TARGETS}
        return f"too few people ({line.people}) to judge" if is_target else "for comparison, not a target"
    return f"±{line.tolerance:.1f} {'met' if line.met else 'NOT MET'} ({line.people} people)"
