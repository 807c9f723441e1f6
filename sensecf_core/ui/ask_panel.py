"""The form that asks for interventions: mode, how many, what may change, ranges; and Generate."""

from __future__ import annotations

import math

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from sensecf_core.cohorts.encoding import to_value
from sensecf_core.cohorts.schema import Feature, Profile, Span
from sensecf_core.counterfactuals.limits import limits_of, may_move, movable_features, open_span
from sensecf_core.counterfactuals.sentence import measure
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import model_lane
from sensecf_core.language import weights
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.ui import data, followed, method_picker, model_picker, words
from sensecf_core.ui.frame import Frame

MOST_SUGGESTIONS = 8
MOST_CHANGES = 6


def show(frame: Frame) -> None:
    """Show the form; on a phone it folds away once something was asked."""
    if on_phone() and followed.of(frame.choice) != followed.NOTHING:
        with st.expander("Ask again: mode, limits, what may change", icon=":material/edit:"):
            _form(frame)
    else:
        _form(frame)


def _form(frame: Frame) -> None:
    """The form; Generate queues a job and follows it."""
    schema = frame.known.schema
    method = method_picker.show(frame)
    asked = model_picker.show(frame.known, method)
    profile = _profile(frame)
    if schema.limits_note:
        st.caption(words.plain(schema.limits_note))
    model = weights.status()
    needed = method != "random" and asked is None
    if needed and not model.ready:
        st.error(
            f"{words.message(model.message)} Until then, only the random control can be asked.",
            icon=":material/download:",
        )
    elif needed and st.runtime.exists():
        model_lane.warm(schema.name)
    with st.form(key=f"ask_{profile}_{'_'.join(frame.row_key)}", border=True):
        left, right = st.columns(2)
        # Above the long list, so that what Generate shows is beside it.
        pressed = st.form_submit_button(
            "Generate",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=needed and not model.ready,
            key="generate",
        )
        request = _fields(frame, method, profile, left, right).model_copy(update={"model": asked})
    if pressed:
        submit(frame, request)


def submit(frame: Frame, request: ExplainRequest) -> None:
    """Queue a request that can be answered, and follow its job; else say what is wrong with it."""
    try:
        check(frame, request)
        job = model_lane.lane().submit(request)
    except InputError as error:
        st.error(words.plain(words.labelled(frame.known.schema, str(error))), icon=":material/error:")
        return
    except NotReadyError as error:
        st.error(words.message(str(error)), icon=":material/error:")
        return
    followed.follow(frame.choice, job=job)
    st.rerun()


def check(frame: Frame, request: ExplainRequest) -> None:
    """Raise ``InputError`` for a request that leaves nothing to change, before any model runs."""
    limits = limits_of(request, frame.known, data.training_domain(frame.known))
    if not _open(frame, limits):
        raise InputError(
            "Nothing may move for this participant under these limits; allow more or widen a range."
        )


def _open(frame: Frame, limits: Limits) -> dict[str, Movable]:
    schema = frame.known.schema
    factual = dict(zip(schema.names, frame.codes.tolist(), strict=True))
    found = movable_features(schema, data.training_domain(frame.known), factual, limits)
    return {movable.feature: movable for movable in found}


def _profile(frame: Frame) -> Profile:
    key = f"profile_{frame.known.schema.name}"
    st.session_state.setdefault(key, frame.known.schema.default_limits)
    options: tuple[Profile, ...] = ("intervention", "contrast")
    profile: Profile = st.radio(
        "Limits",
        options,
        format_func=lambda name: words.PROFILE_TITLES[name],
        captions=[words.PROFILE_NOTES[name] for name in options],
        key=key,
        persist_state="session",
    )
    return profile


def desired_class(frame: Frame, profile: Profile) -> int:
    """Interventions aim at the task's desired class; contrast asks for the other class than now."""
    if profile == "intervention":
        return frame.known.schema.task.desired
    return int(frame.risk < frame.classifier.threshold)


def _fields(
    frame: Frame, method: str, profile: Profile, left: DeltaGenerator, right: DeltaGenerator
) -> ExplainRequest:
    k = left.number_input("Suggestions", 1, MOST_SUGGESTIONS, 4, key="ask_k", persist_state="session")
    most = right.number_input(
        "Most changes",
        1,
        MOST_CHANGES,
        3,
        key="ask_changes",
        persist_state="session",
        help="The most changes in one suggestion.",
    )
    movable = _open(frame, Limits(profile=profile))
    frozen = _freezing(frame, profile, movable)
    ranges, levels = _ranges(frame, profile, [name for name in movable if name not in frozen])
    with st.expander("More settings", icon=":material/tune:"):
        candidates = st.number_input(
            "Candidates to try",
            4,
            64,
            16,
            4,
            key="ask_candidates",
            persist_state="session",
            help="How many changes are proposed and checked; more take longer and may find more.",
        )
        seed = st.number_input(
            "Seed",
            0,
            2**31 - 1,
            0,
            key="ask_seed",
            persist_state="session",
            help="Another seed draws other candidates; the same seed gives the same answer.",
        )
    return ExplainRequest(
        cohort=frame.known.schema.name,
        participant_id=frame.row_key[0],
        row_id=frame.row_key[1],
        method=method,
        k=int(k),
        candidates=int(candidates),
        max_changes=int(most),
        profile=profile,
        frozen=frozen,
        ranges=ranges,
        levels=levels,
        desired=1 if desired_class(frame, profile) else 0,
        seed=int(seed),
    )


def _freezing(frame: Frame, profile: Profile, movable: dict[str, Movable]) -> tuple[str, ...]:
    """Show a box per feature that can move; return those that were unticked."""
    schema = frame.known.schema
    frozen = []
    with st.expander(
        f"What may change ({len(movable)})", icon=":material/checklist:", expanded=not on_phone()
    ):
        st.caption("Untick what has to stay. Each line says: now → what may be suggested.")
        with st.container(gap="xsmall"):
            for name, open_to in movable.items():
                label = f"{words.plain(schema.feature(name).label)}: {words.plain(_reach(frame, open_to))}"
                key = f"free_{schema.name}_{name}"
                if not st.checkbox(label, value=True, key=key, persist_state="session"):
                    frozen.append(name)
        fixed = [f.label for f in schema.features if may_move(f, profile) and f.name not in movable]
        if fixed:
            st.caption(
                f"Cannot move for this participant (not measured, or already at the end of what may be "
                f"suggested): {words.plain(words.listed(fixed))}."
            )
    return tuple(frozen)


def _reach(frame: Frame, open_to: Movable) -> str:
    feature = frame.known.schema.feature(open_to.feature)
    now = measure(feature, frame.values[feature.name])
    values = [to_value(feature, code) for code in open_to.values]
    if feature.named or feature.kind == "binary":
        return f"{now} → {words.listed([measure(feature, v) for v in values], 'or')}"
    return f"{now} → {words.span(feature, min(open_to.values), max(open_to.values))}"


def _ranges(
    frame: Frame, profile: Profile, free: list[str]
) -> tuple[dict[str, Span], dict[str, tuple[str, ...]]]:
    """Show a range per free feature; return those that were narrowed."""
    schema, domain = frame.known.schema, data.training_domain(frame.known)
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    with st.expander("Narrow the ranges", icon=":material/straighten:"):
        for name in free:
            feature = schema.feature(name)
            key = f"range_{schema.name}_{profile}_{name}"
            if feature.named:
                options = feature.suggest_levels if profile == "intervention" else ()
                names = [level for level in feature.levels if level in (options or feature.levels)]
                chosen = st.multiselect(feature.label, names, names, key=key, persist_state="session")
                if len(chosen) < len(names):
                    levels[name] = tuple(chosen)
            elif feature.kind != "binary":
                low, high = _on_grid(feature, open_span(feature, profile, domain, schema))
                if low < high and (span := _slider(feature, low, high, key)) != (low, high):
                    ranges[name] = span
    return ranges, levels


def _slider(feature: Feature, low: float, high: float, key: str) -> Span:
    unit = f" ({feature.unit})" if feature.unit else ""
    chosen = st.slider(
        f"{feature.label}{unit}",
        low,
        high,
        (low, high),
        feature.grid,
        format=f"%.{feature.decimals}f",
        key=key,
        persist_state="session",
    )
    return (round(chosen[0], feature.decimals), round(chosen[1], feature.decimals))


def _on_grid(feature: Feature, span: Span) -> Span:
    """The outermost multiples of the feature's step inside a range."""
    slack = 1e-9
    low = math.ceil(span[0] / feature.grid - slack) * feature.grid
    high = math.floor(span[1] / feature.grid + slack) * feature.grid
    return (round(low, feature.decimals), round(high, feature.decimals))


def on_phone() -> bool:
    """Whether the browser says that it runs on a phone, where long lists start folded."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
