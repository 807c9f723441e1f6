"""Comparison's results: how far every method is, what they change, where they agree, each one's evidence."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation import side_by_side
from sensecf_core.jobs import comparing
from sensecf_core.jobs.comparing import Standing
from sensecf_core.queries.answer import Answer
from sensecf_core.records import comparisons
from sensecf_core.records.comparisons import Comparison
from sensecf_core.ui import (
    answer_panel,
    differences_panel,
    evidence_panel,
    followed,
    limits_form,
    nothing_asked,
    standings_panel,
    words,
)
from sensecf_core.ui.frame import Frame


def show(frame: Frame) -> None:
    """Show the comparison followed about the chosen row, or what keeps it from being read."""
    try:
        _known(frame)
    except (InputError, NotReadyError) as error:
        st.error(words.message(str(error)), icon=":material/database_off:")
    st.page_link(
        "pages/3_Interventions.py",
        label="What small change would alter this?",
        icon=":material/alt_route:",
        query_params=frame.choice.carried,
    )


def _known(frame: Frame) -> None:
    now = followed.of(frame.choice).comparison
    found = comparisons.find(now) if now else None
    if found is None:
        nothing_asked.show(frame, "Run all")
    else:
        _shown(frame, found)
    _earlier(frame, now)


def _shown(frame: Frame, comparison: Comparison) -> None:
    standings = comparing.standings(comparison)
    st.header(_headline(standings, words.sought(comparison.request.profile)))
    answered = [standing.answer for standing in standings if standing.answer is not None]
    if best := side_by_side.options(answered, best_only=True):
        st.markdown(f"**{words.plain(differences_panel.finding(frame.known.schema, best))}**")
    st.caption(words.plain(f"Asked: {limits_form.summary(frame.known.schema, comparison.request)}"))
    standings_panel.show(frame, comparison, standings)
    if comparison.request.profile == "contrast" and best:
        answer_panel.say_explanation_only()
    for changed in dict.fromkeys(filter(None, (answer_panel.stale(frame, one) for one in answered))):
        st.warning(changed, icon=":material/history:")
    differences_panel.show(frame, answered, all_in=all(standing.finished for standing in standings))
    if answered:
        _each(frame, answered)
        _downloads(frame, comparison, answered)


def _headline(standings: Sequence[Standing], sought: str) -> str:
    finished = sum(standing.finished for standing in standings)
    if finished < len(standings):
        return f"{finished} of {words.counted(len(standings), 'method')} done"
    able = sum(bool(s.answer and s.answer.counterfactuals) for s in standings)
    return f"{able} of {words.counted(len(standings), 'method')} found an {sought}"


def _each(frame: Frame, answered: Sequence[Answer]) -> None:
    st.header("Each method's options and evidence")
    for answer in answered:
        title = f"{words.method_title(answer.method)}: {answer_panel.heading(answer).lower()}"
        with st.expander(words.plain(title), key=f"each_{answer.method}", on_change="rerun") as one:
            if one.open:  # the evidence of ten methods would mostly be drawn for nothing
                answer_panel.body(frame, answer, f"_{answer.method}")
                st.page_link(
                    "pages/3_Interventions.py",
                    label="Open on the page Interventions",
                    icon=":material/alt_route:",
                    query_params={"answer": answer.answer_id},
                )


def _downloads(frame: Frame, comparison: Comparison, answered: Sequence[Answer]) -> None:
    st.header("Download all")
    stem = f"sensecf-comparison-{comparison.comparison_id}"
    evidence_panel.downloads(answered, stem, frame.known.schema, "_all")
    left_out = len(comparison.members) - len(answered)
    lacking = f" {words.counted(left_out, 'method')} without an answer left out." if left_out else ""
    st.caption(
        f"Every option of {words.counted(len(answered), 'method')}, with its evidence.{lacking} This "
        f"comparison's address: `/Comparison?comparison={comparison.comparison_id}`. It opens again after a "
        "restart."
    )


def _earlier(frame: Frame, current: str | None) -> None:
    """List the earlier comparisons about the chosen row as links."""
    kept = comparisons.recent(frame.known.schema.name, *frame.row_key)
    others = [one for one in kept if one.comparison_id != current]
    if not others:
        return
    with st.expander(f"Earlier comparisons of this participant ({len(others)})", icon=":material/history:"):
        for one in others:
            methods = words.listed(words.method_short(member.method) for member in one.members)
            st.page_link(
                "pages/4_Comparison.py",
                label=f"{words.moment(one.created)} · {words.plain(methods)}",
                icon=":material/link:",
                query_params={"comparison": one.comparison_id},
            )
