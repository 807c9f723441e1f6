"""CFNOW (de Oliveira, Sörensen & Martens 2024, doi 10.1016/j.ejor.2023.08.031) by the package cfnow.

An anytime method: it finds a counterfactual, then brings it nearer until its time is over, so two runs may
differ whatever the seed. It supports no limits: the features that may not move are not among its columns, the
levels that may not be suggested have no column, and numbers are moved to the nearest allowed value
before the classifier sees them. Of the many rows it returns, the nearest with no more changes than
allowed is taken. Rules across features are not supported.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.baselines.black_box import BlackBox
from sensecf_core.counterfactuals.baselines.movable_table import BaselineResult, MovableTable, is_number
from sensecf_core.types import Floats

SECONDS = 1.0
"""How long CFNOW may bring its first counterfactual nearer."""
MOST_ITERATIONS = 1000
MOST_TABU = 5
"""CFNOW's own default of features that the greedy search leaves alone for a while."""


def search(black_box: BlackBox, *, kind: str, k: int, seed: int) -> BaselineResult:
    """Ask CFNOW for a counterfactual; ``kind`` is greedy or random-sequential.

    One row whatever ``k`` is: the many that it returns are steps on one way. It draws from
    ``numpy.random``, which the caller seeds.
    """
    find_tabular = _offline_import()
    table = black_box.table
    columns = _Columns(table)
    options: dict[str, Any] = {}
    if kind == "greedy":
        # With every feature tabu the greedy search would turn on the spot for ever.
        options["size_tabu"] = min(MOST_TABU, len(table.positions) - 1)
    found = find_tabular(
        factual=pd.Series(columns.of(table.factual), index=columns.names),
        model_predict_proba=lambda rows: black_box.desired(columns.back(np.asarray(rows, dtype=np.float64))),
        feat_types=dict(zip(columns.names, columns.types, strict=True)),
        has_ohe=any("_" in name for name in columns.names),
        cf_strategy=kind,
        count_cf=1,
        it_max=MOST_ITERATIONS,
        limit_seconds=min(SECONDS, black_box.seconds_left),
        **options,
    )
    if not len(found.cfs):
        return table.none()
    rows = table.allowed(columns.back(np.asarray(found.cfs, dtype=np.float64)))
    sparse = np.flatnonzero((rows != table.factual).sum(axis=1) <= table.space.max_changes)
    best = int(sparse[0]) if len(sparse) else 0  # CFNOW sorts by distance
    return BaselineResult(rows[best : best + 1])


def _offline_import() -> Callable[..., Any]:
    """Import the package without the download of WordNet that it begins with (it needs it for texts only).

    An empty folder of that name, known to nltk while the import lasts, makes it believe WordNet is there.
    """
    import nltk

    with TemporaryDirectory() as folder:
        (Path(folder) / "corpora" / "wordnet").mkdir(parents=True)
        nltk.data.path.insert(0, folder)
        try:
            from cfnow import find_tabular
        finally:
            nltk.data.path.remove(folder)
    return find_tabular  # type: ignore[no-any-return]


class _Columns:
    """The table as CFNOW's columns.

    Numbers lie in 1 to 2 over their training range: steps are a share of the value, so a zero would never
    move and large units would move most. Binary features are one column; a named one has a column for each
    level that it may have, ``c3_0``, ``c3_1``, … (what stands before ``_`` makes the group).
    """

    def __init__(self, table: MovableTable) -> None:
        self.table = table
        self.low = table.pool.min(axis=0)
        self.width = np.ptp(table.pool, axis=0)
        self.width[self.width == 0] = 1.0
        self.levels = [
            np.unique(np.append(table.values(column), table.factual[column])) if feature.named else None
            for column, feature in enumerate(table.features)
        ]
        self.names: list[str] = []
        self.types: list[str] = []
        for column, (feature, levels) in enumerate(zip(table.features, self.levels, strict=True)):
            names = [f"x{column}"] if levels is None else [f"c{column}_{n}" for n in range(len(levels))]
            self.names += names
            self.types += ["num" if is_number(feature) else "cat"] * len(names)

    def of(self, row: Codes) -> Floats:
        """Encode one row (columns,)."""
        parts: list[Floats] = []
        for column, feature in enumerate(self.table.features):
            levels, code = self.levels[column], row[column]
            if levels is not None:
                parts.append((levels == code).astype(np.float64))
            else:
                scaled = 1 + (code - self.low[column]) / self.width[column]
                parts.append(np.array([scaled if is_number(feature) else code]))
        return np.concatenate(parts)

    def back(self, rows: Floats) -> Codes:
        """Decode rows of CFNOW's columns to rows of the table, shape (n, columns); nothing is clipped."""
        decoded = np.empty((len(rows), len(self.levels)))
        at = 0
        for column, feature in enumerate(self.table.features):
            levels = self.levels[column]
            width = 1 if levels is None else len(levels)
            part = rows[:, at : at + width]
            if levels is not None:
                decoded[:, column] = levels[part.argmax(axis=1)]
            elif is_number(feature):
                decoded[:, column] = self.low[column] + (part[:, 0] - 1) * self.width[column]
            else:
                decoded[:, column] = part[:, 0]
            at += width
        return decoded
