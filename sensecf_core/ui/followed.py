"""Which answer and which job a visitor follows, one of each per row, so that no result vanishes on a click.

They are kept in the session and mirrored to the address (``answer``, ``job``): a link shows an answer
again, also after a restart, and a closed tab finds its job again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.records import answers
from sensecf_core.ui import selection
from sensecf_core.ui.selection import Choice

PARAMETERS = ("answer", "job")
_KEPT = "followed"
_MIRRORED = "mirrored_followed"


@dataclass(frozen=True)
class Followed:
    """What is followed about one row: the id of the answer shown, and of the job under way."""

    answer: str | None = None
    job: str | None = None


NOTHING = Followed()


def of(choice: Choice) -> Followed:
    """What is followed about the chosen row."""
    kept: dict[Choice, Followed] = st.session_state.setdefault(_KEPT, {})
    return kept.get(choice, NOTHING)


def follow(choice: Choice, *, answer: str | None = None, job: str | None = None) -> None:
    """Follow an answer (any job about the row is then over) or a job (the answer shown stays)."""
    now = of(choice)
    st.session_state[_KEPT][choice] = replace(now, job=job) if job else Followed(answer=answer or now.answer)


def adopt() -> str | None:
    """Take an answer in the address that this session did not write: it decides who is chosen.

    Returns a sentence when no such answer is kept, or it cannot be read.
    """
    answer_id = st.query_params.get("answer")
    if not answer_id or answer_id == st.session_state.get(_MIRRORED, NOTHING).answer:
        return None
    try:
        found = answers.find(answer_id)
    except (InputError, NotReadyError) as error:
        del st.query_params["answer"]
        return str(error)
    if found is None:
        del st.query_params["answer"]
        return f"There is no answer “{answer_id}” on this machine; it may have been made on another one."
    choice = Choice(found.cohort, found.participant_id, found.row_id)
    for name in selection.PARAMETERS:
        st.query_params[name] = getattr(choice, name)
    follow(choice, answer=answer_id)
    return None


def adopt_job(choice: Choice) -> None:
    """Take a job in the address that this session does not follow yet."""
    job = st.query_params.get("job")
    if job and job != st.session_state.get(_MIRRORED, NOTHING).job and of(choice).job is None:
        follow(choice, job=job)


def mirrored(choice: Choice) -> dict[str, str | None]:
    """The address parameters to write for the chosen row."""
    now = of(choice)
    st.session_state[_MIRRORED] = now
    return {"answer": now.answer, "job": now.job}
