"""The evidence behind an answer: funnel, prompt and raw output, address, origin; downloads of several."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import pandas as pd
import streamlit as st
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from sensecf_core.cohorts.schema import Schema
from sensecf_core.evaluation import side_by_side
from sensecf_core.queries.answer import Answer, Candidate, Trace
from sensecf_core.queries.goal import GoalKind
from sensecf_core.queries.methods import METHODS, of_prompt
from sensecf_core.records import answers, audit, exports
from sensecf_core.ui.common import charts, row_wording, widgets, wording
from sensecf_core.ui.decisions import who
from sensecf_core.ui.interventions import options

STEPS = (
    ("proposed", "every sequence the method wrote"),
    ("readable", "could be read as changes"),
    ("within_limits", "kept to the limits and rules"),
    ("valid", "{met}"),
    ("plausible", "resemble {people} with that outcome"),
    ("shown", "after removing {needless}near-copies"),
)
"""Steps of the funnel, each with what a candidate has to pass.

``{people}`` is the cohort's noun, ``{met}`` what the answer's goal asks for, ``{needless}`` what a method's
answers lose where they are made smaller: those of methods that search are shown as they came.
"""
MET: dict[GoalKind, str] = {
    "cross": "would change the prediction",
    "lower": "would move the risk the desired way",
    "target": "would reach the target risk",
}


def show(answer: Answer, schema: Schema, key: str = "") -> None:
    """Show the evidence behind an answer; ``key`` keeps the widgets of several answers on a page apart.

    Each fold is drawn only while it is open: its charts and its text are megabytes of code to a browser.
    """
    alone = answer.behaviours
    asked_alone = alone is not None and alone.trace.proposed and checked(alone)
    if asked_alone or (answer.trace.proposed and checked(answer)):
        with _fold("How these were found and checked", "filter_list", f"found{key}") as fold:
            if fold.open:
                funnel(answer, schema, key)
                if alone is not None and asked_alone:
                    st.markdown("**What a person does, asked alone**")
                    funnel(alone, schema, f"{key}_behaviours")
    if answer.trace.candidates or answer.prompt:
        with _fold("Prompt and raw output", "code", f"raw{key}") as fold:
            if fold.open:
                _raw(answer, schema)
    with _fold("Settings, origin and address of this answer", "fingerprint", f"origin{key}") as fold:
        if fold.open:
            _origin(answer)


def _fold(label: str, icon: str, key: str) -> ExpanderContainer:
    return st.expander(label, icon=f":material/{icon}:", key=f"evidence_{key}", on_change="rerun")


def _origin(answer: Answer) -> None:
    st.caption("The link to this answer; it opens again after a restart.")
    st.code(f"/Interventions?answer={answer.answer_id}", language=None)
    st.code(
        json.dumps({"settings": answer.settings, "provenance": answer.provenance}, indent=2),
        language=None,
    )


def checked(answer: Answer) -> bool:
    """Whether the candidates were checked: an answer may be cancelled before that."""
    return answer.status != "cancelled" or answer.trace.readable > 0


def broken_limits_text(answer: Answer, schema: Schema, most: int = 4) -> str | None:
    """Say which limits and rules the raw candidates broke, most frequent first; None if they broke none."""
    broken = side_by_side.broken(answer)
    if not broken.candidates:
        return None
    texts = [
        f"{wording.plain(wording.labelled(schema, phrase))} ({n}×)" for phrase, n in broken.phrases[:most]
    ]
    if len(broken.phrases) > most:
        texts.append(f"and {wording.counted(len(broken.phrases) - most, 'other limit')}")
    candidates = wording.counted(broken.readable, "candidate")
    headline = f"{broken.candidates} of {candidates} broke limits and were left out"
    return f"{headline}: {'; '.join(texts)}." if texts else f"{headline}."


def funnel(answer: Answer, schema: Schema, key: str = "") -> None:
    """Show how many candidates passed each step, and which limits they broke; nothing if none was checked."""
    if answer.trace.proposed and checked(answer):
        _funnel(answer, schema, key)
        if (text := broken_limits_text(answer, schema)) is not None:
            st.caption(text)


def funnel_line(trace: Trace) -> str:
    """The counts of each step, and of different candidates where they were counted and are fewer."""
    return " ▸ ".join(_step(trace, name) for name, _ in STEPS)


def _step(trace: Trace, name: str) -> str:
    return f"{name.replace('_', ' ')} {_counted(trace, name)}"


def _counted(trace: Trace, name: str) -> str:
    """How many candidates passed a step, and how many different ones where these are fewer."""
    return f"{getattr(trace, name)}{trace.also(name)}"


def _funnel(answer: Answer, schema: Schema, key: str) -> None:
    people, trace = row_wording.people(schema), answer.trace
    steps = [(name.replace("_", " "), getattr(trace, name)) for name, _ in STEPS]
    st.markdown(f"**From proposed to shown:** {funnel_line(trace)}")
    if answer.trace.askings > 1:
        first = answer.trace.first
        st.caption(
            f"The language model was asked {answer.trace.askings} times: nothing passed at first, so it was "
            "told what each change is measured to do. All its candidates are counted"
            + (f"; of the first {first.proposed}, {first.valid} were valid." if first else ".")
        )
    sentence = (
        f"Of {_counted(trace, 'proposed')} candidates, {_counted(trace, 'valid')} {MET[answer.goal.kind]} as "
        f"they came and {_counted(trace, 'plausible')} of these resemble {people}."
    )
    charts.show(charts.funnel(steps, sentence), f"funnel{key}")
    table = pd.DataFrame(
        {
            "Step": [s for s, _ in steps],
            "Candidates": [n for _, n in steps],
            "Different": [trace.different_of(name) for name, _ in STEPS],
            "Passed if": [
                m.format(people=people, met=MET[answer.goal.kind], needless=made_smaller(answer.method))
                for _, m in STEPS
            ],
        }
    )
    if not trace.different:
        table = table.drop(columns="Different")
    st.table(table, hide_index=True, alt="Candidates left after each step")


def made_smaller(method: str) -> str:
    """What a method's answers lose besides near-copies; nothing is said of one that this version lacks."""
    return "needless changes and " if method in METHODS and METHODS[method].samples else ""


def _raw(answer: Answer, schema: Schema) -> None:
    st.caption("Unedited model output. Never shown as fact.")
    if answer.prompt:
        st.markdown("**Prompt that was sent**")
        st.code(answer.prompt, language=None, wrap_lines=True)
    if answer.trace.candidates:
        st.markdown("**Every candidate, in the order it came**")
        if answer.method == of_prompt("guided"):
            st.caption(
                "The model adds up how far each change gets (10 = enough): “+6=9” behind a value is 6 for "
                "this change, and 9 with those before it."
            )
        table = pd.DataFrame(
            [_candidate(n, c, schema) for n, c in enumerate(answer.trace.candidates, start=1)]
        )
        if answer.trace.askings == 1:
            table = table.drop(columns="Asked")
        if not any(candidate.whole for candidate in answer.trace.candidates):
            table = table.drop(columns="Whole answer")
        st.dataframe(
            table,
            hide_index=True,
            height=320,
            alt="Every candidate as the method wrote it, and how it was judged",
        )


def _candidate(number: int, candidate: Candidate, schema: Schema) -> dict[str, object]:
    def mark(passed: bool) -> str:
        return "yes" if passed else "no"

    return {
        "No.": number,
        "Asked": candidate.asking,
        "Text": candidate.text,
        "Readable": mark(candidate.readable),
        "Within limits": mark(candidate.within_limits),
        "Breaks": "; ".join(wording.labelled(schema, phrase) for phrase in candidate.violations),
        "Risk of 100": None if candidate.probability is None else round(100 * candidate.probability),
        "Valid": mark(candidate.valid),
        "Plausible": mark(candidate.plausible),
        "Same as No.": None if candidate.duplicate_of is None else candidate.duplicate_of + 1,
        "Whole answer": candidate.whole,
    }


def downloads(shown_answers: Sequence[Answer], stem: str, schema: Schema, key: str) -> None:
    """Offer answers as CSV and JSON; the audit trail tells of each that was handed over."""
    schemas, by = {schema.name: schema}, who.name()

    def file(file_format: Literal["csv", "json"]) -> str:
        write = exports.answers_csv if file_format == "csv" else exports.answers_json
        text = write(shown_answers, schemas)
        audit.record_exports(shown_answers, by, file_format)
        return text

    with st.container(horizontal=True, vertical_alignment="center"):
        widgets.csv_button(lambda: file("csv"), f"{stem}.csv", key=f"download_csv{key}")
        widgets.download(
            "Download JSON",
            lambda: file("json"),
            f"{stem}.json",
            "application/json",
            icon=":material/data_object:",
            key=f"download_json{key}",
        )


def earlier(schema: Schema, participant: str, row: str, current: str | None) -> None:
    """List the earlier answers about a row as links."""
    earlier_answers = [
        a
        for a in answers.recent(schema.name, participant, row, limit=12, by_hand=False)
        if a.answer_id != current
    ]
    if not earlier_answers:
        return
    with st.expander(
        f"Earlier answers about {row_wording.this_row(schema)} ({len(earlier_answers)})",
        icon=":material/history:",
    ):
        for answer in earlier_answers:
            found = options.count(options.grouped(schema, answer))
            count = wording.counted(found, wording.option_noun(answer.limits.profile))
            result = count if found else answer.status.replace("_", " ")
            st.page_link(
                "pages/3_Interventions.py",
                label=f"{wording.moment(answer.created)} · {wording.method_title(answer.method)} · {result}",
                icon=":material/link:",
                query_params={"answer": answer.answer_id},
            )
