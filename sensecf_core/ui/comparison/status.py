"""One line per method: how far it is, what its first option does, which limits its candidates broke."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation import side_by_side
from sensecf_core.jobs import compare_methods, dispatch
from sensecf_core.jobs.compare_methods import MethodStatus
from sensecf_core.queries.answer import Answer
from sensecf_core.records.comparisons import Comparison
from sensecf_core.ui.common import wording
from sensecf_core.ui.interventions import answer as intervention_answer, believed, evidence
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.page.job_progress import POLL_SECONDS, cancel_button, progress_text

NAME_WIDTH = 216
BEST, NEAREST, SECOND, BROKE = "First option", "Nearest tried", "Second model", "Broke limits"
WIDTHS = {BEST: 196, NEAREST: 196, SECOND: 106, BROKE: 96}
OTHER_WIDTH = 68
"""Widths in pixels, so that the lines of several methods align like a table."""
LEGEND = (
    "First option: of those that a method found, else the nearest that was tried. Distance: the mean "
    "change over all features, from 0 (the same) to 1. Second model: whether a logistic regression sees "
    "the option the same way (as before: it did without any change; the grade then asks whether its risk "
    "follows). Time: of the search"
    " and the checks, without loading. Broke limits: of the candidates as they came, before any check; "
    "these are never shown as options."
)


def show(page: Page, comparison: Comparison, statuses: Sequence[MethodStatus]) -> None:
    """Show every method's line; update the lines while some methods are running."""
    if all(status.finished for status in statuses):
        _lines(page, comparison, statuses)
    else:
        _watch(page, comparison, tuple(statuses))
    st.caption(LEGEND)


@st.fragment(run_every=POLL_SECONDS)
def _watch(page: Page, comparison: Comparison, before: tuple[MethodStatus, ...]) -> None:
    try:
        now = compare_methods.refreshed(comparison, before)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    if any(new.finished != old.finished for new, old in zip(now, before, strict=True)):
        st.rerun()  # a new result changes everything below
    _lines(page, comparison, now)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Cancel all",
            icon=":material/close:",
            key="cancel_all",
            on_click=compare_methods.cancel,
            args=(comparison,),
            help="Ends what is not done; what has come in stays.",
        )
        st.caption(
            "You may leave this page or close the tab: the methods go on, and the link finds them again."
        )


def _lines(page: Page, comparison: Comparison, statuses: Sequence[MethodStatus]) -> None:
    for status in statuses:
        with st.container(border=True, key=f"method_{status.method}", gap="xsmall"):
            if status.answer is not None:
                _answered(page, status.answer, reused=status.job is None)
            elif not status.finished:
                _at_work(status)
            else:
                _without_answer(page, comparison, status)


def _name(method: str, note: str) -> None:
    st.markdown(
        f"**{wording.plain(wording.method_title(method))}**  \n{wording.plain(note)}",
        width=NAME_WIDTH,
        help=wording.method_note(method),
    )


def _answered(page: Page, answer: Answer, *, reused: bool) -> None:
    with st.container(horizontal=True, gap="small"):
        found = intervention_answer.heading(answer, page.required_cohort.schema)
        _name(answer.method, found + (", answered before" if reused else ""))
        for label, value in _facts(page, answer).items():
            st.markdown(
                f":small[{label}]  \n**{wording.plain(value)}**", width=WIDTHS.get(label, OTHER_WIDTH)
            )
    if answer.counterfactuals:
        believed.chip(page, answer, answer.counterfactuals[0])
    if (text := evidence.broken_limits_text(answer, page.required_cohort.schema, most=2)) is not None:
        st.caption(text)


def _facts(page: Page, answer: Answer) -> dict[str, str]:
    """The facts about an answer in its line: label to value."""
    broken = side_by_side.broken(answer)
    factual_risk = answer.factual.probability
    facts = {BEST: "–", "Changes": "–", "Distance": "–", SECOND: "–"}
    if answer.counterfactuals:
        best = answer.counterfactuals[0]
        facts[BEST] = wording.risk_change(factual_risk, best.probability)
        facts |= {"Changes": str(best.n_changed), "Distance": f"{best.gower:.3f}"}
        facts[SECOND] = believed.second_verdict(page, answer, best)
    elif answer.best is not None:
        nearest = {NEAREST: wording.risk_change(factual_risk, answer.best.probability)}
        facts = nearest | {"Changes": str(len(answer.best.changes)), "Distance": "–", SECOND: "–"}
    seconds = answer.seconds
    facts["Time"] = wording.seconds(seconds.propose + seconds.verify + seconds.refine + seconds.select)
    facts[BROKE] = f"{broken.candidates} of {broken.readable}" if broken.readable else "–"
    if not answer.counterfactuals:  # a row of dashes says nothing
        facts = {label: value for label, value in facts.items() if value != "–"}
    if broken.unreadable:
        facts["Unreadable"] = f"{broken.unreadable} of {answer.trace.proposed}"
    return facts


def _at_work(status: MethodStatus) -> None:
    assert status.job is not None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _name(status.method, "Waiting" if status.state == "queued" else "At work")
        st.progress(status.job.fraction, text=wording.plain(progress_text(status.job)), width=380)
        cancel_button(status.job, dispatch.cancel)


def _without_answer(page: Page, comparison: Comparison, status: MethodStatus) -> None:
    """Show why a method has no answer, and offer to ask it again."""
    failed = status.state == "failed"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _name(status.method, "No answer" if failed else "Cancelled")
        pressed = st.button("Ask again", icon=":material/refresh:", key=f"again_{status.method}")
    if failed:
        st.error(wording.message(status.error or "It said nothing."), icon=":material/error:")
    if pressed:
        try:
            compare_methods.retry(page.required_cohort, page.classifier, comparison, status.method)
        except (InputError, NotReadyError) as error:
            st.error(wording.message(str(error)), icon=":material/error:")
            return
        st.rerun()
