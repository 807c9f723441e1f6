"""What may change, how far and how many: the fields that Interventions and Comparison share.

Their keys are kept for the session, so that both pages use the same limits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.cohorts.schema import Feature, Profile, Schema
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.counterfactuals.problem.constraints import (
    allowed_range,
    held_by_reference,
    is_actionable,
    movable_features,
    resolve_limits,
)
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Span
from sensecf_core.ui.common import browser, data, sensors, widgets, wording
from sensecf_core.ui.page.frame import Page

MOST_SUGGESTIONS = 8
MOST_CHANGES = 6
_ASK_NOW = "ask_now"
DEFAULTS = {"ask_k": 4, "ask_changes": 3, "ask_candidates": 16, "ask_seed": 0}


def ask_at_once(schema: Schema, profile: Profile) -> None:
    """Make the page's form ask under these limits on the next run, as if its button had been pressed."""
    st.session_state[profile_key(schema)] = profile
    st.session_state[_ASK_NOW] = True


def ask_under(schema: Schema, limits: Limits) -> None:
    """Write limits into the fields, and make the page's form ask under them on the next run."""
    fill_limits(schema, limits)
    st.session_state["ask_changes"] = limits.max_changes
    st.session_state[_ASK_NOW] = True


def take_ask_at_once() -> bool:
    """Whether :func:`ask_at_once` or :func:`ask_under` was called since the last look."""
    return bool(st.session_state.pop(_ASK_NOW, False))


def check(page: Page, request: ExplainRequest) -> None:
    """Raise ``InputError`` for a request that leaves nothing to change, before any model runs."""
    limits = resolve_limits(request, page.required_cohort, data.training_domain(page.required_cohort))
    if not _movable(page, limits):
        raise InputError(
            "Nothing may move for this participant under these limits; allow more or widen a range."
        )


def _movable(page: Page, limits: Limits) -> dict[str, Movable]:
    """What may move for the chosen row, by feature."""
    cohort = page.required_cohort
    features = movable_features(cohort.schema, data.training_domain(cohort), _codes_by_name(page), limits)
    return {movable.feature: movable for movable in features}


def _held(page: Page, limits: Limits) -> dict[str, Movable]:
    """What could move, or move further, beyond its reference range, by feature."""
    cohort = page.required_cohort
    features = held_by_reference(cohort.schema, data.training_domain(cohort), _codes_by_name(page), limits)
    return {movable.feature: movable for movable in features}


def _codes_by_name(page: Page) -> dict[str, float]:
    return dict(zip(page.required_cohort.schema.names, page.codes.tolist(), strict=True))


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


def request(
    page: Page, method: str, profile: Profile, left: DeltaGenerator, right: DeltaGenerator
) -> ExplainRequest:
    """Show the fields of a form, the two numbers in columns, and return the request that they make."""
    for key, value in DEFAULTS.items():
        st.session_state.setdefault(key, value)
    k = left.number_input("Suggestions", 1, MOST_SUGGESTIONS, key="ask_k", persist_state="session")
    max_changes = right.number_input(
        "Most changes",
        1,
        MOST_CHANGES,
        key="ask_changes",
        persist_state="session",
        help="The most changes in one suggestion.",
    )
    movable = _movable(page, Limits(profile=profile))
    held = _held(page, Limits(profile=profile))
    frozen, ticked = _boxes(page, profile, movable, held)
    widened = tuple(name for name in ticked if name not in frozen)
    free = [name for name in movable if name not in frozen]
    ranges, levels = _ranges(page, profile, free, widened)
    for name in set(ranges) & set(held) - set(widened):  # narrowed, and not to be moved further by that
        ranges[name] = _within(ranges[name], movable[name].values)
    candidates, seed = _more_settings()
    return ExplainRequest(
        cohort=page.required_cohort.schema.name,
        participant_id=page.row_key[0],
        row_id=page.row_key[1],
        method=method,
        k=int(k),
        candidates=candidates,
        max_changes=int(max_changes),
        profile=profile,
        frozen=frozen,
        ranges=ranges,
        levels=levels,
        desired=1 if desired_class(page, profile) else 0,
        seed=seed,
    )


def _more_settings() -> tuple[int, int]:
    """Ask for the number of candidates and the seed."""
    with st.expander("More settings", icon=":material/tune:"):
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


def _boxes(
    page: Page, profile: Profile, movable: dict[str, Movable], held: dict[str, Movable]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Show one box a feature; return those unticked of ``movable``, and those ticked of ``held``."""
    schema = page.required_cohort.schema
    frozen: list[str] = []
    widened: list[str] = []
    with st.expander(
        f"What may change ({len(movable)})", icon=":material/checklist:", expanded=not browser.on_phone()
    ):
        st.caption("Untick what has to stay. Each line says: now → what may be suggested.")
        if note := sensors.unit_note(page.required_cohort):
            st.caption(note)
        with st.container(gap="xsmall"):
            for heading, names in _groups(schema, profile, movable):
                if heading:
                    st.markdown(f"**{heading}**")
                for name in names:
                    if not _box(page, movable[name], _free_key(schema, name), ticked=True):
                        frozen.append(name)
            if held:
                st.markdown("**Left alone: the reference range asks for no more**")
                st.caption("Tick what may move further all the same.")
            for name, movable_to in held.items():
                if _box(page, movable_to, _widen_key(schema, name), ticked=False):
                    widened.append(name)
        known = {*movable, *held}
        fixed = [f.label for f in schema.features if is_actionable(f, profile) and f.name not in known]
        if fixed:
            st.caption(
                f"Cannot move for this participant (not measured, or already at the end of what may be "
                f"suggested): {wording.plain(wording.listed(fixed))}."
            )
    return tuple(frozen), tuple(widened)


def _groups(
    schema: Schema, profile: Profile, names: Iterable[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Behaviours first, then clinical values; without headings where nothing is worded as an option."""
    listed = tuple(names)
    if profile == "contrast":
        return (("", listed),)
    behaviours = tuple(name for name in listed if schema.feature(name).role == "behaviour")
    clinical = tuple(name for name in listed if name not in behaviours)
    headed = ((wording.GROUP_BEHAVIOUR, behaviours), (wording.GROUP_CLINICAL, clinical))
    return tuple((heading, group) for heading, group in headed if group)


def _box(page: Page, movable: Movable, key: str, *, ticked: bool) -> bool:
    """Show the box of one feature; whether it is ticked."""
    label = page.required_cohort.schema.feature(movable.feature).label
    st.session_state.setdefault(key, ticked)
    text = wording.plain(f"{label}: {_reachable_text(page, movable)}")
    return st.checkbox(text, key=key, persist_state="session")


def _reachable_text(page: Page, movable: Movable) -> str:
    feature = page.required_cohort.schema.feature(movable.feature)
    now = measure(feature, page.values[feature.name])
    values = [to_value(feature, code) for code in movable.values]
    if feature.named or feature.kind == "binary":
        return f"{now} → {wording.listed([measure(feature, v) for v in values], 'or')}"
    here = page.codes[page.required_cohort.schema.positions[feature.name]]
    sides = ([v for v in movable.values if v < here], [v for v in movable.values if v > here])
    spans = [wording.span(feature, side[0], side[-1]) for side in sides if side]
    return f"{now} → {wording.listed(spans, 'or')}"


def _ranges(
    page: Page, profile: Profile, free: list[str], widened: tuple[str, ...]
) -> tuple[dict[str, Span], dict[str, tuple[str, ...]]]:
    """Show one range per feature; return the ranges and levels that were narrowed, and those ``widened``."""
    schema, domain = page.required_cohort.schema, data.training_domain(page.required_cohort)
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    with st.expander("Narrow the ranges", icon=":material/straighten:"):
        for name in dict.fromkeys((*free, *widened)):
            feature = schema.feature(name)
            key = _range_key(schema, profile, name)
            if feature.named:
                options = feature.suggest_levels if profile != "contrast" else ()
                names = [level for level in feature.levels if level in (options or feature.levels)]
                st.session_state.setdefault(key, names)
                chosen = st.multiselect(feature.label, names, key=key, persist_state="session")
                if len(chosen) < len(names):
                    levels[name] = tuple(chosen)
            elif feature.kind != "binary":
                widest = _on_grid(feature, allowed_range(feature, profile, domain, schema))
                span = _range(feature, widest, key) if widest[0] < widest[1] else widest
                if span != widest or name in widened:
                    ranges[name] = span
    return ranges, levels


def _range(feature: Feature, span: Span, key: str) -> Span:
    unit = f" ({feature.unit})" if feature.unit else ""
    return widgets.number_range(
        f"{feature.label}{unit}", span, key, step=feature.grid, decimals=feature.decimals
    )


def _within(span: Span, values: tuple[float, ...]) -> Span:
    """The part of a range that holds some of ``values``; the range itself where it holds none."""
    inside = [value for value in values if span[0] <= value <= span[1]]
    return (inside[0], inside[-1]) if inside else span


def _on_grid(feature: Feature, span: Span) -> Span:
    """The outermost multiples of the feature's step inside a range."""
    slack = 1e-9
    low = math.ceil(span[0] / feature.grid - slack) * feature.grid
    high = math.floor(span[1] / feature.grid + slack) * feature.grid
    return (round(low, feature.decimals), round(high, feature.decimals))


def refuse(page: Page, error: InputError | NotReadyError) -> None:
    """Say why a request is refused, with labels in place of feature names."""
    text = str(error)
    if isinstance(error, InputError):
        st.error(wording.plain(wording.labelled(page.required_cohort.schema, text)), icon=":material/error:")
    else:
        st.error(wording.message(text), icon=":material/error:")


def fill(page: Page, request: ExplainRequest) -> None:
    """Write a request's settings into the fields before they are shown: a link restores its limits."""
    schema = page.required_cohort.schema
    numbers = (request.k, request.max_changes, request.candidates, request.seed)
    st.session_state.update(dict(zip(DEFAULTS, numbers, strict=True)))
    limits = Limits(
        profile=request.profile or schema.default_limits,
        max_changes=request.max_changes,
        frozen=request.frozen,
        ranges=request.ranges,
        levels=request.levels,
    )
    fill_limits(schema, limits)


def fill_limits(schema: Schema, limits: Limits) -> None:
    """Write into the fields what may move, and how far."""
    st.session_state[profile_key(schema)] = limits.profile
    for name in schema.names:
        st.session_state[_free_key(schema, name)] = name not in limits.frozen
        st.session_state[_widen_key(schema, name)] = name in limits.ranges
        key = _range_key(schema, limits.profile, name)
        widgets.fill(key, limits.ranges.get(name))
        if levels := limits.levels.get(name):
            st.session_state[key] = list(levels)
        else:
            st.session_state.pop(key, None)


def profile_key(schema: Schema) -> str:
    """The session key of a cohort's limits profile."""
    return f"profile_{schema.name}"


def _free_key(schema: Schema, name: str) -> str:
    return f"free_{schema.name}_{name}"


def _widen_key(schema: Schema, name: str) -> str:
    return f"widen_{schema.name}_{name}"


def _range_key(schema: Schema, profile: Profile, name: str) -> str:
    return f"range_{schema.name}_{profile}_{name}"


def summary(schema: Schema, request: ExplainRequest) -> str:
    """Say in one line which limits a request sets."""
    parts = [wording.PROFILE_TITLES[request.profile or schema.default_limits]]
    parts.append(f"at most {wording.counted(request.max_changes, 'change')}")
    candidates = wording.counted(request.candidates, "candidate")
    parts.append(f"up to {wording.counted(request.k, 'option')} of {candidates}")
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
