"""The results of Comparison: what the answers share, the matrix of them, details, evidence, files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import compare_methods
from sensecf_core.jobs.compare_methods import MethodStatus
from sensecf_core.queries.answer import Answer
from sensecf_core.records import comparisons
from sensecf_core.records.comparisons import Comparison
from sensecf_core.ui.choice import shown_results
from sensecf_core.ui.common import wording
from sensecf_core.ui.comparison import agreement, differences, status
from sensecf_core.ui.interventions import answer as intervention_answer, empty_state, evidence
from sensecf_core.ui.limits import limits_fields
from sensecf_core.ui.page.frame import Page


def show(page: Page) -> None:
    """Show the comparison about the chosen row, or why it cannot be read."""
    try:
        _show_results(page)
    except (InputError, NotReadyError) as error:
        st.error(wording.message(str(error)), icon=":material/database_off:")
    st.page_link(
        "pages/3_Interventions.py",
        label="What small change would alter this?",
        icon=":material/alt_route:",
        query_params=page.choice.carried,
    )


def _show_results(page: Page) -> None:
    comparison_id = shown_results.shown_for(page.choice).comparison
    comparison = comparisons.find(comparison_id) if comparison_id else None
    if comparison is None:
        empty_state.show(page, "Run all")
    else:
        _show_comparison(page, comparison)
    _earlier(page, comparison_id)


def _show_comparison(page: Page, comparison: Comparison) -> None:
    statuses = compare_methods.method_statuses(comparison)
    st.header(_headline(statuses, wording.option_noun(comparison.request.profile)))
    answered = [method.answer for method in statuses if method.answer is not None]
    if said := agreement.sentence(page.required_cohort.schema, answered, asked=len(statuses)):
        st.markdown(f"**{wording.plain(said)}**")
    st.caption(
        wording.plain(f"Asked: {limits_fields.summary(page.required_cohort.schema, comparison.request)}")
    )
    status.show(page, comparison, statuses)
    if comparison.request.profile == "contrast" and said:
        intervention_answer.say_explanation_only()
    for warning in dict.fromkeys(
        filter(None, (intervention_answer.stale(page, answer) for answer in answered))
    ):
        st.warning(warning, icon=":material/history:")
    differences.show(page, statuses)
    if answered:
        status.details(page, answered)
        _each(page, answered)
        _downloads(page, comparison, answered)


def _headline(statuses: Sequence[MethodStatus], noun: str) -> str:
    finished = sum(method.finished for method in statuses)
    if finished < len(statuses):
        return f"{finished} of {wording.counted(len(statuses), 'method')} done"
    solved = sum(bool(s.answer and s.answer.counterfactuals) for s in statuses)
    return f"{solved} of {wording.counted(len(statuses), 'method')} found an {noun}"


def _each(page: Page, answered: Sequence[Answer]) -> None:
    with st.container(key="folds_each"):
        st.header("Each method's options and evidence")
        for answer in answered:
            _one(page, answer)


def _one(page: Page, answer: Answer) -> None:
    found = intervention_answer.heading(answer, page.required_cohort.schema).lower()
    title = f"{wording.method_title(answer.method)}: {found}"
    with st.expander(wording.plain(title), key=f"each_{answer.method}", on_change="rerun") as fold:
        if fold.open:  # drawn only when opened: there may be ten methods
            intervention_answer.body(page, answer, f"_{answer.method}")
            stem = f"sensecf-{answer.answer_id}"
            evidence.downloads([answer], stem, page.required_cohort.schema, f"_{answer.method}")
            st.page_link(
                "pages/3_Interventions.py",
                label="Open on the page Options",
                icon=":material/alt_route:",
                query_params={"answer": answer.answer_id},
            )


def _downloads(page: Page, comparison: Comparison, answered: Sequence[Answer]) -> None:
    stem = f"sensecf-comparison-{comparison.comparison_id}"
    with st.container(key="controls_downloads"):
        st.header("Download all")
        evidence.downloads(answered, stem, page.required_cohort.schema, "_all")
    missing = len(comparison.members) - len(answered)
    missing_text = f" {wording.counted(missing, 'method')} without an answer left out." if missing else ""
    st.caption(
        f"Every option of {wording.counted(len(answered), 'method')}, with its evidence.{missing_text} This "
        f"comparison's address: `/Comparison?comparison={comparison.comparison_id}`. It opens again after a "
        "restart."
    )


def _earlier(page: Page, current: str | None) -> None:
    """List the earlier comparisons about the chosen row as links."""
    recent = comparisons.recent(page.required_cohort.schema.name, *page.row_key)
    others = [comparison for comparison in recent if comparison.comparison_id != current]
    if not others:
        return
    with st.expander(f"Earlier comparisons of this participant ({len(others)})", icon=":material/history:"):
        for comparison in others:
            methods = wording.listed(wording.method_short(member.method) for member in comparison.members)
            st.page_link(
                "pages/4_Comparison.py",
                label=f"{wording.moment(comparison.created)} · {wording.plain(methods)}",
                icon=":material/link:",
                query_params={"comparison": comparison.comparison_id},
            )
