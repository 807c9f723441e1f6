"""The two best options of the chosen row, from what was asked and made by hand; else what a search knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import streamlit as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.grades import RANKS
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.queries.answer import Answer
from sensecf_core.records import answers, decisions
from sensecf_core.records.kept_options import KeptOption
from sensecf_core.records.person_state import Decision, PersonState, fold
from sensecf_core.types import RowKey
from sensecf_core.ui.common import row_wording, wording
from sensecf_core.ui.decisions import history, verdict
from sensecf_core.ui.interventions import answer as answer_view, believed, card, empty_state, options
from sensecf_core.ui.page import red_flag_gate
from sensecf_core.ui.page.frame import Page

MOST = 2


@dataclass(frozen=True)
class Found:
    """An option, the answer that was asked for it, and what was decided about it last."""

    asked: Answer
    shown: KeptOption
    decided: Decision | None


def best(schema: Schema, given: Iterable[Answer], state: PersonState) -> tuple[Found, ...]:
    """The best options of some answers: kept ones first, then by grade, then as they stand there.

    What was rejected is left out, and what changes the same as another one.
    """
    every = [
        Found(asked, shown, verdict.standing(state, asked.answer_id, shown))
        for asked in given
        for shown in options.shown(schema, asked)
    ]
    every.sort(key=lambda one: (not _kept(one), -RANKS[one.shown.option.grade]))
    found: list[Found] = []
    for one in every:
        rejected = one.decided is not None and one.decided.kind == "reject"
        same = any(one.shown.option.changes == other.shown.option.changes for other in found)
        if not (rejected or same):
            found.append(one)
    return tuple(found[:MOST])


def _kept(found: Found) -> bool:
    return found.decided is not None and found.decided.kind in ("keep", "edit")


def given_about(schema: Schema, key: RowKey) -> tuple[Answer | None, list[Answer]]:
    """The answer that stands for a row and the options made by hand, without those that only explain.

    In a cohort whose own limits explain, and nothing else was asked, explanations are all that there is.
    Raises ``NotReadyError`` if the database cannot be read.
    """
    asked = answers.standing(schema.name, *key)
    own = answers.recent(schema.name, *key, by_hand=True)
    explain = schema.default_limits == "contrast" and all(_explains(one) for one in (*asked, *own))
    newest = next((one for one in asked if explain or not _explains(one)), None)
    return newest, [one for one in own if explain or not _explains(one)]


def _explains(answer: Answer) -> bool:
    return answer.limits.profile == "contrast"


def show(page: Page) -> None:
    """Show the two best options side by side, or what is known of them, with the way to all of them."""
    try:
        _show(page)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")


def _show(page: Page) -> None:
    schema = page.required_cohort.schema
    with st.container(key="best_options", gap="small"):
        heading = st.container(horizontal=True, vertical_alignment="center", gap="small")
        if flags := red_flag_gate.unseen(page):
            _heading(page, heading, "Options")
            labels = wording.plain(wording.listed(flag.label for flag in flags))
            st.warning(
                f"**{ACT_FIRST}: {labels}.** Options are withheld until you say that you have seen it, on "
                "the page Options.",
                icon=":material/emergency_home:",
            )
            return
        newest, own = given_about(schema, page.row_key)
        given = ([] if newest is None else [newest]) + own
        found = best(schema, given, fold(decisions.of_person(schema.name, page.row_key[0])))
        noun = wording.option_noun(found[0].shown.answer.limits.profile) if found else "option"
        counted = {0: "Options", 1: f"The best {noun}"}.get(len(found), f"The two best {noun}s")
        _heading(page, heading, counted)
        if found:
            if noun != "option":
                answer_view.say_explanation_only()
            _cards(page, found)
        elif newest is not None:
            reason = f": {wording.labelled(schema, newest.reasons[0])}" if newest.reasons else "."
            st.info(wording.plain(answer_view.heading(newest, schema) + reason), icon=":material/info:")
        else:
            _known(page)


def _heading(page: Page, place: st.delta_generator.DeltaGenerator, title: str) -> None:
    with place:
        st.subheader(title, anchor=False, width="content")
        st.page_link(
            "pages/3_Interventions.py",
            label="All options, or ask anew",
            icon=":material/alt_route:",
            query_params=page.choice.carried,
        )
        st.page_link(
            "pages/8_What-if.py",
            label="Change values by hand",
            icon=":material/tune:",
            query_params=page.choice.carried,
        )


def _cards(page: Page, found: Sequence[Found]) -> None:
    schema = page.required_cohort.schema
    for asked in {one.asked.answer_id: one.asked for one in found}.values():
        history.seen(asked)
        if (stale := answer_view.stale(page, asked)) is not None:
            st.warning(stale, icon=":material/history:")
    for place, one in zip(st.columns(MOST, gap="medium"), found, strict=False):
        answer, option = one.shown.answer, one.shown.option
        with place, st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{card.title(one.shown)}**", width="content")
                believed.badge(answer, option)
            st.markdown(changes(schema, one.shown))
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                card.risk_bar(schema, answer.factual.probability, option.probability, answer.threshold)
                if one.decided is not None and _kept(one):
                    st.badge(
                        wording.plain(f"Kept by {one.decided.who}"),
                        icon=":material/bookmark_added:",
                        color="green",
                    )
                _links(page, one)


def changes(schema: Schema, shown: KeptOption) -> str:
    """What an option changes, a line each: "Sleep 6.0 → 7.0 h/night ▲ 1.0", "If waist came down …"."""
    profile = shown.answer.limits.profile
    parts = []
    for name, change in shown.option.changes.items():
        if name in schema.positions:
            feature = schema.feature(name)
            label = wording.change_label(feature, change.before, change.after, profile)
            text = wording.change(feature, change.before, change.after)
            parts.append(f"{wording.plain(label)} **{wording.plain(text)}**")
    return "  \n".join(parts)


def _links(page: Page, one: Found) -> None:
    named = {"answer": one.asked.answer_id}
    st.page_link(
        "pages/3_Interventions.py",
        label="Decide",
        icon=":material/bookmark_add:",
        query_params=named,
    )
    st.page_link(
        "pages/8_What-if.py",
        label="What-if",
        icon=":material/tune:",
        query_params=page.choice.carried | named | {"option": str(one.shown.number)},
    )


def _known(page: Page) -> None:
    """Say what the feasibility map knows of a row about which nothing was asked."""
    task = page.required_cohort.schema.task
    if int(page.risk >= page.classifier.threshold) == task.desired:
        desired = task.class_1 if task.desired else task.class_0
        this = row_wording.this_row(page.required_cohort.schema)
        st.info(
            f"The model already says “{wording.plain(desired)}” for {this}, so there is nothing to change.",
            icon=":material/check_circle:",
        )
        return
    told = empty_state.first_sentence(page)
    st.info(
        f"{told} No method was asked yet." if told else "No method was asked for options yet.",
        icon=":material/alt_route:",
    )
