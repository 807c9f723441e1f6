"""What a work list says of every row: risk, options by the feasibility map, decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.records.found import Found
from sensecf_core.records.person_state import PersonState
from sensecf_core.types import Floats, Ints, Mask, RowKey
from sensecf_core.ui.common import data
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import decided

ALL, FLAGGED, NOT_FLAGGED = "All", "Flagged", "Not flagged"
WITH_OPTIONS, RED_FLAG, DECIDED, STARRED = "With options", "Red flag", "Decided", "Starred"
FOUND, EXPLAINED, NONE_FOUND = "Options found", "Explained", "None found"


@dataclass(frozen=True)
class WorkList:
    """What the list says about every row of a cohort, in its order.

    ``risks`` is None without a classifier (and ``threshold`` means nothing then), ``options`` and ``solid``
    without a feasibility map; ``solid`` marks rows with an option that can be relied on. ``found`` is what
    the newest answer about a row found.
    """

    cohort: Cohort
    risks: Floats | None
    threshold: float
    options: pd.Series[Any] | None
    solid: Mask | None
    states: Mapping[str, PersonState]
    found: Mapping[RowKey, Found] = field(default_factory=dict)

    @property
    def views(self) -> dict[str, Mask]:
        """Which rows each chip shows; chips that would show nobody are left out."""
        ids = self.cohort.rows.index.get_level_values(0)
        views = {ALL: np.ones(len(ids), dtype=bool)}
        if self.risks is not None:
            flagged = np.asarray(self.risks >= self.threshold)
            views |= {FLAGGED: flagged, NOT_FLAGGED: ~flagged}
        if self.solid is not None:
            views[WITH_OPTIONS] = self.solid
        about = {
            RED_FLAG: np.asarray(data.red_flag_labels(self.cohort) != "", dtype=bool),
            DECIDED: ids.isin([who for who, state in self.states.items() if decided.latest(state)]),
            FOUND: self._asked(lambda found: found.options > 0 and not found.explains),
            EXPLAINED: self._asked(lambda found: found.options > 0 and found.explains),
            NONE_FOUND: self._asked(lambda found: found.status == "none"),
            STARRED: ids.isin([who for who, state in self.states.items() if state.star]),
        }
        return views | {name: mask for name, mask in about.items() if mask.any()}

    def _asked(self, is_so: Callable[[Found], bool]) -> Mask:
        """Rows with an answer of which something is so, bool of shape (rows,)."""
        return np.asarray(
            self.cohort.rows.index.isin([key for key, found in self.found.items() if is_so(found)]),
            dtype=bool,
        )

    def to_ask(self, positions: Ints, most: int) -> tuple[list[RowKey], int]:
        """The rows to ask about next, and how many there are in all.

        Of the rows at ``positions`` in their order these are the first ``most`` that the model does not see
        in the desired class and that have no answer yet. Those with a red flag among them are named too, and
        not counted: whoever asks says that they are withheld.
        """
        assert self.risks is not None
        desired = self.cohort.schema.task.desired
        open_ = np.asarray((self.risks >= self.threshold).astype(int) != desired)
        raised = np.asarray(data.red_flag_labels(self.cohort) != "", dtype=bool)
        keys = self.cohort.rows.index
        left = [
            (key, bool(raised[position]))
            for position in positions
            if open_[position] and (key := (str(keys[position][0]), str(keys[position][1]))) not in self.found
        ]
        count, chosen = 0, []
        for key, withheld in left:
            if not withheld and count == most:
                break
            count += not withheld
            chosen.append(key)
        return chosen, sum(not withheld for _, withheld in left)


def of_page(page: Page) -> WorkList:
    """The list of a page's cohort."""
    cohort = page.required_cohort
    states = decided.states_or_warning(cohort.schema.name)
    if not page.has_classifier:
        return WorkList(cohort, None, 0.0, None, None, states)
    found = decided.found_or_warning(cohort.schema.name)
    feasible = data.feasible(cohort, page.classifier, cohort.schema.default_limits)
    return WorkList(
        cohort,
        np.asarray(data.risks(cohort, page.classifier)),
        page.classifier.threshold,
        None if feasible is None else _phrases(feasible, cohort.schema.task.desired),
        None if feasible is None else data.with_options(cohort, page.classifier),
        states,
        found,
    )


def _phrases(feasible: pd.DataFrame, desired: int) -> pd.Series[Any]:
    return pd.Series(
        [
            cohort_map.phrase(*line, desired)
            for line in zip(feasible["cross"], feasible["lower"], feasible["reliable_reduction"], strict=True)
        ],
        index=feasible.index,
        dtype=object,
    )
