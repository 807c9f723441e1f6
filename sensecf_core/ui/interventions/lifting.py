"""The gap to the line, and a button for each limit that, lifted alone, would open an answer."""

from __future__ import annotations

import streamlit as st

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.sentences import gap
from sensecf_core.counterfactuals.explain import query_of
from sensecf_core.counterfactuals.feasibility.ask import look
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from sensecf_core.queries.answer import Answer, BindingLimit
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import RowKey
from sensecf_core.ui.common import wording
from sensecf_core.ui.limits import limits_fields
from sensecf_core.ui.page.frame import Page

HEADING = "One limit lifted would open an answer. Lift it and ask again:"


LABELS = {
    "frozen": "Let {feature} move",
    "range": "Free the range of {feature}",
    "levels": "Allow every level of {feature}",
    "max_changes": "Allow {changes} changes",
    "profile": "Let clinical values follow too",
    "reference_range": "Move {feature} further",
}
ALL_REFERENCES = "Move values past their reference ranges"
EXPLANATION = "Ask what would tip the prediction (explanation only)"


def label(schema: Schema, limit: BindingLimit) -> str:
    """What a button that lifts a limit says."""
    if len(limit.features) > 1:
        return ALL_REFERENCES
    if _explains(limit):
        return EXPLANATION
    labels = [schema.feature(name).label for name in limit.features if name in schema.positions]
    feature = f"“{labels[0]}”" if labels else ""
    return LABELS[limit.kind].format(feature=feature, changes=limit.limits.max_changes)


def _explains(limit: BindingLimit) -> bool:
    return limit.kind == "profile" and limit.limits.profile == "contrast"


def offered(binding: tuple[BindingLimit, ...]) -> tuple[BindingLimit, ...]:
    """The limits that the form can lift; an explanation, which is no option, comes last."""
    possible = [limit for limit in binding if limit.limits.max_changes <= limits_fields.MOST_CHANGES]
    return tuple(sorted(possible, key=_explains))


def explains(binding: tuple[BindingLimit, ...]) -> bool:
    """Whether one of the limits to lift is the whole profile, for an explanation."""
    return any(map(_explains, offered(binding)))


def buttons(
    schema: Schema, binding: tuple[BindingLimit, ...], key: str = "", goal: Goal | None = None
) -> None:
    """Show a button a limit: one press sets these limits without it, and the goal, and asks again."""
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
                args=(schema, limit.limits, goal),
                help=wording.plain(f"Holds now: {wording.labelled(schema, limit.text)}."),
            )


def gap_text(answer: Answer) -> str | None:
    """Say how far the line stays away, where nothing crosses it; None where something does."""
    feasible = answer.feasibility
    if feasible is None or feasible.cross in ("solid", "fragile"):
        return None
    return gap(feasible, answer.goal, threshold=answer.threshold, desired=answer.desired)


def searched(page: Page) -> tuple[BindingLimit, ...]:
    """The limits that hold the chosen row back under the cohort's own limits, before anything was asked."""
    cohort = page.required_cohort
    hashes = (cohort.data_sha256, cohort.schema.limits_sha256, page.classifier.sha256)
    return _searched(cohort.schema.name, hashes, page.row_key)


@st.cache_data(max_entries=512, show_spinner="Searching which limit holds it back …")
def _searched(name: str, hashes: tuple[str, ...], key: RowKey) -> tuple[BindingLimit, ...]:
    """As :func:`searched`; ``hashes`` keep what is cached apart."""
    fitted = load_fitted(name)
    query = query_of(fitted, ExplainRequest(cohort=name, participant_id=key[0], row_id=key[1]))
    return look(fitted, query, Budget(fitted.classifier)).binding_limits
