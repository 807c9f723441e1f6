from __future__ import annotations

import sqlite3

import pytest

from sensecf_core.errors import InputError
from sensecf_core.records import answers, audit
from sensecf_core.records.storage.damage import row_sha256
from sensecf_core.records.storage.database import transaction
from tests.records.made_answers import make_answer


def test_an_answer_comes_back_as_it_was_kept() -> None:
    answer = make_answer()
    assert answers.save(answer) == "a1"
    assert answers.find("a1") == answer


def test_an_unknown_id_finds_nothing() -> None:
    assert answers.find("a1'; DROP TABLE answers; --") is None


def test_a_stored_answer_is_never_replaced() -> None:
    assert answers.save(make_answer()) == "a1"
    assert answers.save(make_answer(created="2026-11-23T08:00:00+00:00")) == "a1"  # nothing else is new
    assert answers.save(make_answer(status="none", counterfactuals=())) == "a1-2"
    assert answers.save(make_answer(status="none", counterfactuals=())) == "a1-2"
    found = [(answer.answer_id, answer.status) for answer in answers.recent("small")]
    assert found == [("a1-2", "none"), ("a1", "found")]
    assert [row.answer_id for row in audit.recent()] == ["a1", "a1", "a1-2", "a1-2"]
    assert answers.find("a1") == make_answer()


def test_the_same_answer_with_behaviours_alone_and_numbers_keeps_its_id() -> None:
    alone = make_answer("a2")
    before = make_answer(behaviours=alone)
    assert answers.save(before) == "a1"
    later = "2026-11-23T08:00:00+00:00"
    (option, *others) = before.counterfactuals
    numbered = (option.model_copy(update={"number": 1}), *others)
    again = {"created": later, "counterfactuals": numbered, "behaviours": make_answer("a2", created=later)}
    assert answers.save(before.model_copy(update=again)) == "a1"
    other = make_answer("a2", status="none", counterfactuals=())
    assert answers.save(before.model_copy(update={"behaviours": other})) == "a1-2"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answers SET body = replace(body, '0.21', '0.11')",
        "INSERT OR REPLACE INTO answers SELECT * FROM answers",
    ],
)
def test_the_database_itself_refuses_to_change_an_answer(statement: str) -> None:
    answers.save(make_answer())
    with pytest.raises(sqlite3.IntegrityError, match="answers are never"), transaction() as database:
        database.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, '0.21', '0.11')",
        "participant_id = 'p0002'",
        "status = 'none'",
        "sha256 = NULL",
        "body = substr(body, 1, 200)",
    ],
)
def test_an_answer_that_was_altered_on_the_disk_is_not_shown(change: str) -> None:
    answers.save(make_answer())
    answers.save(make_answer("whole"))
    alter(f"{change} WHERE answer_id = 'a1'")
    with pytest.raises(InputError, match="Answer a1 is not as it was stored"):
        answers.find("a1")
    assert [answer.answer_id for answer in answers.recent("small")] == ["whole"]
    assert answers.save(make_answer()) == "a1-2"  # asked again, it stands beside


def test_newest_is_what_was_stored_last_whatever_the_clock_said() -> None:
    answers.save(make_answer("before", created="2026-11-22T19:00:00+00:00"))
    answers.save(make_answer("after", created="2020-01-01T00:00:00+00:00"))
    assert answers.newest_ids() == ("after", "before")
    assert [answer.answer_id for answer in answers.recent("small")] == ["after", "before"]


def alter(change: str) -> None:
    """Change answers past the program, as a damaged disk or a careless hand would."""
    with transaction() as database:
        database.execute("DROP TRIGGER answers_refuse_update")
        database.execute(f"UPDATE answers SET {change}")


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
    row = ("old", *(getattr(make_answer("old"), name) for name in answers.COLUMNS[1:-1]), '{"colour": 1}')
    alter(f"body = '{row[-1]}', sha256 = '{row_sha256(*row)}' WHERE answer_id = 'old'")
    assert [answer.answer_id for answer in answers.recent("small")] == ["new"]
    with pytest.raises(InputError, match="Answer old was kept by another version"):
        answers.find("old")


def test_a_number_that_could_not_be_read_back_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        answers.save(make_answer(threshold=float("nan")))
    assert answers.find("a1") is None
