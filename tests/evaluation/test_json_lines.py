"""Files of finished work: whatever happens to a line, the others stay, and nothing ends in a traceback."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import random
from pathlib import Path

import pytest

from sensecf_core.errors import NotReadyError
from sensecf_core.evaluation import json_lines
from sensecf_core.evaluation.json_lines import append_line, peek_lines, read_lines

RECORDS = [{"key": f"1→{number}", "text": "é\u2028\u0085 𝄞", "value": 0.5 * number} for number in range(3)]


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "records" / "r.jsonl"
    for record in RECORDS:
        append_line(path, record)
    return path


def test_records_come_back_as_they_were_written(whole: Path) -> None:
    assert list(read_lines(whole).values()) == RECORDS
    assert peek_lines(whole) == read_lines(whole)
    assert read_lines(whole.with_name("none")) == peek_lines(whole.with_name("none")) == {}
    assert [path.name for path in whole.parent.iterdir()] == ["r.jsonl"]


def test_a_file_torn_at_any_byte_loses_no_whole_line(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines.os, "fsync", lambda _: None)  # a disk is slow
    content = whole.read_bytes()
    ends = [at for at in range(len(content)) if content[at : at + 1] == b"\n"]
    for size in range(len(content) + 1):
        whole.write_bytes(content[:size])
        kept = sum(end <= size for end in ends)  # the newline itself may be torn off
        assert list(peek_lines(whole).values()) == RECORDS[:kept], size
        append_line(whole, {"key": "next", "value": 1})
        assert list(read_lines(whole)) == [record["key"] for record in RECORDS[:kept]] + ["next"], size
        assert list(read_lines(whole)) == list(peek_lines(whole))


def test_a_file_altered_at_any_byte_gives_only_records_that_were_written(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines.os, "fsync", lambda _: None)
    content, dice = whole.read_bytes(), random.Random(19)
    for at in range(len(content)):
        damaged = bytearray(content)
        damaged[at] ^= dice.randrange(1, 256)
        whole.write_bytes(damaged)
        found = read_lines(whole)
        assert all(record in RECORDS for record in found.values()), at
        assert len(found) >= len(RECORDS) - 2, at  # a lost newline takes two


@pytest.mark.parametrize(
    "line",
    [
        b"\0" * 100,
        b'{"key": "a", "x": 1}{"key": "b", "x": 1}',
        b'{"key": "a", "x": 1} {"key"',
        b'{"x": 1}',
        b'{"key": 3, "x": 1}',
        b'{"key": "alone"}',
        b'{"key": "a", "x": NaN}',
        b"[1]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"key": "a", "x": ' + b"9" * 5000 + b"}",
        b'{"key": "1\xe2\x86\x920", "x": 1, "sha256": "0000000000000000"}',
    ],
)
def test_a_line_that_is_no_record_is_set_aside_and_said(
    whole: Path, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    first, rest = whole.read_bytes().split(b"\n", 1)
    whole.write_bytes(first + b"\n" + line + b"\n\n  \n" + rest)
    with caplog.at_level(logging.WARNING):
        assert list(read_lines(whole).values()) == RECORDS
    assert "1 line of" in caplog.text and "set aside in r.jsonl.damaged" in caplog.text
    assert whole.with_name("r.jsonl.damaged").read_bytes() == line + b"\n"
    caplog.clear()
    assert list(read_lines(whole).values()) == RECORDS
    assert caplog.text == ""


def test_lines_of_earlier_versions_are_read_if_they_have_what_every_record_has(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text('{"key": "a", "arm": "x"}\n{"key": "b", "leg": "y"}\n')
    assert list(read_lines(path, needs=("arm",))) == ["a"]


def test_a_full_disk_is_one_sentence_and_leaves_the_file_as_it_was(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = whole.read_bytes()
    write = os.write

    def half(descriptor: int, content: bytes) -> int:
        write(descriptor, bytes(content)[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json_lines.os, "write", half)
    with pytest.raises(NotReadyError, match="No space left on device"):
        append_line(whole, RECORDS[0])
    assert whole.read_bytes() == before


def test_every_line_is_on_the_disk_before_the_next(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(json_lines.os, "fsync", synced.append)
    append_line(whole, {"key": "n", "x": 1})
    assert len(synced) == 1


def test_processes_that_write_and_repair_at_once_lose_nothing(whole: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_and_damage, args=(whole, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(read_lines(whole)) == 3 + 3 * 20


def write_and_damage(path: Path, name: str) -> None:
    for number in range(20):
        append_line(path, {"key": f"{name}{number}", "value": number})
        with path.open("ab") as file:
            file.write(json.dumps({"key": 1}).encode() + b"\n")
        read_lines(path)
