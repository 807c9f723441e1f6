"""The steps from a table to a cohort, one below the other: upload, columns, schema, check, use."""

from __future__ import annotations

import dataclasses
import secrets
from pathlib import Path

import pandas as pd
import streamlit as st

from sensecf_core.access import rights
from sensecf_core.cohorts.own import folder as own_folder, schema_file
from sensecf_core.cohorts.own.folder import Examined
from sensecf_core.datasets import registry, uploads
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.provenance import CLI
from sensecf_core.records import audit, decisions
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import who
from sensecf_core.ui.jobs import train_classifier
from sensecf_core.ui.your_data import columns, found, schema_table
from sensecf_core.ui.your_data.schema_table import About

_CHECKED = "own_checked"
_MADE = "own_made"
_UPLOADS = "own_uploads"
_VISIT = "own_visit"
MOST_FEATURES = 300
ROLES = ("behaviour", "clinical", "context")
KINDS = ("continuous", "integer", "ordinal", "binary", "categorical")
LIMITS = {
    "contrast": "Explain only",
    "intervention": "Options for a person, where directions and largest changes are set",
}


def show() -> None:
    """Show the steps as far as the upload allows, and the cohorts that were made so."""
    if (why := rights.refusal("cohorts")) is not None:
        st.info(wording.message(why), icon=":material/lock:")
        return
    if (name := st.session_state.get(_MADE)) is not None:
        try:
            _made(name)
        except (InputError, NotReadyError):  # somebody removed it since
            del st.session_state[_MADE]
            st.rerun()
        return
    number = st.session_state.setdefault(_UPLOADS, 0)
    uploaded = st.file_uploader(
        "A table, one row per person or visit",
        type=[suffix.removeprefix(".") for suffix in uploads.SUFFIXES],
        key=f"own_file_{number}",
        help="CSV, Parquet or Excel (first sheet). It stays on this computer, in a folder only you can read.",
    )
    if uploaded is None:
        st.info(
            "The table needs a column with the outcome (two values), measurements of at least 50 people, and "
            "an id per person if people have several rows. Nothing is used before you have checked it.",
            icon=":material/table_view:",
        )
        _kept()
        return
    try:
        visit = st.session_state.setdefault(_VISIT, secrets.token_hex(8))
        _steps(uploads.keep(uploaded.name, uploaded.getvalue(), visit), uploaded.name)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/error:")


def _steps(path: Path, file_name: str) -> None:
    st.subheader("1. Which column is what", anchor=False)
    asked = columns.ask(path, file_name)
    if asked is None:
        st.info(
            "Choose the column with the outcome; it holds two values, such as 0 and 1.",
            icon=":material/flag:",
        )
        return
    drafted = columns.draft(path, asked)
    if drafted.features > MOST_FEATURES:
        raise InputError(
            f"This table has {drafted.features} features, too many to edit on a page (at most "
            f"{MOST_FEATURES}); use `{CLI} cohort draft` on the file, or leave columns out."
        )
    text = drafted.text
    entries = wording.counted(drafted.unsure, "entry", "entries")
    st.caption(f"{wording.counted(drafted.features, 'feature')} drafted; {entries} to check.")
    if drafted.left_out:
        with st.expander(f"Columns left out ({len(drafted.left_out)})", icon=":material/remove_selection:"):
            st.table(
                pd.DataFrame(
                    [
                        {"Column": wording.plain(name), "Why": wording.plain(why)}
                        for name, why in drafted.left_out
                    ]
                ),
                hide_index=True,
                alt="Columns that are no features",
            )
    st.subheader("2. What the columns mean", anchor=False)
    of_all = _about(
        dataclasses.replace(schema_table.about(text), source=file_name), f"own_{path.parent.name}_{asked}"
    )
    edited = _editor(text, key=f"own_table_{path.parent.name}_{asked}")

    def levels(name: str) -> list[str]:
        return columns.levels(path, schema_table.column_of(text, name))

    schema = schema_table.with_edits(text, edited, of_all, levels)
    _raw(schema)
    st.subheader("3. Check it, and use it", anchor=False)
    _check(path, schema, of_all.name)


def _about(drafted: About, key: str) -> About:
    """Ask for what the table cannot tell of the whole: title, question, classes, limits."""
    left, right = st.columns(2)
    title = left.text_input("Title", drafted.title, key=f"{key}_title")
    question = right.text_input("Question that the outcome answers", drafted.question, key=f"{key}_question")
    class_1 = left.text_input("What 1 means", drafted.class_1, key=f"{key}_class_1")
    class_0 = right.text_input("What 0 means", drafted.class_0, key=f"{key}_class_0")
    desired = left.radio(
        "The better outcome",
        (0, 1),
        format_func=lambda value: class_1 if value else class_0,
        index=drafted.desired,
        key=f"{key}_desired",
    )
    limits = right.radio(
        "What it is for",
        list(LIMITS),
        format_func=LIMITS.__getitem__,
        index=list(LIMITS).index(drafted.default_limits),
        key=f"{key}_limits",
    )
    return dataclasses.replace(
        drafted,
        title=title,
        question=question,
        class_1=class_1,
        class_0=class_0,
        desired=desired,
        default_limits=limits,
    )


def _editor(text: str, key: str) -> pd.DataFrame:
    return st.data_editor(
        schema_table.as_table(text),
        hide_index=True,
        num_rows="fixed",
        disabled=["name", "check"],
        key=key,
        column_config={
            "use": st.column_config.CheckboxColumn("Use", width="small", pinned=True),
            "name": st.column_config.TextColumn("Name", pinned=True),
            "label": st.column_config.TextColumn("Label"),
            "kind": st.column_config.SelectboxColumn("Kind", options=list(KINDS), required=True),
            "role": st.column_config.SelectboxColumn(
                "Role",
                options=list(ROLES),
                required=True,
                help="Behaviour: the person does it. Clinical: it follows. Context: it never moves.",
            ),
            "unit": st.column_config.TextColumn("Unit"),
            "low": st.column_config.NumberColumn("Lowest valid"),
            "high": st.column_config.NumberColumn("Highest valid"),
            "levels": st.column_config.TextColumn("Levels, in order", help="Separated by |"),
            "direction": st.column_config.SelectboxColumn(
                "Direction", options=["any", "up", "down"], help="Where an option may move it."
            ),
            "largest_change": st.column_config.NumberColumn(
                "Largest change", help="Of one option, in the unit (ordinal: in levels)."
            ),
            "check": st.column_config.TextColumn("To check", width="large"),
        },
    )


def _raw(schema: str) -> None:
    with st.expander("The schema as text", icon=":material/code:"):
        st.code(schema, language="toml", height=300)
        st.download_button(
            "Download schema.toml",
            schema,
            schema_file.FILE,
            "application/toml",
            icon=":material/download:",
            on_click="ignore",
            key="own_schema_file",
        )


def _check(path: Path, schema: str, name: str) -> None:
    """Check on demand; what was checked can be used as long as nothing was edited since."""
    if st.button("Check", icon=":material/fact_check:", key="own_check"):
        (path.parent / schema_file.FILE).write_text(schema, encoding="utf-8")
        with st.spinner("Reading every cell …"):
            st.session_state[_CHECKED] = ((path, schema), own_folder.examine(path.parent))
    checked: tuple[tuple[Path, str], Examined] | None = st.session_state.get(_CHECKED)
    if checked is None:
        return
    if checked[0] != (path, schema):
        st.caption("Edited since the last check; check again.")
        return
    found.show(checked[1])
    if checked[1].cohort is None:
        return
    st.success(
        f"{wording.counted(len(checked[1].cohort.rows), 'row')} can be used as they are.",
        icon=":material/check_circle:",
    )
    taken = name in registry.available()
    if not taken and decisions.speak_of(name):
        # Its people would stand beside what was said of others with the same ids.
        taken = True
        st.warning(
            f"Answers or decisions about an earlier cohort `{name}` are kept here; choose another name.",
            icon=":material/warning:",
        )
    elif taken:
        st.warning(
            f"Another cohort is called `{name}`; choose another name above.", icon=":material/warning:"
        )
    if st.button(
        "Use this cohort", type="primary", icon=":material/play_arrow:", key="own_use", disabled=taken
    ):
        uploads.accept(path, name, schema)
        del st.session_state[_CHECKED]
        st.session_state[_MADE] = name
        st.session_state[_UPLOADS] += 1
        st.rerun()


def _made(name: str) -> None:
    """What comes next for a cohort that was just made: its classifier, with progress, and its people."""
    cohort = registry.load(name)
    st.success(f"**{wording.plain(cohort.schema.title)}** is a cohort now.", icon=":material/check_circle:")
    classifier, damage = train_classifier.load_if_ready(cohort)
    if damage is not None:
        train_classifier.say_damaged(damage)
    elif classifier is None:
        train_classifier.offer_training(cohort)
    st.page_link(
        "pages/1_Participants.py",
        label="Browse its participants",
        icon=":material/groups:",
        query_params={"cohort": name},
    )
    if st.button("Bring another table", icon=":material/add:", key="own_another"):
        del st.session_state[_MADE]
        st.rerun()


def _kept() -> None:
    """List the cohorts that were made on this page, each with a button that removes it."""
    names = [path.name for path in uploads.folders()]
    if not names:
        return
    st.subheader("Made here", anchor=False)
    for name in names:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.page_link(
                "pages/1_Participants.py",
                label=wording.plain(name),
                icon=":material/groups:",
                query_params={"cohort": name},
            )
            with st.popover("Remove", icon=":material/delete:", key=f"own_remove_{name}"):
                st.markdown(
                    f"Removes the data and schema of `{name}` from this computer. Its answers, its decisions "
                    "and its classifier stay."
                )
                if st.button("Remove its data", key=f"own_removed_{name}", type="primary"):
                    uploads.remove(name)
                    audit.record(audit.Entry("deleted", who.name(), cohort=name, detail={"kind": "cohort"}))
                    st.rerun()
