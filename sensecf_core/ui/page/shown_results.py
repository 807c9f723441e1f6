"""Which answer, job and comparison a visitor follows, one of each per row, so that no result vanishes.

They are kept in the session and mirrored to the address (``answer`` and ``job``, or ``comparison``): a link
shows the same again, also after a restart, and a closed tab finds its job again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import answers, comparisons
from sensecf_core.ui.page import selection
from sensecf_core.ui.page.selection import Choice

Kind = Literal["answer", "comparison"]
"""What a page's address names."""
_KEPT = "followed"
_MIRRORED = "mirrored_followed"


@dataclass(frozen=True)
class ShownResults:
    """What is followed about one row: the answer shown, the job under way, the comparison shown (ids)."""

    answer: str | None = None
    job: str | None = None
    comparison: str | None = None


NOTHING = ShownResults()


def of(choice: Choice) -> ShownResults:
    """What is followed about the chosen row."""
    kept: dict[Choice, ShownResults] = st.session_state.setdefault(_KEPT, {})
    return kept.get(choice, NOTHING)


def follow(
    choice: Choice, *, answer: str | None = None, job: str | None = None, comparison: str | None = None
) -> None:
    """Follow an answer (any job about the row is then over), a job (the answer stays) or a comparison."""
    now = of(choice)
    if comparison:
        now = replace(now, comparison=comparison)
    elif job:
        now = replace(now, job=job)
    else:
        now = replace(now, answer=answer or now.answer, job=None)
    st.session_state[_KEPT][choice] = now


def adopt(kind: Kind) -> str | None:
    """Take what the address names and this session did not write: it decides who is chosen.

    Returns a sentence when no such thing is kept, or it cannot be read.
    """
    named = st.query_params.get(kind)
    if not named or named == getattr(st.session_state.get(_MIRRORED, NOTHING), kind):
        return None
    try:
        found = answers.find(named) if kind == "answer" else comparisons.find(named)
    except (InputError, NotReadyError) as error:
        del st.query_params[kind]
        return str(error)
    if found is None:
        del st.query_params[kind]
        return f"There is no {kind} “{named}” on this machine; it may have been made on another one."
    choice = Choice(found.cohort, found.participant_id, found.row_id)
    for name in selection.PARAMETERS:
        st.query_params[name] = getattr(choice, name)
    if kind == "answer":
        follow(choice, answer=named)
    else:
        follow(choice, comparison=named)
    return None


def adopt_job(choice: Choice) -> None:
    """Take a job in the address that this session does not follow yet."""
    job = st.query_params.get("job")
    if job and job != st.session_state.get(_MIRRORED, NOTHING).job and of(choice).job is None:
        follow(choice, job=job)


def mirrored(choice: Choice, kind: Kind) -> dict[str, str | None]:
    """The address parameters to write for the chosen row."""
    now = of(choice)
    st.session_state[_MIRRORED] = now
    return {"answer": now.answer, "job": now.job} if kind == "answer" else {"comparison": now.comparison}
