"""The first view of a run: which methods can be believed, at which distance, and the main table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.ui.benchmarks import charts, tables as bench
from sensecf_core.ui.benchmarks.run_picker import ChosenRun
from sensecf_core.ui.benchmarks.show import draw, format_choice, measured, pick, show_table
from sensecf_core.ui.common import wording
from sensecf_core.ui.common.drawings import DOWN, clear

HEADLINE = (
    "solid",
    "believed",
    "third_validity",
    "validity",
    "coverage",
    "gower",
    "features_changed",
    "lof_inlier",
    "seconds",
)
"""Belief first: validity alone only says that a method asked the classifier."""
BELIEF = {
    "cross": ("unseen_validity", "third_validity", "believed", "solid"),
    "lower": ("unseen_reduction", "third_validity", "believed", "solid"),
}
ROW_PIXELS = 25
"""Height of a line of the main table, so that a run with every method fits the first view."""
MOST_COLOUR = 0.35
"""Opacity of the best number of a column; more would hide the text."""


def show_summary(chosen: ChosenRun) -> None:
    """Show the main table, the best of each column in the strongest colour, and belief against distance."""
    measures = [name for name in HEADLINE if measured(chosen.rows, name)]
    texts = bench.measure_table(chosen.rows, measures)
    show_table(texts, "main", measures, styled=_styled(chosen, texts, measures), row_height=ROW_PIXELS)
    goal = chosen.group["goal"]
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        measure = pick("Believed by", BELIEF[goal], f"belief_{goal}")
        format_choice()
    front = bench.leaders(chosen.rows, measure)
    if not front:
        st.caption("Nothing here says how far an answer can be believed.")
        return
    names = wording.listed([bench.title(row["row"]) for row in front])
    sentence = (
        f"Near the upper left corner an answer is believed and little is changed. No other method is both "
        f"nearer and more believed than {names}. Each over the queries that it solved."
    )
    draw(charts.belief_and_distance(chosen.rows, measure, sentence), "belief")


def _styled(chosen: ChosenRun, texts: pd.DataFrame, measures: list[str]) -> Any:
    """The table as numbers, which sort as numbers, with their texts shown and the better ones coloured."""
    numbers = pd.DataFrame({"Method": texts["Method"]})
    for name in measures:
        numbers[bench.heading(name)] = [bench.value(row, name) for row in chosen.rows]
    styled = numbers.style
    for name in measures:
        heading = bench.heading(name)
        styled = styled.apply(_shades, subset=[heading], higher=MEASURES[name].better == "higher")
        for line, text in enumerate(texts[heading]):
            styled = styled.format(lambda _, text=text: text, subset=pd.IndexSlice[[line], [heading]])
    return styled


def _shades(column: pd.Series[float], *, higher: bool) -> list[str]:
    """A background for each number: none for the worst of its column, the strongest for the best."""
    low, high = column.min(), column.max()
    if not high > low:
        return [""] * len(column)
    shares = (column - low) / (high - low)
    good = shares if higher else 1 - shares
    return ["" if pd.isna(s) else f"background-color: {clear(DOWN, MOST_COLOUR * s)}" for s in good]
