"""What every view of the page does with a chart: draw it, offer its numbers, say where they come from."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.findings import runs
from sensecf_core.disclaimer import DISCLAIMER
from sensecf_core.records.exports import table_csv
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.common import charts, widgets, wording
from sensecf_core.ui.common.charts import Chart
from sensecf_core.ui.common.wording import JOINER, NO_BREAK

FORMATS = ("svg", "png")
FORMAT_KEY = "augment_format"


def draw(chosen: Chosen, chart: Chart, frame: pd.DataFrame, key: str, *, ask_format: bool = True) -> None:
    """Show a chart that can be saved as SVG or PNG, and offer its numbers as CSV.

    ``ask_format``: ask for the format below it (once a view).
    """
    image = st.session_state.get(FORMAT_KEY, FORMATS[0])
    charts.show(readable(chart), f"augment_{key}", charts.saved_as(image, f"augment-{key}"))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        csv(chosen, frame, key)
        if ask_format:
            image_format()


def csv(chosen: Chosen, frame: pd.DataFrame, key: str, label: str = "Numbers as CSV") -> None:
    """Offer a table as CSV, each line with the run that it comes from."""
    widgets.csv_button(
        lambda: as_csv(chosen, frame),
        f"augment-{chosen.summary['id']}-{key}.csv",
        key=f"augment_csv_{key}",
        label=label,
        type="tertiary",
    )


def as_csv(chosen: Chosen, frame: pd.DataFrame) -> str:
    """A table as CSV; each line names its run and command, and carries the notice."""
    about = {
        "cohort": chosen.cohort.schema.name,
        "run": str(chosen.summary["id"]),
        "command": str(chosen.summary["command"]),
        "repeats": str(chosen.summary["repeats"]),
        "seed": str(chosen.summary["seed"]),
        "commit": str(chosen.summary.get("commit")),
        "notice": DISCLAIMER,
    }
    return table_csv(frame, about).replace(JOINER, "").replace(NO_BREAK, " ")


def table(
    chosen: Chosen, frame: pd.DataFrame, key: str, *, columns: dict[str, Any] | None = None, **options: Any
) -> None:
    """Show a table, and offer it as CSV."""
    st.dataframe(
        frame,
        hide_index=True,
        column_config=columns,
        key=f"augment_table_{key}",
        height=options.pop("height", "content"),
        alt=f"Augmentation table: {', '.join(map(str, frame.columns))}",
        **options,
    )
    csv(chosen, frame, key, "Table as CSV")


def image_format() -> None:
    """Ask for the format in which charts are saved."""
    st.radio(
        "The camera above a chart saves it as",
        FORMATS,
        format_func=lambda name: f"save charts as {name.upper()}",
        horizontal=True,
        key=FORMAT_KEY,
        persist_state="session",
        label_visibility="collapsed",
    )


def footer(chosen: Chosen) -> None:
    """Where the numbers of a view come from."""
    summary = chosen.summary
    hashes = summary.get("sha256", {})
    digests = ", ".join(f"{name} {str(digest)[:8]}" for name, digest in hashes.items() if digest)
    st.caption(
        wording.plain(
            f"{summary['command']} · {summary['repeats']} repeats · seed {summary['seed']} · sha256 of "
            f"{digests} · commit {str(summary.get('commit'))[:8]}"
        )
    )


def missing(chosen: Chosen, what: str, **chosen_cells: Any) -> None:
    """Say in one sentence that a run lacks something; the command that makes it stands below."""
    options = {"scenarios": [chosen.scenario], "removed": [chosen.removed], **chosen_cells}
    st.info(what, icon=":material/terminal:")
    st.code(runs.command(chosen.cohort.schema.name, **options), language=None, wrap_lines=True)


def readable(chart: Chart) -> Chart:
    """Write a chart in the page's text colour: the theme's own greys are too pale for small print."""
    ink = charts.ink()
    chart.figure.update_layout(font={"color": ink}, legend={"font": {"color": ink}})
    for update in (chart.figure.update_xaxes, chart.figure.update_yaxes):
        update(tickfont={"color": ink}, title={"font": {"color": ink}})
    chart.figure.update_annotations(font={"color": ink})
    return chart
