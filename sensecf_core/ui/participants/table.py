"""The cohort as a work list: risk with the line, options, what is out of range, decisions; every value."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from sensecf_core.cohorts.feature import Feature
from sensecf_core.jobs import ask_list
from sensecf_core.records.person_state import PersonState
from sensecf_core.types import Floats, Ints, Mask
from sensecf_core.ui.choice import people_order, pick_table
from sensecf_core.ui.common import data, drawings, row_wording, widgets, wording
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import batch, decided, preview, work_list
from sensecf_core.ui.participants.work_list import WorkList

WHO, LIST = "Person", "Work list"
"""Headings above who it is and what the list says, beside the roles of the features."""
BAR, RISK, OPTIONS, ASKED, OUTSIDE = "Risk", "Risk of 100", "Options", "Asked", "Out of range"
MOST_RANGES = 3
BAR_WIDTH = 48.0
"""Of the drawing: a table cuts pictures to its column, and draws them as high as its rows."""
CHOOSE = "Choose a row to see who it is: every measurement, its reference range and its place in the cohort."


def show(page: Page) -> None:
    """Show filters, the list and a preview; choosing a row chooses the participant on all pages."""
    work = work_list.of_page(page)
    cohort = work.cohort
    mask = _filtered(work)
    positions = np.flatnonzero(mask)
    if not len(positions):
        st.info("Nobody fits all filters. Widen one of them.", icon=":material/filter_alt_off:")
        return
    order = positions
    if work.risks is not None:
        order = people_order.of_cohort(cohort, page.classifier)
        order = order[mask[order]]
    left, right = st.columns([6, 4], gap="medium")
    with left:
        table = _table(work, order)
        pick_table.show(
            table,
            list(table.index),
            page.key,
            schema=cohort.schema,
            name=f"{cohort.schema.name}_{hash(mask.tobytes())}",
            columns=_columns(work),
            alt=f"Participants of {cohort.schema.title}: id, risk, options, decisions, every feature by role",
            pictures=[(LIST, BAR)],
            beside=lambda: _ask(page, work, order),
            said=_shown(work, len(positions)),
        )
        if work.risks is not None:
            batch.show(cohort, work.found)
    with right:
        if page.key is None:
            st.info(CHOOSE, icon=":material/person_search:")
        else:
            participant = page.key[0]
            state = work.states.get(participant, PersonState())
            preview.show(page, state, _option_of(work, page.key), work.found.get(page.key))


def _shown(work: WorkList, rows: int) -> str:
    """How many rows are listed, and in which order."""
    first = "solid options, then " if work.solid is not None else ""
    sorting = f"; first {first}the highest risk" if work.risks is not None else ""
    return f"{wording.count(rows)} of {wording.count(len(work.cohort.rows))} rows{sorting}"


def _ask(page: Page, work: WorkList, order: Ints) -> None:
    if work.risks is None:
        return
    keys, left = work.to_ask(order, ask_list.MOST)
    batch.button(page, keys, left, len(order))


def _option_of(work: WorkList, key: tuple[str, str]) -> str:
    return "" if work.options is None else str(work.options.get(key, ""))


def _filtered(work: WorkList) -> Mask:
    """Show the filters as chips and return which rows pass all of them, bool of shape (rows,)."""
    cohort, schema = work.cohort, work.cohort.schema
    name, views = schema.name, work.views
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="filters"):
        view, part = widgets.people_filters(cohort, list(views))
        more = st.popover("More filters", icon=":material/filter_alt:", key="more_filters")
    mask = views[view].copy()
    if part != widgets.EVERYONE:
        mask &= cohort.parts.eq(part).to_numpy()
    preset = [f.name for f in schema.features if f.headline and f.kind != "categorical"][:MOST_RANGES]
    with more:
        filtered = st.multiselect(
            "Filter by",
            schema.names,
            default=preset,
            format_func=lambda feature: schema.feature(feature).label,
            key=f"by_{name}",
            persist_state="session",
        )
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


def _table(work: WorkList, order: Ints) -> pd.DataFrame:
    """Lay out rows, in ``order`` (positions), under (role, label) headings; the index keeps the row keys.

    What the list says comes first, then every feature by role. Without risks there are no columns about the
    model, without a map none of what is feasible, and no columns of decisions where nothing was decided.
    """
    cohort, schema = work.cohort, work.cohort.schema
    rows = cohort.rows.iloc[order]
    people = rows.index.get_level_values(0).to_numpy()
    columns: dict[tuple[str, str], Any] = {(WHO, "Participant"): people}
    if schema.row_column:
        columns[WHO, schema.row_label.capitalize()] = rows.index.get_level_values(1).to_numpy()
    if work.risks is not None:
        columns[LIST, BAR] = _bars(work.risks[order], work.threshold)
        columns[LIST, RISK] = np.round(100 * work.risks[order]).astype(int)
        if work.options is not None:
            columns[LIST, OPTIONS] = work.options.reindex(rows.index).fillna("").to_numpy(dtype=object)
    if work.found:
        columns[LIST, ASKED] = [decided.found_word(work.found.get(key)) for key in rows.index]
    decisions = decided.columns(work.states, people) if work.states else pd.DataFrame()
    for name in decisions.columns[:2]:
        columns[LIST, str(name)] = decisions[name].to_numpy(dtype=object)
    columns[LIST, OUTSIDE] = data.outside_counts(cohort)[order]
    if schema.red_flags:
        columns[LIST, work_list.RED_FLAG] = data.red_flag_labels(cohort)[order]
    for name in decisions.columns[2:]:
        columns[LIST, str(name)] = decisions[name].to_numpy(dtype=object)
    for role in wording.roles(schema):
        for feature in schema.features:
            if feature.role == role:
                columns[wording.ROLE_TITLES[role], _heading(feature)] = _display_values(
                    feature, rows[feature.name]
                )
    table = pd.DataFrame(columns)
    table.index = rows.index
    return table


def _bars(risks: Floats, threshold: float) -> pd.Categorical:
    """Each risk as a drawing with the line; a hundred drawings serve any number of rows."""
    whole = np.round(100 * risks).astype(int)
    # By the side of the line that the risk itself lies on: 34.6 and 35 are both written 35.
    codes = 2 * whole + (risks >= threshold)
    kinds = np.unique(codes)
    drawn = []
    for kind in kinds:
        shown = (kind // 2) / 100
        side = max(shown, threshold) if kind % 2 else min(shown, threshold - 1e-9)
        svg = b64encode(drawings.risk_bar(side, threshold, width=BAR_WIDTH).encode()).decode()
        drawn.append(f"data:image/svg+xml;base64,{svg}")
    return pd.Categorical.from_codes(np.searchsorted(kinds, codes), drawn)


def _display_values(feature: Feature, column: pd.Series[Any]) -> np.ndarray:
    if feature.kind == "binary":
        return np.asarray(column.map({0.0: "no", 1.0: "yes"}).to_numpy(dtype=object))
    return np.asarray(column)


def _heading(feature: Feature) -> str:
    return f"{feature.label} ({feature.unit})" if feature.unit else feature.label


def _columns(work: WorkList) -> dict[int, Any]:
    """Column settings by position (0 is the hidden index), in the order of :func:`_table`."""
    schema = work.cohort.schema
    settings: list[Any] = [st.column_config.TextColumn("Id", pinned=True, width=68)]
    if schema.row_column:
        settings.append(None)
    if work.risks is not None:
        line = round(100 * work.threshold)
        settings += [
            st.column_config.ImageColumn(
                width=84,
                help=f"The model's calibrated risk of {schema.task.label}. The mark is the line: from {line} "
                "of 100 on the model flags.",
            ),
            st.column_config.NumberColumn(
                "of 100",
                width=62,
                help=f"The risk, out of 100 {row_wording.plural(schema)} like this one. Sort by it here.",
            ),
        ]
        if work.options is not None:
            settings.append(
                st.column_config.TextColumn(
                    width=100,
                    help="What a search of the model found under the usual limits. Solid: changes that alter "
                    "the prediction and can be relied on. Else by how many points of 100 the risk moves in "
                    "90 % of retrained models.",
                )
            )
    if work.found:
        settings.append(
            st.column_config.TextColumn(
                width=84,
                help="How many options the newest answer has, and how many of them are solid. Explained: it "
                "says what would tip the model, and is not advice.",
            )
        )
    if work.states:
        settings += [
            st.column_config.TextColumn(width=82, help="How many options are kept, and how many rejected."),
            st.column_config.TextColumn("★", width=36, help="Starred, to be found again."),
        ]
    settings.append(
        st.column_config.NumberColumn(width=104, help="Measurements outside their reference range.")
    )
    if schema.red_flags:
        settings.append(st.column_config.TextColumn(width=112, help="What has to be acted on first."))
    if work.states:
        settings.append(st.column_config.TextColumn(width=120))
    for role in wording.roles(schema):
        for feature in schema.features:
            if feature.role == role:
                is_number = not feature.named and feature.kind != "binary"
                settings.append(
                    st.column_config.NumberColumn(format=f"%.{feature.decimals}f") if is_number else None
                )
    return {position: setting for position, setting in enumerate(settings, start=1) if setting is not None}
