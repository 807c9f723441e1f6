"""Bad input: exit code 2 and one sentence that names what was wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.counterfactuals.proposers import resolve_model
from tests.cli.conftest import Command, Ended

EXPLAIN = ("explain", "--cohort", "nhanes", "--method", "random", "--json")


def assert_refused(ended: Ended, *expected: str) -> None:
    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.err.strip().splitlines()) == 1
    assert "Traceback" not in ended.err
    for words in expected:
        assert words in ended.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["explian"], ["explian", "explain"]),
        (["cohort"], ["Missing command"]),
        (["cohort", "lits"], ["lits", "list"]),
        (["explain"], ["--cohort"]),
        (["explain", "--cohort"], ["--cohort"]),
        (["explain", "--cohort", "nhanes", "--partcipant", "1"], ["--partcipant", "--participant"]),
        (["explain", "--cohort", "nhanes", "--participant", "1", "--k", "four"], ["--k"]),
        (["explain", "--cohort", "nhanes", "extra", "--participant", "1"], ["extra"]),
        (["train"], ["--cohort"]),
        (["train", "--cohort", "nhane"], ["'nhane'", "nhanes"]),
        (["predict", "--cohort", "hart", "--participant", "1"], ["'hart'", "heart"]),
        (["cohort", "check", "/no/such/folder"], ["/no/such/folder"]),
        (["trace", "--cohort", "nhanes", "--methods", "random,lm-few"], ["'lm-few'", "lm-few-shot"]),
        (["trace", "--cohort", "nhanes", "--n", "-1"], ["--n must be 0"]),
        (["trace", "--cohort", "nhanes", "--methods", ""], ["--methods names none", "random"]),
        (["trace", "--cohort", "nhanes", "--seed", "-1"], ["--seed must be 0 or more, got -1"]),
        (["benchmark", "--cohort", "heart", "--methods", "random,nise"], ["'nise'"]),
        (["benchmark", "--cohort", "heart", "--methods", "random@gpt-4o"], ["asks no language model"]),
        (["benchmark", "--cohort", "heart", "--limits", "both"], ["'both'", "contrast"]),
        (["benchmark", "--cohort", "heart", "--n", "-1"], ["--n must be 0 or more, got -1"]),
        (["benchmark", "--cohort", "heart", "--jobs", "0"], ["--jobs must be 1 or more, got 0"]),
        (["explain", "--cohort", "nhanes", "--sample", "2", "--seed", "-1"], ["--seed must be 0 or more"]),
        (["train", "--cohort", "heart", "--seed", "-1"], ["--seed must be from 0", "got -1"]),
    ],
)
def test_wrong_commands_and_options(command: Command, arguments: list[str], expected: list[str]) -> None:
    assert_refused(command(*arguments), *expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--method", "lm-few-shots"], ["method 'lm-few-shots'", "lm-few-shot"]),
        (["--limits", "interventions"], ["limits 'interventions'", "intervention"]),
        (["--trace", "all"], ["trace 'all'", "full"]),
        (["--desired", "2"], ["--desired must be 0 or 1, got 2"]),
        (["--row", "9"], ["'9'", "did you mean 0"]),
        (["--freeze", "bmi,slep"], ["feature 'slep'"]),
        (["--range", "bmj=24:30"], ["feature 'bmj'", "bmi"]),
        (["--range", "bmi=5:70"], ["`bmi`", "5:70"]),
        (["--range", "bmi=30:24"], ["`bmi`", "30:24"]),
        (["--range", "age=30:40"], ["`age`", "may not move"]),
        (["--range", "bmi"], ["bmi=24:30"]),
        (["--max-changes", "0"], ["max-changes", "got 0"]),
        (["--k", "0"], ["`k`", "got 0"]),
        (["--candidates", "0"], ["candidates", "got 0"]),
    ],
)
def test_limits_are_refused_with_the_rule_and_the_value(
    command: Command, person: str, options: list[str], expected: list[str]
) -> None:
    assert_refused(command(*EXPLAIN, "--participant", person, *options), *expected)


def test_nothing_is_refused_after_a_model_ran(
    command: Command, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several participants, one that does not exist stops the command before the first is answered."""
    monkeypatch.setattr(
        "sensecf_core.counterfactuals.explain.explain", lambda *_, **__: pytest.fail("a model ran")
    )
    ended = command(*EXPLAIN, "--participant", person, "--participant", person + "x")
    assert_refused(ended, f"participant '{person}x'", person)


def test_everything_frozen(command: Command, person: str) -> None:
    from sensecf_core.datasets import registry

    features = ",".join(registry.load("nhanes").schema.names)
    ended = command(*EXPLAIN, "--participant", person, "--freeze", features)
    assert_refused(ended, "Nothing may move", "frozen")


def test_a_range_that_leaves_one_person_nothing(command: Command, person: str) -> None:
    """All but one feature frozen, and that one, which may only go down, held to values above its own."""
    from sensecf_core.datasets import registry

    schema = registry.load("nhanes").schema
    frozen = ",".join(name for name in schema.names if name != "sugar")
    ended = command(*EXPLAIN, "--participant", person, "--freeze", frozen, "--range", "sugar=330:340")
    assert_refused(ended, "Nothing may move", person)


def test_people_are_named_or_sampled(command: Command, person: str) -> None:
    assert_refused(command(*EXPLAIN), "--participant", "--sample")
    assert_refused(command(*EXPLAIN, "--participant", person, "--sample", "3"), "one of the two")
    assert_refused(command(*EXPLAIN, "--sample", "0"), "--sample must be 1 or more, got 0")
    assert_refused(command(*EXPLAIN, "--sample", "2", "--row", "0"), "--row")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--set", "bmj=27"], ["feature 'bmj'", "bmi"]),
        (["--set", "bmi=500"], ["`bmi`", "got 500"]),
        (["--set", "bmi"], ["bmi=27.5"]),
        (["--set", "bmi=27", "--set", "bmi=28"], ["names `bmi` twice"]),
        (["--row", "9"], ["'9'"]),
        (["--limits", "none"], ["limits 'none'"]),
    ],
)
def test_predict_refuses(command: Command, person: str, options: list[str], expected: list[str]) -> None:
    assert_refused(command("predict", "--cohort", "nhanes", "--participant", person, *options), *expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "holds no rows"),
        (b"\n \n", "holds no rows"),
        (b"not json\n", "line 1: this is not JSON"),
        (b'{"participant_id": "PERSON"}\n{"participant_id": \n', "line 2: this is not JSON"),
        (b"[1, 2]\n", "line 1: it must be an object"),
        (b'{"row_id": "0"}\n', "line 1: it must be an object with"),
        (b'{"participant_id": "PERSON", "sets": {}}\n', 'unknown key "sets"'),
        (b'{"participant_id": "PERSON", "set": [1]}\n', '"set" must be an object'),
        (b'{"participant_id": "PERSON", "set": []}\n', '"set" must be an object'),
        (b'{"participant_id": ["PERSON"]}\n', "ids must be text"),
        (b'{"participant_id": true}\n', "ids must be text"),
        ('{"participant_id": "a\u2028b"}\n'.encode(), "line 1: Unknown participant"),
        (
            b'{"participant_id": "PERSON"}\n{"participant_id": "nobody"}\n',
            "line 2: Unknown participant 'nobody'",
        ),
        (b'{"participant_id": "PERSON", "row_id": "7"}\n', "line 1: Unknown"),
        (b'{"participant_id": "PERSON", "set": {"bmi": "fat"}}\n', "line 1: `bmi` takes numbers"),
        (
            b'{"participant_id": "PERSON", "set": {"bmi": 1e999}}\n',
            "line 1: this is not JSON that can be read: 1e999 is no finite number",
        ),
        (b'{"participant_id": "PERSON", "set": {"weight_class": 1}}\n', "line 1: Unknown feature"),
        (b"[" * 100_000, "line 1: this is not JSON"),
        (b"\xff\xfe\x00binary", "not a text file"),
    ],
)
def test_a_broken_rows_file(
    command: Command, person: str, tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content.replace(b"PERSON", person.encode()))
    assert_refused(command("predict", "--cohort", "nhanes", "--rows", str(path)), expected)


def test_a_rows_file_that_is_not_there_or_huge(command: Command, tmp_path: Path) -> None:
    missing = command("predict", "--cohort", "nhanes", "--rows", str(tmp_path / "none.jsonl"))
    assert_refused(missing, "none.jsonl cannot be read")
    assert_refused(command("predict", "--cohort", "nhanes", "--rows", str(tmp_path)), "cannot be read")
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as file:
        file.truncate(2_000_000_000)
    assert_refused(command("predict", "--cohort", "nhanes", "--rows", str(huge)), "larger than 200 MB")


def test_predict_takes_people_or_a_file(command: Command, person: str, tmp_path: Path) -> None:
    assert_refused(command("predict", "--cohort", "nhanes"), "--participant", "--rows")
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"participant_id": "1"}\n')
    both = command("predict", "--cohort", "nhanes", "--participant", person, "--rows", str(rows))
    assert_refused(both, "one of the two")
    mixed = command("predict", "--cohort", "nhanes", "--rows", str(rows), "--set", "bmi=27")
    assert_refused(mixed, "stand in the file")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--model", "gpt4o"], ["language model 'gpt4o'", "gpt-4o"]),
        (["--model", "gpt-4o"], ["api.openai.com", "not allowed to see the cohort 'nhanes'", "remote.toml"]),
        (["--model", "gpt-4o", "--method", "lm-few-shot"], ["lm-zero-shot instead of lm-few-shot"]),
        (["--model", "smollm2-135m", "--method", "random"], ["random asks no language model"]),
        (["--model", "smollm2-135m", "--method", "treecf"], ["treecf asks no language model"]),
        (["--method", "dice"], ["Unknown method", "dice-random"]),
        (["--model", "/no/such/folder"], ["'/no/such/folder'"]),
    ],
)
def test_a_model_that_may_not_or_cannot_answer(
    command: Command, person: str, options: list[str], expected: list[str]
) -> None:
    assert_refused(command("explain", "--cohort", "nhanes", "--participant", person, *options), *expected)


@pytest.mark.parametrize(
    "asked",
    [
        ("trace", "--methods", "random"),
        ("behaviour",),
        ("feasibility",),
        ("ablation",),
    ],
    ids=lambda asked: asked[0],
)
def test_what_is_measured_on_private_rows_is_written_nowhere_else(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    monkeypatch.setattr(resolve_model, "restricted", lambda cohort: True)
    ended = command(*asked, "--cohort", "heart", "--out", str(tmp_path / "results"))
    assert ended.code == 2 and "not public" in ended.err
    assert not (tmp_path / "results").exists()
