"""The rows themselves: how many were made and how good they are, twenty of them, and where they lie."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from sensecf_core.augmentation.findings import words
from sensecf_core.augmentation.findings.cell_view import CellView, parts
from sensecf_core.ui.augmentation import show
from sensecf_core.ui.augmentation.charts import curve_charts
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.choice import kept_picks
from sensecf_core.ui.common import row_wording

SHOWN = 20
SYNTHETIC = "SYNTHETIC ROW: made by a program, not a person"
REAL = ("real", "removed")
ABOUT = {
    "wanted": (
        "Wanted",
        "Rows wanted: as many as were removed, at most 4 for each row of the other class.",
        0,
    ),
    "proposed": ("Proposed", "Candidates before any check.", 0),
    "valid": ("Valid, raw", "Share of them that reach the class, before filtering.", 2),
    "rows": ("Made", "Rows that were added.", 0),
    "distinct": ("Distinct", "Different ones among them.", 0),
    "agreement": (
        "Agree",
        "Share of labels that agree with the model that saw all labels (a diagnostic).",
        2,
    ),
    "beyond": ("Beyond, log-odds", "How far beyond the scarce model's threshold they lie.", 2),
    "dcr": (
        "Nearest real",
        "Median Gower distance to the nearest real training row; a check for copies, not privacy.",
        3,
    ),
    "copies": ("Copies", "Share that equal a real row.", 2),
    "lof": ("Usual", "Share inside the local density of real rows (LOF).", 2),
    "violations": ("Break rules", "Share that break a rule between measurements.", 2),
}


def rows(chosen: Chosen, view: CellView) -> None:
    """Counts of the rows, twenty examples, and a map."""
    st.header("What are these rows?")
    _counts(chosen, view)
    examples = chosen.rows
    if examples is not None:
        examples = examples[examples["scenario"].eq(chosen.scenario) & examples["removed"].eq(chosen.removed)]
    if examples is None or examples.empty:
        show.missing(chosen, "This run kept no example rows of this cell; this command makes them:")
        return
    made = examples[~examples["source"].isin(REAL)]
    if made.empty:
        st.caption("No method made a row in this cell.")
        return
    sources = list(dict.fromkeys(made["source"]))
    source = kept_picks.selectbox(
        "Rows of", "source", sources, words.source_name, default=_default(chosen, sources)
    )
    left, right = st.columns([2, 1], gap="medium")
    with left:
        _table(chosen, made[made["source"].eq(source)])
    with right:
        _map(chosen, view, examples, source)


def _default(chosen: Chosen, sources: list[str]) -> str | None:
    if chosen.best_arm is None:
        return None
    source = parts(chosen.best_arm, chosen.titles).source
    return source if source in sources else None


def _counts(chosen: Chosen, view: CellView) -> None:
    known = [
        name for name in ABOUT if any(about.get(name) is not None for about in view.cell["rows"].values())
    ]
    if not known:
        st.caption("No arm of this run adds rows.")
        return
    lines = [
        {
            "Arm": words.arm_name(arm, view.titles),
            **{ABOUT[name][0]: _number(about.get(name), ABOUT[name][2]) for name in known},
        }
        for arm, about in view.cell["rows"].items()
        if parts(arm, view.titles).plain
    ]
    columns = {ABOUT[name][0]: st.column_config.TextColumn(help=ABOUT[name][1]) for name in known}
    columns["Arm"] = st.column_config.TextColumn(pinned=True)
    with st.expander(
        "How many were made, and how good they are (means over repeats)", icon=":material/table:"
    ):
        show.table(chosen, pd.DataFrame(lines), "rows", columns=columns, height=360)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", words.MINUS)


def _table(chosen: Chosen, made: pd.DataFrame) -> None:
    columns = {
        "participant": "Made of",
        "label": "Class",
        "panel_label": "Panel",
        "full_label": "Full model",
        "nearest": "Nearest",
        "changes": "Changes",
    }
    if not chosen.cohort.schema.provenance.public:
        del columns["participant"]  # whose row it was made of is nobody's business outside this machine
    present = {name: title for name, title in columns.items() if name in made}
    frame = made.head(SHOWN)[list(present)].rename(columns=present)
    for title in ("Panel", "Full model"):
        frame[title] = [_of_100(value) for value in frame[title]]
    frame["Class"] = [f"{value:.0f}" for value in frame["Class"]]
    frame["Nearest"] = [_number(None if pd.isna(v) else float(v), 3) for v in frame["Nearest"]]
    st.dataframe(
        frame,
        hide_index=True,
        height=430,
        key="augment_table_examples",
        alt=f"Synthetic rows: {', '.join(frame.columns)}",
        column_config={
            "Made of": st.column_config.TextColumn(help="The participant whose row was changed."),
            "Class": st.column_config.TextColumn(help="The class that the row was made for."),
            "Panel": st.column_config.TextColumn(help="Soft label: risk by models that never saw them."),
            "Full model": st.column_config.TextColumn(help="Risk by the model that saw all labels."),
            "Nearest": st.column_config.TextColumn(
                help="Gower distance to the nearest real training row; 0 is a copy."
            ),
        },
    )
    show.csv(
        chosen,
        made.head(SHOWN)[list(present)].assign(what=SYNTHETIC),
        "synthetic-rows",
        "These rows as CSV, marked synthetic",
    )


def _of_100(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{100 * value:.0f} of 100"


def _map(chosen: Chosen, view: CellView, examples: pd.DataFrame, source: str) -> None:
    points = examples[examples["source"].isin((*REAL, source)) & examples["x"].notna()]
    if points.empty:
        st.caption("This run kept no map of its rows.")
        return
    people = row_wording.plural(chosen.cohort.schema)
    sentence = (
        "A map of the first repeat: rows that are alike lie near each other; the axes have no meaning of "
        f"their own. Filled: {people} that are left; hollow: those that were removed, seen by nobody."
    )
    group = next(
        (view.group(arm) for arm in view.arms if parts(arm, view.titles).source == source), "counterfactual"
    )
    chart = curve_charts.row_map(points, words.source_name(source), group, people, sentence)
    frame = points[["source", "label", "x", "y"]]
    show.draw(chosen, chart, frame, "map")
