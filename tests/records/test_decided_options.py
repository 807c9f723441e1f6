"""Which decisions may teach: what stands, about training rows that are as they were."""

from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.fine_tuning.pairs.decided import judged_queries
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.records import answers, decisions
from sensecf_core.records.decided_options import (
    CHANGED,
    OTHER_PART,
    SUPERSEDED,
    UNREADABLE,
    check_enough,
    decided_options,
)
from sensecf_core.records.storage.database import transaction
from tests.records.decided_rows import save_answers


def test_kept_stands_against_rejected_in_the_prompt_of_the_rejected_one(fitted: FittedCohort) -> None:
    first, second = save_answers(fitted, "train", 2)
    decisions.keep(first, 1, by="Dr Lee")
    decisions.reject(first, 2, "too-small", by="Dr Lee")
    decisions.shortlist(second, 1, by="Dr Lee")
    decisions.star("small", "p0001", by="Dr Lee")
    found = decided_options(fitted.cohort)
    assert (found.decisions, dict(found.used), found.left_out_in_words) == (2, {"keep": 1, "reject": 1}, "")
    (judged,) = judged_queries(fitted, found.options)
    assert [list(edits) for edits in (*judged.kept, *judged.rejected)] == [["bmi"], ["sugar"]]
    assert f"of-{judged.query.participant_id}" == first and judged.pairs == 1 and judged.hints.effects


def test_an_edit_is_preferred_over_what_it_came_from(fitted: FittedCohort) -> None:
    (answer,) = save_answers(fitted, "train", 1)
    whole = answers.find(answer)
    assert whole is not None
    bmi = whole.counterfactuals[0].changes["bmi"]
    nearer = float(bmi.after) + 0.5  # type: ignore[arg-type]
    edited = decisions.edit(answer, 1, {"bmi": nearer}, by="Dr Lee")
    found = decided_options(fitted.cohort)
    (judged,) = judged_queries(fitted, found.options)
    assert dict(found.used) == {"edit": 1}
    assert judged.kept == ({"bmi": nearer},) and judged.rejected == ({"bmi": bmi.after},)
    decisions.undo(edited.decision_id, by="Dr Lee")
    assert decided_options(fitted.cohort).options == ()


def test_what_was_undone_or_decided_otherwise_later_does_not_count(fitted: FittedCohort) -> None:
    (answer,) = save_answers(fitted, "train", 1)
    whole = answers.find(answer)
    assert whole is not None
    again = answers.save(whole.model_copy(update={"answer_id": "asked-again"}))
    decisions.keep(answer, 1, by="Dr Lee")
    undone = decisions.reject(answer, 2, "too-small", by="Dr Lee")
    decisions.undo(undone.decision_id, by="Dr Lee")
    assert [option.kept for option in decided_options(fitted.cohort).options] == [True]
    decisions.reject(again, 1, "not-possible", by="Dr Wu")
    found = decided_options(fitted.cohort)
    assert [option.kept for option in found.options] == [False]
    assert dict(found.used) == {"reject": 1} and dict(found.left_out) == {SUPERSEDED: 1}


def test_what_was_kept_twice_counts_once(fitted: FittedCohort) -> None:
    (answer,) = save_answers(fitted, "train", 1)
    whole = answers.find(answer)
    assert whole is not None
    again = answers.save(whole.model_copy(update={"answer_id": "asked-again"}))
    for one in (answer, again):
        decisions.keep(one, 1, by="Dr Lee")
    decisions.reject(answer, 2, "too-small", by="Dr Lee")
    found = decided_options(fitted.cohort)
    assert found.decisions == 2 and dict(found.left_out) == {SUPERSEDED: 1}
    (judged,) = judged_queries(fitted, found.options)
    assert judged.decisions == {option.decision_id for option in found.options} and len(judged.decisions) == 2


def test_others_are_left_out_and_told(fitted: FittedCohort) -> None:
    (tested,) = save_answers(fitted, "test", 1)
    train, other = save_answers(fitted, "train", 2)
    whole = answers.find(other)
    assert whole is not None
    values = whole.factual.features | {"sleep": 12.5}
    changed = whole.model_copy(
        update={"answer_id": "changed", "factual": whole.factual.model_copy(update={"features": values})}
    )
    for answer in (tested, train, answers.save(changed)):
        decisions.keep(answer, 1, by="Dr Lee")
    found = decided_options(fitted.cohort)
    assert found.decisions == 1 and dict(found.left_out) == {OTHER_PART: 1, CHANGED: 1}
    assert found.left_out_in_words.startswith("2 decisions were left out: 1 about rows of the")
    with pytest.raises(InputError, match=r"at least 50 .* small has 1 \(2 decisions were left out: .*\), so"):
        check_enough("small", found)


def test_an_answer_that_cannot_be_read_is_left_out(fitted: FittedCohort) -> None:
    damaged, whole = save_answers(fitted, "train", 2)
    for answer in (damaged, whole):
        decisions.keep(answer, 1, by="Dr Lee")
    with transaction() as database:
        database.execute("DROP TRIGGER answers_refuse_update")
        database.execute("UPDATE answers SET status = 'x' WHERE answer_id = ?", (damaged,))
    found = decided_options(fitted.cohort)
    assert found.decisions == 1 and dict(found.left_out) == {UNREADABLE: 1}


def test_what_a_model_could_not_have_written_is_no_pair(fitted: FittedCohort) -> None:
    (answer,) = save_answers(fitted, "train", 1)
    decisions.edit(answer, 1, {"age": 30}, by="Dr Lee")
    decisions.reject(answer, 2, "too-small", by="Dr Lee")
    found = decided_options(fitted.cohort)
    assert found.decisions == 2 and judged_queries(fitted, found.options) == ()
