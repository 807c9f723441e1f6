"""The home page's panels: introduction, cohorts, folders that cannot be used, the language model."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import data_label
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import default_model
from sensecf_core.provenance import CLI
from sensecf_core.ui.common import data, row_wording, wording
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.prediction import weak_classifier_note

STEPS = (
    (
        "1",
        "Participants",
        "Who is in the cohort, what was measured, what is missing.",
        "1_Participants",
    ),
    (
        "2",
        "Prediction",
        "How sure the model is, what drives it, what if a value were different.",
        "2_Prediction",
    ),
    (
        "3",
        "Interventions",
        "Small realistic changes after which the model would decide otherwise.",
        "3_Interventions",
    ),
    (
        "4",
        "Comparison",
        "What the language model and search methods each suggest, and where they agree.",
        "4_Comparison",
    ),
)
RESEARCH = (
    ("5_Benchmarks", "How good are the methods?", ":material/query_stats:"),
    ("6_Augmentation", "Do counterfactuals help when labels are scarce?", ":material/library_add:"),
)
"""Pages about the methods rather than about a person."""


def introduction(page: Page) -> None:
    """Say what the program does and where to go."""
    st.markdown(
        "SenseCF shows what a classifier makes of one participant, and asks a language model **on this "
        "machine** for the smallest realistic change after which the classifier would decide otherwise. "
        "Every proposed change is checked against the classifier, the participant's limits and the people "
        "of the cohort before you see it. Nothing leaves this computer, unless you allow a server (see "
        "Models)."
    )
    columns = st.columns(len(STEPS))
    for column, (number, title, text, file) in zip(columns, STEPS, strict=True):
        with column.container(border=True, height="stretch"):
            st.page_link(
                f"pages/{file}.py",
                label=f"**{number}. {title}**",
                icon=":material/arrow_forward:",
                query_params=page.choice.carried,
            )
            st.caption(text)
    with st.container(horizontal=True, gap="large"):
        for file, question, icon in RESEARCH:
            st.page_link(
                f"pages/{file}.py",
                label=question,
                icon=icon,
                query_params={} if page.choice.cohort is None else {"cohort": page.choice.cohort},
            )


def cohorts() -> None:
    """Show a card per cohort, then the folders that cannot be used."""
    st.header("Cohorts")
    with st.grid("auto", min_column_width=380, gap="medium"):
        for name in registry.available():
            with st.container(border=True, height="stretch", key=f"cohort_{name}"):
                try:
                    _cohort(registry.load(name))
                except (InputError, NotReadyError) as error:
                    st.subheader(wording.plain(data.title_unread(name)))
                    st.error(wording.message(str(error)), icon=":material/error:")
    for broken in registry.broken():
        st.error(
            f"The cohort folder `{broken.folder}` cannot be used yet: "
            f"{wording.counted(len(broken.problems), 'problem')}.",
            icon=":material/folder_off:",
        )
        table = pd.DataFrame(
            [
                {
                    "Column": wording.plain(str(p.column or "–")),
                    "Row": wording.plain(str(p.row) if p.row is not None else "–"),
                    "Problem": wording.plain(p.problem),
                    "Mend": wording.plain(p.mend),
                }
                for p in broken.problems
            ]
        )
        st.table(table, hide_index=True, alt=f"Problems of the cohort folder {broken.folder.name}")
    with st.expander("Bring your own cohort", icon=":material/create_new_folder:"):
        st.markdown(
            "A folder with `schema.toml` and `data.csv` (or `data.parquet`) is a cohort. Check it with "
            f"`{CLI} cohort check FOLDER`, then start the app with the environment "
            "variable `SENSECF_COHORTS=FOLDER`. Its classifier is trained on first use and stays in the "
            "private `var/` folder. `docs/own-cohort.md` shows a complete schema."
        )


def _cohort(cohort: Cohort) -> None:
    schema = cohort.schema
    people = cohort.rows.index.get_level_values(0).nunique()
    st.subheader(wording.plain(schema.title))
    with st.container(horizontal=True, gap="xsmall"):
        real = schema.provenance.real
        icon = ":material/verified:" if real else ":material/casino:"
        st.badge(data_label(real), icon=icon, color="blue")
        st.badge("public" if schema.provenance.public else "private", color="gray")
    if schema.summary:
        st.markdown(wording.plain(schema.summary))
    size = f"{wording.counted(people, 'participant')}"
    if people != len(cohort.rows):
        size += f", {wording.counted(len(cohort.rows), 'row')}"
    facts = {
        "Size": f"{size}, {wording.counted(len(schema.features), 'feature')}",
        "Task": wording.plain(schema.task.question),
        "Outcome": f"{wording.of_100(float(cohort.target.mean()))} {row_wording.plural(schema)} "
        f"({wording.plain(schema.task.class_1)})",
        "Classifier": _quality(data.card(cohort)),
        "Source": wording.plain(schema.provenance.source),
        "Licence": wording.plain(schema.provenance.licence),
    }
    st.table(
        pd.DataFrame({"": list(facts), " ": list(facts.values())}),
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt=f"Facts about {schema.title}",
    )
    st.page_link(
        "pages/1_Participants.py",
        label="Look through the participants",
        icon=":material/groups:",
        query_params={"cohort": schema.name},
    )


def _quality(card: dict[str, Any] | None) -> str:
    if card is None:
        return "not trained yet"
    auroc = card["metrics"]["auroc"]
    if auroc is None:
        return "trained; too few held-out people to say how good it is"
    tested = wording.counted(card["parts"]["test"]["participants"], "held-out person", "held-out people")
    quality = f"AUROC {auroc['value']:.2f} ({auroc['low']:.2f}–{auroc['high']:.2f}) on {tested}"
    weak = weak_classifier_note.against_chance(auroc)
    return quality if weak is None else f"{quality}: {weak}"


def language_model(page: Page) -> None:
    """Say whether the language model is ready, and what to run if it is not."""
    st.header("Language model")
    status = default_model.status()
    if status.ready:
        st.success(
            f"`{default_model.DEFAULT_MODEL}` is on this machine and whole.", icon=":material/check_circle:"
        )
    else:
        st.warning(wording.message(status.message), icon=":material/download:")
    st.page_link(
        "pages/7_Models.py",
        label="Models and fine-tuning",
        icon=":material/model_training:",
        query_params={} if page.choice.cohort is None else {"cohort": page.choice.cohort},
    )
