"""What-if: values moved by hand, the risk that follows at once, and the option that can be made of them."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from sensecf_core.cohorts.encoding import Value
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.by_hand.response_curve import response_curve, strongest
from sensecf_core.counterfactuals.by_hand.trial import Trial
from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.types import RowKey
from sensecf_core.ui.common import charts, row_wording, sensors, signed_in, wording
from sensecf_core.ui.decisions import tried
from sensecf_core.ui.interventions import own_options
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.whatif import curve_chart, fields, opened_from, result, saving

MOST_AT_FIRST = 5
"""Features that are shown at first; those of the option that the page was opened from are among them."""
_STYLE = """<style>
.st-key-controls_whatif_fields [data-testid=stSliderThumbValue] { color: inherit !important; }
.st-key-whatif_risk h2 { padding: 0; font-size: 1.25rem; }
.st-key-controls_whatif_fields [data-testid=stSliderTickBar] { display: none; }
[data-testid=stLayoutWrapper]:has(> .st-key-whatif_pinned) {
  position: sticky; top: 0; z-index: 20; background: light-dark(#ffffff, #12161b);
}
</style>"""
"""A slider's number keeps the text's colour, as the theme's is too dark to read on a dark page. Its ends
would stand on the drawing below it. The risk stays in sight."""


def what_if(page: Page) -> None:
    """Show fields, risk and curve of the chosen row, and below them its own options."""
    problem = opened_from.adopt(page)
    if problem is not None:
        st.warning(wording.message(problem), icon=":material/link_off:")
    trial, _ = _prepared(page)
    if not trial.tried:
        this = row_wording.this_row(page.required_cohort.schema)
        st.info(f"Nothing that may be moved was measured for {this}.", icon=":material/block:")
        return
    st.html(_STYLE)
    _live(page)
    try:
        own_options.show(page)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")


@st.fragment
def _live(page: Page) -> None:
    """What follows a move at once; a move runs nothing else of the page."""
    signed_in.still()
    row = opened_from.row_of(page)
    trial, order = _prepared(page)
    now = tried.of(row)
    judged = trial.judge(now.edits)
    with st.container(key="whatif_pinned"):
        result.pinned(page, judged, changed=bool(now.edits))
    saving.steps(page, now)
    left, right = st.columns(2, gap="medium")
    with left:
        _fields(page, trial, _at_first(page, order), order)
    with right:
        _curve(page, trial, now, order)
        result.explained(page, trial, judged, now.edits)


def _fields(page: Page, trial: Trial, first: tuple[str, ...], order: tuple[str, ...]) -> None:
    schema = page.required_cohort.schema
    with st.container(key="controls_whatif_fields", gap="small"):
        st.caption(fields.LEGEND)
        for name in first:
            fields.show(page, trial, name)
        rest = [name for name in order if name not in first]
        if rest:
            label = f"{wording.counted(len(rest), 'more feature')}"
            with st.expander(
                label, icon=":material/unfold_more:", key="whatif_more", on_change="rerun"
            ) as fold:
                if fold.open:
                    for name in rest:
                        fields.show(page, trial, name)
        if note := sensors.unit_note(page.required_cohort):
            st.caption(note)
        if trial.missing:
            labels = wording.listed(schema.feature(name).label for name in trial.missing)
            st.caption(f"Not measured, so not movable: {wording.plain(labels)}.")


def _at_first(page: Page, order: tuple[str, ...]) -> tuple[str, ...]:
    """The features to show at first: those of the option, then the strongest; the same while values move."""
    named: dict[str, Value] = opened_from.values_tried_first(page)
    of_option = tuple(name for name in order if name in named)
    others = [name for name in order if name not in named]
    return of_option + tuple(others[: max(MOST_AT_FIRST - len(of_option), 0)])


def _curve(page: Page, trial: Trial, now: tried.Tried, order: tuple[str, ...]) -> None:
    """The risk along the feature that was moved last, or another one that is chosen."""
    schema, row = page.required_cohort.schema, opened_from.row_of(page)
    field = fields.key(row, "", "along")
    moved = now.moved if now.moved in order else _at_first(page, order)[0]
    seen = f"{field}/moved"
    if st.session_state.get(seen) != moved or st.session_state.get(field) not in order:
        st.session_state[seen] = st.session_state[field] = moved
    name = st.selectbox("Risk along", order, format_func=lambda name: schema.feature(name).label, key=field)
    chosen = name or moved
    curve = response_curve(trial, now.edits, chosen)
    value = now.edits.get(chosen, page.values[chosen])
    chart = curve_chart.draw(curve, page.values[chosen], value, page.classifier.threshold)
    charts.show(chart, "response_curve")


def _prepared(page: Page) -> tuple[Trial, tuple[str, ...]]:
    """The chosen row to try changes on, and its features in order, kept while it is looked at."""
    cohort, origin = page.required_cohort, opened_from.origin(page)
    hashes = (cohort.data_sha256, cohort.schema.limits_sha256, page.classifier.sha256)
    profile, desired = (origin.profile, origin.desired) if origin else (None, None)
    return _trial(cohort.schema.name, hashes, page.row_key, profile, desired)


@st.cache_resource(max_entries=64, show_spinner="Getting the classifier ready …")
def _trial(
    name: str, hashes: tuple[str, ...], key: RowKey, profile: Profile | None, desired: Literal[0, 1] | None
) -> tuple[Trial, tuple[str, ...]]:
    """``hashes`` keep what is cached apart."""
    trial = Trial.of(load_fitted(name), key, profile, desired)
    return trial, strongest(trial)
