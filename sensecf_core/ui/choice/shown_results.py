"""The answer, job and comparison that a page shows, one of each per row.

They are kept in the session and written to the address (``answer`` and ``job``, or ``comparison``): a link
shows the same result again, also after a restart, and a closed tab finds its job again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import answers, comparisons
from sensecf_core.ui.choice import selection
from sensecf_core.ui.choice.selection import Choice

Kind = Literal["answer", "comparison"]
"""The kind of result that a page's address names."""
_SHOWN_KEY = "followed"
_WRITTEN_KEY = "mirrored_followed"


@dataclass(frozen=True)
class ShownResults:
    """Ids of what is shown about one row: the answer, the job under way, the comparison."""

    answer: str | None = None
    job: str | None = None
    comparison: str | None = None


NOTHING = ShownResults()


def shown_for(choice: Choice) -> ShownResults:
    """What is shown about the chosen row."""
    shown: dict[Choice, ShownResults] = st.session_state.setdefault(_SHOWN_KEY, {})
    return shown.get(choice, NOTHING)


def show_next(
    choice: Choice, *, answer: str | None = None, job: str | None = None, comparison: str | None = None
) -> None:
    """Show an answer (and no job any more), a job (the answer stays) or a comparison from the next run on."""
    shown = shown_for(choice)
    if comparison:
        shown = replace(shown, comparison=comparison)
    elif job:
        shown = replace(shown, job=job)
    else:
        shown = replace(shown, answer=answer or shown.answer, job=None)
    st.session_state[_SHOWN_KEY][choice] = shown


def show_now(choice: Choice, kind: Literal["answer", "job"], result_id: str) -> None:
    """Show an answer or a job in this run already, and write it to the address as the frame would."""
    if kind == "answer":
        show_next(choice, answer=result_id)
    else:
        show_next(choice, job=result_id)
    st.session_state[_WRITTEN_KEY] = shown_for(choice)
    st.query_params[kind] = result_id


def forget_job(choice: Choice) -> None:
    """Show no job about a row any more."""
    st.session_state[_SHOWN_KEY][choice] = replace(shown_for(choice), job=None)


def adopt_from_address(kind: Kind) -> str | None:
    """Take over the result that a link names, and choose the row that it is about.

    An address that this session wrote itself is ignored. Returns a sentence if the result does not exist
    or cannot be read.
    """
    result_id = st.query_params.get(kind)
    if not result_id or result_id == getattr(st.session_state.get(_WRITTEN_KEY, NOTHING), kind):
        return None
    try:
        result = answers.find(result_id) if kind == "answer" else comparisons.find(result_id)
    except (InputError, NotReadyError) as error:
        del st.query_params[kind]
        return str(error)
    if result is None:
        del st.query_params[kind]
        return f"There is no {kind} “{result_id}” on this machine; it may have been made on another one."
    choice = Choice(result.cohort, result.participant_id, result.row_id)
    for name in selection.PARAMETERS:
        st.query_params[name] = getattr(choice, name)
    if kind == "answer":
        show_next(choice, answer=result_id)
    else:
        show_next(choice, comparison=result_id)
    return None


def adopt_job(choice: Choice) -> None:
    """Take over the job that a link names, unless this session shows one about the row already."""
    job = st.query_params.get("job")
    if job and job != st.session_state.get(_WRITTEN_KEY, NOTHING).job and shown_for(choice).job is None:
        show_next(choice, job=job)


def address_parameters(choice: Choice, kind: Kind) -> dict[str, str | None]:
    """The address parameters to write for the chosen row."""
    shown = shown_for(choice)
    st.session_state[_WRITTEN_KEY] = shown
    return (
        {"answer": shown.answer, "job": shown.job} if kind == "answer" else {"comparison": shown.comparison}
    )
