"""Glucose in mg/dL and mmol/L: stored and computed in mg/dL, converted where it is shown."""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from sensecf_core.aireadi.release.streams import MG_PER_MMOL

GlucoseUnit = Literal["mg/dL", "mmol/L"]
UNITS: tuple[GlucoseUnit, ...] = ("mg/dL", "mmol/L")

DECIMALS: dict[GlucoseUnit, int] = {"mg/dL": 0, "mmol/L": 1}

Number = TypeVar("Number", float, npt.NDArray[np.float64])


def in_unit(mg_dl: Number, unit: GlucoseUnit) -> Number:
    """Convert a level from mg/dL to ``unit``."""
    return mg_dl / MG_PER_MMOL if unit == "mmol/L" else mg_dl


def number(mg_dl: float, unit: GlucoseUnit) -> str:
    """Format a glucose level (mg/dL) as a number in ``unit``."""
    return f"{in_unit(mg_dl, unit):.{DECIMALS[unit]}f}"


def measure(mg_dl: float, unit: GlucoseUnit) -> str:
    """Format a glucose level (mg/dL) with its unit: "154 mg/dL", "8.5 mmol/L"."""
    return f"{number(mg_dl, unit)} {unit}"
