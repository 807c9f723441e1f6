"""``decisions`` and ``audit``, and the ids that ``explain --keep`` prints."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from sensecf_core.records import answers, audit, decisions
from sensecf_core.records.storage.database import database_path
from tests.cli.conftest import Command
from tests.cli.test_bad_input import assert_refused

BY = ("--by", "Dr Lee")


@pytest.fixture(scope="session")
def heart_person() -> str:
    """A flagged participant of heart's test part."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows

    fitted = load_fitted("heart")
    return sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=1, seed=0)[0][0]


@pytest.fixture(scope="session")
def heart_answer(heart_person: str) -> Any:
    """An answer about that participant, which has an option."""
    from sensecf_core.counterfactuals.explain import explain
    from sensecf_core.queries.request import ExplainRequest

    request = ExplainRequest(cohort="heart", participant_id=heart_person, method="random", candidates=200)
    answer = explain(request)
    assert answer.counterfactuals
    return answer


@pytest.fixture
def answer(heart_answer: Any) -> str:
    return answers.save(heart_answer)


@pytest.fixture
def about(heart_person: str) -> tuple[str, ...]:
    return ("--cohort", "heart", "--participant", heart_person)


def test_explain_prints_the_id_of_what_it_keeps(command: Command, about: tuple[str, ...]) -> None:
    ended = command("explain", *about, "--method", "nice-none", "--keep", *BY)
    (kept,) = re.findall(r"^  kept as (\w{16})$", ended.out, re.MULTILINE)
    found = answers.find(kept)
    assert found is not None and (found.cohort, found.method) == ("heart", "nice-none")
    (row,) = audit.recent()
    assert (row.action, row.who, row.answer_id) == ("asked", "Dr Lee", kept)
    document = command("explain", *about, "--method", "nice-none", "--keep", "--json").json
    assert document["answers"][0]["answer_id"] == kept
    assert "kept as" not in command("explain", *about, "--method", "nice-none").out
    assert_refused(command("explain", *about, "--by", " "), "needs the name")


def test_an_option_is_kept_and_its_decision_listed(command: Command, answer: str, heart_person: str) -> None:
    ended = command("decisions", "add", "--answer", answer, "--option", "1", "--keep", *BY, "--note", "Soon.")
    assert ended.code == 0, ended.err
    (kept,) = decisions.history()
    assert f"{kept.decision_id}  " in ended.out and "Dr Lee" in ended.out
    assert f"kept option 1 of {answer}" in ended.out and ended.out.rstrip().endswith("now: 1 kept")
    listed = command("decisions", "list", "--cohort", "heart", "--json").json
    (entry,) = listed["decisions"]
    assert (entry["kind"], entry["who"], entry["note"], entry["undone"]) == ("keep", "Dr Lee", "Soon.", False)
    assert (entry["answer_id"], entry["option"], entry["participant_id"]) == (answer, 1, heart_person)
    assert entry["grade"] in ("solid", "fragile")
    assert set(entry["provenance"]) == {"version", "commit", "sha256"}
    assert all(set(change) == {"from", "to"} for change in entry["changes"].values())
    assert listed["people"] == [
        {
            "cohort": "heart",
            "participant_id": heart_person,
            "kept": [kept.decision_id],
            "rejected": [],
            "shortlisted": [],
            "note": None,
            "starred": False,
            "effort": {},
        }
    ]


def test_a_change_of_mind_and_its_undo(command: Command, answer: str, about: tuple[str, ...]) -> None:
    one = ("decisions", "add", "--answer", answer, "--option", "1", *BY)
    command(*one, "--keep")
    rejected = command(*one, "--reject", "not-acceptable", "--json").json
    assert rejected["decisions"][0]["reason_label"] == "Not acceptable to them"
    assert rejected["people"][0]["kept"] == [] and len(rejected["people"][0]["rejected"]) == 1
    assert rejected["decisions"][0]["features"] is None
    undone = command("decisions", "undo", *about, *BY)
    assert f"undone {rejected['decisions'][0]['decision_id']}" in undone.out
    assert undone.out.rstrip().endswith("now: 1 kept")
    first, second, third, now = command("decisions", "list", *about).out.splitlines()
    assert "kept option 1" in first and "(undone)" in second and "Not acceptable to them" in second
    assert "undone" in third and now.endswith("now: 1 kept")
    again = command("decisions", "undo", "--decision", third.split()[0], *BY, "--json").json
    assert again["people"][0]["kept"] == [] and len(again["people"][0]["rejected"]) == 1


def test_an_option_is_edited_and_shortlisted(command: Command, answer: str, heart_answer: Any) -> None:
    from sensecf_core.datasets import registry

    schema = registry.load("heart").schema
    name, change = next(
        (name, change)
        for name, change in heart_answer.counterfactuals[0].changes.items()
        if schema.feature(name).kind in ("continuous", "integer")
    )
    value = round((change.before + change.after) / 2)
    one = ("decisions", "add", "--answer", answer, "--option", "1", *BY)
    edited = command(*one, "--edit", f"{name}={value}", "--json").json["decisions"][0]
    others = {n: c.after for n, c in heart_answer.counterfactuals[0].changes.items()}
    assert edited["edited"] == others | {name: value}
    assert edited["kind"] == "edit" and edited["grade"] is None
    assert f"edited option 1 of {answer}" in command("decisions", "list").out
    assert command(*one, "--shortlist").out.rstrip().endswith("now: 1 shortlisted")
    assert_refused(command(*one, "--edit", "age=30"), "`age` may not move")
    assert_refused(command(*one, "--edit", "agee=30"), "feature 'agee'", "age")
    assert_refused(command(*one, "--edit", f"{name}=null"), f"`{name}` needs a value")
    assert_refused(command(*one, "--edit", f"{name}=99999"), f"`{name}` can only be from")


def test_a_person_is_noted_and_starred(command: Command, about: tuple[str, ...]) -> None:
    ended = command("decisions", "add", *about, "--note", "Call in May.", "--star", *BY)
    assert ended.code == 0, ended.err
    assert ended.out.rstrip().endswith("now: a note, starred")
    (person,) = command("decisions", "list", "--json").json["people"]
    assert (person["note"], person["starred"]) == ("Call in May.", True)
    assert command("decisions", "add", *about, "--unstar", *BY).out.rstrip().endswith("now: a note")
    assert command("decisions", "undo", *about, *BY).out.rstrip().endswith("now: a note, starred")


def test_nothing_decided_is_said(command: Command) -> None:
    assert command("decisions", "list").out == "Nothing is decided yet.\n"
    assert command("decisions", "list", "--json").json == {"decisions": [], "people": []}
    assert command("audit", "list").out == "Nothing is in the audit trail yet.\n"
    assert command("audit", "verify").out == "The audit trail is whole: 0 rows.\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--answer", "ANSWER", "--keep"], ["--answer needs --option"]),
        (["--answer", "ANSWER", "--option", "1"], ["one of --keep, --edit, --reject CODE and --shortlist"]),
        (["--answer", "ANSWER", "--option", "1", "--keep", "--shortlist"], ["Say one of"]),
        (["--answer", "ANSWER", "--option", "99", "--keep"], ["numbered", "got 99"]),
        (["--answer", "ANSWER", "--option", "1", "--reject", "not-posible"], ["reason", "not-possible"]),
        (["--answer", "ANSWER", "--option", "1", "--reject", "other"], ["`other` takes a note"]),
        (
            ["--answer", "ANSWER", "--option", "1", "--keep", "--feature", "age"],
            ["--feature goes with --reject"],
        ),
        (["--answer", "0123", "--option", "1", "--keep"], ["Unknown answer '0123'", "explain --keep"]),
        (["--answer", "ANSWER", "--option", "1", "--keep", "--star"], ["leave out"]),
        (["--option", "1", "--keep"], ["--answer ID"]),
        (["--cohort", "heart", "--note", "x"], ["--cohort and --participant"]),
        (["--cohort", "heart", "--participant", "PERSON"], ["--note TEXT, --star, --unstar or"]),
        (
            ["--cohort", "heart", "--participant", "PERSON", "--effort", "cholesterol=awful"],
            ["easy, moderate, hard"],
        ),
        (
            ["--cohort", "heart", "--participant", "PERSON", "--effort", "cholesterl=hard"],
            ["did you mean cholesterol"],
        ),
        (["--cohort", "heart", "--participant", "PERSON", "--star", "--unstar"], ["not both"]),
        (["--cohort", "heart", "--participant", "x1", "--star"], ["participant 'x1'"]),
        (["--cohort", "hart", "--participant", "1", "--star"], ["'hart'", "heart"]),
    ],
)
def test_what_cannot_be_decided_is_one_sentence(
    command: Command, answer: str, heart_person: str, options: list[str], expected: list[str]
) -> None:
    given = [{"ANSWER": answer, "PERSON": heart_person}.get(option, option) for option in options]
    assert_refused(command("decisions", "add", *given, *BY), *expected)
    assert decisions.history() == ()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["add", "--cohort", "heart", "--participant", "PERSON", "--star"], ["--by"]),
        (["add", "--cohort", "heart", "--participant", "PERSON", "--star", "--by", ""], ["needs the name"]),
        (["list", "--cohort", "hart"], ["'hart'", "heart"]),
        (["undo", *BY], ["--decision ID"]),
        (["undo", "--decision", "x", "--cohort", "heart", *BY], ["leave out"]),
        (["undo", "--decision", "x", *BY], ["Unknown decision 'x'"]),
        (["undo", "--cohort", "heart", "--participant", "PERSON", *BY], ["Nothing is decided"]),
    ],
)
def test_other_wrong_words(
    command: Command, heart_person: str, arguments: list[str], expected: list[str]
) -> None:
    given = [heart_person if argument == "PERSON" else argument for argument in arguments]
    assert_refused(command("decisions", *given), *expected)


def test_how_hard_a_change_is_for_somebody(command: Command, heart_person: str) -> None:
    about = ["--cohort", "heart", "--participant", heart_person]
    made = command("decisions", "add", *about, "--effort", "cholesterol=hard", "--json", *BY).json
    (decision,) = made["decisions"]
    assert (decision["kind"], decision["features"], decision["effort"]) == (
        "effort",
        ["cholesterol"],
        "hard",
    )
    assert made["people"][0]["effort"] == {"cholesterol": "hard"}
    text = command("decisions", "list", *about).out
    assert "effort of cholesterol: hard" in text and f"heart {heart_person} now: cholesterol hard" in text
    assert "cholesterol" not in command("audit", "list").out


def test_the_trail_is_listed_without_values(command: Command, answer: str, about: tuple[str, ...]) -> None:
    command(
        "decisions", "add", "--answer", answer, "--option", "1", "--reject", "other", "--note", "Fear", *BY
    )
    listed = command("audit", "list", *about, "--json")
    asked, decided = listed.json["rows"]
    assert (asked["action"], asked["detail"]) == ("asked", {"method": "random"})
    assert (decided["action"], decided["detail"]["reason"], decided["who"]) == ("decided", "other", "Dr Lee")
    assert "Fear" not in listed.out
    text = command("audit", "list", "--last", "1").out
    assert text.startswith("2. ") and "Dr Lee: decided" in text and "kind reject" in text
    assert command("audit", "list", "--cohort", "nhanes").out == "No row is about this.\n"
    assert_refused(command("audit", "list", "--last", "0"), "--last must be 1 or more, got 0")


def test_verify_ends_with_1_and_names_the_row(command: Command, answer: str) -> None:
    command("decisions", "add", "--answer", answer, "--option", "1", "--keep", *BY)
    whole = command("audit", "verify", "--json")
    assert (whole.code, whole.json["ok"], whole.json["rows"]) == (0, True, 2)
    noted = whole.json["last"]
    assert noted in command("audit", "verify").out
    assert command("audit", "verify", "--noted", noted.upper()).code == 0
    other = command("audit", "verify", "--noted", "f" * 64)
    assert other.code == 1 and "no row has the hash" in other.out
    with closing(sqlite3.connect(database_path(), isolation_level=None)) as opened:
        opened.execute("DROP TRIGGER audit_refuses_update")
        opened.execute("UPDATE audit SET who = 'Dr Wu' WHERE seq = 2")
    broken = command("audit", "verify")
    assert broken.code == 1
    assert "broken: row 2 is not as it was written" in broken.out
    document = command("audit", "verify", "--json")
    assert document.code == 1
    assert json.loads(document.out)["broken"]["row"] == 2
