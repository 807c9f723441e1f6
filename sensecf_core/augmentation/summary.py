"""From records to what a run shows: losses, paired gains, recovery, labels' worth; and one table of all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.augmentation.arms import Arm
from sensecf_core.augmentation.measures import (
    MEASURES,
    Paired,
    gains,
    is_lost,
    labels_worth,
    recovery,
)
from sensecf_core.augmentation.students import STUDENTS
from sensecf_core.types import Floats

Record = Mapping[str, Any]
Scores = Mapping[str, Mapping[str, Mapping[str, Floats]]]
"""Student → arm → measure → values of the repeats, in order."""


def table(records: Sequence[Record]) -> pd.DataFrame:
    """One line a cell, repeat, arm and student, with its measures; refused cells have none."""
    return pd.DataFrame(
        [
            {
                **{name: record[name] for name in ("scenario", "removed", "repeat", "arm")},
                "student": student,
                **measures,
                "rows": record.get("made", {}).get("rows"),
                "agreement": record.get("made", {}).get("agreement"),
            }
            for record in records
            for student, measures in record.get("students", {}).items()
        ]
    )


def cells(records: Sequence[Record], arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """What each cell shows, by student and arm; gains are over the same student with nothing added."""
    by_cell: dict[tuple[str, float], list[Record]] = defaultdict(list)
    for record in records:
        by_cell[record["scenario"], record["removed"]].append(record)
    scores = {cell: _scores(mine, arms) for cell, mine in by_cell.items()}
    labels = {cell: _labels(mine) for cell, mine in by_cell.items()}
    found = []
    for cell, mine in by_cell.items():
        about: dict[str, Any] = {"scenario": cell[0], "removed": cell[1]}
        refused = sorted({record["refused"] for record in mine if "refused" in record})
        about["refused"] = refused
        about["repeats"] = len({record["repeat"] for record in mine if "students" in record})
        if about["repeats"]:
            about["counts"] = _mean_counts(mine)
            alike = {other: labels[other] for other in by_cell if other[0] == cell[0] and scores[other]}
            about["students"] = {
                student: _of_student(
                    scores[cell][student],
                    {labels[other]: scores[other][student] for other in alike},
                    labels[cell],
                    _full_labels(mine),
                )
                for student in STUDENTS
            }
            about["rows"] = _rows(mine)
        found.append(about)
    return found


def _of_student(
    scores: Mapping[str, Mapping[str, Floats]],
    curve_cells: Mapping[int, Mapping[str, Mapping[str, Floats]]],
    labels: int,
    full_labels: int,
) -> dict[str, Any]:
    scarce, full = scores["scarce"], scores["full"]
    curve = [(count, float(other["scarce"]["auroc"].mean())) for count, other in curve_cells.items()]
    curve.append((full_labels, float(full["auroc"].mean())))
    lost = {name: gains(name, full[name], scarce[name]) for name in MEASURES}
    losses = {name: Paired.of(values) for name, values in lost.items()}
    arms = {}
    for arm, values in scores.items():
        gained = {name: gains(name, values[name], scarce[name]) for name in MEASURES}
        arms[arm] = {
            "means": {name: float(values[name].mean()) for name in MEASURES},
            "gains": {name: Paired.of(gained[name]).as_json() for name in MEASURES},
            "recovery": {name: recovery(gained[name], lost[name]) for name in MEASURES},
            "labels_worth": labels_worth(curve, float(values["auroc"].mean()), labels),
        }
    return {
        "losses": {name: {**loss.as_json(), "lost": is_lost(loss)} for name, loss in losses.items()},
        "arms": arms,
    }


def _scores(records: Sequence[Record], arms: Sequence[Arm]) -> Scores:
    measured = [record for record in records if "students" in record]
    ordered = sorted(measured, key=lambda record: record["repeat"])
    if not ordered:
        return {}
    return {
        student: {
            arm.name: {
                name: np.array(
                    [one["students"][student][name] for one in ordered if one["arm"] == arm.name], dtype=float
                )
                for name in MEASURES
            }
            for arm in arms
        }
        for student in STUDENTS
    }


def _labels(records: Sequence[Record]) -> int:
    """Training labels that are left, the mean over repeats, rounded."""
    left = [sum(record["counts"]["train"].values()) for record in records if "counts" in record]
    return round(float(np.mean(left))) if left else 0


def _full_labels(records: Sequence[Record]) -> int:
    whole = [
        sum(record["counts"][part][label] for part in ("train", "removed") for label in ("zeros", "ones"))
        for record in records
        if "counts" in record
    ]
    return round(float(np.mean(whole)))


def _mean_counts(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    counted = [record["counts"] for record in records if "counts" in record]
    return {
        part: {label: float(np.mean([one[part][label] for one in counted])) for label in ("zeros", "ones")}
        for part in ("train", "val", "removed")
    }


def _rows(records: Sequence[Record]) -> dict[str, dict[str, float | None]]:
    """Of each arm that adds rows: how many were wanted, made and distinct, and their labels' agreement."""
    made: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        if "made" in record:
            made[record["arm"]].append(record["made"])
    return {
        arm: {
            name: _mean([one[name] for one in all_]) for name in ("wanted", "rows", "distinct", "agreement")
        }
        for arm, all_ in made.items()
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
