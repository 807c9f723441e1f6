"""The views of a run, each in a tab; only the open one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.augmentation.views import (
    arm_views,
    calibration_view,
    curve_views,
    loss_views,
    origin,
    rows_view,
)
from sensecf_core.ui.choice import kept_picks
from sensecf_core.ui.common import wording

TITLES: Mapping[str, str] = {
    "loss": "Loss",
    "gains": "Gains",
    "thresholds": "Three F1s",
    "worth": "Labels’ worth",
    "ratio": "Ratio",
    "labels": "Label quality",
    "credit": "Credit",
    "calibration": "Calibration",
    "rows": "Rows",
    "about": "About this run",
}
_VIEWS: Mapping[str, Callable[[Chosen, CellView], None]] = {
    "loss": loss_views.where,
    "gains": arm_views.gains,
    "thresholds": loss_views.three,
    "worth": curve_views.learning,
    "ratio": curve_views.ratios,
    "labels": arm_views.quality,
    "credit": arm_views.credit,
    "calibration": calibration_view.calibration,
    "rows": rows_view.rows,
}
OF_GAINS = ("gains", "ratio", "labels", "credit")
"""Views that draw the picked measure."""


def show_tabs(chosen: Chosen) -> None:
    """Show the tabs."""
    opened, container = kept_picks.tabs("view", TITLES)
    with container:
        if opened == "about":
            origin.about(chosen)
        elif chosen.view is None:
            _no_cell(chosen)
        else:
            if opened in OF_GAINS and chosen.view.loss["mean"] is None:
                st.info("This measure could not be computed in this cell.", icon=":material/block:")
            else:
                _VIEWS[opened](chosen, chosen.view)
            show.footer(chosen)


def _no_cell(chosen: Chosen) -> None:
    refused = next(
        (
            cell["refused"]
            for cell in chosen.summary["results"]
            if (cell["scenario"], cell["removed"]) == (chosen.scenario, chosen.removed)
        ),
        None,
    )
    if refused:
        st.info(wording.message(" ".join(refused)), icon=":material/group_off:")
    else:
        show.missing(chosen, f"This run has no cell of scenario {chosen.scenario} with that share.")
