"""The cohorts in four lines each; folded below: their sources, own cohorts, the language model."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sensecf_core.classifiers.evaluation.metrics import against_chance
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import data_label
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import default_model
from sensecf_core.ui.common import data, row_wording, widgets, wording
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.your_data import found

RANKS_WELL = 0.8
"""AUROC from which a ranking is called good; a convention (Hosmer, Lemeshow and Sturdivant 2013, 5.2.4)."""


def show() -> None:
    """Show a card per cohort, then the folders that cannot be used."""
    st.header("Cohorts", anchor=False)
    with st.grid("auto", min_column_width=300, gap="small"):
        for name in registry.available():
            with st.container(border=True, height="stretch", gap="xsmall", key=f"cohort_{name}"):
                try:
                    _card(registry.load(name))
                except (InputError, NotReadyError) as error:
                    st.markdown(f"**{wording.plain(data.title_unread(name))}**")
                    st.error(wording.message(str(error)), icon=":material/error:")
    for broken in registry.broken():
        _broken(broken)


def _broken(broken: registry.BrokenCohort) -> None:
    st.error(
        f"The cohort folder `{broken.folder}` cannot be used yet: "
        f"{wording.counted(len(broken.problems), 'problem')}.",
        icon=":material/folder_off:",
    )
    found.problems(broken.problems, f"Problems of the cohort folder {broken.folder.name}")


def _card(cohort: Cohort) -> None:
    """Who, how many, which question, and how good the model is."""
    schema = cohort.schema
    origin = schema.provenance
    kind = f"{'real' if origin.real else 'synthetic'}, {'public' if origin.public else 'private'}"
    st.markdown(f"**{wording.plain(schema.title)}** :gray-badge[{kind}]")
    share = wording.of_100(float(cohort.target.mean()))
    st.caption(
        f"{_size(cohort)}; {share} {row_wording.plural(schema)} with {wording.plain(schema.task.class_1)}"
    )
    st.markdown(wording.plain(schema.task.question))
    st.markdown(_quality(data.card(cohort)))
    st.page_link(
        "pages/1_Participants.py",
        label="Browse participants",
        icon=":material/groups:",
        query_params={"cohort": schema.name},
    )


def _size(cohort: Cohort) -> str:
    people = cohort.rows.index.get_level_values(0).nunique()
    size = wording.counted(people, "participant")
    if people != len(cohort.rows):
        size += f", {wording.counted(len(cohort.rows), 'row')}"
    return f"{size}, {wording.counted(len(cohort.schema.features), 'feature')}"


def _quality(card: dict[str, Any] | None) -> str:
    """Say in a word how well the model ranks, with the figure."""
    if card is None:
        return ":gray-badge[not trained yet]"
    auroc = card["metrics"]["auroc"]
    if auroc is None:
        return ":gray-badge[trained] too few held-out people to say how good it is"
    tested = wording.counted(card["parts"]["test"]["participants"], "held-out person", "held-out people")
    figure = f"AUROC {auroc['value']:.2f} ({auroc['low']:.2f}–{auroc['high']:.2f}) on {tested}"
    weak = against_chance(auroc)
    if weak is not None:
        return f":orange-badge[:material/warning: {weak}] {figure}"
    step = "ranks well" if auroc["value"] >= RANKS_WELL else "ranks fairly"
    return f":blue-badge[{step}] {figure}"


def folds(page: Page) -> None:
    """Show what is not needed to begin, folded; a missing language model is said outright."""
    status = default_model.status()
    if not status.ready:
        st.warning(wording.message(status.message), icon=":material/download:")
    sources, own, model = st.columns([2, 1, 1], gap="small", vertical_alignment="center")
    with sources, st.expander("Sources and licences", icon=":material/menu_book:"):
        _sources()
    own.page_link(
        "pages/10_Your_data.py",
        label="Bring your own data",
        icon=":material/upload_file:",
        width="stretch",
        help="Upload a table, and it is drafted, checked and trained here.",
    )
    with model, st.popover("Language model", icon=":material/model_training:", width="stretch"):
        if status.ready:
            st.success(
                f"`{default_model.DEFAULT_MODEL}` is installed and verified.", icon=":material/check_circle:"
            )
        st.page_link(
            "pages/7_Models.py",
            label="Models and fine-tuning",
            icon=":material/model_training:",
            query_params={} if page.choice.cohort is None else {"cohort": page.choice.cohort},
        )


def _sources() -> None:
    for name in registry.available():
        try:
            schema = registry.load(name).schema
        except (InputError, NotReadyError):
            continue
        st.markdown(f"**{wording.plain(schema.title)}**  \n{wording.plain(schema.summary)}")
        facts = {
            "Data": data_label(schema.provenance.real),
            "Source": schema.provenance.source,
            "Licence": schema.provenance.licence,
        }
        widgets.facts_table(facts, f"Where the data of {schema.title} come from")
