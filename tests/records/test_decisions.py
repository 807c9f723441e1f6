"""Decisions as they are stored: who, when, of what; nothing overwritten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from sensecf_core.errors import InputError
from sensecf_core.records import answers, audit, decisions
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.person_state import REASONS, Decision, fold
from sensecf_core.records.storage import database
from sensecf_core.records.storage.migrations import STEPS
from tests.records.made_answers import make_answer
from tests.records.test_audit import tampering

PROVENANCE = {"version": {"sensecf": "0.1.0"}, "commit": "abc", "sha256": {"cohort": "0" * 64}}


@pytest.fixture
def answer() -> str:
    graded = [
        counterfactual.model_copy(update={"grade": grade})
        for counterfactual, grade in zip(make_answer().counterfactuals, ("solid", "fragile"), strict=True)
    ]
    return answers.save(make_answer(counterfactuals=tuple(graded), provenance={**PROVENANCE, "seed": 3}))


def test_a_kept_option_comes_back_whole(answer: str) -> None:
    kept = decisions.keep(answer, 1, by="  Dr Lee ", note="Wants to try.\nCall in May.")
    assert decisions.of_person("small", "p0001") == (kept,)
    assert (kept.who, kept.kind, kept.cohort, kept.participant_id, kept.row_id) == (
        *("Dr Lee", "keep", "small", "p0001", "0"),
    )
    assert (kept.answer_id, kept.option, kept.grade) == ("a1", 1, "solid")
    assert kept.changes == {
        "bmi": {"from": 33.5, "to": 30.0},
        "smoking": {"from": "current", "to": "former"},
    }
    assert kept.note == "Wants to try.\nCall in May."
    assert kept.provenance == PROVENANCE
    assert (kept.edited, kept.reason, kept.undoes) == (None, None, None)
    made = datetime.fromisoformat(kept.created)
    assert made.utcoffset() == timedelta(0) and abs(datetime.now(UTC) - made) < timedelta(minutes=5)


def test_options_of_behaviours_alone_go_on_counting_as_in_an_export(answer: str) -> None:
    whole = answers.find(answer)
    assert whole is not None
    first = whole.counterfactuals[0]
    changes = {name: change for name, change in first.changes.items() if name == "smoking"}
    beside = whole.model_copy(
        update={"counterfactuals": (first.model_copy(update={"changes": changes, "grade": "fragile"}),)}
    )
    both = answers.save(whole.model_copy(update={"answer_id": "both", "behaviours": beside}))
    third = decisions.keep(both, 3, by="Dr Lee")
    assert third.changes == {"smoking": {"from": "current", "to": "former"}} and third.grade == "fragile"
    assert kept_options(answers.find(both), [3])[0].option.changes == changes  # type: ignore[arg-type]


def test_a_rejection_has_its_reason(answer: str) -> None:
    rejected = decisions.reject(answer, 2, "not-acceptable", by="Dr Lee")
    assert (rejected.reason, rejected.grade, rejected.note) == ("not-acceptable", "fragile", None)
    assert fold(decisions.of_person("small", "p0001")).rejected == (rejected,)
    assert all(label[0].isupper() for label in REASONS.values())


def test_a_rejection_may_be_about_one_of_the_changes(answer: str) -> None:
    whole = decisions.reject(answer, 1, "already-doing", by="Dr Lee")
    assert (whole.features, whole.rejected_features) == (None, ("bmi", "smoking"))
    one = decisions.reject(answer, 1, "not-possible", by="Dr Lee", features=["smoking"])
    assert one.rejected_features == ("smoking",) and decisions.history()[-1] == one
    with pytest.raises(InputError, match="Unknown feature of this option 'sleep'"):
        decisions.reject(answer, 1, "not-possible", by="Dr Lee", features=["sleep"])
    assert audit.verify().ok
    with tampering() as connection:
        connection.execute("UPDATE decisions SET features = NULL WHERE features IS NOT NULL")
    broken = audit.verify().broken
    assert broken is not None and "was changed" in broken.problem


def test_how_hard_a_change_is_for_a_person_is_a_decision(answer: str) -> None:
    easy = decisions.set_effort("small", "p0001", "sleep", "easy", by="Dr Lee")
    hard = decisions.set_effort("small", "p0001", "sleep", "hard", by="Dr Wu")
    decisions.set_effort("small", "p0001", "sugar", "moderate", by="Dr Wu")
    assert (hard.features, hard.effort, hard.answer_id) == (("sleep",), "hard", None)
    assert fold(decisions.of_person("small", "p0001")).effort_of == {"sleep": "hard", "sugar": "moderate"}
    decisions.undo(hard.decision_id, by="Dr Lee")
    assert fold(decisions.of_person("small", "p0001")).efforts["sleep"] == easy
    again = decisions.set_effort("small", "p0001", "sleep", "hard", by="Dr Wu")
    undone = decisions.forget_effort("small", "p0001", "sleep", by="Dr Lee")
    assert [one.undoes for one in undone] == [easy.decision_id, again.decision_id]
    assert fold(decisions.of_person("small", "p0001")).effort_of == {"sugar": "moderate"}
    assert audit.verify().ok
    with pytest.raises(InputError, match="Unknown effort 'simple'"):
        decisions.set_effort("small", "p0001", "sleep", "simple", by="Dr Lee")  # type: ignore[arg-type]


def test_a_decision_of_before_is_still_as_it_was_audited(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hash was made without the column that came later."""
    kept = decisions.keep(answer, 1, by="Dr Lee")
    with database.connect() as connection:
        row = dict(connection.execute("SELECT * FROM decisions").fetchone())
    assert row.pop("features") is None and row.pop("effort") is None
    (audited,) = (one.read_detail() for one in audit.recent() if one.action == "decided")
    assert audited["decision_sha256"] == audit.decision_sha256(row)
    assert kept.features is None


def test_an_edited_option_keeps_what_it_came_from(answer: str) -> None:
    edited = decisions.edit(
        answer, 1, {"bmi": 31.0, "smoking": "current", "sugar": 90}, by="Dr Lee", grade="fragile"
    )
    assert edited.edited == {"bmi": 31.0, "sugar": 90}  # smoking is as measured
    assert edited.changes is not None and edited.changes["bmi"]["to"] == 30.0
    assert (edited.answer_id, edited.option, edited.grade) == ("a1", 1, "fragile")
    assert decisions.edit(answer, 1, {"bmi": 31.0}, by="Dr Lee").grade is None
    assert len(fold(decisions.of_person("small", "p0001")).kept) == 1


def test_nothing_is_overwritten(answer: str) -> None:
    kept = decisions.keep(answer, 1, by="Dr Lee")
    rejected = decisions.reject(answer, 1, "too-small", by="Dr Wu")
    undo = decisions.undo_last("small", "p0001", by="Dr Wu")
    assert (undo.undoes, undo.answer_id, undo.option) == (rejected.decision_id, "a1", 1)
    assert decisions.of_person("small", "p0001") == (kept, rejected, undo)
    assert fold(decisions.of_person("small", "p0001")).kept == (kept,)


def test_undo_walks_back_and_an_undo_can_be_undone(answer: str) -> None:
    star = decisions.star("small", "p0001", by="Dr Lee")
    kept = decisions.keep(answer, 1, by="Dr Lee")
    first, second = (decisions.undo_last("small", "p0001", by="Dr Lee") for _ in range(2))
    assert (first.undoes, second.undoes) == (kept.decision_id, star.decision_id)
    with pytest.raises(InputError, match="Nothing is decided about participant 'p0001'"):
        decisions.undo_last("small", "p0001", by="Dr Lee")
    with pytest.raises(InputError, match="is undone already; undo its undo"):
        decisions.undo(kept.decision_id, by="Dr Lee")
    decisions.undo(first.decision_id, by="Dr Lee")
    assert fold(decisions.of_person("small", "p0001")).kept == (kept,)


def test_notes_shortlist_and_stars(answer: str) -> None:
    decisions.write_note("small", "p0001", "First.", by="Dr Lee")
    note = decisions.write_note("small", "p0001", " Second. ", by="Dr Wu")
    later = decisions.shortlist(answer, 2, by="Dr Lee")
    star = decisions.star("small", "p0001", by="Dr Lee")
    state = fold(decisions.of_person("small", "p0001"))
    assert (state.note, state.star, state.shortlisted) == (note, star, (later,))
    assert (note.note, note.row_id, note.answer_id) == ("Second.", None, None)
    assert note.provenance and note.provenance["version"]["sensecf"]
    decisions.unstar("small", "p0001", by="Dr Lee")
    assert fold(decisions.of_person("small", "p0001")).star is None


def test_a_cohort_is_read_by_one_query(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers.save(make_answer("a2", participant_id="p0002"))
    answers.save(make_answer("b1", cohort="other"))
    made = [decisions.keep(one, 1, by="Dr Lee") for one in ("a1", "a2", "b1")]
    last = decisions.star("small", "p0001", by="Dr Lee")
    queries: list[str] = []

    @contextmanager
    def traced() -> Iterator[sqlite3.Connection]:
        with database.connect() as opened:
            opened.set_trace_callback(queries.append)
            yield opened

    monkeypatch.setattr(decisions, "connect", traced)
    found = decisions.of_cohort("small")
    assert found == {"p0001": (made[0], last), "p0002": (made[1],)}
    assert len([query for query in queries if query.startswith("SELECT")]) == 1
    assert decisions.history(participant_id="p0001") == (made[0], made[2], last)
    assert decisions.of_cohort("nowhere") == {}


@pytest.mark.parametrize(
    ("decide", "error"),
    [
        (lambda: decisions.keep("a9", 1, by="L"), r"Unknown answer 'a9'; did you mean a1\? `explain --keep`"),
        (lambda: decisions.keep("a1", 3, by="L"), "answer a1 are numbered from 1 to 2; got 3"),
        (lambda: decisions.keep("a1", 0, by="L"), "numbered from 1 to 2; got 0"),
        (lambda: decisions.keep("none", 1, by="L"), "Answer none has no options"),
        (lambda: decisions.keep("a1", 1, by="  "), "needs the name of who decides"),
        (lambda: decisions.keep("a1", 1, by="L" * 81), "of 1 to 80 characters"),
        (lambda: decisions.star("small", "p", by="a\nb"), "on one line"),
        (lambda: decisions.keep("a1", 1, by="L", note=" "), "The note is empty"),
        (lambda: decisions.keep("a1", 1, by="L", note="x" * 2001), "at most 2000 characters; .* 2001"),
        (lambda: decisions.write_note("small", "p", "a\x00b", by="L"), "characters that are no text"),
        (lambda: decisions.reject("a1", 1, "not-posible", by="L"), "reason 'not-posible'.* not-possible"),
        (lambda: decisions.reject("a1", 1, "other", by="L"), "`other` takes a note"),
        (lambda: decisions.edit("a1", 1, {"bmj": 3}, by="L"), "Unknown feature 'bmj'; did you mean bmi"),
        (lambda: decisions.edit("a1", 2, {"sugar": 140}, by="L"), "changes nothing"),
        (lambda: decisions.edit("a1", 2, {"sugar": 80}, by="L"), "keep it instead"),
        (lambda: decisions.undo("abc", by="L"), "Unknown decision 'abc'"),
        (lambda: decisions.undo("abc", by=""), "needs the name"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_leaves_nothing(
    answer: str, decide: Callable[[], Decision], error: str
) -> None:
    answers.save(make_answer("none", status="none", counterfactuals=()))
    with pytest.raises(InputError, match=error):
        decide()
    assert decisions.history() == ()
    assert [row.action for row in audit.recent()] == ["asked", "asked"]


def test_a_decision_and_its_row_are_written_together(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = decisions.reject(answer, 1, "other", by="Dr Lee", note="Ramadan.")
    row = audit.recent()[-1]
    assert (row.action, row.who, row.answer_id, row.participant_id) == ("decided", "Dr Lee", "a1", "p0001")
    detail = row.read_detail()
    assert len(detail.pop("decision_sha256")) == 64
    assert detail == {"decision_id": kept.decision_id, "kind": "reject", "option": 1, "reason": "other"}
    assert "Ramadan" not in row.detail and "33.5" not in row.detail

    def fail(*_: object) -> None:
        raise KeyError("stop")

    monkeypatch.setattr(audit, "append", fail)
    with pytest.raises(KeyError):
        decisions.keep(answer, 2, by="Dr Lee")
    assert decisions.history() == (kept,)


def test_a_database_of_the_step_before_keeps_its_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "STEPS", STEPS[:2])
    old = make_answer()
    with database.transaction() as opened:
        opened.execute(
            "INSERT INTO answers VALUES ('a1', 'small', 'p0001', '0', 'random', 'found', ?, ?)",
            (old.created, old.model_dump_json(by_alias=True)),
        )
        tables = {row["name"] for row in opened.execute("SELECT name FROM sqlite_master")}
    assert "audit" not in tables
    monkeypatch.setattr(database, "STEPS", STEPS)
    assert answers.find("a1") == old
    kept = decisions.keep("a1", 1, by="Dr Lee")
    assert decisions.of_person("small", "p0001") == (kept,)
    assert audit.verify().rows == 1 and audit.verify().ok
