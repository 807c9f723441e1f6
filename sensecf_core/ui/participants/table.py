"""The cohort as a filterable table: risk as a bar, columns grouped by role, rows that can be chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import to_codes, to_values
from sensecf_core.cohorts.schema import Feature
from sensecf_core.counterfactuals.checks.red_flags import raised_flags, red_flags
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.types import Floats, Ints, Mask
from sensecf_core.ui.common import data, row_wording, widgets, wording
from sensecf_core.ui.page import pick_table
from sensecf_core.ui.page.frame import Page

VIEWS = ("All", "Flagged", "Not flagged")
WITH_OPTIONS = "With options"
OPTIONS = "Options"
MOST_RANGES = 3
CHOOSE = "Choose a row to see who it is: every measurement, its reference range and its place in the cohort."


def show(page: Page) -> None:
    """Show filters and table; choosing a row chooses the participant on all pages."""
    cohort = page.required_cohort
    risks = np.asarray(data.risks(cohort, page.classifier)) if page.has_classifier else None
    feasible = (
        data.feasible(cohort, page.classifier, cohort.schema.default_limits) if page.has_classifier else None
    )
    solid = data.with_options(cohort, page.classifier) if feasible is not None else None
    mask = _filtered(cohort, None if risks is None else risks >= page.classifier.threshold, solid)
    positions = np.flatnonzero(mask)
    st.caption(
        f"{wording.count(len(positions))} of {wording.count(len(cohort.rows))} rows. Choose one by its box "
        "on the left; click a heading to sort. The selector does the same from the keyboard."
    )
    if not len(positions):
        st.info("Nobody fits all filters. Widen one of them.", icon=":material/filter_alt_off:")
        return
    if solid is not None:
        st.caption("Who has an option that can be relied on stands first, then the highest risk.")
    order = positions
    if risks is not None:
        order = positions[in_order(risks[positions], None if solid is None else solid[positions])]
    table = _table(cohort, risks, order, None if feasible is None else _phrases(feasible))
    pick_table.show(
        table,
        list(table.index),
        page.key,
        schema=cohort.schema,
        name=f"{cohort.schema.name}_{hash(mask.tobytes())}",
        columns=_columns(cohort, has_classifier=page.has_classifier, has_options=feasible is not None),
        alt=f"Participants of {cohort.schema.title}: id, risk, and every feature by role",
    )


def in_order(risks: Floats, solid: Mask | None) -> Ints:
    """Positions of rows as they are listed: who has a solid option first, then the highest risk."""
    first = np.zeros(len(risks)) if solid is None else ~solid
    return np.lexsort((-risks, first))


def _phrases(feasible: pd.DataFrame) -> pd.Series[Any]:
    return pd.Series(
        [
            cohort_map.phrase(*line)
            for line in zip(feasible["cross"], feasible["lower"], feasible["reliable_reduction"], strict=True)
        ],
        index=feasible.index,
        dtype=object,
    )


def _filtered(cohort: Cohort, flagged: np.ndarray | None, solid: Mask | None = None) -> np.ndarray:
    """Show the filters and return which rows pass all of them, bool of shape (rows,).

    ``flagged`` marks the rows that the classifier flags; None if there is no classifier. ``solid`` marks
    those with a solid option; None if nobody asked.
    """
    mask = np.ones(len(cohort.rows), dtype=bool)
    name = cohort.schema.name
    views = VIEWS if solid is None else (*VIEWS, WITH_OPTIONS)
    view, part = widgets.people_filters(cohort, views, has_classifier=flagged is not None)
    if solid is not None and view == WITH_OPTIONS:
        mask &= solid
    elif flagged is not None and view != VIEWS[0]:
        mask &= flagged == (view == "Flagged")
    if part != widgets.EVERYONE:
        mask &= cohort.parts.eq(part).to_numpy()
    schema = cohort.schema
    preset = [f.name for f in schema.features if f.headline and f.kind != "categorical"][:MOST_RANGES]
    with st.expander("More filters", icon=":material/filter_alt:"):
        filtered = st.multiselect(
            "Filter by",
            schema.names,
            default=preset,
            format_func=lambda feature: schema.feature(feature).label,
            key=f"by_{name}",
            persist_state="session",
        )
        with st.grid("auto", min_column_width=300):
            for feature in filtered:
                mask &= _passes(schema.feature(feature), cohort.rows[feature], name)
    return mask


def _passes(feature: Feature, column: pd.Series[Any], cohort_name: str) -> np.ndarray:
    key = f"filter_{cohort_name}_{feature.name}"
    if feature.named or feature.kind == "binary":
        names = list(feature.levels) if feature.named else ["no", "yes"]
        chosen = st.multiselect(feature.label, names, default=names, key=key, persist_state="session")
        if len(chosen) == len(names):
            return np.ones(len(column), dtype=bool)
        wanted = chosen if feature.named else [float(names.index(level)) for level in chosen]
        return np.asarray(column.isin(wanted))
    measured = column.dropna()
    if not len(measured) or measured.min() == measured.max():
        return np.ones(len(column), dtype=bool)
    low, high = float(measured.min()), float(measured.max())
    unit = f" ({feature.unit})" if feature.unit else ""
    span = widgets.number_range(
        f"{feature.label}{unit}",
        (low, high),
        key,
        step=10.0**-feature.decimals,
        decimals=feature.decimals,
        note="People without this measurement are hidden once you narrow the range.",
    )
    if span == (low, high):
        return np.ones(len(column), dtype=bool)
    return np.asarray(column.between(*span))


def _table(
    cohort: Cohort, risks: np.ndarray | None, order: np.ndarray, options: pd.Series[Any] | None
) -> pd.DataFrame:
    """Lay out rows, in ``order`` (positions), under (role, label) headings; the index keeps the row keys.

    Without ``risks`` there is no risk column, without ``options`` none of what is feasible.
    """
    schema = cohort.schema
    rows = cohort.rows.iloc[order]
    columns: dict[tuple[str, str], Any] = {("", "Participant"): rows.index.get_level_values(0).to_numpy()}
    if schema.row_column:
        columns["", schema.row_label.capitalize()] = rows.index.get_level_values(1).to_numpy()
    if schema.red_flags:
        columns["", "Red flag"] = _red_flags(cohort)[order]
    if risks is not None:
        columns["", "Risk of 100"] = np.round(100 * risks[order]).astype(int)
        if options is not None:
            columns["", OPTIONS] = options.reindex(rows.index).fillna("").to_numpy(dtype=object)
    for role in wording.roles(schema):
        for feature in schema.features:
            if feature.role == role:
                columns[wording.ROLE_TITLES[role], _heading(feature)] = _display_values(
                    feature, rows[feature.name]
                )
    table = pd.DataFrame(columns)
    table.index = rows.index
    return table


def _red_flags(cohort: Cohort) -> np.ndarray:
    """The labels of each row's red flags, empty for most, shape (rows,)."""
    codes = to_codes(cohort.schema, cohort.rows)
    labels = np.full(len(codes), "", dtype=object)
    for row in np.flatnonzero(raised_flags(cohort.schema, codes).any(axis=1)):
        flags = red_flags(cohort.schema, to_values(cohort.schema, codes[row]))
        labels[row] = "; ".join(flag.label for flag in flags)
    return labels


def _display_values(feature: Feature, column: pd.Series[Any]) -> np.ndarray:
    if feature.kind == "binary":
        return np.asarray(column.map({0.0: "no", 1.0: "yes"}).to_numpy(dtype=object))
    return np.asarray(column)


def _heading(feature: Feature) -> str:
    return f"{feature.label} ({feature.unit})" if feature.unit else feature.label


def _columns(cohort: Cohort, *, has_classifier: bool, has_options: bool = False) -> dict[int, Any]:
    """Column settings by position (0 is the hidden index), in the order of :func:`_table`."""
    schema = cohort.schema
    settings: dict[int, Any] = {1: st.column_config.TextColumn(pinned=True)}
    first = (3 if schema.row_column else 2) + bool(schema.red_flags)
    if has_classifier:
        settings[first] = st.column_config.ProgressColumn(
            min_value=0,
            max_value=100,
            format="%d",
            color="orange",
            help=f"The model's calibrated risk of {schema.task.label}, out of 100 "
            f"{row_wording.plural(schema)} like this one.",
        )
        first += 1
    if has_options:
        settings[first] = st.column_config.TextColumn(
            help="What a search of the model found under the usual limits: changes that alter the prediction "
            "and can be relied on, else by how many points of 100 the risk moves in nine of ten retrained "
            "models."
        )
        first += 1
    ordered = [f for role in wording.roles(schema) for f in schema.features if f.role == role]
    for position, feature in enumerate(ordered, start=first):
        if not feature.named and feature.kind != "binary":
            settings[position] = st.column_config.NumberColumn(format=f"%.{feature.decimals}f")
    return settings
