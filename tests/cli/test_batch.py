"""``batch``: many people at once, what is told, and what is asked only once."""

from __future__ import annotations

import json

import pytest

from sensecf_core.records import answers
from tests.cli.conftest import Command

RED_FLAG = "97727"


def test_it_tells_progress_keeps_every_answer_and_asks_nothing_twice(
    command: Command, flagged: list[tuple[str, str]]
) -> None:
    people = [part for person, row in flagged[:2] for part in ("--participant", person, "--row", row)]
    asked = ("batch", "--cohort", "nhanes", *people, "--participant", RED_FLAG, "--row", "0")
    first = command(*asked, "--method", "random", "--by", "Dr Lee", "--json-progress")
    assert first.code == 0, first.err
    lines = [json.loads(line) for line in first.out.splitlines()]
    ids = [line["answer_id"] for line in lines if "answer_id" in line]
    assert [one.participant_id for one in map(answers.find, ids) if one] == [flagged[0][0], flagged[1][0]]
    shares = [line["fraction"] for line in lines if "fraction" in line]
    assert shares == sorted(shares) and any(line.get("message", "").startswith("2 of 2: ") for line in lines)
    again = command(*asked, "--method", "random", "--json").json
    assert again["asked"] == []
    assert [one["participant_id"] for one in again["answered_before"]] == [flagged[0][0], flagged[1][0]]
    assert again["withheld"] == [{"participant_id": RED_FLAG, "row_id": "0"}]
    told = command(*asked, "--method", "random").out
    assert "2 had their answer already." in told and f"to be seen first: {RED_FLAG}." in told


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ((), "Name the people by --participant or by --sample N, one of the two."),
        (("--participant", "93705", "--sample", "2"), "one of the two"),
        (("--sample", "2", "--row", "0"), "--sample draws rows by itself"),
        (("--participant", "93705", "--row", "0", "--row", "0"), "there are 2 and 1"),
        (("--participant", "93708", "--method", "magic"), "Unknown method 'magic'"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(options: tuple[str, ...], error: str, command: Command) -> None:
    ended = command("batch", "--cohort", "nhanes", *options)
    assert ended.code == 2
    assert error in ended.err and ended.err.count("\n") == 1
