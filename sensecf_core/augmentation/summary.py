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
    holm,
    is_lost,
    labels_worth,
    recovery,
)
from sensecf_core.augmentation.risks import about_risks
from sensecf_core.augmentation.students import STUDENTS
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.types import Floats

Record = Mapping[str, Any]
Scores = Mapping[str, Mapping[str, Mapping[str, Floats]]]
"""Student → arm → measure → values of the cell's repeats, in order; NaN where the arm was not fitted."""

PRIMARY_MEASURE, PRIMARY_STUDENT = "auroc", "trees"
"""What decides, fixed before the runs."""

NON_INFERIOR = 0.01
"""AUROC that an arm may be below another and still count as no worse; fixed before the runs."""

ROW_NAMES = (
    "wanted", "rows", "weight", "distinct", "agreement", "proposed", "valid", "beyond", "dcr", "copies",
    "lof", "violations",
)  # fmt: skip


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


def cells(
    cohort: Cohort, first_seed: int, records: Sequence[Record], arms: Sequence[Arm]
) -> list[dict[str, Any]]:
    """What each cell shows, by student and arm; gains are over the same student with nothing added.

    ``first_seed`` is the seed of repeat 0: it tells which participants were tested in each repeat.
    """
    by_cell: dict[tuple[str, float], list[Record]] = defaultdict(list)
    for record in records:
        by_cell[record["scenario"], record["removed"]].append(record)
    scores = {cell: _scores(mine) for cell, mine in by_cell.items()}
    labels = {cell: _labels(mine) for cell, mine in by_cell.items()}
    groups = {arm.name: arm for arm in arms}
    found = []
    for cell, mine in by_cell.items():
        about: dict[str, Any] = {"scenario": cell[0], "removed": cell[1]}
        about["refused"] = sorted({record["refused"] for record in mine if "refused" in record})
        about["repeats"] = len({record["repeat"] for record in mine if "students" in record})
        if about["repeats"]:
            about["counts"] = _mean_counts(mine)
            alike = [other for other in by_cell if other[0] == cell[0] and scores[other]]
            about["students"] = {
                student: _of_student(
                    of_arms,
                    {labels[other]: scores[other].get(student, {}) for other in alike},
                    labels[cell],
                    _full_labels(mine),
                    groups,
                )
                for student, of_arms in scores[cell].items()
            }
            about["rows"] = _rows(mine)
            about |= about_risks(cohort, first_seed, mine)
        found.append(about)
    _add_holm(found)
    return found


def _of_student(
    scores: Mapping[str, Mapping[str, Floats]],
    curve_cells: Mapping[int, Mapping[str, Mapping[str, Floats]]],
    labels: int,
    full_labels: int,
    groups: Mapping[str, Arm],
) -> dict[str, Any]:
    if "scarce" not in scores or "full" not in scores:
        return {}
    scarce, full = scores["scarce"], scores["full"]
    curve = [(count, _mean(other["scarce"]["auroc"])) for count, other in curve_cells.items() if other]
    curve.append((full_labels, _mean(full["auroc"])))
    points = sorted((count, height) for count, height in curve if height is not None)
    lost = {name: gains(name, full[name], scarce[name]) for name in MEASURES}
    losses = {name: Paired.of(values) for name, values in lost.items()}
    arms = {}
    for arm, values in scores.items():
        gained = {name: gains(name, values[name], scarce[name]) for name in MEASURES}
        height = _mean(values["auroc"])
        paired = Paired.of(gained["auroc"])
        arms[arm] = {
            "repeats": paired.repeats,
            "means": {name: _mean(values[name]) for name in MEASURES},
            "gains": {name: Paired.of(gained[name]).as_json() for name in MEASURES},
            "recovery": {name: recovery(gained[name], lost[name]) for name in MEASURES},
            "labels_worth": None if height is None else labels_worth(points, height, labels),
            "p": paired.p,
            "holm": None,
        }
    return {
        "losses": {name: {**loss.as_json(), "lost": is_lost(loss)} for name, loss in losses.items()},
        "arms": arms,
        "curve": points,
        "against": _against(scores, groups),
    }


def _against(
    scores: Mapping[str, Mapping[str, Floats]], groups: Mapping[str, Arm]
) -> dict[str, dict[str, Any]]:
    """Each language-model arm against the best control that is labelled alike, paired over its repeats.

    Controls add no row, or resampled or counterfactual ones without a language model. The best is picked by
    its mean over the same repeats, which favours the controls.
    """
    found = {}
    for name, values in scores.items():
        arm = groups.get(name)
        if arm is None or arm.group != "language model" or arm.ratio != 1 or arm.weight != 1:
            continue
        there = ~np.isnan(values["auroc"])
        means = {
            other: float(np.mean(scores[other]["auroc"][there]))
            for other in scores
            if other in groups
            and _is_control(groups[other], arm)
            and not np.isnan(scores[other]["auroc"][there]).any()
        }
        if there.any() and means:
            best = max(means, key=lambda other: means[other])
            difference = Paired.of(values["auroc"] - scores[best]["auroc"])
            found[name] = {
                "control": best,
                "difference": difference.as_json(),
                "non_inferior": bool(difference.corrected_low > -NON_INFERIOR),
            }
    return found


def _is_control(other: Arm, arm: Arm) -> bool:
    plain = other.ratio == 1 and other.weight == 1
    if other.group == "nothing added":
        # "Instead" is another student: the same student and the same information are asked for.
        return other.name not in ("ridge", "panel")
    alike = {"panel", "edits"} if arm.labels in ("panel", "edits") else {arm.labels}
    return plain and other.group in ("resampled", "counterfactual") and other.labels in alike


def _add_holm(found: list[dict[str, Any]]) -> None:
    """Adjust each arm's p of the primary measure and student over the cells in which something is lost."""
    lost = [
        cell["students"][PRIMARY_STUDENT]["arms"]
        for cell in found
        if cell["repeats"] and cell["students"][PRIMARY_STUDENT]["losses"][PRIMARY_MEASURE]["lost"]
    ]
    for arm in {arm for of_cell in lost for arm in of_cell}:
        mine = [of_cell[arm] for of_cell in lost if arm in of_cell and np.isfinite(of_cell[arm]["p"])]
        for entry, adjusted in zip(mine, holm([entry["p"] for entry in mine]), strict=True):
            entry["holm"] = adjusted


def _scores(records: Sequence[Record]) -> Scores:
    measured = [record for record in records if "students" in record]
    repeats = sorted({record["repeat"] for record in measured})
    position = {repeat: at for at, repeat in enumerate(repeats)}
    scores: dict[str, dict[str, dict[str, Floats]]] = {student: {} for student in STUDENTS}
    for record in measured:
        for student, values in record["students"].items():
            of_arm = scores[student].setdefault(
                record["arm"], {name: np.full(len(repeats), np.nan) for name in MEASURES}
            )
            for name in MEASURES:
                if values[name] is not None:
                    of_arm[name][position[record["repeat"]]] = values[name]
    return scores if measured else {}


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
    """Of each arm that adds rows: how many, and what they are like (means over repeats)."""
    made: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        if "made" in record:
            made[record["arm"]].append(record["made"])
    return {
        arm: {name: _mean([one.get(name) for one in all_]) for name in ROW_NAMES}
        for arm, all_ in made.items()
    }


def _mean(values: Sequence[float | None] | Floats) -> float | None:
    """Mean of what is known; None where nothing is."""
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None
