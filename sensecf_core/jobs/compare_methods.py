"""One question to several methods: each is a job in its lane, and what was answered before is taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.registry import check_method, expected_answer_ids
from sensecf_core.errors import InputError
from sensecf_core.jobs import dispatch
from sensecf_core.jobs.job_table import JobView
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, comparisons
from sensecf_core.records.comparisons import Comparison, Member

State = Literal["queued", "running", "answered", "failed", "cancelled"]


@dataclass(frozen=True)
class MethodStatus:
    """How far one method of a comparison is.

    ``answer`` is set once it has answered; ``error`` says in one sentence why it has none. ``job`` is None
    where the answer was there before the comparison.
    """

    method: str
    state: State
    job: JobView | None = None
    answer: Answer | None = None
    error: str | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in ("queued", "running")


def start(
    cohort: Cohort, classifier: Classifier, request: ExplainRequest, methods: Sequence[str]
) -> Comparison:
    """Put the question of ``request`` to every method, keep the comparison and return it.

    A method that answered the very same question before, with what is here now, is not asked again.
    Raises ``InputError`` for no or an unknown method. A queue that is full is the method's failure, not
    the others'.
    """
    if not methods:
        raise InputError("Choose at least one method.")
    for method in methods:
        check_method(method)
    members = [_asked(cohort, classifier, request, method) for method in dict.fromkeys(methods)]
    made = comparisons.new(request, members)
    comparisons.save(made)
    return made


def again(cohort: Cohort, classifier: Classifier, comparison: Comparison, method: str) -> Comparison:
    """Ask one method of a comparison again, for one that failed or was cancelled."""
    members = tuple(
        _asked(cohort, classifier, comparison.request, method) if member.method == method else member
        for member in comparison.members
    )
    made = comparison.model_copy(update={"members": members})
    comparisons.save(made)
    return made


def method_statuses(comparison: Comparison) -> tuple[MethodStatus, ...]:
    """How far every method of a comparison is, in its order."""
    return tuple(_status(member) for member in comparison.members)


def refreshed(comparison: Comparison, before: Sequence[MethodStatus]) -> tuple[MethodStatus, ...]:
    """:func:`method_statuses` again, looking only at what was not finished."""
    return tuple(
        status if status.finished else _status(member)
        for member, status in zip(comparison.members, before, strict=True)
    )


def cancel(comparison: Comparison) -> None:
    """Cancel what is not finished; what is answered stays."""
    for member in comparison.members:
        if member.job_id is not None:
            dispatch.cancel(member.job_id)


def _asked(cohort: Cohort, classifier: Classifier, request: ExplainRequest, method: str) -> Member:
    asked = request.model_copy(update={"method": method})
    for answer_id in expected_answer_ids(cohort, classifier, asked):
        if _readable(answer_id) is not None:
            return Member(method=method, answer_id=answer_id)
    try:
        return Member(method=method, job_id=dispatch.submit(asked))
    except InputError as error:
        return Member(method=method, error=str(error))


def _readable(answer_id: str) -> Answer | None:
    """An answer that is kept; one that another version kept is as good as none."""
    try:
        return answers.find(answer_id)
    except InputError:
        return None


def _status(member: Member) -> MethodStatus:
    if member.error is not None:
        return MethodStatus(member.method, "failed", error=member.error)
    job = None if member.job_id is None else dispatch.view(member.job_id)
    if member.job_id is not None and job is None:
        return MethodStatus(member.method, "failed", error="Its job is not known on this machine any more.")
    if job is not None and job.state in ("queued", "running"):
        return MethodStatus(member.method, "queued" if job.state == "queued" else "running", job)
    if job is not None and job.state in ("failed", "cancelled"):
        return MethodStatus(
            member.method, "failed" if job.state == "failed" else "cancelled", job, error=job.error
        )
    answer_id = member.answer_id if job is None else job.answer_id
    return _answered(member.method, job, answer_id)


def _answered(method: str, job: JobView | None, answer_id: str | None) -> MethodStatus:
    try:
        answer = None if answer_id is None else answers.find(answer_id)
    except InputError as error:
        return MethodStatus(method, "failed", job, error=str(error))
    if answer is None:
        return MethodStatus(method, "failed", job, error="It ended without an answer.")
    return MethodStatus(method, "answered", job, answer)
