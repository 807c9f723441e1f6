"""Metrics of continuous glucose monitoring, as the consensus defines them.

Ranges and data sufficiency: Battelino et al. 2019, Diabetes Care 42:1593 (doi 10.2337/dci19-0028); GMI:
Bergenstal et al. 2018, Diabetes Care 41:2275; MAGE: Service et al. 1970, Diabetes 19:644, here the mean
of rises and falls beyond one SD. Units are mg/dL and percent of time, on a five-minute grid: gaps of at most
15 minutes are interpolated, nothing is extrapolated.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np

from sensecf_core.aireadi.release.readings import Points
from sensecf_core.aireadi.release.timestamps import Times
from sensecf_core.types import Floats, Mask

STEP = 300
"""Seconds per slot of the grid."""

LONGEST_GAP = 3
"""Largest distance, in slots, of two measured slots between which values are interpolated."""

LOW, VERY_LOW, HIGH, VERY_HIGH, TIGHT_HIGH = 70, 54, 180, 250, 140


@dataclass(frozen=True)
class Trace:
    """Glucose on the grid.

    Attributes
    ----------
    times : UTC start of every slot, without gaps.
    values : mg/dL; NaN in gaps.
    measured : which slots have a reading of their own (the others are interpolated or empty).
    """

    times: Times
    values: Floats
    measured: Mask

    def between(self, start: np.datetime64, end: np.datetime64) -> Trace:
        """Return the slots from ``start`` up to but not including ``end``."""
        first, last = np.searchsorted(self.times, [start, end])
        part = slice(int(first), int(last))
        return Trace(self.times[part], self.values[part], self.measured[part])


def trace(glucose: Points) -> Trace:
    """Put valid readings on the grid: averaged within a slot, interpolated over short gaps."""
    times, values = glucose.times[glucose.valid], glucose.values[glucose.valid]
    if not len(times):
        return Trace(times, values, np.zeros(0, dtype=bool))
    slots = times.astype(np.int64) // STEP
    offsets = slots - slots[0]
    counts = np.bincount(offsets)
    sums = np.bincount(offsets, weights=values)
    measured = counts > 0
    measured_slots = np.flatnonzero(measured)
    means = sums[measured_slots] / counts[measured_slots]
    all_slots = np.arange(len(counts))
    interpolated = np.interp(all_slots, measured_slots, means)
    following = measured_slots[np.searchsorted(measured_slots, all_slots)]
    previous = measured_slots[np.searchsorted(measured_slots, all_slots, side="right") - 1]
    interpolated[following - previous > LONGEST_GAP] = np.nan
    grid: Times = ((all_slots + slots[0]) * STEP).astype("datetime64[s]")
    return Trace(grid, interpolated, measured)


@dataclass(frozen=True)
class GlucoseMetrics:
    """Metrics of a recording of glucose.

    Attributes
    ----------
    mean, sd : mg/dL (sd with n - 1).
    cv : percent, 100 sd / mean; 36 or less is called stable.
    tir, titr : percent of time in 70-180 and 70-140 mg/dL, bounds included.
    tar, tar2 : percent above 180 and above 250 mg/dL.
    tbr, tbr2 : percent below 70 and below 54 mg/dL.
    gmi : glucose management indicator, percent: 3.31 + 0.02392 mean.
    mage : mg/dL; NaN where no excursion exceeds one SD.
    """

    mean: float
    sd: float
    cv: float
    tir: float
    titr: float
    tar: float
    tar2: float
    tbr: float
    tbr2: float
    gmi: float
    mage: float

    def as_columns(self) -> dict[str, float]:
        """Return the metrics by column name: ``glucose_mean`` and so on."""
        return {f"glucose_{name}": value for name, value in asdict(self).items()}


def no_metrics() -> GlucoseMetrics:
    """Return the metrics of too few data: all NaN."""
    return GlucoseMetrics(**{field.name: float("nan") for field in fields(GlucoseMetrics)})


def metrics(values: Floats) -> GlucoseMetrics:
    """Compute the metrics of glucose on the grid (mg/dL, in the order of time, NaN in gaps)."""
    readings = values[~np.isnan(values)]
    if len(readings) < 2:
        return no_metrics()
    mean, sd = float(readings.mean()), float(readings.std(ddof=1))
    return GlucoseMetrics(
        mean=mean,
        sd=sd,
        cv=100 * sd / mean,
        tir=_percent((readings >= LOW) & (readings <= HIGH)),
        titr=_percent((readings >= LOW) & (readings <= TIGHT_HIGH)),
        tar=_percent(readings > HIGH),
        tar2=_percent(readings > VERY_HIGH),
        tbr=_percent(readings < LOW),
        tbr2=_percent(readings < VERY_LOW),
        gmi=gmi(mean),
        mage=mage(readings, sd),
    )


def gmi(mean: float) -> float:
    """Glucose management indicator in percent from mean glucose in mg/dL (Bergenstal 2018)."""
    return 3.31 + 0.02392 * mean


def _percent(which: Mask) -> float:
    return 100.0 * float(which.mean())


def mage(readings: Floats, sd: float) -> float:
    """Mean amplitude of glycaemic excursions in mg/dL.

    Peaks and nadirs are the turning points between which glucose changes by more than one SD (smaller changes
    are ignored); the amplitudes of all rises and falls between them are averaged.
    """
    if not sd > 0:
        return float("nan")
    turns = turning_points(readings, sd)
    return float(np.abs(np.diff(turns)).mean()) if len(turns) > 1 else float("nan")


def turning_points(values: Floats, threshold: float) -> list[float]:
    """Values at the alternating peaks and nadirs that lie more than ``threshold`` apart."""
    low = high = values[0]
    turns: list[float] = []
    rising: bool | None = None
    for value in values.tolist():
        if rising is None:
            low, high = min(low, value), max(high, value)
            if value - low > threshold:
                rising, high = True, value
                turns.append(low)
            elif high - value > threshold:
                rising, low = False, value
                turns.append(high)
        elif rising:
            high = max(high, value)
            if high - value > threshold:
                rising, low = False, value
                turns.append(high)
        else:
            low = min(low, value)
            if value - low > threshold:
                rising, high = True, value
                turns.append(low)
    if rising is not None:
        turns.append(high if rising else low)
    return turns
