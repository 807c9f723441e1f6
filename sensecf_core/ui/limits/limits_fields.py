"""What may change, how far and how many: the fields that Interventions and Comparison share.

Their keys are kept for the session, so that both pages use the same limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.problem.constraints import resolve_limits
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui.common import data, widgets, wording
from sensecf_core.ui.limits import feature_boxes
from sensecf_core.ui.page.frame import Page

MOST_SUGGESTIONS = 8
MOST_CHANGES = 6
_ASK_NOW = "ask_now"
GOALS = {
    "auto": "Cross the cut-off where that is solid, else {lower} the risk",
    "cross": "Cross the cut-off",
    "lower": "{Lower} the risk as far as it goes",
    "target": "Reach a risk",
}
"""What the changes are to do; ``auto`` is the request's default. A desired class 1 raises the risk."""
SET_BY_WORDS = "own_words_set"
"""What somebody's words have set (:mod:`.own_words`), as long as nothing else writes all the fields."""
_GOAL, _TARGET = "ask_goal", "ask_target"
DEFAULTS = {"ask_k": 4, "ask_changes": 3, "ask_candidates": 16, "ask_seed": 0}


def ask_at_once(schema: Schema, profile: Profile) -> None:
    """Make the page's form ask under these limits on the next run, as if its button had been pressed."""
    st.session_state[profile_key(schema)] = profile
    st.session_state[_ASK_NOW] = True


def ask_under(schema: Schema, limits: Limits, goal: Goal | None = None) -> None:
    """Write limits and a goal (None: by default) into the fields, and make the form ask under them."""
    fill_limits(schema, limits)
    fill_goal("auto" if goal is None else goal.asked, None if goal is None else goal.target)
    st.session_state["ask_changes"] = limits.max_changes
    st.session_state[_ASK_NOW] = True


def take_ask_at_once() -> bool:
    """Whether :func:`ask_at_once` or :func:`ask_under` was called since the last look."""
    return bool(st.session_state.pop(_ASK_NOW, False))


def check(page: Page, request: ExplainRequest) -> None:
    """Raise ``InputError`` for a request that leaves nothing to change, before any model runs."""
    limits = resolve_limits(request, page.required_cohort, data.training_domain(page.required_cohort))
    if not feature_boxes.movable_of(page, limits):
        raise InputError(
            "Nothing may move for this participant under these limits; allow more or widen a range."
        )


def profile_now(schema: Schema) -> Profile:
    """The limits profile that is chosen, before its field is drawn."""
    profile: Profile = st.session_state.get(profile_key(schema), schema.default_limits)
    return profile


def numbers_now() -> Numbers:
    """The numbers that are set; also where their fields are not drawn."""
    _set_defaults()
    return Numbers(*(int(st.session_state[key]) for key in DEFAULTS))


def changes_now(desired: int) -> str:
    """The number that is set, and a goal that is, before their fields are drawn: "Up to 3 changes"."""
    most = int(st.session_state.get("ask_changes", DEFAULTS["ask_changes"]))
    changes = f"Up to {wording.counted(most, 'change')}"
    goal = goal_now(desired)
    return changes if goal is None else f"{changes}, {goal[:1].lower()}{goal[1:]}"


def _goal_text(goal: str, desired: int) -> str:
    way = "raise" if desired else "lower"
    return GOALS[goal].format(lower=way, Lower=way.capitalize())


def goal_of(page: Page, profile: Profile, *, in_form: bool = False) -> None:
    """Ask what the changes are to do, and for a risk where that is the goal (``in_form``: in any case)."""
    _set_defaults()
    texts = {goal: _goal_text(goal, desired_class(page, profile)) for goal in GOALS}
    if profile == "contrast":
        texts["auto"] = "As by default: cross the cut-off"
    st.selectbox("Goal", list(texts), format_func=texts.__getitem__, key=_GOAL, persist_state="session")
    if in_form or st.session_state[_GOAL] == "target":
        st.number_input("Risk to reach (of 100)", 1.0, 99.0, step=1.0, key=_TARGET, persist_state="session")


def goal_now(desired: int) -> str | None:
    """The goal that is set, for a chip: "reach a risk of 30"; None for the default."""
    goal = st.session_state.get(_GOAL, "auto")
    if goal == "target":
        return f"Reach a risk of {st.session_state[_TARGET]:g}"
    return None if goal == "auto" else _goal_text(goal, desired)


def _asked_goal() -> dict[str, Any]:
    """The goal as fields of a request."""
    goal = st.session_state.get(_GOAL, "auto")
    return {
        "goal": goal if goal in ("cross", "lower") else None,
        "target": float(st.session_state[_TARGET]) if goal == "target" else None,
    }


def profile_of(page: Page) -> Profile:
    """Ask for one of the three limits profiles; outside a form, since the other fields depend on it."""
    key = profile_key(page.required_cohort.schema)
    st.session_state.setdefault(key, page.required_cohort.schema.default_limits)
    options: tuple[Profile, ...] = get_args(Profile)
    profile: Profile = st.radio(
        "Limits",
        options,
        format_func=lambda name: wording.PROFILE_TITLES[name],
        captions=[wording.PROFILE_NOTES[name] for name in options],
        key=key,
        persist_state="session",
    )
    return profile


def desired_class(page: Page, profile: Profile) -> int:
    """The class to reach: the task's desired class for options, the other class for contrast."""
    if profile != "contrast":
        return page.required_cohort.schema.task.desired
    return int(page.risk < page.classifier.threshold)


@dataclass(frozen=True)
class Numbers:
    """How many suggestions of how many changes, from how many candidates, with which seed."""

    k: int
    max_changes: int
    candidates: int
    seed: int


def request(
    page: Page, method: str, profile: Profile, left: DeltaGenerator, right: DeltaGenerator
) -> ExplainRequest:
    """Show the fields of a form, the two numbers in columns, and return the request that they make."""
    k, max_changes = counts(left, right)
    goal_of(page, profile, in_form=True)
    may_move = feature_boxes.show(page, profile, folded=True)
    with st.expander("More settings", icon=":material/tune:"):
        numbers = Numbers(k, max_changes, *more_settings())
    return made(page, method, profile, numbers, may_move)


def made(
    page: Page, method: str, profile: Profile, numbers: Numbers, may_move: feature_boxes.MayMove
) -> ExplainRequest:
    """The request about the chosen row that the fields make."""
    return ExplainRequest(
        cohort=page.required_cohort.schema.name,
        participant_id=page.row_key[0],
        row_id=page.row_key[1],
        method=method,
        k=numbers.k,
        candidates=numbers.candidates,
        max_changes=numbers.max_changes,
        profile=profile,
        frozen=may_move.frozen,
        ranges=may_move.ranges,
        levels=may_move.levels,
        desired=1 if desired_class(page, profile) else 0,
        seed=numbers.seed,
        **_asked_goal(),
    )


def counts(left: DeltaGenerator, right: DeltaGenerator) -> tuple[int, int]:
    """Ask how many suggestions, and of how many changes at most."""
    _set_defaults()
    k = left.number_input("How many options", 1, MOST_SUGGESTIONS, key="ask_k", persist_state="session")
    max_changes = right.number_input(
        "Max. changes",
        1,
        MOST_CHANGES,
        key="ask_changes",
        persist_state="session",
        help="The most changes in one suggestion.",
    )
    return int(k), int(max_changes)


def more_settings() -> tuple[int, int]:
    """Ask for the number of candidates and the seed."""
    _set_defaults()
    candidates = st.number_input(
        "Candidates to try",
        4,
        64,
        step=4,
        key="ask_candidates",
        persist_state="session",
        help="How many changes are proposed and checked; more take longer and may find more.",
    )
    seed = st.number_input(
        "Seed",
        0,
        2**31 - 1,
        key="ask_seed",
        persist_state="session",
        help="Another seed draws other candidates; the same seed gives the same answer.",
    )
    return int(candidates), int(seed)


def _set_defaults() -> None:
    for key, value in {**DEFAULTS, _GOAL: "auto", _TARGET: 30.0}.items():
        st.session_state.setdefault(key, value)


def refuse(page: Page, error: InputError | NotReadyError) -> None:
    """Say why a request is refused, with labels in place of feature names."""
    text = str(error)
    if isinstance(error, InputError):
        st.error(wording.plain(wording.labelled(page.required_cohort.schema, text)), icon=":material/error:")
    else:
        st.error(wording.message(text), icon=":material/error:")


def fill(schema: Schema, request: ExplainRequest) -> None:
    """Write a request's settings into the fields before they are shown: a link restores its limits."""
    numbers = (request.k, request.max_changes, request.candidates, request.seed)
    st.session_state.update(dict(zip(DEFAULTS, numbers, strict=True)))
    fill_goal("target" if request.target is not None else request.goal or "auto", request.target)
    limits = Limits(
        profile=request.profile or schema.default_limits,
        max_changes=request.max_changes,
        frozen=request.frozen,
        ranges=request.ranges,
        levels=request.levels,
    )
    fill_limits(schema, limits)


def fill_goal(asked: str, target: float | None) -> None:
    """Write into the fields what the changes are to do."""
    _set_defaults()
    st.session_state[_GOAL] = asked
    if target is not None:
        st.session_state[_TARGET] = min(max(target, 1.0), 99.0)


def fill_limits(schema: Schema, limits: Limits) -> None:
    """Write into the fields what may move, and how far; what was rejected for the person is fixed again.

    What words had set holds no longer.
    """
    st.session_state.pop(SET_BY_WORDS, None)
    feature_boxes.forget_held_back(schema)
    st.session_state[profile_key(schema)] = limits.profile
    for name in schema.names:
        st.session_state[feature_boxes.free_key(schema, name)] = name not in limits.frozen
        st.session_state[feature_boxes.widen_key(schema, name)] = name in limits.ranges
        key = feature_boxes.range_key(schema, limits.profile, name)
        widgets.fill(key, limits.ranges.get(name))
        if levels := limits.levels.get(name):
            st.session_state[key] = list(levels)
        else:
            st.session_state.pop(key, None)


def profile_key(schema: Schema) -> str:
    """The session key of a cohort's limits profile."""
    return f"profile_{schema.name}"


def summary(schema: Schema, request: ExplainRequest) -> str:
    """Say in one line which limits a request sets."""
    parts = [wording.PROFILE_TITLES[request.profile or schema.default_limits]]
    parts.append(f"at most {wording.counted(request.max_changes, 'change')}")
    candidates = wording.counted(request.candidates, "candidate")
    parts.append(f"up to {wording.counted(request.k, 'option')} of {candidates}")
    if request.target is not None:
        parts.append(f"reach a risk of {request.target:g}")
    elif request.goal is not None:
        parts.append(_goal_text(request.goal, request.desired or 0).lower())
    labels = {feature.name: feature.label for feature in schema.features}
    if request.frozen:
        parts.append(f"{wording.listed(labels.get(name, name) for name in request.frozen)} must not move")
    for name, (low, high) in request.ranges.items():
        if name in labels:
            parts.append(f"{labels[name]} {wording.span(schema.feature(name), low, high)}")
    for name, levels in request.levels.items():
        parts.append(f"{labels.get(name, name)} {wording.listed(levels, 'or')}")
    if request.seed:
        parts.append(f"seed {request.seed}")
    return " · ".join(parts)
