"""The fields of What-if: a slider with an exact number for measurements, a list for levels."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

import numpy as np
import streamlit as st

from sensecf_core.cohorts.clinical import reference_ends
from sensecf_core.cohorts.encoding import Codes, Value, to_code, to_value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.by_hand.response_curve import values_along, zones
from sensecf_core.counterfactuals.by_hand.trial import Trial
from sensecf_core.counterfactuals.checks.sentences import measure, number
from sensecf_core.ui.common import drawings, wording
from sensecf_core.ui.decisions import tried
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.whatif import opened_from

YES_NO = ("no", "yes")
LEGEND = "Dot: measured. Pale band: reference. Thick line: what may be suggested. Thin line: this cohort."
_PROBLEM = "whatif_problem"


def key(row: tried.TriedRow, name: str, part: str = "") -> str:
    """The key of a field; ids may hold any sign, so each is quoted."""
    return "whatif/" + "/".join(quote(text, safe="") for text in (*row, name, *([part] if part else [])))


def show(page: Page, trial: Trial, name: str) -> None:
    """Show the field of one feature at the value that is tried."""
    feature, row = trial.schema.feature(name), opened_from.row_of(page)
    value = tried.of(row).edits.get(name, page.values[name])
    if feature.named or feature.kind == "binary":
        _level(page, trial, feature, value)
    else:
        _number(page, trial, feature, value)
    of, problem = st.session_state.get(_PROBLEM, (None, ""))
    if of == (row, name):
        del st.session_state[_PROBLEM]
        st.error(wording.plain(problem), icon=":material/error:")


def _level(page: Page, trial: Trial, feature: Feature, value: Value) -> None:
    row = opened_from.row_of(page)
    levels = list(feature.levels or YES_NO)
    own = key(row, feature.name)
    _hold(own, levels[int(to_code(feature, value))])
    st.selectbox(
        _label(feature, page.values[feature.name]),
        levels,
        key=own,
        on_change=partial(_moved, page, feature, own),
        help=_levels_note(trial, feature),
    )


def _number(page: Page, trial: Trial, feature: Feature, value: Value) -> None:
    row = opened_from.row_of(page)
    codes = values_along(trial, tried.of(row).edits, feature.name)
    slider, code = key(row, feature.name), to_code(feature, value)
    _hold(slider, float(codes[np.abs(codes - code).argmin()]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None, width="stretch"):
            st.select_slider(
                _label(feature, page.values[feature.name]),
                [float(one) for one in codes],
                format_func=lambda one: number(feature, to_value(feature, one)),
                key=slider,
                on_change=partial(_moved, page, feature, slider),
                help=_ranges(trial, feature),
            )
            st.image(
                _strip(page, trial, feature, codes), width="stretch", alt=_strip_text(page, trial, feature)
            )
        _exact(page, feature, value)


def _exact(page: Page, feature: Feature, value: Value) -> None:
    """Say the value that is tried, and let any possible one be typed.

    It is a form: a field that followed the slider would send its old value while the slider is on the move.
    """
    row = opened_from.row_of(page)
    field = key(row, feature.name, "exact")
    as_number = int if feature.decimals == 0 else float
    assert feature.valid is not None
    _hold(field, as_number(to_code(feature, value)))
    with (
        st.popover(wording.plain(measure(feature, value)), key=f"{field}/open", width=145),
        st.form(f"{field}/form", border=False),
    ):
        unit = f" ({feature.unit})" if feature.unit else ""
        st.number_input(
            f"{feature.label}{unit}, exact value",
            as_number(feature.valid[0]),
            as_number(feature.valid[1]),
            None,
            step=as_number(feature.grid) if feature.grid >= 1 or as_number is float else 1,
            format=f"%.{feature.decimals}f" if as_number is float else "%d",
            key=field,
            help=f"Possible: {wording.plain(wording.span(feature, *feature.valid))}.",
        )
        st.form_submit_button(
            "Try it", key=f"{field}/try", type="primary", on_click=_moved, args=(page, feature, field)
        )


def _label(feature: Feature, measured: Value) -> str:
    """The feature with what was measured: the field itself shows what is tried."""
    return wording.plain(f"{feature.label}, measured {measure(feature, measured)}")


def _hold(field: str, value: Value) -> None:
    """Let a field hold what is tried; one that does already is left alone, as it may be on the move."""
    if st.session_state.get(field) != value:
        st.session_state[field] = value


def _moved(page: Page, feature: Feature, field: str) -> None:
    """Try the value of a field; one that cannot be is refused, whatever the browser let pass."""
    row, given = opened_from.row_of(page), st.session_state[field]
    problem, value = _read(feature, given)
    if problem is not None:
        st.session_state[_PROBLEM] = ((row, feature.name), problem)
    else:
        tried.move(row, feature.name, value, page.values[feature.name])


def _read(feature: Feature, given: float | str | None) -> tuple[str | None, Value]:
    """Why a field's value cannot be (None: it can), and the value.

    Streamlit gives None for an empty field, and for a number beyond the field's ends.
    """
    if given is None:
        assert feature.valid is not None
        possible = wording.span(feature, *feature.valid)
        return f"{feature.label} takes a value of {possible}; type one of these.", None
    if feature.named:
        return None, given
    return None, YES_NO.index(given) if isinstance(given, str) else to_value(feature, given)


def _ranges(trial: Trial, feature: Feature) -> str:
    assert feature.valid is not None
    domain, position = trial.problem.fitted.domain, trial.schema.positions[feature.name]
    text = f"Possible: {wording.span(feature, *feature.valid)}."
    low, high = float(domain.low[position]), float(domain.high[position])
    if not np.isnan(low):
        ends = (to_value(feature, low), to_value(feature, high))
        text += f" In this cohort: {number(feature, ends[0])}–{measure(feature, ends[1])} (98 of 100)."
    if spans := zones(trial, feature.name):
        text += f" May be suggested: {wording.listed((wording.span(feature, *s) for s in spans), 'or')}."
    if feature.reference is not None:
        text += f" Reference: {feature.reference.text}."
    return wording.plain(text)


def _levels_note(trial: Trial, feature: Feature) -> str:
    codes = trial.problem.space.values.get(trial.schema.positions[feature.name], ())
    levels = feature.levels or YES_NO
    may = wording.listed((f"“{levels[int(code)]}”" for code in codes), "or")
    text = f"May be suggested: {may}." if may else "No other level may be suggested."
    if feature.reference is not None:
        text += f" Reference: {feature.reference.text}."
    return wording.plain(text)


def _strip(page: Page, trial: Trial, feature: Feature, codes: Codes) -> str:
    """Draw below a slider what its places mean; they are as far apart as its values are many."""

    def place(code: float) -> float:
        return float(np.interp(code, codes, np.linspace(0, 1, len(codes))))

    domain, position = trial.problem.fitted.domain, trial.schema.positions[feature.name]
    low, high = reference_ends(feature.reference, page.values)
    seen = (domain.low[position], domain.high[position])
    return drawings.scale(
        place(float(trial.factual[position])),
        (0.0, 1.0) if np.isnan(seen[0]) else (place(seen[0]), place(seen[1])),
        None
        if (low, high) == (None, None)
        else (
            0.0 if low is None else place(low),
            1.0 if high is None else place(high),
        ),
        [(place(start), place(end)) for start, end in zones(trial, feature.name)],
    )


def _strip_text(page: Page, trial: Trial, feature: Feature) -> str:
    text = _ranges(trial, feature).replace("\\", "")
    return f"{feature.label}, measured {measure(feature, page.values[feature.name])}. {text}"
