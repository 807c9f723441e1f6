"""Laboratory values, blood pressure, body measures and questionnaire scores of one participant, as tables.

The laboratory's ranges are those of the AI-READI documentation (CC BY 4.0); each range names its source,
and no clinician has confirmed any of them. Values are compared as they are shown, rounded; the bounds are the
last usual values, so "below 120" has the bound 119.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from sensecf_core.aireadi.release.clinical import EITHER, items, sign_of

FILE = Path(__file__).parents[1] / "data" / "findings.csv"

Outside = Literal["above", "below", "unknown", ""]


@dataclass(frozen=True)
class Asked:
    """One line of the tables: which clinical item, under which heading, and what is usual.

    ``low`` and ``high`` are the last usual values, in the item's ``unit``; None where there is none.
    """

    item: str
    group: str
    label: str
    unit: str
    decimals: int
    low: float | None
    high: float | None
    reference: str
    source: str


@dataclass(frozen=True)
class Finding:
    """One line with a participant's value, None for not measured.

    ``sign`` is "<" or ">" where the laboratory reported only that the value lies beyond it,
    :data:`clinical.EITHER` where the release does not say which.
    """

    asked: Asked
    value: float | None
    sign: str = ""

    @property
    def outside(self) -> Outside:
        """Which side of the reference the value, as it is shown, lies on.

        "unknown" where a limit of the assay leaves it open: "<20" may lie inside 0 to 10, or above.
        """
        if self.value is None:
            return ""
        shown = round(self.value, self.asked.decimals)
        least = -math.inf if self.sign in ("<", EITHER) else shown
        most = math.inf if self.sign in (">", EITHER) else shown
        low = -math.inf if self.asked.low is None else self.asked.low
        high = math.inf if self.asked.high is None else self.asked.high
        if least > high or (self.sign == ">" and least >= high):
            return "above"
        if most < low or (self.sign == "<" and most <= low):
            return "below"
        return "" if low <= least and most <= high else "unknown"


@cache
def asked() -> tuple[Asked, ...]:
    """Read what the tables show, in display order."""
    units = {item.name: item.unit for item in items()}
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Asked(
                item=row["item"],
                group=row["group"],
                label=row["label"],
                unit=units[row["item"]],
                decimals=int(row["decimals"]),
                low=float(row["low"]) if row["low"] else None,
                high=float(row["high"]) if row["high"] else None,
                reference=row["reference"],
                source=row["source"],
            )
            for row in csv.DictReader(file)
        )


def findings(values: Mapping[str, object]) -> dict[str, tuple[Finding, ...]]:
    """Group a participant's findings; ``values`` is their row of the people table (see :mod:`tables`)."""
    grouped: dict[str, list[Finding]] = {}
    for one in asked():
        sign = sign_of(one.item, values.get("censored"))
        grouped.setdefault(one.group, []).append(Finding(one, _number(values.get(one.item)), sign))
    return {group: tuple(found) for group, found in grouped.items()}


def _number(value: object) -> float | None:
    """Take a number as it is; nothing, NaN and text are not measured."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)
