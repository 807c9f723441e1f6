"""The views of a run, each in a tab; only the open one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from sensecf_core.ui.benchmarks import chart_views, origin, significance, summary_view
from sensecf_core.ui.benchmarks.run_picker import ChosenRun
from sensecf_core.ui.choice import kept_picks

TITLES: Mapping[str, str] = {
    "summary": "Summary",
    "charts": "Charts",
    "raw": "Before any check",
    "statistics": "Statistics",
    "published": "Published",
    "about": "About this run",
}
PICKS = ("part", "chart")
"""What the page's address keeps: the open tab, and the chart in the tab Charts."""


def show_tabs(chosen: ChosenRun) -> None:
    """Show the tabs of a run."""
    opened, container = kept_picks.tabs("part", TITLES)
    with container:
        if not chosen.rows and opened in _OF_ROWS:
            st.info("This run has no such rows. Choose other rows above.", icon=":material/filter_alt_off:")
        else:
            _VIEWS[opened](chosen)


def _statistics(chosen: ChosenRun) -> None:
    significance.ranks(chosen)
    significance.refining(chosen)


_OF_ROWS = ("summary", "charts")
_VIEWS: Mapping[str, Callable[[ChosenRun], None]] = {
    "summary": summary_view.show_summary,
    "charts": chart_views.show_chart,
    "raw": significance.raw,
    "statistics": _statistics,
    "published": origin.published,
    "about": origin.about,
}
