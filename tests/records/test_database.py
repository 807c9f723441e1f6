from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sensecf_core.errors import NotReadyError
from sensecf_core.records import answers
from sensecf_core.records.storage import database
from sensecf_core.records.storage.migrations import STEPS
from tests.records.made_answers import make_answer


def test_the_file_and_its_log_are_private_and_write_ahead(private_var: Path) -> None:
    with database.connect() as open_database:
        mode = open_database.execute("PRAGMA journal_mode").fetchone()[0]
        open_database.execute("BEGIN IMMEDIATE")
        files = sorted(path.name for path in private_var.iterdir())
        modes = {path.name: path.stat().st_mode & 0o777 for path in private_var.iterdir()}
    assert mode == "wal"
    assert "sensecf.db" in files and "sensecf.db-wal" in files
    assert set(modes.values()) == {0o600}
    assert private_var.stat().st_mode & 0o777 == 0o700


def test_a_file_that_others_could_read_is_closed_to_them() -> None:
    path = database.database_path()
    path.touch()
    path.chmod(0o644)
    with database.connect():
        pass
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_new_file_takes_every_step_once() -> None:
    for _ in range(2):
        with database.connect() as open_database:
            assert open_database.execute("PRAGMA user_version").fetchone()[0] == len(STEPS)


def test_a_later_step_keeps_what_earlier_ones_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    answers.save(make_answer())
    monkeypatch.setattr(database, "STEPS", (*STEPS, ("CREATE TABLE later (x) STRICT",)))
    with pytest.raises(sqlite3.Error), database.connect():  # a STRICT column without a type
        pass
    monkeypatch.setattr(database, "STEPS", (*STEPS, ("CREATE TABLE later (x INTEGER) STRICT",)))
    with database.connect() as open_database:
        assert open_database.execute("SELECT count(*) FROM later").fetchone()[0] == 0
    assert answers.find("a1") == make_answer()


def test_a_newer_file_is_refused_with_both_versions() -> None:
    with database.connect() as open_database:
        open_database.execute("PRAGMA user_version = 99")
    with pytest.raises(NotReadyError, match=r"newer SenseCF \(version 99, this one knows \d+\); update"):
        answers.find("a1")


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_file_is_named_and_left_alone(content: bytes) -> None:
    path = database.database_path()
    path.write_bytes(content)
    with pytest.raises(NotReadyError, match=rf"{re.escape(str(path))} is damaged .* `mv .*damaged`"):
        answers.save(make_answer())
    assert path.read_bytes() == content


def test_damage_in_the_middle_of_a_file_is_named(private_var: Path) -> None:
    for number in range(200):
        answers.save(make_answer(f"a{number}"))
    path = database.database_path()
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xaa" * (len(content) - 12288)
    path.write_bytes(content)
    with pytest.raises(NotReadyError, match="is damaged"):
        answers.recent("small", limit=200)
    assert path.read_bytes() == content


def test_a_file_that_cannot_be_opened_is_named(private_var: Path) -> None:
    database.database_path().mkdir()
    with pytest.raises(NotReadyError, match="cannot be opened"):
        answers.find("a1")


def test_a_database_kept_busy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with (
        database.transaction(),
        pytest.raises(NotReadyError, match="kept busy by another process"),
        database.transaction(),
    ):
        pass


def test_opening_again_keeps_the_locks_that_other_connections_hold(private_var: Path) -> None:
    """Without them another process that closes last removes the log, and the two no longer see each other."""
    other = (
        "from sensecf_core.records import answers\n"
        "from tests.records.made_answers import make_answer\n"
        "answers.save(make_answer('{}'))\n"
    )
    with database.connect() as held:
        held.execute("BEGIN")
        held.execute("SELECT count(*) FROM answers").fetchone()
        with database.connect():
            pass
        subprocess.run([sys.executable, "-c", other.format("theirs")], check=True)
        assert (private_var / "sensecf.db-wal").exists()
        held.execute("COMMIT")
        assert held.execute("SELECT answer_id FROM answers").fetchone()["answer_id"] == "theirs"


def test_a_failed_transaction_leaves_nothing() -> None:
    def half_done() -> None:
        with database.transaction() as open_database:
            open_database.execute(
                "INSERT INTO answers VALUES"
                " ('half', 'small', 'p', '0', 'random', 'none', 'now', '{}', '', NULL)"
            )
            raise KeyError("stop")

    with pytest.raises(KeyError):
        half_done()
    assert answers.find("half") is None


def test_programming_errors_are_not_blamed_on_the_file() -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), database.connect() as open_database:
        open_database.execute("SELECT * FROM nowhere")


def test_threads_that_write_at_once_lose_nothing() -> None:
    """The very first openings race too: all threads find no file."""

    def write(name: int) -> None:
        barrier.wait()
        for number in range(25):
            answers.save(make_answer(f"{name}-{number}"))

    barrier = threading.Barrier(8)
    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.answer_id for answer in answers.recent("small", limit=1000)}) == 200


def test_processes_that_open_a_new_file_at_once_all_get_in() -> None:
    command = "from sensecf_core.records.storage.database import transaction\nwith transaction(): pass"
    processes = [subprocess.Popen([sys.executable, "-c", command]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
