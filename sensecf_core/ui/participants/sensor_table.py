"""The participants of a cohort with sensors: one row each, with wear and small charts of their days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from sensecf_core.aireadi.cohort.stress_task import GROUP_NAMES, group_title
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.jobs import ask_list
from sensecf_core.ui.choice import excluded_participants, pick_table
from sensecf_core.ui.common import data, sensors, widgets, wording
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.participants import batch, decided, work_list

CHOOSE = "Choose a row to see who it is: glucose report, sensor traces, laboratory values, completeness."
WITH_OPTIONS = "With options"
VIEWS = ("All", "Some day flagged", "No day flagged", WITH_OPTIONS)
RISK, FLAGGED, SOLID = "Mean risk of 100", "Days flagged", "Days with options"
"""Columns that need a classifier."""
GLUCOSE_SCALE, STRESS_SCALE = (60, 260), (0, 100)
"""One scale for all rows, so that their charts compare: mg/dL, and Garmin's 0 to 100."""


def show(page: Page) -> None:
    """Show filters and table, folded away once somebody is chosen, so that the report comes first."""
    if page.key is None:
        _choose(page)
        return
    another = st.expander(
        "Choose another participant",
        icon=":material/groups:",
        key=f"another_{page.key[0]}",  # closed again after another participant is chosen
        on_change="rerun",
    )
    if another.open:
        with another:
            _choose(page)


def _choose(page: Page) -> None:
    """Show filters and table; choosing a row chooses the participant, and their day is chosen below."""
    table = _people(page)
    total = len(table)
    table = _filtered(table, page)
    orders = (
        "the chosen one first" if page.key else "",
        "who has a day with options first, then the highest mean risk" if page.has_classifier else "",
    )
    sorting = "".join(f", {order}" for order in orders if order)
    st.caption(
        f"{wording.count(len(table))} of {wording.count(total)} participants{sorting}. Choose one by its box "
        "on the left; click a heading to sort. The selector at the top does the same from the keyboard."
    )
    if table.empty:
        st.info("Nobody fits all filters. Widen one of them.", icon=":material/filter_alt_off:")
        return
    chosen = None
    if page.key is not None:
        chosen = (page.key[0], None)
        table = _first(table, page.key[0])
    pick_table.show(
        table.drop(columns="part"),
        [(str(order), None) for order in table.index],
        chosen,
        schema=page.required_cohort.schema,
        name=f"{page.required_cohort.schema.name}_{hash(tuple(table.index))}",
        columns=_columns(page.required_cohort),
        alt=f"Participants of {page.required_cohort.schema.title}: study group, risk, wear, glucose, stress",
        beside=lambda: _ask(page, [str(person) for person in table.index]),
    )
    if page.has_classifier:
        batch.show(page.required_cohort, decided.found_or_warning(page.required_cohort.schema.name))
    st.caption(
        "The small lines are daily means, from the first day to the last, on one scale for everybody: "
        f"glucose {GLUCOSE_SCALE[0]}–{GLUCOSE_SCALE[1]} mg/dL, Garmin stress {STRESS_SCALE[0]}–"
        f"{STRESS_SCALE[1]}."
    )
    excluded_participants.show(page.required_cohort)


def _ask(page: Page, people: Sequence[str]) -> None:
    """Offer to ask about one day of everybody shown: the riskiest."""
    if not page.has_classifier:
        return
    work = work_list.of_page(page)
    assert work.risks is not None
    risks = pd.Series(work.risks, index=work.cohort.rows.index)
    riskiest = risks.groupby(level=0, sort=False).idxmax()
    order = work.cohort.rows.index.get_indexer(pd.Index([riskiest[person] for person in people]))
    keys, left = work.to_ask(order, ask_list.MOST)
    batch.button(page, keys, left, len(people), about="the riskiest day of ")


def _first(table: pd.DataFrame, participant: str) -> pd.DataFrame:
    """Put a participant on top, so that they are seen without scrolling."""
    return table.sort_index(key=lambda ids: ids != participant, kind="stable")


def _people(page: Page) -> pd.DataFrame:
    """One row per participant with days in the cohort; columns are named by their heading, plus ``part``."""
    cohort = page.required_cohort
    days = cohort.parts.groupby(level=0, sort=False)
    ids = days.size().index
    overview = sensors.overview(cohort.schema.name, cohort.data_sha256).reindex(ids)
    table = pd.DataFrame(
        {
            "Participant": ids,
            "Days": days.size().to_numpy(),
            "Band worn (% of days)": overview["wear"].round().to_numpy(),
            "Glucose sensor active (%)": overview["active"].round().to_numpy(),
            "Study group": [group_title(group) for group in overview["study_group"]],
            "Age (years)": overview["age"].to_numpy(),
            "Glucose by day": overview["glucose"].to_numpy(),
            "Stress by day": overview["stress"].to_numpy(),
            "part": days.first().to_numpy(),
        },
        index=ids,
    )
    if states := decided.states_or_warning(cohort.schema.name):
        for name, texts in decided.columns(states, ids).items():
            table[str(name)] = texts.to_numpy()
    if not page.has_classifier:
        return table
    risks = pd.Series(np.asarray(data.risks(cohort, page.classifier)), index=cohort.rows.index)
    mean = risks.groupby(level=0, sort=False).mean()
    flagged = (risks >= page.classifier.threshold).groupby(level=0, sort=False).sum()
    position = table.columns.get_loc("Days")
    table.insert(position, RISK, np.round(100 * mean).astype(int).to_numpy())
    table.insert(position + 1, FLAGGED, flagged.astype(int).to_numpy())
    solid = pd.Series(data.with_options(cohort, page.classifier), index=cohort.rows.index)
    table.insert(position + 2, SOLID, solid.groupby(level=0, sort=False).sum().to_numpy())
    order = table.assign(options=table[SOLID] > 0).sort_values(
        ["options", RISK], ascending=False, kind="stable"
    )
    return table.loc[order.index]


def _filtered(table: pd.DataFrame, page: Page) -> pd.DataFrame:
    cohort, name = page.required_cohort, page.required_cohort.schema.name
    groups = list(dict.fromkeys([*GROUP_NAMES.values(), *table["Study group"]]))
    groups = [group for group in groups if (table["Study group"] == group).any()]
    with st.container(horizontal=True, gap="small", key="filters"):
        view, part = widgets.people_filters(cohort, VIEWS if page.has_classifier else VIEWS[:1])
        chosen = st.pills(
            "Study group", groups, selection_mode="multi", key=f"group_{name}", persist_state="session"
        )
    if view == WITH_OPTIONS:
        table = table[table[SOLID] > 0]
    elif view != VIEWS[0]:
        table = table[(table[FLAGGED] > 0) == (view == "Some day flagged")]
    if part != widgets.EVERYONE:
        table = table[table["part"] == part]
    return table[table["Study group"].isin(chosen)] if chosen else table


def _columns(cohort: Cohort) -> dict[str, Any]:
    line = st.column_config.LineChartColumn
    glucose_low, glucose_high = GLUCOSE_SCALE
    stress_low, stress_high = STRESS_SCALE
    return {
        "Participant": st.column_config.TextColumn(pinned=True, width=85),
        "Study group": st.column_config.TextColumn(width=172),
        "Age (years)": st.column_config.NumberColumn("Age", format="%d", width=45),
        RISK: st.column_config.ProgressColumn(
            "Mean risk",
            min_value=0,
            max_value=100,
            format="%d",
            width=105,
            color="orange",
            help=f"The model's calibrated risk of {cohort.schema.task.label}, of 100, mean over the days.",
        ),
        FLAGGED: st.column_config.NumberColumn("Flagged", help="Days that the model flags.", width=80),
        SOLID: st.column_config.NumberColumn(
            "Options", help="Days with an option that can be relied on, by a search of the model.", width=75
        ),
        "Days": st.column_config.NumberColumn(
            help="Days with enough wear and daytime stress, which can be chosen.", width=50
        ),
        "Glucose by day": line("Glucose", y_min=glucose_low, y_max=glucose_high, color="gray", width=110),
        "Stress by day": line("Stress", y_min=stress_low, y_max=stress_high, color="gray", width=110),
        "Band worn (% of days)": st.column_config.NumberColumn(
            "Band on",
            format="%d %%",
            help="Share of days with 10 hours or more of valid heart rate.",
            width=80,
        ),
        "Glucose sensor active (%)": st.column_config.NumberColumn(
            "Sensor on", format="%d %%", help="Share of the time with a glucose reading.", width=88
        ),
    }
