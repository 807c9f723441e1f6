"""Example rows of a run: some of what each source made in repeat 0, and a map of real and made rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.augmentation.artefacts import Artefacts
from sensecf_core.augmentation.rows.made_rows import MadeRows
from sensecf_core.augmentation.run_task import Repeat, Task, split_of
from sensecf_core.classifiers.design_matrix import to_matrix
from sensecf_core.classifiers.training import one_thread
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes, to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.density import NumericSpace
from sensecf_core.errors import InputError
from sensecf_core.types import Floats

EXAMPLES = "rows.parquet"
PER_SOURCE = 20
PER_KIND = 200
"""Real and removed rows on the map, of each at most so many."""


def write_examples(cohort: Cohort, tasks: Sequence[Task], folder: Path) -> None:
    """Write :data:`EXAMPLES` to a run's folder: repeat 0 of each cell.

    Lines of made rows have ``source``, ``participant`` (whose row it was made of), ``label`` (the class it
    was made for), ``panel_label``, ``full_label`` (p(class 1) of the full model's trees, at the scarce
    prior), ``nearest`` (Gower distance to the nearest real training row) and ``changes``. Lines of real and
    removed training rows have the source ``real`` or ``removed`` and their class. All have ``x`` and ``y``,
    the first two principal components of the scarce training rows.
    """
    path = folder / EXAMPLES
    if path.is_file():
        return
    lines: list[dict[str, Any]] = []
    for task in tasks:
        if task.repeat == 0:
            lines += _of_cell(cohort, task)
    part = path.with_suffix(".part")
    pd.DataFrame(lines).to_parquet(part, index=False)
    part.replace(path)


def _of_cell(cohort: Cohort, task: Task) -> list[dict[str, Any]]:
    with one_thread():
        try:
            split = split_of(cohort, task)
        except InputError:
            return []
        repeat = Repeat(split, Artefacts(split.scarce, split.removed, split.seed, task.transfer, task.model))
        sources = dict.fromkeys(
            arm.rows for arm in task.arms if arm.labels and arm.rows not in (None, "pool")
        )
        lines = list(_of_real(repeat))
        for source in sources:
            lines += _of_source(repeat, str(source))
    about = {"scenario": task.cell.scenario, "removed": task.cell.removed}
    return [{**about, **line} for line in lines]


def _of_source(repeat: Repeat, source: str) -> Iterator[dict[str, Any]]:
    """A draw of the rows of a source, both classes."""
    artefacts = repeat.artefacts
    made = artefacts.made(source)
    drawn = artefacts.rng(f"examples of {source}").permutation(len(made.codes))[:PER_SOURCE]
    made = made.only(np.isin(np.arange(len(made.codes)), drawn))
    if not len(made.codes):
        return
    rows, fitted = artefacts.training_rows, artefacts.fitted
    matrix = to_matrix(artefacts.scarce.schema, made.codes)
    panel = artefacts.panel.label(matrix, made.owners)
    full = repeat.full_labels(matrix)
    nearest = fitted.distances.gower_matrix(made.codes, rows.codes).min(axis=1)
    for n, (factual, spot) in enumerate(
        zip(_factuals(artefacts, made), _spots(repeat, made.codes), strict=True)
    ):
        yield {
            "source": source,
            "participant": str(made.owners[n]),
            "label": int(made.labels[n]),
            "panel_label": float(panel[n]),
            "full_label": float(full[n]),
            "nearest": float(nearest[n]),
            "changes": _changes(artefacts.scarce.schema, factual, made.codes[n]),
            "x": float(spot[0]),
            "y": float(spot[1]),
        }


def _factuals(artefacts: Artefacts, made: MadeRows) -> Iterator[Codes]:
    """Of each made row the nearest of its participant's rows."""
    rows = artefacts.training_rows
    for codes, owner in zip(made.codes, made.owners, strict=True):
        own = rows.codes[rows.people.astype(str) == str(owner)]
        yield own[artefacts.fitted.distances.gower(codes, own).argmin()]


def _changes(schema: Schema, factual: Codes, codes: Codes) -> str:
    differs = (np.abs(factual - codes) > 1e-9) | (np.isnan(factual) != np.isnan(codes))
    parts = []
    for position in np.flatnonzero(differs):
        feature = schema.features[position]
        before, after = (to_value(feature, row[position]) for row in (factual, codes))
        parts.append(f"{feature.label}: {before} → {after}" + (f" {feature.unit}" if feature.unit else ""))
    return "; ".join(parts)


def _of_real(repeat: Repeat) -> Iterator[dict[str, Any]]:
    kept = repeat.artefacts.training_rows
    for kind, rows in (("real", kept), ("removed", repeat.removed_rows)):
        drawn = repeat.artefacts.rng(f"examples of {kind}").permutation(len(rows.target))[:PER_KIND]
        for target, spot in zip(rows.target[drawn], _spots(repeat, rows.codes[drawn]), strict=True):
            yield {"source": kind, "label": int(target), "x": float(spot[0]), "y": float(spot[1])}


def _spots(repeat: Repeat, codes: Codes) -> Floats:
    """Where rows lie on the map, shape (n, 2)."""
    from sklearn.decomposition import PCA

    rows = repeat.artefacts.training_rows
    space = NumericSpace.fit(rows.schema, rows.codes)
    spots: Floats = PCA(2, random_state=0).fit(space.transform(rows.codes)).transform(space.transform(codes))
    return spots
