"""``db``: check, copy and bring back the database."""

from __future__ import annotations

import json
from pathlib import Path

from sensecf_core.records import answers
from sensecf_core.records.storage.database import database_path
from tests.cli.conftest import Command
from tests.records.made_answers import make_answer


def test_a_database_is_checked_copied_and_brought_back(command: Command, tmp_path: Path) -> None:
    assert command("db", "check").code == 2  # there is none yet
    answers.save(make_answer())
    ended = command("db", "check", "--json")
    report = json.loads(ended.out)
    assert (ended.code, report["ok"], report["rows"]["answers"], report["problems"]) == (0, True, 1, [])
    copy = str(tmp_path / "copy.db")
    assert "1 answers" in command("db", "backup", copy).out
    content = database_path().read_bytes()
    database_path().write_bytes(b"damaged" * 2000)
    ended = command("db", "check")
    assert ended.code == 1 and "db restore FILE" in ended.err
    ended = command("db", "restore", copy)
    assert ended.code == 0 and "stood there before" in ended.out
    assert command("db", "check").out.startswith(f"{database_path()} is whole: 1 answers")
    assert content != b"" and answers.find("a1") == make_answer()


def test_what_is_wrong_is_listed(command: Command) -> None:
    answers.save(make_answer())
    import sqlite3

    with sqlite3.connect(database_path()) as opened:
        opened.execute("DROP TRIGGER answers_refuse_update")
    ended = command("db", "check")
    assert ended.code == 1
    assert "the trigger answers_refuse_update is missing" in ended.out
