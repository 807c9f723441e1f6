"""DiCE (Mothilal et al. 2020, arXiv 1905.07697) by the package dice-ml: random, genetic, k-d tree.

It supports an allowed range or levels for every feature, but neither a limit on the number of changes nor
rules across features. Its k answers are meant to differ from each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.baselines.black_box import BlackBox
from sensecf_core.counterfactuals.baselines.movable_table import BaselineResult, MovableTable, is_number

TARGET = "_class"
PADDING = "_number"
NOTHING = "No counterfactuals found"
"""How DiCE's message begins where it found none."""


def search(black_box: BlackBox, *, kind: str, k: int, seed: int) -> BaselineResult:
    """Ask DiCE for ``k`` counterfactuals by ``kind``: random, genetic or kdtree.

    ``seed`` is not handed on: two of the kinds take none, and the third would draw features of equal
    precision in step. The caller seeds ``random`` and ``numpy.random`` instead.
    """
    dice_ml = _quiet()
    from raiutils.exceptions import UserConfigValidationException

    table = black_box.table
    frame = _Frame(table, padded=kind == "genetic" and not any(map(is_number, table.features)))
    data = dice_ml.Data(
        dataframe=frame.of(table.pool).assign(**{TARGET: table.targets}),
        continuous_features=list(frame.decimals),
        continuous_features_precision=frame.decimals,
        outcome_name=TARGET,
    )
    explainer = dice_ml.Dice(
        data, dice_ml.Model(model=_Model(black_box, frame), backend="sklearn"), method=kind
    )
    try:
        found = explainer.generate_counterfactuals(
            frame.of(table.factual[None]),
            total_CFs=k,
            desired_class=int(table.space.desired),
            permitted_range=frame.permitted(),
            posthoc_sparsity_algorithm="linear",  # "binary" may end on a step that undoes the flip
        )
    except UserConfigValidationException as none:
        if NOTHING not in str(none):
            raise
        return table.none()
    (answer,) = found.cf_examples_list
    rows = answer.final_cfs_df if answer.final_cfs_df_sparse is None else answer.final_cfs_df_sparse
    return BaselineResult(frame.back(rows))


def _quiet() -> Any:
    """Import the package, without its prints (they would end up in our JSON) and its progress bar."""
    import dice_ml
    from dice_ml.explainer_interfaces import dice_random, explainer_base

    # Names of these two modules only: redirecting stdout would silence every thread of this process.
    dice_random.print = lambda *words, **options: None
    explainer_base.tqdm = lambda rows: rows
    return dice_ml


class _Frame:
    """The table as DiCE's frames: whole numbers as int, levels as text.

    Levels become ``L0``, ``L1``, …: levels that look like numbers would silently come back as text, which
    a classifier then misreads. ``padded`` adds a number that may not move and that the classifier never sees:
    the genetic search fails where no feature is one.
    """

    def __init__(self, table: MovableTable, *, padded: bool) -> None:
        self.table = table
        self.padded = padded

    @property
    def decimals(self) -> dict[str, int]:
        """The names of the numbers, with their decimals."""
        numbers = {f.name: f.decimals for f in self.table.features if is_number(f)}
        return numbers | ({PADDING: 0} if self.padded else {})

    def of(self, rows: Codes) -> pd.DataFrame:
        """Encode rows (n, columns)."""
        columns = {
            feature.name: self._written(column, rows[:, column])
            for column, feature in enumerate(self.table.features)
        }
        return pd.DataFrame(columns | ({PADDING: np.arange(len(rows)) % 2} if self.padded else {}))

    def back(self, frame: pd.DataFrame) -> Codes:
        """Decode a frame (n rows), in any column order."""
        return np.column_stack(
            [
                np.asarray(frame[feature.name], dtype=np.float64)
                if is_number(feature)
                else np.array([float(str(level)[1:]) for level in frame[feature.name]])
                for feature in self.table.features
            ]
        ).reshape(len(frame), -1)

    def permitted(self) -> dict[str, list[Any]]:
        """What each feature may be, in DiCE's form; the factual's own value always may."""
        ranges: dict[str, list[Any]] = {PADDING: [0, 0]} if self.padded else {}
        for column, feature in enumerate(self.table.features):
            if is_number(feature):
                whole = self._is_whole(column)
                ranges[feature.name] = [int(end) if whole else end for end in self.table.span(column)]
            else:
                levels = np.append(self.table.factual[column], self.table.values(column))
                seen = np.intersect1d(levels, self.table.pool[:, column])  # DiCE refuses a level it never saw
                ranges[feature.name] = [f"L{code:.0f}" for code in seen]
        return ranges

    def _written(self, column: int, codes: Codes) -> npt.NDArray[Any]:
        if not is_number(self.table.features[column]):
            return np.array([f"L{code:.0f}" for code in codes], dtype=object)
        return codes.round().astype(np.int64) if self._is_whole(column) else codes.copy()

    def _is_whole(self, column: int) -> bool:
        """Whether DiCE can keep the numbers as whole ones: it does so in 32 bits, and larger ones wrap."""
        largest = np.nanmax(np.abs(np.append(self.table.pool[:, column], self.table.span(column))))
        return bool(self.table.features[column].decimals == 0 and largest <= np.iinfo(np.int32).max)


class _Model:
    """What DiCE asks of a classifier."""

    classes_ = np.array([0, 1])

    def __init__(self, black_box: BlackBox, frame: _Frame) -> None:
        self._scorer, self._frame = black_box, frame

    def predict_proba(self, frame: pd.DataFrame) -> Codes:
        """Scores of class 0 and class 1, shape (n, 2)."""
        return self._scorer.both(self._frame.back(frame))

    def predict(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        """The class, shape (n,)."""
        return (self.predict_proba(frame)[:, 1] > 0.5).astype(np.int64)
