"""Many people asked what the page Options asks about one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sensecf_core.cohorts.clinical import Bound, RedFlag
from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.jobs import ask_list
from sensecf_core.jobs.subprocess_worker import SubprocessWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.records import answers, decisions, found
from sensecf_core.records.kept_options import kept_options
from sensecf_core.types import RowKey
from tests.jobs.conftest import until


def rows(fitted: FittedCohort, flagged: bool, n: int) -> list[RowKey]:
    predicted = fitted.classifier.predict(fitted.cohort.rows) == 1
    return [(str(a), str(b)) for a, b in fitted.cohort.rows.index[predicted == flagged][:n]]


def ask(fitted: FittedCohort, requests: Any) -> list[Answer]:
    got: list[Answer] = []
    ask_list.ask(fitted, requests, by="Dr Lee", answered=got.append, refused=lambda *_: None)
    return got


def test_who_is_asked_about_and_who_not(fitted: FittedCohort) -> None:
    first, second = rows(fitted, True, 2)
    fine = rows(fitted, False, 1)[0]
    made = ask_list.make(fitted, [first, second, fine, first], method="random")
    assert [(one.participant_id, one.row_id) for one in made.ask] == [first, second]
    assert made.not_needed == (fine,) and made.withheld == () and made.answered == ()
    (answer,) = ask(fitted, made.ask[:1])
    assert answers.find(answer.answer_id) == answer
    again = ask_list.make(fitted, [first, second, fine], method="random")
    assert again.answered == (first,)
    assert again.ask == made.ask[1:]
    assert ask_list.make(fitted, [first], method="random", seed=1).ask  # another question
    assert found.of_cohort("small") == {first: found.of_answer(answer)}


def test_whoever_has_a_red_flag_is_withheld(fitted: FittedCohort) -> None:
    keys = rows(fitted, True, 1)
    over_zero = Bound(terms={"bmi": 1.0}, at_least=0.0)
    everybody = RedFlag(name="anybody", label="Anybody", text="Look.", source="A test.", any_of=(over_zero,))
    schema = fitted.schema.model_copy(update={"red_flags": (everybody,)})
    flagged = replace(fitted, cohort=replace(fitted.cohort, schema=schema))
    made = ask_list.make(flagged, keys, method="random")
    assert made.withheld == tuple(keys) and not made.ask


def test_what_was_rejected_for_somebody_stays_fixed(fitted: FittedCohort) -> None:
    (key,) = rows(fitted, True, 1)
    request = ask_list.request_of(fitted, key, method="random")
    assert request.frozen == ()
    answer = explaining.answer(fitted, request.model_copy(update={"candidates": 64}))
    changed = list(kept_options(answer, [1])[0].option.changes)
    decisions.reject(answers.save(answer), 1, "not-acceptable", by="Dr Lee")
    assert set(ask_list.request_of(fitted, key, method="random").frozen) == set(changed)


def test_one_that_is_refused_does_not_end_the_others(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ask_list.make(fitted, rows(fitted, True, 2), method="random")
    answer = explaining.answer

    def choosy(fitted: FittedCohort, request: Any, callbacks: Any) -> Answer:
        if request == made.ask[0]:
            raise InputError("Not this one.")
        return answer(fitted, request, callbacks)

    monkeypatch.setattr(ask_list, "answer", choosy)
    told: list[str] = []
    got: list[Answer] = []
    ask_list.ask(
        fitted,
        made.ask,
        by=None,
        answered=got.append,
        refused=lambda request, error: told.append(f"{request.participant_id}: {error}"),
    )
    assert told == [f"{made.ask[0].participant_id}: Not this one."]
    assert [one.participant_id for one in got] == [made.ask[1].participant_id]


def test_after_a_restart_a_batch_goes_on_by_itself(open_worker: Callable[..., Any]) -> None:
    program = ("python", "-c", "import time; time.sleep(60)")
    first = open_worker(SubprocessWorker, program)
    job = first.start(ask_list.KIND, [], "Options for 2 of small")
    until(job, "running")
    first.close()
    second = open_worker(SubprocessWorker, ("python", "-c", "print()"))
    assert second.view(job) is not None
    assert until(job, "done").error is None


def test_visitors_take_turns_with_batches(
    open_worker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensecf_core.jobs import job_table, visitor

    worker = open_worker(SubprocessWorker, ("python", "-c", "import time; time.sleep(60)"))
    queued = []
    for who, number in (("A", 0), ("A", 1), ("A", 2), ("B", 3)):
        monkeypatch.setattr(visitor, "_ask", lambda who=who: who)
        queued.append(worker.start(ask_list.KIND, [str(number)], "Options"))
        until(queued[0], "running")
    places = [view.position for job in queued[1:] if (view := job_table.find(job))]
    assert places == [2, 3, 1]  # A was served last, so B is next
