"""The methods that have no answer: how far each is, how to end it or ask again; and details of the others."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from sensecf_core.access import rights
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation import side_by_side
from sensecf_core.jobs import compare_methods, dispatch
from sensecf_core.jobs.compare_methods import MethodStatus
from sensecf_core.queries.answer import Answer
from sensecf_core.records.comparisons import Comparison
from sensecf_core.ui.common import signed_in, wording
from sensecf_core.ui.comparison import differences, matrix
from sensecf_core.ui.interventions import believed, evidence
from sensecf_core.ui.jobs.job_progress import POLL_SECONDS, cancel_button, progress_text
from sensecf_core.ui.page.frame import Page

NAME_WIDTH = 216
LEGEND = (
    "All of each method's first option. Distance: the mean change over all features, from 0 (the same) to 1. "
    "Second model: whether a logistic regression sees the option the same way (as before: it did without any "
    "change; the grade then asks whether its risk follows). Time: of the search and the checks, without "
    "loading. Broke limits: of the candidates as they came, before any check; these are never shown as "
    "options."
)


def show(page: Page, comparison: Comparison, statuses: Sequence[MethodStatus]) -> None:
    """Show a line for each method without an answer; update them while some methods are running."""
    if all(status.finished for status in statuses):
        _lines(page, comparison, statuses)
    else:
        _watch(page, comparison, tuple(statuses))


def details(page: Page, answers: Sequence[Answer]) -> None:
    """Show what else is known of each answer, folded: distance, second model, time, what was left out."""
    facts = {answer.method: _facts(page, answer) for answer in answers}
    titles = dict.fromkeys(title for known in facts.values() for title in known)
    rows = [
        matrix.Row(title, "", {method: known.get(title, matrix.STAYS) for method, known in facts.items()})
        for title in titles
    ]
    with st.expander("Time, distance and what was left out", icon=":material/timer:"):
        differences.table(rows, list(facts), "Details of each answer, a method a column", "details")
        for answer in answers:
            text = evidence.broken_limits_text(answer, page.required_cohort.schema, most=2)
            if text is not None:
                st.caption(f"{wording.plain(wording.method_short(answer.method))}: {text}")
        st.caption(LEGEND)


@st.fragment(run_every=POLL_SECONDS)
def _watch(page: Page, comparison: Comparison, before: tuple[MethodStatus, ...]) -> None:
    signed_in.still()
    try:
        now = compare_methods.refreshed(comparison, before)
    except NotReadyError as error:
        st.error(wording.message(str(error)), icon=":material/error:")
        return
    if any(new.finished != old.finished for new, old in zip(now, before, strict=True)):
        st.rerun()  # a new result changes everything below
    _lines(page, comparison, now)
    refused = _not_to_cancel(now)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Cancel all",
            icon=":material/close:",
            key="cancel_all",
            on_click=compare_methods.cancel,
            args=(comparison,),
            disabled=refused is not None,
            help="Ends what is not done; what has come in stays."
            if refused is None
            else wording.message(refused),
        )
        st.caption(
            "You may leave this page or close the tab: the methods go on, and the link finds them again."
        )


def _not_to_cancel(statuses: Sequence[MethodStatus]) -> str | None:
    """Why whoever looks at the page may cancel none of what is under way; None if some of it is theirs."""
    jobs = [status.job for status in statuses if not status.finished and status.job is not None]
    refused = [rights.refusal_of("cancel", job.login) for job in jobs]
    return None if None in refused else next(iter(refused), None)


def _lines(page: Page, comparison: Comparison, statuses: Sequence[MethodStatus]) -> None:
    for status in statuses:
        if status.answer is not None:
            continue
        with st.container(key=f"method_{status.method}", gap="xsmall"):
            if status.finished:
                _without_answer(page, comparison, status)
            else:
                _at_work(status)


def _name(status: MethodStatus) -> None:
    st.markdown(
        f"**{wording.plain(wording.method_title(status.method))}**  \n{matrix.state(status)}",
        width=NAME_WIDTH,
        help=wording.method_note(status.method),
    )


def _facts(page: Page, answer: Answer) -> dict[str, str]:
    """What else is known about an answer: title to value."""
    broken = side_by_side.broken(answer)
    facts = {}
    if answer.counterfactuals:
        best = answer.counterfactuals[0]
        facts = {
            "Changes": str(best.n_changed),
            "Distance": f"{best.gower:.3f}",
            "Second model": believed.second_verdict(page, answer, best),
        }
        if best.grade is not None:
            grounds = believed.grounds(best, answer.goal.kind, refits=len(page.classifier.refits))
            facts["The grade rests on"] = grounds
    elif answer.best is not None:
        facts = {"Changes": f"{len(answer.best.changes)}, not enough"}
    seconds = answer.seconds
    facts["Time"] = wording.seconds(seconds.propose + seconds.verify + seconds.refine + seconds.select)
    if broken.readable:
        facts["Broke limits"] = f"{broken.candidates} of {broken.readable}"
    if broken.unreadable:
        facts["Unreadable"] = f"{broken.unreadable} of {answer.trace.proposed}"
    return facts


def _at_work(status: MethodStatus) -> None:
    assert status.job is not None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _name(status)
        st.progress(status.job.fraction, text=wording.plain(progress_text(status.job)), width=380)
        cancel_button(status.job, dispatch.cancel)


def _without_answer(page: Page, comparison: Comparison, status: MethodStatus) -> None:
    """Show why a method has no answer, and offer to ask it again."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _name(status)
        pressed = st.button("Ask again", icon=":material/refresh:", key=f"again_{status.method}")
    if status.state == "failed":
        st.error(wording.message(status.error or "It said nothing."), icon=":material/error:")
    if pressed:
        try:
            compare_methods.retry(page.required_cohort, page.classifier, comparison, status.method)
        except (InputError, NotReadyError) as error:
            st.error(wording.message(str(error)), icon=":material/error:")
            return
        st.rerun()
