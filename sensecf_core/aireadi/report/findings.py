"""Laboratory values, blood pressure, body measures and questionnaire scores of one participant, as tables.

The laboratory's ranges are those of the AI-READI documentation (CC BY 4.0); each range names its source, and
no clinician has confirmed any of them. Values are compared as displayed, rounded; a bound is the outermost
value within the range, so "below 120" has the bound 119.
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
class FindingSpec:
    """One line of the tables: the clinical item, its heading and its reference range.

    ``low`` and ``high`` are the outermost values within the range, in the item's ``unit``; None if open.
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
    """One line with a participant's value; None for not measured.

    ``sign`` is "<" or ">" if the laboratory reported only a limit of the value, :data:`EITHER` if the release
    does not say which.
    """

    spec: FindingSpec
    value: float | None
    sign: str = ""

    @property
    def outside(self) -> Outside:
        """On which side of the reference range the displayed value lies.

        "unknown" if a limit of the assay leaves it open: "<20" may lie inside 0 to 10, or above.
        """
        if self.value is None:
            return ""
        shown = round(self.value, self.spec.decimals)
        least = -math.inf if self.sign in ("<", EITHER) else shown
        most = math.inf if self.sign in (">", EITHER) else shown
        low = -math.inf if self.spec.low is None else self.spec.low
        high = math.inf if self.spec.high is None else self.spec.high
        if least > high or (self.sign == ">" and least >= high):
            return "above"
        if most < low or (self.sign == "<" and most <= low):
            return "below"
        return "" if low <= least and most <= high else "unknown"


@cache
def finding_specs() -> tuple[FindingSpec, ...]:
    """Read the lines of the tables, in display order."""
    units = {item.name: item.unit for item in items()}
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            FindingSpec(
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
    """Group a participant's findings; ``values`` is their row of the people table of a release."""
    grouped: dict[str, list[Finding]] = {}
    for line in finding_specs():
        sign = sign_of(line.item, values.get("censored"))
        grouped.setdefault(line.group, []).append(Finding(line, _number(values.get(line.item)), sign))
    return {group: tuple(lines) for group, lines in grouped.items()}


def _number(value: object) -> float | None:
    """Return a number; None for anything else, which counts as not measured."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)
