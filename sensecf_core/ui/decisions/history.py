"""Everything that was asked, seen, decided and exported about a participant, and the trail that proves it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.queries.answer import Answer
from sensecf_core.records import audit, decisions, exports
from sensecf_core.records.audit import AuditRow
from sensecf_core.records.person_state import Decision, undone
from sensecf_core.ui.common import widgets, wording
from sensecf_core.ui.decisions import verdict, who

_DONE = {
    "keep": "kept",
    "edit": "kept with other values",
    "reject": "rejected",
    "shortlist": "to come back to",
    "note": "note",
    "star": "starred",
    "unstar": "star taken away",
    "effort": "effort",
    "undo": "undone",
}


def show(schema: Schema, participant: str) -> None:
    """Show decisions and audit trail in a fold, drawn only once it is opened."""
    with st.expander(
        "Decisions and history", icon=":material/fact_check:", key="history", on_change="rerun"
    ) as fold:
        if not fold.open:
            return
        made = decisions.of_person(schema.name, participant)
        if made:
            st.markdown("**Decisions about this participant**, newest first. Nothing is ever overwritten.")
            st.dataframe(
                decision_table(schema, made),
                hide_index=True,
                alt="Every decision about this participant: when, who, what, about which option, and why",
            )
            _other_answers(made)
        _trail(schema, participant)


def seen(answer: Answer) -> None:
    """Tell the audit trail that an answer was shown, once in a session."""
    already: set[str] = st.session_state.setdefault("answers_seen", set())
    if answer.answer_id not in already:
        audit.record(audit.about("seen", answer, who.name()))
        already.add(answer.answer_id)


def decision_table(schema: Schema, made: Sequence[Decision]) -> pd.DataFrame:
    """Decisions as they are shown, newest first; those that were undone say so."""
    gone = undone(made)
    numbers = {one.decision_id: n for n, one in enumerate(made, start=1)}
    return pd.DataFrame(
        [
            {
                "No.": numbers[one.decision_id],
                "When": wording.moment(one.created),
                "Who": one.who,
                "What": _what(one, numbers) + (" (undone)" if one.decision_id in gone else ""),
                "Grade then": one.grade or "",
                "Why": (verdict.why(schema, one) or "").replace("\\", ""),
                "Answer": one.answer_id or "",
            }
            for one in reversed(made)
        ]
    )


def _what(decision: Decision, numbers: dict[str, int]) -> str:
    if decision.undoes is not None:
        return f"undone: No. {numbers.get(decision.undoes, '?')}"
    option = "" if decision.option is None else f"option {decision.option} "
    return f"{option}{_DONE[decision.kind]}"


def _other_answers(made: Sequence[Decision]) -> None:
    """Link the answers that hold what was decided about."""
    for answer_id in dict.fromkeys(one.answer_id for one in reversed(made) if one.answer_id):
        st.page_link(
            "pages/3_Interventions.py",
            label=f"Open answer {answer_id}",
            icon=":material/link:",
            query_params={"answer": answer_id},
        )


def _trail(schema: Schema, participant: str) -> None:
    rows = audit.recent(schema.name, participant)
    st.markdown(
        "**Audit trail of this participant**, newest first. Each row holds the hash of the one before it, "
        "so an edited or missing row is found."
    )
    table = trail_table(rows)
    st.dataframe(
        table.iloc[::-1][["No.", "When", "Who", "What", "About", "Answer"]],
        hide_index=True,
        height=min(320, 36 * (len(table) + 1)),
        alt="What was asked, seen, decided and exported about this participant",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        widgets.csv_button(
            lambda: exports.table_csv(table, exports.origin_columns(schema)),
            f"sensecf-audit-{schema.name}-{participant}.csv",
            key="audit_csv",
            label="This participant, CSV",
        )
        widgets.csv_button(
            lambda: exports.table_csv(trail_table(audit.recent()), {}),
            "sensecf-audit.csv",
            key="audit_all_csv",
            label="The whole trail, CSV",
        )
        pressed = st.button("Check the whole trail", icon=":material/verified_user:", key="audit_verify")
    if pressed:
        _verify()


def _verify() -> None:
    result = audit.verify()
    if result.broken is not None:
        st.error(
            f"The audit trail is broken: {wording.plain(result.broken.problem)}.", icon=":material/error:"
        )
        return
    st.success(
        f"The audit trail is whole: {wording.counted(result.rows, 'row')}. Its last hash is "
        f"`{result.last}`; noted elsewhere, it proves the rows up to here.",
        icon=":material/verified_user:",
    )


def trail_table(rows: Sequence[AuditRow]) -> pd.DataFrame:
    """Rows of the audit trail as a table; the CSV has every field, also both hashes."""
    names = [field.name for field in dataclasses.fields(AuditRow)]
    stored = pd.DataFrame([dataclasses.asdict(row) for row in rows], columns=names)
    told = pd.DataFrame(
        [
            {
                "No.": row.seq,
                "When": wording.moment(row.created),
                "Who": row.who or "",
                "What": row.action,
                "About": _about(row),
                "Answer": row.answer_id or "",
            }
            for row in rows
        ],
        columns=["No.", "When", "Who", "What", "About", "Answer"],
    )
    return pd.concat([told, stored], axis=1)


def _about(row: AuditRow) -> str:
    shown = ("kind", "option", "reason", "method", "format")
    return ", ".join(f"{name} {value}" for name, value in row.read_detail().items() if name in shown)
