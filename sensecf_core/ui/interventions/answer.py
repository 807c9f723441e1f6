"""An answer: its options as cards, how many candidates passed each check, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.option_order import is_clinical
from sensecf_core.queries.answer import Answer, BindingLimit
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.records import decisions
from sensecf_core.records.kept_options import KeptOption, kept_options
from sensecf_core.records.person_state import PersonState, fold
from sensecf_core.ui.common import wording
from sensecf_core.ui.decisions import bar, history, verdict
from sensecf_core.ui.interventions import card, evidence, lifting, options, own_options
from sensecf_core.ui.limits import limits_fields
from sensecf_core.ui.page.frame import Page

HEADINGS = {
    "already_desired": "Nothing to change",
    "budget_spent": "Stopped: the budget is spent",
    "cancelled": "Cancelled",
}
NEXT_STEPS = {
    "budget_spent": "Ask for fewer candidates, or ask again when this machine is less busy.",
    "cancelled": "It can be asked again.",
}


def show(page: Page, answer: Answer) -> None:
    """Show an answer about the chosen row under a heading, with what can be done with it."""
    history.seen(answer)
    st.header(heading(answer, page.required_cohort.schema))
    state = _state(answer)
    _options(page, answer, state, "")
    bar.show(answer, kept_options(answer, None), state)
    _behind_it(page, answer, "")


def say_explanation_only() -> None:
    """Say that options under contrast limits are not advice."""
    st.info(
        "Asked for explanation only: this is what would tip the model, not advice.", icon=":material/info:"
    )


def heading(answer: Answer, schema: Schema) -> str:
    """Say in a few words what was found."""
    count, noun = options.count(options.grouped(schema, answer)), wording.option_noun(answer.limits.profile)
    if answer.method == BY_HAND:
        return f"Own {noun}"
    if count:
        return f"{wording.counted(count, noun)} found"
    return HEADINGS.get(answer.status, f"No {noun} found")


def body(page: Page, answer: Answer, key: str) -> None:
    """Show an answer without its heading; ``key`` keeps the widgets of several answers on a page apart."""
    history.seen(answer)
    _options(page, answer, _state(answer), key)
    _behind_it(page, answer, key)


def _state(answer: Answer) -> PersonState:
    return fold(decisions.of_person(answer.cohort, answer.participant_id))


def _options(page: Page, answer: Answer, state: PersonState, key: str) -> None:
    """Show the options as cards; those that found no place among so many as were asked for are folded."""
    schema = page.required_cohort.schema
    own = state.effort_of
    groups = options.grouped(schema, answer, own)
    st.caption(_summary(answer))
    if (warning := stale(page, answer)) is not None:
        st.warning(warning, icon=":material/history:")
    if not groups:
        _nothing(page, answer, key)
    else:
        _what_is_left(page, answer)
        if answer.limits.profile == "contrast":
            say_explanation_only()
    first = None if key else _first_undecided(answer, groups, state)
    for group in groups:
        if group.heading:
            st.markdown(f"**{group.heading}**")
        for shown in group.options:
            decided = verdict.standing(state, answer.answer_id, shown)
            card.show(page, answer, shown, decided, key, own_effort=own, with_keys=shown == first)
    if rest := options.rest(schema, answer):
        noun = f"more {wording.option_noun(answer.limits.profile)}"
        with st.expander(wording.counted(len(rest), noun), icon=":material/unfold_more:"):
            for shown in rest:
                decided = verdict.standing(state, answer.answer_id, shown)
                card.show(page, answer, shown, decided, key, own_effort=own)
    if groups:
        _lift(page, answer, key)


def _first_undecided(
    answer: Answer, groups: Sequence[options.OptionGroup], state: PersonState
) -> KeptOption | None:
    """The option that keys are about: the first one shown about which nothing is decided."""
    shown = (one for group in groups for one in group.options)
    return next((one for one in shown if verdict.standing(state, answer.answer_id, one) is None), None)


def _behind_it(page: Page, answer: Answer, key: str) -> None:
    """Below the options, folded: notes, how many candidates passed each check, prompt, settings, origin."""
    schema = page.required_cohort.schema
    shown = len(options.shown(schema, answer))
    for told in dict.fromkeys((*answer.notes, *(answer.behaviours.notes if answer.behaviours else ()))):
        st.caption(wording.plain(wording.labelled(schema, told)))
    if (note := fewer_than_asked(answer, shown)) is not None:
        st.caption(note)
    evidence.show(answer, schema, key)


def _what_is_left(page: Page, answer: Answer) -> None:
    """Beside options: why a method stopped, that behaviours alone do nothing, and how far the line stays."""
    schema = page.required_cohort.schema
    for reason in answer.reasons:
        st.caption(wording.plain(wording.labelled(schema, reason)))
    alone = answer.behaviours
    does = any(not is_clinical(schema, option) for option in answer.counterfactuals)  # found all the same
    if alone is not None and alone.status == "none" and alone.reasons and not does:
        st.caption(wording.plain(wording.labelled(schema, f"Behaviours alone: {alone.reasons[0]}")))
    if answer.status == "found" and (gap := lifting.gap_text(answer)) is not None:
        st.markdown(gap)


def _lift(page: Page, answer: Answer, key: str) -> None:
    """Where nothing crosses the line, offer to lift the limits that hold it back, one by one."""
    lifting.buttons(page.required_cohort.schema, _binding(answer), key, answer.goal)


def fewer_than_asked(answer: Answer, shown: int) -> str | None:
    """Say why fewer options are ``shown`` than were asked for, and how to get others; None if enough are."""
    requested, passed = answer.settings.get("k"), answer.trace.plausible
    if not shown or requested is None or shown >= requested or answer.status != "found":
        return None
    asked = f"{requested} {wording.option_noun(answer.limits.profile)}s were asked for"
    subject = "it changes" if shown == 1 else "these change"
    others = f"For others, fix what {subject} and ask again."
    if answer.behaviours is not None and answer.behaviours.counterfactuals:
        return f"{asked}; no other different ones passed every check. {others}"
    candidates = wording.counted(passed, "candidate") + answer.trace.also("plausible")
    left_out = ", those on the line left out" if answer.trace.on_the_line else ""
    reason = (
        f"only {candidates} passed every check"
        if passed <= shown
        else f"the {candidates} that passed every check boiled down to {shown} different ones" + left_out
    )
    return f"{asked}: {reason}. {others}"


def _summary(answer: Answer) -> str:
    trace = answer.trace
    if answer.method == BY_HAND:
        return own_options.made(answer)
    parts = [wording.method_title(answer.method)]
    if model := answer.settings.get("model"):
        parts.append(str(model))
    if trace.proposed:
        valid = f"{trace.valid} passed before any clean-up{trace.also('valid')}"
        valid_text = valid if evidence.checked(answer) else "none checked"
        parts.append(f"{wording.counted(trace.proposed, 'candidate')} proposed, {valid_text}")
        parts.append(wording.seconds(answer.seconds.total).replace(" ", wording.NO_BREAK))
    parts.append(wording.PROFILE_SHORT[answer.limits.profile].lower())
    if answer.limits.frozen:
        parts.append(f"{len(answer.limits.frozen)} fixed")
    parts.append(f"asked {wording.moment(answer.created)}")
    return " · ".join(wording.plain(part) for part in parts)


def _nothing(page: Page, answer: Answer, key: str) -> None:
    schema = page.required_cohort.schema
    show_reasons = st.info if answer.status in ("already_desired", "cancelled") else st.warning
    text = "  \n".join(wording.plain(wording.labelled(schema, reason)) for reason in answer.reasons)
    show_reasons(text or heading(answer, schema), icon=":material/info:")
    _lift(page, answer, key)
    if answer.best is not None:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                before, after = answer.factual.probability, answer.best.probability
                change = wording.risk_change(before, after, answer.threshold)
                st.markdown(f"**Best found, not enough**: risk **{change}**", width="content")
                card.risk_bar(schema, before, after, answer.threshold)
            card.changes(page, answer, answer.best.changes, {})
    if (advice := what_next(answer)) is not None:
        st.caption(advice)
    if _contrast_may(answer):
        offer_contrast(schema, key)


def _contrast_may(answer: Answer) -> bool:
    """Whether an explanation may be found and is not offered yet: a search that lifted limits tried it."""
    if answer.limits.profile == "contrast" or lifting.explains(_binding(answer)):
        return False
    crosses = answer.feasibility is None or answer.feasibility.cross in ("solid", "fragile")
    return answer.status == "already_desired" or (answer.status == "none" and crosses)


def _binding(answer: Answer) -> tuple[BindingLimit, ...]:
    return () if answer.feasibility is None else answer.feasibility.binding_limits


def what_next(answer: Answer) -> str | None:
    """Say what else may help if there is no option; None if the answer's reasons say it all."""
    limits = answer.limits
    if _binding(answer):  # a button each says it
        return None
    own = len(limits.frozen) + len(limits.ranges) + len(limits.levels)
    # A search has lifted each of them alone, to no avail, and the reasons say so.
    if answer.status == "none" and own > (1 if answer.feasibility is not None else 0):
        return "Allow more features to move, or widen their ranges, and ask again."
    return NEXT_STEPS.get(answer.status)


def offer_contrast(schema: Schema, key: str = "") -> None:
    """Offer to ask for an explanation instead: what would change the prediction, in any direction."""
    st.button(
        "Ask what would tip the prediction (explanation only)",
        icon=":material/compare_arrows:",
        key=f"offer_contrast{key}",
        on_click=limits_fields.ask_at_once,
        args=(schema, "contrast"),
        help="Asks again with the limits “Explanation only”.",
    )


def stale(page: Page, answer: Answer) -> str | None:
    """Say so if data, classifier or limits have changed since the answer was made; else None."""
    made_with = answer.provenance.get("sha256", {})
    if made_with.get("cohort") not in (None, page.required_cohort.data_sha256):
        return "The cohort’s data have changed since this answer was made; ask again to be up to date."
    if made_with.get("classifier") not in (None, page.classifier.sha256):
        return "The classifier was trained anew since this answer was made; ask again to be up to date."
    if "schema" in made_with and made_with.get("limits") != page.required_cohort.schema.limits_sha256:
        return "The cohort’s limits have changed since this answer was made; ask again to be up to date."
    return None
