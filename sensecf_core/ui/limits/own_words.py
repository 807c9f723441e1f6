"""Limits said in somebody's own words: read, shown as chips, and set once they are confirmed.

Rules read them, or a language model that is told how, where there is one apart from the small default one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import streamlit as st

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import lower_first
from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from sensecf_core.counterfactuals.problem.wished import with_wishes
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError
from sensecf_core.jobs import read_words
from sensecf_core.jobs.read_words import CANCELLED, Reading
from sensecf_core.language.remote.allow_list import where_words_go
from sensecf_core.language.wishes import rules
from sensecf_core.language.wishes.wish import Understood, Wish, in_words
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.common import signed_in, wording
from sensecf_core.ui.limits import limits_fields
from sensecf_core.ui.models import base_models
from sensecf_core.ui.page.frame import Page

CHIP = "chip_words"
MOST_CHARACTERS = 600
_TEXT = "own_words"
_READ = "own_words_read"
_READING = "own_words_reading"
RULES = ""
"""Stands for them among the names of language models."""
POLL_SECONDS = 0.5
_SET = limits_fields.SET_BY_WORDS
_FOR = "own_words_for"
_STYLE = """<style>
.st-key-understood button { height: auto; min-height: 2rem; }
.st-key-understood button p { white-space: normal; text-align: left; overflow-wrap: anywhere; }
</style>"""
"""A chip says all that was read, also on a phone."""


@dataclass(frozen=True)
class SetByWords:
    """What words have set, and the request as it was before: for its own participant only."""

    lines: tuple[str, ...]
    notes: tuple[str, ...]
    before: ExplainRequest
    after: ExplainRequest | None = None


def show(page: Page, now: ExplainRequest) -> None:
    """Show the field, and what was understood of it; ``now`` is the request that the form makes."""
    schema = page.required_cohort.schema
    sentence = st.text_area(
        "Say what may change, and how",
        key=_TEXT,
        placeholder=example(schema),
        max_chars=MOST_CHARACTERS,
        persist_state="session",
        help="Nothing of it is used before you confirm it.",
    )
    cohort = page.required_cohort
    reader = _choose_reader(cohort)
    if st.button("Read it", key="read_words", icon=":material/visibility:", disabled=not sentence.strip()):
        st.session_state[_READ] = sentence
        _forget_reading()
        if reader != RULES:
            st.session_state[_READING] = read_words.begin(cohort, sentence, reader)
    if sentence.strip() and st.session_state.get(_READ) == sentence:
        understood = rules.read(schema, sentence) if reader == RULES else _read(cohort, sentence, reader)
        if understood is not None:
            _confirm(page, now, understood)


def example(schema: Schema) -> str:
    """A sentence about this cohort that the rules read."""
    numbers = [f for f in schema.features if f.role != "context" and not f.named and f.kind != "binary"]
    ordered = sorted(numbers, key=lambda f: (f.role != "behaviour", f.direction != "down"))
    less = next((f"Less {lower_first(f.label)}. " for f in ordered), "")
    kept = next((f"Leave the {lower_first(f.label)} alone. " for f in ordered[1:]), "")
    return f"{less}{kept}At most two changes."


def _choose_reader(cohort: Cohort) -> str:
    """Ask who reads, where somebody else than the rules can, and say where the words go."""
    others = base_models.others(cohort)
    if not others:
        return RULES
    reader = st.selectbox(
        "Read by",
        [RULES, *others],
        format_func=lambda name: "Rules" if name == RULES else others[name].title or name,
        key=f"own_words_by_{cohort.schema.name}",
        persist_state="session",
        help="Rules were measured on sentences written by hand (docs/wishes.md). A language model may "
        "understand more, or less; nobody measured this one.",
    )
    if reader != RULES and (notice := where_words_go(others[reader])) is not None:
        st.caption(wording.message(notice))
    return reader


def _forget_reading() -> None:
    reading: Reading | None = st.session_state.pop(_READING, None)
    if reading is not None:
        reading.cancelled.set()


def _read(cohort: Cohort, sentence: str, reader: str) -> Understood | None:
    """What a language model understood of the words; until then how to cancel it, or why it did not."""
    reading: Reading | None = st.session_state.get(_READING)
    asked = None if reading is None else (reading.cohort, reading.sentence, reading.reader)
    if reading is None or asked != (cohort.schema.name, sentence, reader):
        st.caption(f"Press Read it to have it read by {wording.plain(reader)}.")
        return None
    if not reading.found.done():
        _wait(reading)
        return None
    found = reading.found.result()
    if not isinstance(found, str):
        return found
    if found == CANCELLED:
        st.info("Cancelled. Press Read it to have it read again.", icon=":material/block:")
    else:
        st.error(wording.message(found), icon=":material/error:")
    return None


@st.fragment(run_every=POLL_SECONDS)
def _wait(reading: Reading) -> None:
    signed_in.still()
    if reading.found.done():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{wording.plain(reading.reader)} reads it …", width="content")
        cancelling = reading.cancelled.is_set()
        st.button(
            "Cancelling …" if cancelling else "Cancel",
            key="cancel_words",
            icon=":material/close:",
            disabled=cancelling,
            on_click=reading.cancelled.set,
        )


def _confirm(page: Page, now: ExplainRequest, understood: Understood) -> None:
    """Show each limit as a chip that can be left out, what was not read, and the button that sets."""
    schema = page.required_cohort.schema
    st.caption(f"Read by {understood.reader}.")
    if understood.unread:
        st.caption(f"Not understood: {wording.plain(', '.join(understood.unread))}")
    if not understood.wishes:
        st.warning(
            "No limit was understood. Name a feature and what it may do, such as “less sugar”.",
            icon=":material/help:",
        )
        return
    with st.container(key="understood"):
        st.html(_STYLE)
        kept = st.pills(
            "Understood; press one to leave it out",
            range(len(understood.wishes)),
            selection_mode="multi",
            default=range(len(understood.wishes)),
            format_func=lambda number: _chip_text(schema, understood.wishes[number]),
            key=f"own_words_kept_{schema.name}_{understood.sentence}_{_digest(understood)}",
        )
    wishes = tuple(understood.wishes[number] for number in sorted(kept))
    if not wishes:
        return
    try:
        wished = with_wishes(load_fitted(schema.name), _open_to(now, wishes), wishes)
        _refuse_the_other_way(page, wished.request)
        limits_fields.check(page, wished.request)
    except InputError as error:
        limits_fields.refuse(page, error)
        return
    for note in wished.notes:
        st.caption(wording.plain(note))
    st.button(
        "Set these limits",
        type="primary",
        icon=":material/check:",
        key="set_words",
        on_click=_set,
        args=(
            page,
            wished.request,
            SetByWords(tuple(in_words(schema, wish) for wish in wishes), wished.notes, now),
        ),
    )


def _refuse_the_other_way(page: Page, request: ExplainRequest) -> None:
    profile = request.profile or limits_fields.profile_now(page.required_cohort.schema)
    if request.goal == "lower" and limits_fields.desired_class(page, profile):
        raise InputError(
            "Less risk is asked for, but here changes are to raise it; leave this out, or change the limits."
        )


def _digest(understood: Understood) -> str:
    """What was understood, in a key: which chips are left out holds for these chips alone."""
    return hashlib.sha256(repr((understood.reader, understood.wishes)).encode()).hexdigest()[:12]


def _chip_text(schema: Schema, wish: Wish) -> str:
    return wording.plain(f"{in_words(schema, wish)} (“{wish.words}”)")


def _open_to(now: ExplainRequest, wishes: tuple[Wish, ...]) -> ExplainRequest:
    """The form's request without what the wishes replace: the profile that is set, and the goal."""
    kinds = {wish.kind for wish in wishes}
    replaced: dict[str, None] = {}
    if "limits" in kinds:
        replaced["profile"] = None
    if kinds & {"goal", "risk"}:
        replaced |= {"goal": None, "target": None}
    return now.model_copy(update=replaced)


def _set(page: Page, request: ExplainRequest, by_words: SetByWords) -> None:
    earlier: SetByWords | None = st.session_state.get(_SET)
    if earlier is not None:  # said in two goes: taking it back takes back both
        lines, notes = earlier.lines + by_words.lines, earlier.notes + by_words.notes
        by_words = SetByWords(tuple(dict.fromkeys(lines)), tuple(dict.fromkeys(notes)), earlier.before)
    limits_fields.fill(page.required_cohort.schema, request)
    st.session_state[_SET] = by_words
    st.session_state[CHIP] = False


def _undo(before: ExplainRequest) -> None:
    limits_fields.fill(registry.load(before.cohort).schema, before)


def take_back_from_others(page: Page) -> None:
    """Before any field is drawn: what was said of one participant does not hold for the next."""
    now = (page.required_cohort.schema.name, *page.row_key)
    if st.session_state.setdefault(_FOR, now) != now:
        st.session_state[_FOR] = now
        st.session_state[_TEXT] = ""
        st.session_state.pop(_READ, None)
        _forget_reading()
    by_words: SetByWords | None = st.session_state.get(_SET)
    if by_words is not None:
        before = by_words.before
        if (before.cohort, before.participant_id, before.row_id) != now:
            _undo(before)


def say_what_was_set(page: Page, now: ExplainRequest) -> None:
    """Say which limits the words have set, whether fields were changed since, and offer to take them back."""
    by_words: SetByWords | None = st.session_state.get(_SET)
    if by_words is None:
        return
    same = now.model_copy(update={"method": ""})
    if by_words.after is None:
        by_words = st.session_state[_SET] = replace(by_words, after=same)
    since = "" if by_words.after == same else ", fields changed since"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(f"Set in your words{since}: {wording.plain(' · '.join(by_words.lines))}", width="content")
        st.button(
            "Take back",
            key="undo_words",
            type="tertiary",
            icon=":material/undo:",
            on_click=_undo,
            args=(by_words.before,),
        )
    for note in by_words.notes:
        st.caption(wording.plain(note))
