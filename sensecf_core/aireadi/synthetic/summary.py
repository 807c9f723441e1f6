"""What one participant's written streams say, in the measures that the calibration report compares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.signals.clock import Stream
from sensecf_core.aireadi.synthetic.signals.glucose import HIGH, LOW
from sensecf_core.types import Floats

FEWEST_READINGS = 3 * 288
"""People with less than three days of glucose readings do not count."""


def summary(person: pd.Series, streams: Mapping[str, Stream]) -> dict[str, float]:
    """Measures by name; a measure whose stream is missing or too short is left out."""
    made = {"hba1c": float(person["hba1c"])}
    if "glucose" in streams:
        made |= glucose_measures(levels(streams["glucose"]))
    if "heart_rate" in streams:
        beats = np.array([value for value in streams["heart_rate"].values if value > 0], dtype=float)
        made |= {"heart_rate_5th": float(np.percentile(beats, 5))} if len(beats) else {}
    if "stress" in streams:
        valid = np.array([value for value in streams["stress"].values if value >= 0], dtype=float)
        made |= {"stress_mean": float(valid.mean())} if len(valid) else {}
    return made


def levels(stream: Stream) -> Floats:
    """Glucose in mg/dL; "Low" and "High" as just outside the sensor's range."""
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
