"""Stored decisions about options and people: written once, never changed.

A change of mind is a new row, and so is an undo; :func:`~sensecf_core.records.person_state.fold` says what
stands. Every decision and its row in the audit trail are written together, or not at all.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

from sensecf_core import __version__
from sensecf_core.access import people, rights
from sensecf_core.cohorts.encoding import Value
from sensecf_core.counterfactuals.checks.effort import EFFORTS
from sensecf_core.errors import InputError, unknown
from sensecf_core.queries.answer import Answer, Counterfactual, Effort, Grade
from sensecf_core.records import answers, audit
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.person_state import REASONS, Decision, Kind, in_force, undone
from sensecf_core.records.storage import damage
from sensecf_core.records.storage.database import connect, database_path, transaction

LONGEST_NAME: Final = 80
"""Characters."""
LONGEST_NOTE: Final = 2000
"""Characters."""
_AS_JSON = ("changes", "edited", "provenance", "features")
_KEPT_OF_PROVENANCE = ("version", "commit", "sha256")


def keep(answer_id: str, option: int, *, by: str, note: str | None = None) -> Decision:
    """Keep an option (numbered from 1) as it is.

    Raises ``InputError``, as the other decisions do, for an unknown answer, an option that it does not have,
    and a name or note that is empty or too long; ``NotAllowedError`` for whoever may not decide. Where people
    sign in, the login stands in place of ``by``.
    """
    return _store(_about_option("keep", answer_id, option, by=by, note=note))


def shortlist(answer_id: str, option: int, *, by: str, note: str | None = None) -> Decision:
    """Put an option on the list of those to come back to."""
    return _store(_about_option("shortlist", answer_id, option, by=by, note=note))


def reject(
    answer_id: str,
    option: int,
    reason: str,
    *,
    by: str,
    note: str | None = None,
    features: Sequence[str] | None = None,
) -> Decision:
    """Reject an option; ``reason`` is a code of ``REASONS``, and ``other`` takes a note.

    ``features`` are those that the reason is about; None means all that the option changes.
    """
    if reason not in REASONS:
        raise unknown("reason", reason, REASONS)
    if reason == "other" and note is None:
        raise InputError("The reason `other` takes a note that says what it is.")
    decision = _about_option("reject", answer_id, option, by=by, note=note)
    changed = decision.changes or {}
    for name in features or ():
        if name not in changed:
            raise unknown("feature of this option", name, changed)
    about = tuple(name for name in changed if features and name in features)
    return _store(replace(decision, reason=reason, features=about or None))


def edit(
    answer_id: str,
    option: int,
    edited: Mapping[str, Value],
    *,
    by: str,
    note: str | None = None,
    grade: Grade | None = None,
) -> Decision:
    """Keep an option with other values.

    Parameters
    ----------
    edited : the new value of every feature that is changed now, in place of the option's own changes. Whether
        a feature can have the value is the caller's to check. A feature at its measured value is left out.
    grade : the grade of the edited values, where they were graded.

    Raises ``InputError`` also for a feature that the answer does not have, and where nothing is edited.
    """
    decision = _about_option("edit", answer_id, option, by=by, note=note)
    answer, chosen = find_option(answer_id, option)
    measured = answer.factual.features
    for name in edited:
        if name not in measured:
            raise unknown("feature", name, measured)
    changed = {name: value for name, value in edited.items() if value != measured[name]}
    if not changed:
        raise InputError("The edited option changes nothing; give at least one new value.")
    if changed == {name: change.after for name, change in chosen.changes.items()}:
        raise InputError("The edited option is the option as it was; keep it instead.")
    return _store(replace(decision, edited=changed, grade=grade))


def write_note(cohort: str, participant_id: str, note: str, *, by: str) -> Decision:
    """Write the note on a person; it stands in place of the one before. The caller checks the ids."""
    return _store(replace(_about_person("note", cohort, participant_id, by=by), note=_checked_note(note)))


def star(cohort: str, participant_id: str, *, by: str) -> Decision:
    """Star a person. The caller checks the ids."""
    return _store(_about_person("star", cohort, participant_id, by=by))


def unstar(cohort: str, participant_id: str, *, by: str) -> Decision:
    """Take the star of a person away."""
    return _store(_about_person("unstar", cohort, participant_id, by=by))


def set_effort(cohort: str, participant_id: str, feature: str, effort: Effort, *, by: str) -> Decision:
    """Say how hard it is for a person to change a feature; it stands in place of what was said before.

    The caller checks the ids and the feature. Raises ``InputError`` for another word than those of
    ``EFFORTS``.
    """
    if effort not in EFFORTS:
        raise unknown("effort", effort, EFFORTS)
    about = _about_person("effort", cohort, participant_id, by=by)
    return _store(replace(about, features=(feature,), effort=effort))


def forget_effort(cohort: str, participant_id: str, feature: str, *, by: str) -> tuple[Decision, ...]:
    """Undo all that was said of how hard it is for a person to change a feature: the default counts.

    Raises ``NotAllowedError`` where another said it.
    """
    by = _decider(by)
    with transaction() as database:
        said = [
            decision
            for decision in in_force(_of_person(database, cohort, participant_id))
            if decision.kind == "effort" and feature in (decision.features or ())
        ]
        for decision in said:
            rights.require_own("undo", decision.login)
        return tuple(_write(database, _undo_of(decision, by)) for decision in said)


def undo_last(cohort: str, participant_id: str, *, by: str) -> Decision:
    """Undo the newest decision about a person that still counts; again, the one before it.

    Raises ``InputError`` where nothing is left to undo, and ``NotAllowedError`` where it is another's.
    """
    by = _decider(by)
    with transaction() as database:
        standing = in_force(_of_person(database, cohort, participant_id))
        if not standing:
            raise InputError(f"Nothing is decided about participant {participant_id!r} of cohort {cohort!r}.")
        rights.require_own("undo", standing[-1].login)
        return _write(database, _undo_of(standing[-1], by))


def undo(decision_id: str, *, by: str) -> Decision:
    """Undo one decision; an undo itself may be undone, which brings back what it undid.

    Raises ``InputError`` for an unknown decision, and for one that was undone before; ``NotAllowedError`` for
    one of another, unless an administrator undoes it.
    """
    by = _decider(by)
    with transaction() as database:
        row = database.execute("SELECT * FROM decisions WHERE decision_id = ?", (decision_id,)).fetchone()
        if row is None:
            newest = database.execute("SELECT decision_id FROM decisions ORDER BY seq DESC LIMIT 1000")
            raise unknown("decision", decision_id, [row["decision_id"] for row in newest])
        decision = _read(row)
        rights.require_own("undo", decision.login)
        if decision_id in undone(_of_person(database, decision.cohort, decision.participant_id)):
            raise InputError(f"Decision {decision_id} is undone already; undo its undo to bring it back.")
        return _write(database, _undo_of(decision, by))


def of_person(cohort: str, participant_id: str) -> tuple[Decision, ...]:
    """Every decision about a person, oldest first."""
    with connect() as database:
        return _of_person(database, cohort, participant_id)


def of_cohort(cohort: str) -> dict[str, tuple[Decision, ...]]:
    """Every decision about a cohort by participant, oldest first, with one query."""
    people: defaultdict[str, list[Decision]] = defaultdict(list)
    for decision in history(cohort):
        people[decision.participant_id].append(decision)
    return {participant_id: tuple(decisions) for participant_id, decisions in people.items()}


def speak_of(cohort: str) -> bool:
    """Whether an answer or a decision about a cohort of this name is kept."""
    with connect() as database:
        tables = ("answers", "decisions")
        return any(
            database.execute(f"SELECT 1 FROM {table} WHERE cohort = ? LIMIT 1", (cohort,)).fetchone()
            for table in tables
        )


def history(cohort: str | None = None, participant_id: str | None = None) -> tuple[Decision, ...]:
    """Every decision, or those about a cohort or a participant, oldest first."""
    filters = {"cohort": cohort, "participant_id": participant_id}
    conditions = {column: value for column, value in filters.items() if value is not None}
    where = " AND ".join(["TRUE", *(f"{column} = ?" for column in conditions)])
    with connect() as database:
        rows = database.execute(
            f"SELECT * FROM decisions WHERE {where} ORDER BY seq", tuple(conditions.values())
        ).fetchall()
        return tuple(map(_read, rows))


def find_option(answer_id: str, option: int) -> tuple[Answer, Counterfactual]:
    """Return a stored answer and its option of this number, from 1; raises ``InputError`` without one.

    Numbers are those of :func:`~sensecf_core.records.kept_options.kept_options`.
    """
    answer = answers.find(answer_id)
    if answer is None:
        error = unknown("answer", answer_id, answers.newest_ids())
        raise InputError(f"{error} `explain --keep` prints the id of each answer.")
    options = kept_options(answer, None)
    found = len(options)
    if not found:
        raise InputError(f"Answer {answer_id} has no options, so there is nothing in it to decide about.")
    if not 1 <= option <= found:
        allowed = f"from 1 to {found}" if found > 1 else "1"
        raise InputError(f"The options of answer {answer_id} are numbered {allowed}; got {option}.")
    return answer, options[option - 1].option


def _about_option(kind: Kind, answer_id: str, option: int, *, by: str, note: str | None) -> Decision:
    by = _decider(by)
    note = None if note is None else _checked_note(note)
    answer, chosen = find_option(answer_id, option)
    about = _about_person(kind, answer.cohort, answer.participant_id, by=by)
    return replace(
        about,
        row_id=answer.row_id,
        answer_id=answer_id,
        option=option,
        changes=chosen.model_dump(mode="json", by_alias=True)["changes"],
        grade=chosen.grade,
        note=note,
        provenance={
            name: answer.provenance[name] for name in _KEPT_OF_PROVENANCE if name in answer.provenance
        },
    )


def _about_person(kind: Kind, cohort: str, participant_id: str, *, by: str) -> Decision:
    return Decision(
        decision_id=uuid.uuid4().hex[:12],
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        who=_decider(by),
        login=people.current().login,
        kind=kind,
        cohort=cohort,
        participant_id=participant_id,
        provenance={"version": {"sensecf": __version__}},
    )


def _undo_of(decision: Decision, by: str) -> Decision:
    about = _about_person("undo", decision.cohort, decision.participant_id, by=by)
    return replace(
        about,
        row_id=decision.row_id,
        answer_id=decision.answer_id,
        option=decision.option,
        undoes=decision.decision_id,
    )


def _decider(by: str) -> str:
    """Under which name a decision is kept: the login, else the name given. Refuses who may not decide."""
    return rights.require("decide").login or checked_name(by)


def checked_name(by: str) -> str:
    """The name without spaces around it; raises ``InputError`` if it is empty, too long or no text."""
    name = by.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(
            f"A decision needs the name of who decides, of 1 to {LONGEST_NAME} characters on one line; "
            f"got {by[:LONGEST_NAME]!r}."
        )
    return name


def _checked_note(note: str) -> str:
    text = note.strip()
    if not text:
        raise InputError("The note is empty; write something, or leave it out.")
    if len(text) > LONGEST_NOTE:
        raise InputError(f"A note has at most {LONGEST_NOTE} characters; this one has {len(text)}.")
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise InputError("The note holds characters that are no text; type it again without them.")
    return text


def _store(decision: Decision) -> Decision:
    with transaction() as database:
        return _write(database, decision)


def _write(database: sqlite3.Connection, decision: Decision) -> Decision:
    """Store a decision, and its row in the audit trail, in the transaction that ``database`` is in."""
    stored: dict[str, Any] = asdict(decision) | {"salt": secrets.token_hex(16)}
    for name in _AS_JSON:
        stored[name] = None if stored[name] is None else _to_json(stored[name])
    names, marks = ", ".join(stored), ", ".join(f":{name}" for name in stored)
    database.execute(f"INSERT INTO decisions ({names}) VALUES ({marks})", stored)
    told = {"kind", "option", "reason", "undoes", "decision_id"}
    detail = {name: stored[name] for name in sorted(told) if stored[name] is not None}
    audit.append(
        database,
        audit.Entry(
            action="decided",
            who=decision.who,
            cohort=decision.cohort,
            participant_id=decision.participant_id,
            row_id=decision.row_id,
            answer_id=decision.answer_id,
            detail=detail | {"decision_sha256": audit.decision_sha256(stored)},
        ),
    )
    return decision


def _to_json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _of_person(database: sqlite3.Connection, cohort: str, participant_id: str) -> tuple[Decision, ...]:
    rows = database.execute(
        "SELECT * FROM decisions WHERE cohort = ? AND participant_id = ? ORDER BY seq",
        (cohort, participant_id),
    ).fetchall()
    return tuple(map(_read, rows))


def _read(row: sqlite3.Row) -> Decision:
    stored = {name: row[name] for name in row.keys() if name not in ("seq", "salt")}  # noqa: SIM118
    try:
        for name in _AS_JSON:
            stored[name] = None if stored[name] is None else json.loads(stored[name])
    except ValueError as error:
        raise damage.error(database_path(), f"decision {stored['decision_id']} cannot be read") from error
    if stored["features"] is not None:
        stored["features"] = tuple(stored["features"])
    return Decision(**stored)
