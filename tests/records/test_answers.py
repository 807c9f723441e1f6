from __future__ import annotations

import pytest

from sensecf_core.errors import InputError
from sensecf_core.records import answers
from sensecf_core.records.database import transaction
from tests.records.made_answers import make_answer


def test_an_answer_comes_back_as_it_was_kept() -> None:
    answer = make_answer()
    assert answers.save(answer) == "a1"
    assert answers.find("a1") == answer


def test_an_unknown_id_finds_nothing() -> None:
    assert answers.find("a1'; DROP TABLE answers; --") is None


def test_the_same_id_kept_again_replaces_the_first() -> None:
    answers.save(make_answer())
    answers.save(make_answer(status="none", counterfactuals=()))
    assert [answer.status for answer in answers.recent("small")] == ["none"]


def test_recent_is_newest_first_and_narrows_to_cohort_participant_and_row() -> None:
    for number, (cohort, participant, row) in enumerate(
        [("small", "p1", "0"), ("small", "p1", "1"), ("small", "p2", "0"), ("other", "p1", "0")]
    ):
        created = f"2026-11-22T19:00:0{number}.000+00:00"
        answers.save(
            make_answer(f"a{number}", cohort=cohort, participant_id=participant, row_id=row, created=created)
        )

    def ids(*where: str, limit: int = 20) -> list[str]:
        return [answer.answer_id for answer in answers.recent(*where, limit=limit)]

    assert ids("small") == ["a2", "a1", "a0"]
    assert ids("small", "p1") == ["a1", "a0"]
    assert ids("small", "p1", "1") == ["a1"]
    assert ids("small", limit=1) == ["a2"]
    assert ids("nowhere") == []


def test_an_answer_of_another_version_is_named_and_does_not_hide_the_others() -> None:
    answers.save(make_answer("old"))
    answers.save(make_answer("new"))
    with transaction() as database:
        database.execute("UPDATE answers SET body = '{\"colour\": 1}' WHERE answer_id = 'old'")
    assert [answer.answer_id for answer in answers.recent("small")] == ["new"]
    with pytest.raises(InputError, match="Answer old was kept by another version"):
        answers.find("old")


def test_a_number_that_could_not_be_read_back_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        answers.save(make_answer(threshold=float("nan")))
    assert answers.find("a1") is None
