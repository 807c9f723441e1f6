"""Comparison's results: how far every method is, what they change, where they agree, each one's evidence."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation import side_by_side
from sensecf_core.jobs import compare_methods
from sensecf_core.jobs.compare_methods import MethodStatus
from sensecf_core.queries.answer import Answer
from sensecf_core.records import comparisons
from sensecf_core.records.comparisons import Comparison
from sensecf_core.ui.common import wording
from sensecf_core.ui.comparison import differences, status
from sensecf_core.ui.interventions import answer as intervention_answer, empty_state, evidence, limits_fields
from sensecf_core.ui.page import shown_results
from sensecf_core.ui.page.frame import Page


def show(page: Page) -> None:
    """Show the comparison followed about the chosen row, or what keeps it from being read."""
    try:
        _known(page)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")
    st.page_link(
        "pages/3_Interventions.py",
        label="What small change would alter this?",
        icon=":material/alt_route:",
        query_params=page.choice.carried,
    )


def _known(page: Page) -> None:
    now = shown_results.of(page.choice).comparison
    found = comparisons.find(now) if now else None
    if found is None:
        empty_state.show(page, "Run all")
    else:
        _shown(page, found)
    _earlier(page, now)


def _shown(page: Page, comparison: Comparison) -> None:
    statuses = compare_methods.method_statuses(comparison)
    st.header(_headline(statuses, wording.sought(comparison.request.profile)))
    answered = [method.answer for method in statuses if method.answer is not None]
    if best := side_by_side.options(answered, best_only=True):
        st.markdown(f"**{wording.plain(differences.finding(page.required_cohort.schema, best))}**")
    st.caption(
        wording.plain(f"Asked: {limits_fields.summary(page.required_cohort.schema, comparison.request)}")
    )
    status.show(page, comparison, statuses)
    if comparison.request.profile == "contrast" and best:
        intervention_answer.say_explanation_only()
    for changed in dict.fromkeys(filter(None, (intervention_answer.stale(page, one) for one in answered))):
        st.warning(changed, icon=":material/history:")
    differences.show(page, answered, all_in=all(method.finished for method in statuses))
    if answered:
        _each(page, answered)
        _downloads(page, comparison, answered)


def _headline(statuses: Sequence[MethodStatus], sought: str) -> str:
    finished = sum(method.finished for method in statuses)
    if finished < len(statuses):
        return f"{finished} of {wording.counted(len(statuses), 'method')} done"
    able = sum(bool(s.answer and s.answer.counterfactuals) for s in statuses)
    return f"{able} of {wording.counted(len(statuses), 'method')} found an {sought}"


def _each(page: Page, answered: Sequence[Answer]) -> None:
    st.header("Each method's options and evidence")
    for answer in answered:
        title = f"{wording.method_title(answer.method)}: {intervention_answer.heading(answer).lower()}"
        with st.expander(wording.plain(title), key=f"each_{answer.method}", on_change="rerun") as one:
            if one.open:  # the evidence of ten methods would mostly be drawn for nothing
                intervention_answer.body(page, answer, f"_{answer.method}")
                st.page_link(
                    "pages/3_Interventions.py",
                    label="Open on the page Interventions",
                    icon=":material/alt_route:",
                    query_params={"answer": answer.answer_id},
                )


def _downloads(page: Page, comparison: Comparison, answered: Sequence[Answer]) -> None:
    st.header("Download all")
    stem = f"sensecf-comparison-{comparison.comparison_id}"
    evidence.downloads(answered, stem, page.required_cohort.schema, "_all")
    left_out = len(comparison.members) - len(answered)
    lacking = f" {wording.counted(left_out, 'method')} without an answer left out." if left_out else ""
    st.caption(
        f"Every option of {wording.counted(len(answered), 'method')}, with its evidence.{lacking} This "
        f"comparison's address: `/Comparison?comparison={comparison.comparison_id}`. It opens again after a "
        "restart."
    )


def _earlier(page: Page, current: str | None) -> None:
    """List the earlier comparisons about the chosen row as links."""
    kept = comparisons.recent(page.required_cohort.schema.name, *page.row_key)
    others = [one for one in kept if one.comparison_id != current]
    if not others:
        return
    with st.expander(f"Earlier comparisons of this participant ({len(others)})", icon=":material/history:"):
        for one in others:
            methods = wording.listed(wording.method_short(member.method) for member in one.members)
            st.page_link(
                "pages/4_Comparison.py",
                label=f"{wording.moment(one.created)} · {wording.plain(methods)}",
                icon=":material/link:",
                query_params={"comparison": one.comparison_id},
            )
