"""What several methods change, side by side: one matrix, and how far each value would move as a chart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.evaluation import side_by_side
from sensecf_core.evaluation.side_by_side import Options
from sensecf_core.jobs.compare_methods import MethodStatus
from sensecf_core.queries.answer import Answer
from sensecf_core.ui.common import browser, charts, data, wording
from sensecf_core.ui.common.charts import Dumbbells, Pair
from sensecf_core.ui.comparison import matrix
from sensecf_core.ui.interventions import lifting
from sensecf_core.ui.page.frame import Page

BEST, ALL = "First option of each", "All options"
WIDTH = 1100
"""Pixels, at most those of the page: a width of its own makes a table's scrolling reachable by keyboard."""
_STYLE = """<style>
.st-key-KEY { --headings: 12rem; --column: 8rem; }
.st-key-KEY [data-testid=stTable] { overflow-x: auto; }
.st-key-KEY table { table-layout: fixed; width: 100%; min-width: WIDE; }
.st-key-KEY :is(td, th) {
  padding-left: 0.6rem !important; white-space: normal !important; overflow-wrap: break-word;
  overflow: visible;
}
.st-key-KEY th:first-child {
  position: sticky; left: 0; z-index: 1; width: var(--headings);
  background: light-dark(#ffffff, #12161b);  /* as in .streamlit/config.toml */
}
.st-key-KEY th { color: inherit !important; }
.st-key-KEY thead th:first-child { visibility: hidden; }  /* it is empty */
.st-key-KEY tbody tr:is(:first-child, :last-child) > * { font-weight: 600; }
@media (max-width: 640px) { .st-key-KEY { --headings: 8.5rem; --column: 6.5rem; } }
</style>"""
"""A table fills its place; where that is too narrow for its columns it scrolls inside itself, and the
headings of its rows stay in sight. What holds now and four methods fit at 1280 pixels."""


def show(page: Page, statuses: Sequence[MethodStatus]) -> None:
    """Show what every method answers, also how far those are that have no answer yet."""
    answers = [status.answer for status in statuses if status.answer is not None]
    if not answers:
        return
    every = side_by_side.options(answers, best_only=False)
    if not every and all(status.finished for status in statuses):
        _nothing(page, answers)
    best_only = True
    if any(len(options) > 1 for options in every.values()):
        choice = st.radio(
            "Compare", [BEST, ALL], horizontal=True, key="compare_options", persist_state="session"
        )
        best_only = choice != ALL
    rows = matrix.rows(page.required_cohort.schema, page.values, statuses, best_only=best_only)
    table(
        rows,
        [status.method for status in statuses],
        "What each method answers, a column each",
        "matrix",
        scrolls=True,
    )
    if every:
        st.caption(f"{matrix.STAYS} means that the method leaves the feature as it is.")
        _chart(page, side_by_side.options(answers, best_only=best_only), answers)


def table(
    rows: Sequence[matrix.Row], methods: Sequence[str], alt: str, key: str, *, scrolls: bool = False
) -> None:
    """Show rows about ``methods`` as a table with a heading for each row and column.

    With ``scrolls`` its columns keep a least width; one table of a page may: two would be named alike.
    """
    phone = browser.on_phone()
    with_now = not phone and any(row.now for row in rows)
    frame = pd.DataFrame(
        [
            ({"Now": wording.plain(_now(row))} if with_now else {})
            | {
                wording.method_short(method): wording.plain(row.cells.get(method, matrix.NOTHING))
                for method in methods
            }
            for row in rows
        ],
        index=[
            wording.plain(f"{row.heading}, now {row.now}" if phone and row.now else row.heading)
            for row in rows
        ],
    )
    wide = f"calc(var(--headings) + {frame.shape[1]} * var(--column))" if scrolls else "0"
    st.html(_STYLE.replace("KEY", key).replace("WIDE", wide))
    with st.container(key=key):
        st.table(frame, border="horizontal", width=WIDTH if scrolls else "stretch", alt=alt)


def _now(row: matrix.Row) -> str:
    return f"{row.now} (reference {row.reference})" if row.reference else row.now


def _nothing(page: Page, answers: Sequence[Answer]) -> None:
    """Say why there is nothing to compare: what the search before every method said, where one was made."""
    searched = next((answer for answer in answers if lifting.gap_text(answer) is not None), None)
    said = "No method found an option, so there is nothing to compare."
    if searched is None or searched.feasibility is None:
        st.info(
            f"{said} Try more candidates or other methods; or allow more features to move.",
            icon=":material/info:",
        )
        return
    st.info(f"{said} {lifting.gap_text(searched)}", icon=":material/info:")
    lifting.buttons(page.required_cohort.schema, searched.feasibility.binding_limits, "_all")


def _chart(page: Page, options: Options, answers: Sequence[Answer]) -> None:
    """Draw how far each value would move, once it is asked for."""
    fold = st.expander(
        "How far would each value move?", icon=":material/straighten:", key="dumbbells", on_change="rerun"
    )
    if not fold.open:
        return
    dumbbells, undrawn = [], []
    for feature in matrix.in_order(page.required_cohort.schema, answers):
        pairs = [pair for method in options if (pair := _pair(page, feature, options, method)) is not None]
        if pairs:
            label = matrix.label(feature, matrix.profile_of(answers))
            heading = f"{label}, now {measure(feature, page.values[feature.name])}"
            dumbbells.append(Dumbbells(wording.html(heading), tuple(pairs)))
        elif any(side_by_side.changes(found, feature.name) for found in options.values()):
            undrawn.append(feature.label)
    levels = f"Levels without an order are not drawn: {wording.listed(undrawn)}." if undrawn else ""
    with fold:
        if not dumbbells:
            st.caption(wording.plain(levels))
            return
        sentence = (
            "Filled dot: the value now. Ring: what a method would make of it. Each line runs from the "
            f"training participants' 1st to their 99th percentile, or from the first level to the last. "
            f"{levels}"
        )
        charts.show(charts.dumbbell(dumbbells, sentence.rstrip()), "dumbbell")


def _pair(page: Page, feature: Feature, options: Options, method: str) -> Pair | None:
    changes = side_by_side.changes(options[method], feature.name)
    now = data.position_on_scale(page.required_cohort, feature, page.values[feature.name])
    then = [data.position_on_scale(page.required_cohort, feature, change.after) for change in changes]
    positions = tuple(position for position in then if position is not None)
    if now is None or not positions:
        return None
    new_values = wording.listed((measure(feature, change.after) for change in changes), "or")
    return Pair(wording.html(f"{wording.method_short(method)}: {new_values}"), now, positions)
