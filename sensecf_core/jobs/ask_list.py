"""Ask about many people what the page Options asks about one: who is asked, and who is not, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.counterfactuals.checks.red_flags import raised_flags
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.constraints import movable_features
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.registry import (
    answering_method,
    check_method,
    default_method,
    expected_answer_ids,
)
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, decisions
from sensecf_core.records.person_state import fold, held_back
from sensecf_core.types import NO_CALLBACKS, Callbacks, RowKey

MOST = 40
"""Most people that a page asks about at once: some minutes, so that nobody else's job waits for long."""
KIND = "batch"
"""The command, and the kind of its jobs."""


@dataclass(frozen=True)
class AskList:
    """What a list of rows comes to.

    ``ask`` are the questions that are left; ``answered`` rows have a stored answer to theirs, ``not_needed``
    have the desired class already, and ``withheld`` have a red flag, which somebody has to see first.
    """

    ask: tuple[ExplainRequest, ...]
    answered: tuple[RowKey, ...]
    not_needed: tuple[RowKey, ...]
    withheld: tuple[RowKey, ...]


def make(
    fitted: FittedCohort, keys: Sequence[RowKey], *, method: str | None = None, seed: int = 0
) -> AskList:
    """Sort rows into those that are asked about and those that are not.

    ``method`` of None is the one that pages take. Raises ``InputError`` for a method that does not exist.
    """
    method = answering_method(fitted.cohort, method) if method else default_method(fitted.cohort)
    check_method(method)
    ask, answered, not_needed, withheld = [], [], [], []
    for key in dict.fromkeys(keys):
        codes = _codes(fitted, key)[None]
        if raised_flags(fitted.schema, codes).any():
            withheld.append(key)
        elif _has_desired_class(fitted, codes):
            not_needed.append(key)
        elif _is_answered(fitted, request := request_of(fitted, key, method=method, seed=seed)):
            answered.append(key)
        else:
            ask.append(request)
    return AskList(tuple(ask), tuple(answered), tuple(not_needed), tuple(withheld))


def request_of(fitted: FittedCohort, key: RowKey, *, method: str, seed: int = 0) -> ExplainRequest:
    """The question that the page Options asks about a row before anything is set there.

    What was rejected for the person, for a reason about them, must not move.
    """
    schema = fitted.schema
    by_name = dict(zip(schema.names, _codes(fitted, key).tolist(), strict=True))
    movable = movable_features(schema, fitted.domain, by_name, Limits(profile=schema.default_limits))
    rejected = held_back(fold(decisions.of_person(schema.name, key[0])))
    return ExplainRequest(
        cohort=schema.name,
        participant_id=key[0],
        row_id=key[1],
        method=method,
        profile=schema.default_limits,
        frozen=tuple(one.feature for one in movable if one.feature in rejected),
        desired=schema.task.desired,
        behaviours_too=schema.default_limits == "intervention",
        seed=seed,
    )


def ask(
    fitted: FittedCohort,
    requests: Sequence[ExplainRequest],
    *,
    by: str | None,
    answered: Callable[[Answer], None],
    refused: Callable[[ExplainRequest, InputError], None],
    callbacks: Callbacks = NO_CALLBACKS,
) -> None:
    """Answer requests in turn and store each answer at once, so that nothing is lost when it is ended.

    ``answered`` gets each answer as it is stored; ``refused`` each request that cannot be answered, and why:
    the others go on. Raises ``NotReadyError`` if the language model is missing.
    """
    total = len(requests)
    for number, request in enumerate(requests):

        def progress(share: float, message: str, number: int = number) -> None:
            callbacks.progress((number + share) / total, f"{number + 1} of {total}: {message}")

        try:
            found = answer(fitted, request, Callbacks(progress, callbacks.cancelled))
        except InputError as error:
            refused(request, error)
            continue
        stored = answers.save(found, by=by)
        answered(found.model_copy(update={"answer_id": stored}))


def _codes(fitted: FittedCohort, key: RowKey) -> Codes:
    """A row as codes, shape (features,)."""
    codes: Codes = to_codes(fitted.schema, fitted.cohort.rows.loc[[key]])[0]
    return codes


def _has_desired_class(fitted: FittedCohort, codes: Codes) -> bool:
    flagged = fitted.classifier.probability_of_codes(codes)[0] >= fitted.classifier.threshold
    return int(flagged) == fitted.schema.task.desired


def _is_answered(fitted: FittedCohort, request: ExplainRequest) -> bool:
    """Whether this very question has an answer by the same data and models."""
    ids = expected_answer_ids(fitted.cohort, fitted.classifier, request)
    return any(answers.readable(one) is not None for one in ids)
