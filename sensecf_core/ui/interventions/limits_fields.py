"""What may change, how far and how many: the fields that Interventions and Comparison share.

Their keys are kept for the session, so that both pages ask under the same limits.
"""

from __future__ import annotations

import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.cohorts.schema import Feature, Profile, Schema
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.counterfactuals.problem.constraints import (
    allowed_range,
    is_actionable,
    movable_features,
    resolve_limits,
)
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Span
from sensecf_core.ui.common import browser, data, fields, sensors, wording
from sensecf_core.ui.page.frame import Page

MOST_SUGGESTIONS = 8
MOST_CHANGES = 6
_ASK_NOW = "ask_now"
DEFAULTS = {"ask_k": 4, "ask_changes": 3, "ask_candidates": 16, "ask_seed": 0}


def ask_at_once(schema: Schema, profile: Profile) -> None:
    """Have the page's form ask under these limits on the next run, as if its button had been pressed."""
    st.session_state[profile_key(schema)] = profile
    st.session_state[_ASK_NOW] = True


def asked_at_once() -> bool:
    """Whether :func:`ask_at_once` was called; said once."""
    return bool(st.session_state.pop(_ASK_NOW, False))


def check(page: Page, asked: ExplainRequest) -> None:
    """Raise ``InputError`` for a request that leaves nothing to change, before any model runs."""
    limits = resolve_limits(asked, page.required_cohort, data.training_domain(page.required_cohort))
    if not _open(page, limits):
        raise InputError(
            "Nothing may move for this participant under these limits; allow more or widen a range."
        )


def _open(page: Page, limits: Limits) -> dict[str, Movable]:
    schema = page.required_cohort.schema
    factual = dict(zip(schema.names, page.codes.tolist(), strict=True))
    found = movable_features(schema, data.training_domain(page.required_cohort), factual, limits)
    return {movable.feature: movable for movable in found}


def profile_of(page: Page) -> Profile:
    """Ask under which of the two limits profiles; outside a form, since it decides what else is asked."""
    key = profile_key(page.required_cohort.schema)
    st.session_state.setdefault(key, page.required_cohort.schema.default_limits)
    options: tuple[Profile, ...] = ("intervention", "contrast")
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
    """Interventions aim at the task's desired class; contrast asks for the other class than now."""
    if profile == "intervention":
        return page.required_cohort.schema.task.desired
    return int(page.risk < page.classifier.threshold)


def request(
    page: Page, method: str, profile: Profile, left: DeltaGenerator, right: DeltaGenerator
) -> ExplainRequest:
    """Show the fields of a form, the two numbers in columns, and return what they ask of a method."""
    for key, value in DEFAULTS.items():
        st.session_state.setdefault(key, value)
    k = left.number_input("Suggestions", 1, MOST_SUGGESTIONS, key="ask_k", persist_state="session")
    most = right.number_input(
        "Most changes",
        1,
        MOST_CHANGES,
        key="ask_changes",
        persist_state="session",
        help="The most changes in one suggestion.",
    )
    movable = _open(page, Limits(profile=profile))
    frozen = _freezing(page, profile, movable)
    ranges, levels = _ranges(page, profile, [name for name in movable if name not in frozen])
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
    return ExplainRequest(
        cohort=page.required_cohort.schema.name,
        participant_id=page.row_key[0],
        row_id=page.row_key[1],
        method=method,
        k=int(k),
        candidates=int(candidates),
        max_changes=int(most),
        profile=profile,
        frozen=frozen,
        ranges=ranges,
        levels=levels,
        desired=1 if desired_class(page, profile) else 0,
        seed=int(seed),
    )


def _freezing(page: Page, profile: Profile, movable: dict[str, Movable]) -> tuple[str, ...]:
    """Show a box per feature that can move; return those that were unticked."""
    schema = page.required_cohort.schema
    frozen = []
    with st.expander(
        f"What may change ({len(movable)})", icon=":material/checklist:", expanded=not browser.on_phone()
    ):
        st.caption("Untick what has to stay. Each line says: now → what may be suggested.")
        if note := sensors.unit_note(page.required_cohort):
            st.caption(note)
        with st.container(gap="xsmall"):
            for name, open_to in movable.items():
                label = f"{wording.plain(schema.feature(name).label)}: {wording.plain(_reach(page, open_to))}"
                key = _free_key(schema, name)
                st.session_state.setdefault(key, True)
                if not st.checkbox(label, key=key, persist_state="session"):
                    frozen.append(name)
        fixed = [f.label for f in schema.features if is_actionable(f, profile) and f.name not in movable]
        if fixed:
            st.caption(
                f"Cannot move for this participant (not measured, or already at the end of what may be "
                f"suggested): {wording.plain(wording.listed(fixed))}."
            )
    return tuple(frozen)


def _reach(page: Page, open_to: Movable) -> str:
    feature = page.required_cohort.schema.feature(open_to.feature)
    now = measure(feature, page.values[feature.name])
    values = [to_value(feature, code) for code in open_to.values]
    if feature.named or feature.kind == "binary":
        return f"{now} → {wording.listed([measure(feature, v) for v in values], 'or')}"
    return f"{now} → {wording.span(feature, min(open_to.values), max(open_to.values))}"


def _ranges(
    page: Page, profile: Profile, free: list[str]
) -> tuple[dict[str, Span], dict[str, tuple[str, ...]]]:
    """Show a range per free feature; return those that were narrowed."""
    schema, domain = page.required_cohort.schema, data.training_domain(page.required_cohort)
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    with st.expander("Narrow the ranges", icon=":material/straighten:"):
        for name in free:
            feature = schema.feature(name)
            key = _range_key(schema, profile, name)
            if feature.named:
                options = feature.suggest_levels if profile == "intervention" else ()
                names = [level for level in feature.levels if level in (options or feature.levels)]
                st.session_state.setdefault(key, names)
                chosen = st.multiselect(feature.label, names, key=key, persist_state="session")
                if len(chosen) < len(names):
                    levels[name] = tuple(chosen)
            elif feature.kind != "binary":
                widest = _on_grid(feature, allowed_range(feature, profile, domain, schema))
                if widest[0] < widest[1] and (span := _range(feature, widest, key)) != widest:
                    ranges[name] = span
    return ranges, levels


def _range(feature: Feature, span: Span, key: str) -> Span:
    unit = f" ({feature.unit})" if feature.unit else ""
    return fields.number_range(
        f"{feature.label}{unit}", span, key, step=feature.grid, decimals=feature.decimals
    )


def _on_grid(feature: Feature, span: Span) -> Span:
    """The outermost multiples of the feature's step inside a range."""
    slack = 1e-9
    low = math.ceil(span[0] / feature.grid - slack) * feature.grid
    high = math.floor(span[1] / feature.grid + slack) * feature.grid
    return (round(low, feature.decimals), round(high, feature.decimals))


def refuse(page: Page, error: InputError | NotReadyError) -> None:
    """Say why what the fields ask cannot be asked, in their own labels where it names features."""
    said = str(error)
    if isinstance(error, InputError):
        st.error(wording.plain(wording.labelled(page.required_cohort.schema, said)), icon=":material/error:")
    else:
        st.error(wording.message(said), icon=":material/error:")


def fill(page: Page, asked: ExplainRequest) -> None:
    """Write what a request asked into the fields, before they are shown: a link brings its limits along."""
    schema = page.required_cohort.schema
    profile = asked.profile or schema.default_limits
    numbers = (asked.k, asked.max_changes, asked.candidates, asked.seed)
    st.session_state.update(dict(zip(DEFAULTS, numbers, strict=True)))
    st.session_state[profile_key(schema)] = profile
    for name in schema.names:
        st.session_state[_free_key(schema, name)] = name not in asked.frozen
        key = _range_key(schema, profile, name)
        fields.fill(key, asked.ranges.get(name))
        if levels := asked.levels.get(name):
            st.session_state[key] = list(levels)
        else:
            st.session_state.pop(key, None)


def profile_key(schema: Schema) -> str:
    """The session's key of the limits profile of a cohort."""
    return f"profile_{schema.name}"


def _free_key(schema: Schema, name: str) -> str:
    return f"free_{schema.name}_{name}"


def _range_key(schema: Schema, profile: Profile, name: str) -> str:
    return f"range_{schema.name}_{profile}_{name}"


def summary(schema: Schema, asked: ExplainRequest) -> str:
    """Say in one line under which limits a request asks."""
    parts = [wording.PROFILE_TITLES[asked.profile or schema.default_limits]]
    parts.append(f"at most {wording.counted(asked.max_changes, 'change')}")
    candidates = wording.counted(asked.candidates, "candidate")
    parts.append(f"up to {wording.counted(asked.k, 'option')} of {candidates}")
    labels = {feature.name: feature.label for feature in schema.features}
    if asked.frozen:
        parts.append(f"{wording.listed(labels.get(name, name) for name in asked.frozen)} must not move")
    for name, (low, high) in asked.ranges.items():
        if name in labels:
            parts.append(f"{labels[name]} {wording.span(schema.feature(name), low, high)}")
    for name, levels in asked.levels.items():
        parts.append(f"{labels.get(name, name)} {wording.listed(levels, 'or')}")
    if asked.seed:
        parts.append(f"seed {asked.seed}")
    return " · ".join(parts)
