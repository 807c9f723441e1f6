"""Ask several methods the same question: each becomes a job of its worker; earlier answers are reused."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from sensecf_core.access import rights
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.proposers.registry import check_method, expected_answer_ids
from sensecf_core.errors import InputError, NotAllowedError
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

    ``answer`` is set once it has answered; ``error`` says in one sentence why there is no answer. ``job`` is
    None if the answer existed before the comparison.
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
    """Ask every method the question of ``request``, save the comparison and return it.

    A method whose answer to this question is already stored (same data, classifier and model) is not asked
    again. Raises ``InputError`` if no method is given or one is unknown, and ``NotAllowedError`` for whoever
    may not ask. If a method's queue is full, only that method fails.
    """
    rights.require("ask")
    if not methods:
        raise InputError("Choose at least one method.")
    for method in methods:
        check_method(method)
    members = [_submit_or_reuse(cohort, classifier, request, method) for method in dict.fromkeys(methods)]
    comparison = comparisons.new(request, members)
    comparisons.save(comparison)
    return comparison


def retry(cohort: Cohort, classifier: Classifier, comparison: Comparison, method: str) -> Comparison:
    """Ask one method of a comparison again, after it failed or was cancelled.

    Raises ``NotAllowedError`` for whoever may not ask.
    """
    rights.require("ask")
    members = tuple(
        _submit_or_reuse(cohort, classifier, comparison.request, method)
        if member.method == method
        else member
        for member in comparison.members
    )
    updated = comparison.model_copy(update={"members": members})
    comparisons.save(updated)
    return updated


def method_statuses(comparison: Comparison) -> tuple[MethodStatus, ...]:
    """How far every method of a comparison is, in the comparison's order."""
    return tuple(_status(member) for member in comparison.members)


def refreshed(comparison: Comparison, before: Sequence[MethodStatus]) -> tuple[MethodStatus, ...]:
    """Update ``before``, looking only at the methods that had not finished."""
    return tuple(
        status if status.finished else _status(member)
        for member, status in zip(comparison.members, before, strict=True)
    )


def cancel(comparison: Comparison) -> None:
    """Cancel the methods that have not finished, but for those that are somebody else's; answers stay."""
    for member in comparison.members:
        if member.job_id is not None:
            with suppress(NotAllowedError):
                dispatch.cancel(member.job_id)


def _submit_or_reuse(cohort: Cohort, classifier: Classifier, request: ExplainRequest, method: str) -> Member:
    method_request = request.model_copy(update={"method": method})
    for same in (method_request, method_request.model_copy(update={"behaviours_too": True})):
        for answer_id in expected_answer_ids(cohort, classifier, same):
            if answers.readable(answer_id) is not None:
                return Member(method=method, answer_id=answer_id)
    try:
        return Member(method=method, job_id=dispatch.submit(method_request))
    except InputError as error:
        return Member(method=method, error=str(error))


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
