"""The gap to the line, and a button for each limit that, lifted alone, would open an answer."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import gap
from sensecf_core.queries.answer import Answer, BindingLimit
from sensecf_core.ui.common import wording
from sensecf_core.ui.interventions import limits_fields

HEADING = "One limit lifted would open an answer. Lift it and ask again:"


def label(schema: Schema, limit: BindingLimit) -> str:
    """What a button that lifts a limit says."""
    named = [f"“{schema.feature(name).label}”" for name in limit.features if name in schema.positions]
    feature = wording.listed(named)
    if limit.kind == "frozen":
        return f"Let {feature} move"
    if limit.kind == "range":
        return f"Free the range of {feature}"
    if limit.kind == "levels":
        return f"Allow every level of {feature}"
    if limit.kind == "max_changes":
        return f"Allow {limit.limits.max_changes} changes"
    if limit.kind == "reference_range":
        if len(named) == 1:
            return f"Let {feature} go beyond its reference range"
        return "Let values go beyond their reference ranges"
    if limit.limits.profile == "contrast":
        return "Ask what would tip the prediction (explanation only)"
    return "Let clinical values follow too"


def offered(binding: tuple[BindingLimit, ...]) -> tuple[BindingLimit, ...]:
    """The limits that the form can lift; an explanation, which is no option, comes last."""
    possible = [limit for limit in binding if limit.limits.max_changes <= limits_fields.MOST_CHANGES]
    return tuple(sorted(possible, key=lambda limit: limit.limits.profile == "contrast"))


def explains(binding: tuple[BindingLimit, ...]) -> bool:
    """Whether one of the limits to lift is the whole profile, for an explanation."""
    return any(limit.limits.profile == "contrast" for limit in offered(binding))


def buttons(schema: Schema, binding: tuple[BindingLimit, ...], key: str = "") -> None:
    """Show a button a limit: one press changes the form's limits by it, and asks again."""
    limits = offered(binding)
    if not limits:
        return
    st.caption(HEADING)
    with st.container(horizontal=True, gap="small"):
        for number, limit in enumerate(limits):
            st.button(
                wording.plain(label(schema, limit)),
                icon=":material/lock_open:"
                if limit.limits.profile != "contrast"
                else ":material/compare_arrows:",
                key=f"lift_{number}{key}",
                on_click=limits_fields.ask_under,
                args=(schema, limit.limits),
                help=wording.plain(f"Holds now: {wording.labelled(schema, limit.text)}."),
            )


def gap_text(answer: Answer) -> str | None:
    """Say how far the line stays away, where nothing crosses it; None where something does."""
    feasible = answer.feasibility
    if feasible is None or feasible.cross in ("solid", "fragile"):
        return None
    return gap(feasible, answer.goal, threshold=answer.threshold, desired=answer.desired)
