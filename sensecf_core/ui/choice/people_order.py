"""The order in which people are worked through, and the step to the next or the previous one of it.

It is the list that Participants showed last in this session, with its filters; before that the whole cohort.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.datasets import registry
from sensecf_core.errors import NotReadyError
from sensecf_core.types import Floats, Ints
from sensecf_core.ui.choice import selection
from sensecf_core.ui.common import data

Key = tuple[str, str | None]
"""Participant and row; None means the participant's first row."""
_LISTED = "people_listed"


def of_cohort(cohort: Cohort, classifier: Classifier) -> Ints:
    """Positions of all rows in the order of the list, shape (rows,).

    First whom a solid option brings over the line, then whose risk can be moved reliably (both by the
    cohort's map), then the rest; the highest risk first.
    """
    lines = data.feasible(cohort, classifier, cohort.schema.default_limits)
    rank = None
    if lines is not None:
        crosses = cohort.rows.index.isin(lines.index[lines["cross"] == "solid"])
        rank = np.where(crosses, 0, np.where(data.with_options(cohort, classifier), 1, 2))
    return in_order(np.asarray(data.risks(cohort, classifier)), rank)


def in_order(risks: Floats, rank: Ints | None) -> Ints:
    """Positions of rows as they are listed: by ``rank``, from the lowest, then the highest risk first."""
    return np.lexsort((-risks, np.zeros(len(risks)) if rank is None else rank))


def listed(cohort: str, keys: Sequence[Key]) -> None:
    """Tell in which order a cohort's people are listed now."""
    st.session_state[_LISTED] = (cohort, list(keys))


def step(cohort: str, by: int) -> None:
    """Choose who stands ``by`` places further in the list (for callbacks); the ends of the list are kept to.

    Whoever is not in the list, or nobody, is followed by its first person.
    """
    keys = _keys(cohort)
    if not keys:
        return
    chosen = (st.session_state.get("participant"), st.session_state.get("row"))
    place = next((n for n, (person, row) in enumerate(keys) if (person, row or chosen[1]) == chosen), None)
    next_one = keys[0 if place is None else min(max(place + by, 0), len(keys) - 1)]
    if place is None or next_one != keys[place]:
        selection.choose(*next_one, cohort=cohort)


def _keys(cohort: str) -> list[Key]:
    of, keys = st.session_state.get(_LISTED, (None, []))
    if of == cohort and keys:
        return list(keys)
    loaded = registry.load(cohort)
    rows = loaded.rows.index
    try:
        classifier = store.load(loaded)
    except NotReadyError:  # missing or damaged, as the page says
        return list(rows)
    return [rows[position] for position in of_cohort(loaded, classifier)]
