"""Damaged databases: each is told in one sentence, and nothing that is not damage is called so."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import job_table
from sensecf_core.records import answers, audit, comparisons, database_files, decisions
from sensecf_core.records.storage import database
from sensecf_core.records.storage.migrations import STEPS
from tests.records.made_answers import make_answer

SEED = 19


def fill() -> bytes:
    """A database with every kind of row; its bytes, with the log written back."""
    for number in range(12):
        answers.save(make_answer(f"a{number}"))
    decisions.keep("a1", 1, by="Dr A")
    decisions.reject("a1", 2, "too-small", by="Dr A", note="a note")
    job = job_table.add(
        "model", "1:1:x", kind="explain", label="l", spec="{}", visitor="v", most_waiting=9, most_in_all=9
    )
    job_table.report(job, 0.5, "half")
    path = database.database_path()
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def use_everything() -> None:
    """Read and write what pages and commands do."""
    answers.find("a1")
    answers.recent("small")
    answers.newest_ids()
    comparisons.recent("small", "p0001", "0")
    decisions.history()
    decisions.keep("a2", 1, by="Dr B")
    answers.save(make_answer("new"))
    audit.recent()
    audit.verify()
    job_table.recent("model", "explain")
    job_table.adopt_orphans("model", "2:2:y", most_attempts=3, error="gone")
    job_table.claim("model", "2:2:y")
    database_files.check()


def put(content: bytes) -> None:
    path = database.database_path()
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    path.write_bytes(content)


def altered(whole: bytes, dice: random.Random) -> bytes:
    """Damage of one kind: single bytes, a run, a page, the header, the schema's text, a cut, a shift."""
    content = bytearray(whole)
    kinds: list[Callable[[], None]] = [
        lambda: content.__setitem__(dice.randrange(len(content)), dice.randrange(256)),
        lambda: content.__setitem__(dice.randrange(100), dice.randrange(256)),
        lambda: content.__setitem__(dice.randrange(100, 4096), dice.randrange(256)),
        lambda: content.__setitem__(
            slice(start := dice.randrange(len(content)), start + 64), bytes([255]) * 64
        ),
        lambda: content.__setitem__(
            slice(page := 4096 * dice.randrange(len(content) // 4096), page + 4096), bytes(4096)
        ),
        lambda: content.__delitem__(slice(dice.randrange(len(content)), None)),
        lambda: content.__delitem__(dice.randrange(len(content))),
        lambda: content.__setitem__(slice(60, 64), dice.randrange(2**32).to_bytes(4, "big")),
        lambda: replace_text(content, dice),
    ]
    dice.choice(kinds)()
    return bytes(content)


def replace_text(content: bytearray, dice: random.Random) -> None:
    word = dice.choice(
        [
            b"answer_id",
            b"CREATE TABLE",
            b"answers",
            b"jobs",
            b"audit",
            b"sha256",
            b"seq",
            b"TEXT",
            b"small",
            b"Dr A",
        ]
    )
    places = [at for at in range(len(content)) if content.startswith(word, at)]
    at = dice.choice(places)
    content[at : at + len(word)] = dice.choice([b"\xff" * len(word), word[::-1], word.swapcase()])


@pytest.fixture
def whole() -> bytes:
    return fill()


def test_every_damage_is_one_sentence(whole: bytes) -> None:
    dice, told = random.Random(SEED), 0
    for number in range(120):
        put(altered(whole, dice))
        try:
            use_everything()
        except (NotReadyError, InputError) as error:
            told += 1
            assert "\n" not in str(error), number
    assert told > 40


@pytest.mark.parametrize("version", [0, 1, len(STEPS) - 1, 2**31 - 1, -3])
def test_a_damaged_version_number_is_damage(whole: bytes, version: int) -> None:
    put(whole[:60] + version.to_bytes(4, "big", signed=True) + whole[64:])
    with pytest.raises(NotReadyError, match=r"is damaged .* db restore FILE"):
        answers.find("a1")


def test_a_lost_table_and_a_text_that_is_none_are_damage(whole: bytes) -> None:
    with closing(sqlite3.connect(database.database_path())) as opened:
        opened.execute("DROP TABLE jobs")
    with pytest.raises(NotReadyError, match=r"damaged \(the table jobs is missing\)"):
        job_table.find("x")
    put(whole)
    with closing(sqlite3.connect(database.database_path())) as opened:
        opened.execute("UPDATE jobs SET label = CAST(x'ff' AS TEXT)")
        opened.commit()
    with pytest.raises(NotReadyError, match=r"damaged \(a text in it is no UTF-8\)"):
        job_table.recent("model", "explain")


def test_an_altered_answer_is_found_by_a_check(whole: bytes) -> None:
    assert database_files.check().problems == ()
    with closing(sqlite3.connect(database.database_path())) as opened:
        trigger = opened.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'answers_refuse_update'"
        ).fetchone()[0]
        opened.execute("DROP TRIGGER answers_refuse_update")
        opened.execute("UPDATE answers SET body = replace(body, '0.21', '0.01') WHERE answer_id = 'a3'")
        opened.execute(trigger)
        opened.commit()
    (problem,) = database_files.check().problems
    assert problem.startswith("Answer a3 is not as it was stored")


def test_a_trigger_that_is_gone_is_found_by_a_check(whole: bytes) -> None:
    with closing(sqlite3.connect(database.database_path())) as opened:
        opened.execute("DROP TRIGGER audit_refuses_delete")
    assert database_files.check().problems == ("the trigger audit_refuses_delete is missing",)


def test_a_backup_comes_back_and_what_it_replaces_is_kept(whole: bytes, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert database_files.backup(copy)["answers"] == 12
    assert copy.stat().st_mode & 0o777 == 0o600
    answers.save(make_answer("later"))
    aside = database_files.restore(copy)
    assert answers.find("later") is None and answers.find("a1") == make_answer("a1")
    assert aside is not None
    with closing(sqlite3.connect(aside)) as old:
        assert old.execute("SELECT count(*) FROM answers WHERE answer_id = 'later'").fetchone()[0] == 1
    assert database_files.check().problems == ()


def test_a_backup_takes_the_place_of_a_damaged_database(whole: bytes, tmp_path: Path) -> None:
    database_files.backup(tmp_path / "copy.db")
    put(b"nothing of the kind" * 999)
    aside = database_files.restore(tmp_path / "copy.db")
    assert aside is not None and aside.read_bytes() == b"nothing of the kind" * 999
    assert answers.find("a1") == make_answer("a1")


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        for statement in [statement for step in STEPS[:3] for statement in step]:
            old.execute(statement)
        old.execute("INSERT INTO answers VALUES ('x', 'small', 'p', '0', 'random', 'none', 'now', '{}')")
        old.execute("PRAGMA user_version = 3")
        old.commit()
    assert database_files.restore(tmp_path / "old.db") is None
    with pytest.raises(InputError, match="another version"):  # so its hash is right
        answers.find("x")


def test_a_damaged_or_foreign_copy_is_refused_and_nothing_is_touched(whole: bytes, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as opened:
        opened.execute("CREATE TABLE notes (x)")
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.db").write_text("hello")
    for name in ("foreign.db", "cut.db", "text.db", "nowhere.db"):
        with pytest.raises(InputError, match=r"name (another|a copy)"):
            database_files.restore(tmp_path / name)
    assert answers.find("a1") == make_answer("a1")
    with pytest.raises(InputError, match="exists already"):
        database_files.backup(foreign)


def test_a_damaged_database_is_not_copied(whole: bytes, tmp_path: Path) -> None:
    put(whole[: len(whole) // 2])
    with pytest.raises(NotReadyError, match="is damaged"):
        database_files.backup(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_what_is_committed_survives_a_power_loss() -> None:
    with database.transaction() as opened:
        assert opened.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
