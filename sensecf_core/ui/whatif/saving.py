"""Undo, reset, and what the values become: an own option, or what is kept in place of another one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from sensecf_core.cohorts.encoding import Value
from sensecf_core.counterfactuals.by_hand.own_option import own_option
from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer
from sensecf_core.records import answers, decisions
from sensecf_core.records.person_state import Decision, fold
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import tried, who
from sensecf_core.ui.interventions import own_options
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.whatif import opened_from


def steps(page: Page, now: tried.Tried) -> None:
    """Show the buttons that take steps back, and those that keep what is tried."""
    row = opened_from.row_of(page)
    with st.container(
        key="controls_whatif_steps", horizontal=True, vertical_alignment="center", gap="xsmall"
    ):
        if now.edits:
            who.button(
                "Save as my option",
                "save_own",
                ":material/save:",
                partial(_save, page),
                "Checked and graded like every option, and kept with where it came from.",
            )
        if now.came_from is not None and now.edits:
            _in_place(page, *now.came_from, now.edits)
        st.button(
            "Undo",
            key="whatif_undo",
            icon=":material/undo:",
            disabled=not tried.can_undo(row),
            on_click=_step_back,
            args=(row,),
        )
        st.button(
            "Reset",
            key="whatif_reset",
            icon=":material/restart_alt:",
            disabled=not now.edits,
            on_click=_reset,
            args=(row,),
            help="Back to what was measured.",
        )
        if now.came_from is not None:
            _back(page, *now.came_from)
    if own_options.just_saved():
        st.rerun()


def _back(page: Page, answer_id: str, number: int) -> None:
    st.button(
        f"Values of option {number}",
        key="whatif_option",
        icon=":material/settings_backup_restore:",
        on_click=_fill_again,
        args=(page, (answer_id, number)),
        help="Back to the values of the option that this came from.",
    )
    st.page_link(
        "pages/3_Interventions.py",
        label="Back to the options",
        icon=":material/arrow_back:",
        query_params={"answer": answer_id},
    )


def _step_back(row: tried.TriedRow) -> None:
    tried.undo(row)
    opened_from.remember(row)


def _reset(row: tried.TriedRow) -> None:
    tried.reset(row)
    opened_from.remember(row)


def _fill_again(page: Page, option: tried.OptionId) -> None:
    opened_from.fill(page, option, opened_from.values_of(page, option))


def _made(page: Page, by: str) -> Answer:
    """What is tried now as an own option, checked and graded."""
    now = tried.of(opened_from.row_of(page))
    fitted = load_fitted(page.required_cohort.schema.name)
    return own_option(fitted, page.row_key, now.edits, by=by, came_from=opened_from.origin(page))


def _save(page: Page, by: str) -> str:
    saved = answers.save(_made(page, by), by=by)
    own_options.mark_saved(saved)
    return saved


def _in_place(page: Page, answer_id: str, number: int, edits: Mapping[str, Value]) -> None:
    """Offer to keep the option that the page was opened from under the values that are tried."""
    person = fold(decisions.of_person(page.required_cohort.schema.name, page.row_key[0]))
    for kept in person.kept:
        if (kept.answer_id, kept.option, kept.edited) == (answer_id, number, dict(edits)):
            st.caption(f"Kept in place of option {number} by {wording.plain(kept.who)}.", width="content")
            return
    who.button(
        f"Keep in place of option {number}",
        f"keep_edited_{number}_{answer_id}",
        ":material/bookmark_add:",
        partial(_keep_edited, page, answer_id, number, dict(edits)),
        "Stays linked to the option, with the grade of these values.",
    )


def _keep_edited(page: Page, answer_id: str, number: int, edits: dict[str, Value], by: str) -> Decision:
    try:
        grade = _made(page, by).counterfactuals[0].grade
    except InputError:  # what does not move the risk reliably may be kept, and has no grade
        grade = None
    return decisions.edit(answer_id, number, edits, by=by, grade=grade)
