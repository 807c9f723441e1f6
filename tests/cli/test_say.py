"""``explain --say`` and ``wishes``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tests.cli.conftest import Command
from tests.language.scripted_server import Server, reading_words

EXPLAIN = ("explain", "--cohort", "nhanes", "--participant", "99616", "--method", "random")
SAID = "leave her pulse and her statin alone; at most 2 changes"
HELD_OUT = str(Path(__file__).parents[1] / "language/wishes/sentences.toml")


def test_nothing_runs_before_it_is_confirmed(command: Command) -> None:
    ended = command(*EXPLAIN, "--say", SAID)
    assert ended.code == 2
    assert "Resting pulse: stays as it is" in ended.out and "Not understood: statin" in ended.out
    assert "risk" not in ended.out
    assert ended.err == "Nothing was run: if this is what is meant, ask again with --yes.\n"


def test_json_without_yes_holds_what_was_understood_and_no_answer(command: Command) -> None:
    ended = command(*EXPLAIN, "--json", "--say", SAID)
    assert ended.code == 2
    said = ended.json["said"]
    assert "answers" not in ended.json
    assert [wish["kind"] for wish in said["wishes"]] == ["keep", "changes"]
    assert (said["sentence"], said["reader"], said["unread"]) == (SAID, "rules", ["statin"])


def test_with_yes_the_limits_hold(command: Command) -> None:
    ended = command(*EXPLAIN, "--json", "--yes", "--say", SAID + "; sleep may only go up")
    document = ended.json
    limits = document["answers"][0]["limits"]
    assert limits["frozen"] == ["pulse"] and limits["max_changes"] == 2
    assert limits["ranges"]["sleep"][0] == document["answers"][0]["factual"]["features"]["sleep"]
    assert len(document["said"]["wishes"]) == 3


@pytest.mark.parametrize(("answer", "code"), [(True, (0, 3)), (False, (2,))])
def test_on_a_terminal_it_asks(
    command: Command, monkeypatch: pytest.MonkeyPatch, answer: bool, code: tuple[int, ...]
) -> None:
    monkeypatch.setattr("sensecf_core.cli.say.on_a_terminal", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda question: answer)
    ended = command(*EXPLAIN, "--say", SAID)
    assert ended.code in code
    assert ("risk" in ended.out) == answer


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--say", "good morning", "--yes"), "No limit was understood"),
        (("--say", "sugar stays, but less sugar", "--yes"), "both to stay and to change"),
        (("--say-by", "gpt-4o"), "--say-by names who reads --say"),
        (("--say", SAID, "--say-by", "gpt-4o", "--yes"), "not allowed to see the cohort"),
        (("--say", SAID, "--say-by", "nobody", "--yes"), "nobody"),
        (("--yes",), "--yes confirms what --say is understood as"),
    ],
)
def test_what_cannot_be_taken_is_refused(command: Command, options: tuple[str, ...], message: str) -> None:
    ended = command(*EXPLAIN, *options)
    assert ended.code == 2
    assert message in ended.err


@pytest.fixture
def served() -> Iterator[Server]:
    with reading_words('"leave her pulse" pulse=keep') as server:
        yield server


def test_a_named_model_reads_it_and_it_is_confirmed_as_before(command: Command, served: Server) -> None:
    ended = command(*EXPLAIN, "--say", SAID, "--say-by", "reader")
    assert ended.code == 2 and "ask again with --yes" in ended.err
    assert "Understood (by reader)" in ended.out and "Resting pulse: stays as it is" in ended.out
    assert "your words, and what the features are called, are sent" in ended.err
    (body,) = served.bodies
    sent = "\n".join(message["content"] for message in body["messages"])
    assert SAID in sent and "99616" not in sent


def test_wishes_read_by_a_prompt_stand_beside_those_read_by_rules(
    command: Command, tmp_path: Path, served: Server
) -> None:
    sentences = tmp_path / "few.toml"
    sentences.write_text(
        'nhanes = [{ text = "leave her pulse", kinds = "freeze", meant = "pulse=keep" },\n'
        '{ text = "less sugar", kinds = "direction", meant = "sugar=down" }]\n',
        encoding="utf-8",
    )
    ended = command("wishes", "--sentences", str(sentences), "--by", "reader", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["reader"] == "reader"
    assert ended.json["all"]["exact"]["value"] == 0.5, "it answers the same to both"
    assert ended.json["rules"]["exact"]["value"] == 1.0
    assert "are sent to that program" in ended.err
    (tmp_path / "schemas").mkdir()
    schemas = Path(HELD_OUT).parent / "schemas"
    shutil.copy(schemas / "school.toml", tmp_path / "schemas" / "school.toml")
    sentences.write_text('school = [{ text = "x", kinds = "chat", meant = "" }]\n', encoding="utf-8")
    ended = command("wishes", "--sentences", str(sentences), "--by", "reader")
    assert ended.code == 2 and "restricted cohort 'school'" in ended.err, "each schema has to be allowed"
    ended = command("wishes", "--sentences", str(sentences), "--by", "reader", "--adapter", "x")
    assert ended.code == 2 and "leave out --adapter" in ended.err


def test_wishes_are_measured(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "rules.json"
    ended = command("wishes", "--sentences", HELD_OUT, "--out", str(out))
    assert ended.code == 0
    found = json.loads(out.read_text("utf-8"))
    assert found["sentences"] >= 140
    assert f"{found['sentences']} sentences read by rules" in ended.out
    assert found["provenance"]["sha256"]["sentences"]
    assert {"negation", "typo", "only"} <= set(found["kinds"])


def test_generated_sentences_are_measured(command: Command) -> None:
    found = command("wishes", "--generated", "test", "--count", "30", "--misread", "--json").json
    assert found["sentences"] == 30
    assert len(found["misread"]) >= 30 * (1 - found["all"]["exact"]["value"])


def test_no_sentences_are_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("", "utf-8")
    for options, message in (
        (("--sentences", str(tmp_path / "empty.toml")), "holds no sentence"),
        ((), "one of the two"),
        (("--generated", "mine"), "Unknown part 'mine'"),
        (("--generated", "test", "--count", "0"), "--count must be from 1"),
    ):
        ended = command("wishes", *options)
        assert (ended.code, message in ended.err) == (2, True), ended.err
