"""What may change, and how far: one box a feature, and narrower ranges.

Their keys are kept for the session, so Interventions and Comparison use the same limits. What was rejected
for a person, for a reason about them, starts unticked for that person.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import streamlit as st

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Profile, Schema
from sensecf_core.counterfactuals.checks.sentences import measure
from sensecf_core.counterfactuals.problem.constraints import (
    allowed_range,
    held_by_reference,
    is_actionable,
    movable_features,
)
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.records import decisions
from sensecf_core.records.person_state import REASONS, Decision, fold, held_back
from sensecf_core.types import Span
from sensecf_core.ui.common import browser, data, sensors, widgets, wording
from sensecf_core.ui.page.frame import Page


@dataclass(frozen=True)
class MayMove:
    """What must not move, and what was narrowed, of a request."""

    frozen: tuple[str, ...]
    ranges: dict[str, Span]
    levels: dict[str, tuple[str, ...]]


def show(page: Page, profile: Profile, *, folded: bool) -> MayMove:
    """Show the boxes and ranges, ``folded`` or in the open, and return what they say."""
    movable = movable_of(page, Limits(profile=profile))
    held = _held(page, Limits(profile=profile))
    rejected = held_back_for(page)
    _untick(page.required_cohort.schema, page.row_key[0], rejected)
    boxes = (
        st.expander(
            f"What may change ({len(movable)})",
            icon=":material/checklist:",
            expanded=not browser.on_phone(),
        )
        if folded
        else st.container()
    )
    with boxes:
        _say_held_back(page.required_cohort.schema, rejected, movable, button=not folded)
        _boxes(page, profile, movable, held)
    with st.expander("Narrow the ranges", icon=":material/straighten:"):
        _ranges(page, profile, movable, held)
    return as_set(page, profile)


def as_set(page: Page, profile: Profile) -> MayMove:
    """What the boxes and ranges say; also where they are not drawn."""
    schema = page.required_cohort.schema
    movable = movable_of(page, Limits(profile=profile))
    held = _held(page, Limits(profile=profile))
    _untick(schema, page.row_key[0], held_back_for(page))
    frozen, widened = _frozen(schema, movable), _widened(schema, movable, held)
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys((*(name for name in movable if name not in frozen), *widened)):
        feature, key = schema.feature(name), range_key(schema, profile, name)
        if feature.named:
            names = _levels_of(feature, profile)
            chosen = st.session_state.get(key, names)
            if len(chosen) < len(names):
                levels[name] = tuple(chosen)
        elif feature.kind != "binary":
            widest = _widest(page, feature, profile)
            span = widgets.span_now(widest, key, decimals=feature.decimals)
            if span != widest or name in widened:
                ranges[name] = span
    for name in set(ranges) & set(held) - set(widened):  # narrowed, and not to be moved further by that
        ranges[name] = _within(ranges[name], movable[name].values)
    return MayMove(frozen, ranges, levels)


def _frozen(schema: Schema, movable: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in movable if not st.session_state.get(free_key(schema, name), True))


def _widened(schema: Schema, movable: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
    frozen = _frozen(schema, movable)
    ticked = (name for name in held if st.session_state.get(widen_key(schema, name), False))
    return tuple(name for name in ticked if name not in frozen)


def summary(page: Page, profile: Profile) -> str:
    """Say in a few words what the boxes and ranges hold: "2 fixed, 1 range narrowed"."""
    now, rejected = as_set(page, profile), held_back_for(page)
    parts = [f"{len(now.frozen)} fixed" if now.frozen else "nothing fixed"]
    if any(name in rejected for name in now.frozen):
        parts[0] += " (rejected before)"
    if changed := len(now.ranges) + len(now.levels):
        parts.append(f"{wording.counted(changed, 'range')} set")
    return ", ".join(parts)


def movable_of(page: Page, limits: Limits) -> dict[str, Movable]:
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


def held_back_for(page: Page) -> dict[str, Decision]:
    """The features that were rejected for the chosen person for a reason about them, with the decision."""
    return held_back(fold(decisions.of_person(page.required_cohort.schema.name, page.row_key[0])))


def forget_held_back(schema: Schema) -> None:
    """Have what was rejected unticked anew when the boxes are next shown: others wrote into them."""
    st.session_state.pop(f"held_back_{schema.name}", None)


def _untick(schema: Schema, participant: str, features: Collection[str]) -> None:
    """Untick what is held back for a person, once; tick again what no longer is, or was for somebody else."""
    key = f"held_back_{schema.name}"
    of, before = st.session_state.get(key, (participant, frozenset()))
    now = frozenset(features)
    if (of, before) == (participant, now):
        return
    for name in before - now if of == participant else before:
        st.session_state[free_key(schema, name)] = True
    for name in now - before if of == participant else now:
        st.session_state[free_key(schema, name)] = False
    st.session_state[key] = (participant, now)


def _say_held_back(
    schema: Schema, rejected: Mapping[str, Decision], movable: Mapping[str, Movable], *, button: bool
) -> None:
    """Say what starts unticked since it was rejected; a ``button`` (not within a form) lets it move again."""
    named = {name: decision for name, decision in rejected.items() if name in movable}
    if not named:
        return
    texts = [
        f"{schema.feature(name).label} ({REASONS[decision.reason or 'other'].lower()}, {decision.who}"
        f"{f': “{decision.note}”' if decision.note else ''})"
        for name, decision in named.items()
    ]
    st.caption(f"Fixed since it was rejected for this participant: {wording.plain('; '.join(texts))}.")
    if button:
        st.button(
            "Let them move again",
            icon=":material/restart_alt:",
            key="let_move",
            on_click=lambda: st.session_state.update({free_key(schema, name): True for name in named}),
            help="The rejections stay; only this question asks for them.",
        )


def _boxes(page: Page, profile: Profile, movable: dict[str, Movable], held: dict[str, Movable]) -> None:
    """Show one box a feature: those of ``movable`` start ticked, those of ``held`` do not."""
    schema = page.required_cohort.schema
    st.caption("Untick anything that must not change (now → allowed range).")
    if note := sensors.unit_note(page.required_cohort):
        st.caption(note)
    with st.container(gap="xsmall"):
        for heading, names in _groups(schema, profile, movable):
            if heading:
                st.markdown(f"**{heading}**")
            for name in names:
                _box(page, movable[name], free_key(schema, name), ticked=True)
        if held:
            st.markdown("**Left alone: the reference range asks for no more**")
            st.caption("Tick what may move further all the same.")
        for name, movable_to in held.items():
            _box(page, movable_to, widen_key(schema, name), ticked=False)
    known = {*movable, *held}
    fixed = [f.label for f in schema.features if is_actionable(f, profile) and f.name not in known]
    if fixed:
        st.caption(
            f"Cannot move for this participant (not measured, or already at the end of what may be "
            f"suggested): {wording.plain(wording.listed(fixed))}."
        )


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


def _box(page: Page, movable: Movable, key: str, *, ticked: bool) -> None:
    """Show the box of one feature."""
    label = page.required_cohort.schema.feature(movable.feature).label
    st.session_state.setdefault(key, ticked)
    text = wording.plain(f"{label}: {_reachable_text(page, movable)}")
    st.checkbox(text, key=key, persist_state="session")


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


def _ranges(page: Page, profile: Profile, movable: Iterable[str], held: Iterable[str]) -> None:
    """Show a narrower range of each feature that may move."""
    schema = page.required_cohort.schema
    frozen, widened = _frozen(schema, movable), _widened(schema, movable, held)
    for name in dict.fromkeys((*(name for name in movable if name not in frozen), *widened)):
        feature = schema.feature(name)
        key = range_key(schema, profile, name)
        if feature.named:
            names = _levels_of(feature, profile)
            st.session_state.setdefault(key, names)
            st.multiselect(feature.label, names, key=key, persist_state="session")
        elif feature.kind != "binary":
            widest = _widest(page, feature, profile)
            if widest[0] < widest[1]:
                _range(feature, widest, key)


def _levels_of(feature: Feature, profile: Profile) -> list[str]:
    options = feature.suggest_levels if profile != "contrast" else ()
    return [level for level in feature.levels if level in (options or feature.levels)]


def _widest(page: Page, feature: Feature, profile: Profile) -> Span:
    cohort = page.required_cohort
    return _on_grid(feature, allowed_range(feature, profile, data.training_domain(cohort), cohort.schema))


def _range(feature: Feature, span: Span, key: str) -> None:
    unit = f" ({feature.unit})" if feature.unit else ""
    widgets.number_range(f"{feature.label}{unit}", span, key, step=feature.grid, decimals=feature.decimals)


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


def free_key(schema: Schema, name: str) -> str:
    """The session key of the box that lets a feature move."""
    return f"free_{schema.name}_{name}"


def widen_key(schema: Schema, name: str) -> str:
    """The session key of the box that lets a feature move beyond its reference range."""
    return f"widen_{schema.name}_{name}"


def range_key(schema: Schema, profile: Profile, name: str) -> str:
    """The session key of a feature's narrower range or levels."""
    return f"range_{schema.name}_{profile}_{name}"
