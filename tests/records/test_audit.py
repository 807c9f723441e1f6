"""The audit trail: hash by hash, and every way to tamper with it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given, strategies as st

from sensecf_core.records import answers, audit, decisions
from sensecf_core.records.storage.database import connect, database_path
from tests.records.made_answers import make_answer

FIELDS = "created, who, action, cohort, participant_id, row_id, answer_id, detail"
COLUMNS = ("seq", *FIELDS.split(", "), "previous", "sha256")
NULLABLE = ("who", "cohort", "participant_id", "row_id", "answer_id")


@contextmanager
def tampering() -> Iterator[sqlite3.Connection]:
    """The database in the hands of somebody who has removed what refuses changes."""
    with closing(sqlite3.connect(database_path(), isolation_level=None)) as opened:
        for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            opened.execute(f"DROP TRIGGER {name}")
        opened.execute("PRAGMA synchronous = OFF")
        yield opened


def three_rows() -> None:
    audit.record(audit.Entry("asked", None, "heart", "p1", "0", "a1", {"method": "random"}))
    audit.record(audit.Entry("seen", "Dr Lee", "heart", "p1", "0", "a1"))
    audit.record(audit.Entry("exported", "Dr Lee", "heart", "p1", "0", "a1", {"format": "csv"}))


def by_hand(row: audit.AuditRow, previous: str) -> str:
    """The hash of a row, spelled out."""

    def text(value: str | None) -> str:
        return "null" if value is None else json.dumps(value)

    fields = (
        f'{{"action":{text(row.action)},"answer_id":{text(row.answer_id)},"cohort":{text(row.cohort)},'
        f'"created":{text(row.created)},"detail":{text(row.detail)},'
        f'"participant_id":{text(row.participant_id)},"row_id":{text(row.row_id)},"seq":{row.seq},'
        f'"who":{text(row.who)}}}'
    )
    return hashlib.sha256((fields + previous).encode()).hexdigest()


def test_three_rows_are_chained_as_worked_by_hand() -> None:
    three_rows()
    first, second, third = audit.recent()
    assert [row.seq for row in (first, second, third)] == [1, 2, 3]
    assert first.detail == '{"method":"random"}'
    assert first.previous == "0" * 64
    assert first.sha256 == second.previous == by_hand(first, "0" * 64)
    assert second.sha256 == third.previous == by_hand(second, first.sha256)
    assert third.sha256 == by_hand(third, second.sha256)
    assert audit.verify() == audit.Verified(3, third.sha256, None)


def test_an_empty_trail_is_whole() -> None:
    assert audit.verify() == audit.Verified(0, audit.FIRST, None)


@pytest.mark.parametrize(
    ("change", "row", "problem"),
    [
        ("UPDATE audit SET who = 'Dr Lee' WHERE seq = 1", 1, "not as it was written"),
        ("UPDATE audit SET who = '' WHERE seq = 1", 1, "not as it was written"),
        ("UPDATE audit SET detail = '{\"format\": \"csv\"}' WHERE seq = 3", 3, "not as it was written"),
        ("UPDATE audit SET action = CAST(x'ff' AS TEXT) WHERE seq = 2", 2, "not as it was written"),
        ("DELETE FROM audit WHERE seq = 1", 1, "row 1 is missing"),
        ("DELETE FROM audit WHERE seq = 2", 2, "row 2 is missing"),
        ("DELETE FROM audit WHERE seq = 3", 3, "row 3 is missing, at the end"),
        ("DELETE FROM audit", 1, "row 1 is missing, at the end"),
        (f"INSERT INTO audit SELECT 0, {FIELDS}, previous, sha256 FROM audit WHERE seq = 1", 0, "not belong"),
        (f"INSERT INTO audit SELECT 4, {FIELDS}, sha256, sha256 FROM audit WHERE seq = 3", 4, "row 4 is not"),
    ],
)  # fmt: skip
def test_a_row_that_was_edited_deleted_or_inserted_is_named(change: str, row: int, problem: str) -> None:
    three_rows()
    with tampering() as opened:
        opened.execute(change)
    broken = audit.verify().broken
    assert broken is not None
    assert broken.row == row
    assert problem in broken.problem


def test_rows_that_changed_places_are_found() -> None:
    three_rows()
    with tampering() as opened:
        for old, new in ((2, 9), (3, 2), (9, 3)):
            opened.execute("UPDATE audit SET seq = ? WHERE seq = ?", (new, old))
    broken = audit.verify().broken
    assert broken is not None and broken.row == 2


def test_an_inserted_row_is_found_though_all_after_it_were_renumbered() -> None:
    three_rows()
    with tampering() as opened:
        opened.execute("UPDATE audit SET seq = 4 WHERE seq = 3")
        opened.execute(f"INSERT INTO audit SELECT 3, {FIELDS}, sha256, sha256 FROM audit WHERE seq = 2")
    broken = audit.verify().broken
    assert broken is not None and broken.row == 3


def test_a_row_rewritten_with_a_new_hash_is_found_by_the_next() -> None:
    three_rows()
    second = audit.recent()[1]
    forged = audit.AuditRow(**{**vars(second), "who": "Dr Wu"})
    with tampering() as opened:
        opened.execute(
            "UPDATE audit SET who = 'Dr Wu', sha256 = ? WHERE seq = 2", (by_hand(forged, forged.previous),)
        )
    broken = audit.verify().broken
    assert broken is not None and broken.row == 3
    assert "one of them was rewritten" in broken.problem


def test_a_gap_at_the_end_stays_a_gap_when_rows_follow() -> None:
    three_rows()
    with tampering() as opened:
        opened.execute("DELETE FROM audit WHERE seq = 3")
    audit.record(audit.Entry("seen"))
    broken = audit.verify().broken
    assert broken is not None and broken.row == 3


def test_a_whole_new_trail_lacks_the_hash_that_was_noted() -> None:
    three_rows()
    noted = audit.verify().last
    assert audit.verify(noted).ok
    audit.record(audit.Entry("seen"))
    assert audit.verify(noted).ok
    with tampering() as opened:
        opened.execute("DELETE FROM audit")
        opened.execute("DELETE FROM sqlite_sequence")
    three_rows()
    assert audit.verify().ok
    broken = audit.verify(noted).broken
    assert broken is not None and noted in broken.problem


def test_a_cut_end_is_found_by_what_it_leaves_or_by_a_noted_hash() -> None:
    """Whoever also sets the count back is found by a decision that has lost its row, else by a noted hash."""
    answers.save(make_answer())
    decisions.keep("a1", 1, by="Dr Lee")
    audit.record(audit.Entry("seen"))
    noted = audit.verify().last

    def cut(from_row: int) -> None:
        with tampering() as opened:
            opened.execute("DELETE FROM audit WHERE seq >= ?", (from_row,))
            opened.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'audit'", (from_row - 1,))

    cut(3)
    assert audit.verify().ok and not audit.verify(noted).ok
    cut(2)
    broken = audit.verify().broken
    assert broken is not None and "has no row in the trail" in broken.problem


def fill() -> None:
    """One row of every kind that the program writes."""
    answers.save(make_answer())
    kept = decisions.keep("a1", 1, by="Dr Lee")
    decisions.reject("a1", 2, "other", by="Dr Wu", note="Ramadan.")
    decisions.undo(kept.decision_id, by="Dr Lee")


def test_any_change_of_any_field_is_found() -> None:
    fill()
    whole = audit.verify()
    rows = audit.recent()
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=70)

    @given(data=st.data())
    def change_one(data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(rows), "row")
        column = data.draw(st.sampled_from(COLUMNS), "column")
        old = vars(row)[column]
        if column == "seq":
            values = st.integers(-(2**62), 2**62).filter(lambda value: not 1 <= value <= len(rows))
        else:
            near = st.just(str(old)[:-1]) | st.just(f"{old} ")  # the smallest changes
            values = text | near | (st.none() if column in NULLABLE else st.nothing())
        new = data.draw(values.filter(lambda value: value != old), "new value")
        where = new if column == "seq" else row.seq
        opened.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (new, row.seq))
        found = audit.verify().broken
        opened.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (old, where))
        assert found is not None

    with tampering() as opened:
        change_one()
    assert audit.verify() == whole


def test_any_change_of_a_decision_is_found() -> None:
    fill()
    whole = audit.verify()
    with connect() as read:
        rows = [dict(row) for row in read.execute("SELECT * FROM decisions ORDER BY seq")]

    @given(data=st.data())
    def change_one(data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(rows), "row")
        column = data.draw(st.sampled_from([name for name in row if name != "seq"]), "column")
        values = st.integers(0, 99) if column == "option" else st.text("ab{}1", max_size=9)
        new = data.draw(values.filter(lambda value: value != row[column]), "new value")
        change = f"UPDATE decisions SET {column} = ? WHERE seq = ?"
        opened.execute(change, (new, row["seq"]))
        found = audit.verify().broken
        opened.execute(change, (row[column], row["seq"]))
        assert found is not None
        assert found.row == row["seq"] + 1  # the first row says what was asked

    with tampering() as opened:
        change_one()
    assert audit.verify() == whole


def test_a_decision_that_is_gone_or_was_written_past_the_trail_is_found() -> None:
    fill()
    with tampering() as opened:
        opened.execute("UPDATE decisions SET decision_id = 'slipped in' WHERE seq = 3")
        opened.execute("DELETE FROM decisions WHERE seq = 1")
    broken = audit.verify().broken
    assert broken is not None and broken.row == 2 and "is missing" in broken.problem
    with tampering() as opened:
        opened.execute("DELETE FROM audit")
        opened.execute("DELETE FROM sqlite_sequence")
    broken = audit.verify().broken
    assert broken is not None and broken.row is None and "no row in the trail" in broken.problem


@pytest.mark.parametrize("table", ["audit", "decisions"])
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("UPDATE {} SET who = 'nobody'", "never changed or deleted"),
        ("DELETE FROM {}", "never changed or deleted"),
        ("INSERT OR REPLACE INTO {} SELECT * FROM {} WHERE seq = 1", "added at its end"),
    ],
)
def test_the_database_refuses_to_change_rows(table: str, change: str, refusal: str) -> None:
    fill()
    with connect() as opened, pytest.raises(sqlite3.IntegrityError, match=refusal):
        opened.execute(change.replace("{}", table))
    assert audit.verify().ok


def test_a_row_needs_a_transaction_and_known_details() -> None:
    with connect() as opened, pytest.raises(ValueError, match="within a transaction"):
        audit.append(opened, audit.Entry("seen"))
    with pytest.raises(ValueError, match=r"`detail` may only name .* got bmi"):
        audit.Entry("seen", detail={"bmi": 31})
    with pytest.raises(ValueError, match=r"`action` must be one of asked, .* got 'read'"):
        audit.Entry("read")  # type: ignore[arg-type]
    assert audit.recent() == ()


def test_asking_is_a_row_without_values() -> None:
    answers.save(make_answer(), by="Dr Lee")
    (row,) = audit.recent()
    assert (row.action, row.who, row.cohort, row.participant_id) == ("asked", "Dr Lee", "small", "p0001")
    assert (row.row_id, row.answer_id, row.detail) == ("0", "a1", '{"method":"lm-few-shot"}')


def test_recent_narrows_and_keeps_the_newest() -> None:
    for number in range(3):
        audit.record(audit.Entry("seen", cohort="heart", participant_id=f"p{number % 2}"))
    assert [row.seq for row in audit.recent("heart", "p0")] == [1, 3]
    assert [row.seq for row in audit.recent(limit=2)] == [2, 3]
    assert audit.recent("nhanes") == ()


def test_two_processes_that_append_at_once_make_one_chain() -> None:
    command = (
        "from sensecf_core.records import audit\n"
        "for _ in range(25): audit.record(audit.Entry('seen', who='{}'))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", command.format(name)]) for name in ("one", "two")]
    assert [process.wait(120) for process in processes] == [0, 0]
    rows = audit.recent()
    assert sorted(row.who or "" for row in rows) == ["one"] * 25 + ["two"] * 25
    assert audit.verify() == audit.Verified(50, rows[-1].sha256, None)
