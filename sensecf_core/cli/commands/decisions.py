"""``decisions add``, ``list`` and ``undo``: what was decided about options and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.arguments import checked_code, new_values
from sensecf_core.cli.options import Json
from sensecf_core.cli.output import print_json
from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.cohorts.encoding import Value
    from sensecf_core.cohorts.schema import Schema
    from sensecf_core.queries.answer import Effort
    from sensecf_core.records.person_state import Decision, PersonState

app = typer.Typer(
    rich_markup_mode=None, help="What is kept, edited or rejected; notes and stars; nothing is overwritten."
)
By = Annotated[str, typer.Option(help="Who decides: a name.")]
Cohort = Annotated[str | None, typer.Option(help="The cohort's name; see `cohort list`.")]
Participant = Annotated[str | None, typer.Option(help="Participant id.")]

_DONE = {
    "keep": "kept",
    "edit": "edited",
    "reject": "rejected",
    "shortlist": "shortlisted",
    "note": "note",
    "star": "starred",
    "unstar": "star taken away",
    "effort": "effort",
    "undo": "undone",
}


@app.command("add")
def add(
    *,
    answer: Annotated[str | None, typer.Option(help="Id of an answer; `explain --keep` prints it.")] = None,
    option: Annotated[int | None, typer.Option(help="Number of the option in the answer, from 1.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the option.")] = False,
    edit: Annotated[
        list[str] | None,
        typer.Option(help="Keep the option with another value, like bmi=29 (may be repeated)."),
    ] = None,
    reject: Annotated[
        str | None, typer.Option(help="Reject the option for a reason (docs/decisions.md).")
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(help="With --reject: the change it is about (may be repeated); without it all."),
    ] = None,
    shortlist: Annotated[bool, typer.Option("--shortlist", help="Come back to the option.")] = False,
    cohort: Cohort = None,
    participant: Participant = None,
    star: Annotated[bool, typer.Option("--star", help="Star the participant.")] = False,
    unstar: Annotated[bool, typer.Option("--unstar", help="Take the star away.")] = False,
    effort: Annotated[
        list[str] | None,
        typer.Option(
            help="How hard a change is for the participant, like sleep=hard: easy, moderate or hard (may be "
            "repeated)."
        ),
    ] = None,
    note: Annotated[
        str | None, typer.Option(help="Words about the decision, or the note on the participant.")
    ] = None,
    by: By,
    as_json: Json = False,
) -> None:
    """Decide about an option of an answer, or say something about a participant: note, star, effort."""
    if feature and reject is None:
        raise InputError("--feature goes with --reject: it says which change the reason is about.")
    if answer is not None:
        if cohort is not None or participant is not None or star or unstar or effort:
            raise InputError(
                "--answer says who it is about; leave out --cohort, --participant, stars and --effort."
            )
        made = [
            _about_option(
                answer,
                option,
                keep=keep,
                edit=edit,
                reject=reject,
                features=feature,
                shortlist=shortlist,
                note=note,
                by=by,
            )
        ]
    else:
        if option is not None or keep or edit or reject is not None or shortlist:
            raise InputError("An option is decided about with --answer ID and --option N.")
        made = _about_person(
            cohort, participant, star=star, unstar=unstar, effort=effort or [], note=note, by=by
        )
    _print(made, _history_of(made[0]), as_json=as_json)


@app.command("list")
def list_decisions(*, cohort: Cohort = None, participant: Participant = None, as_json: Json = False) -> None:
    """List every decision, oldest first, and say what of them stands for each participant."""
    from sensecf_core.records import decisions

    found = decisions.history(cohort, participant)
    if not found and cohort is not None:
        from sensecf_core.datasets import registry

        if cohort not in registry.available():
            raise unknown("cohort", cohort, registry.available())
    _print(found, found, as_json=as_json)
    if not found and not as_json:
        print("Nothing is decided yet.")


@app.command("undo")
def undo(
    *,
    cohort: Cohort = None,
    participant: Participant = None,
    decision: Annotated[
        str | None, typer.Option(help="Id of a decision; without it the participant's newest is undone.")
    ] = None,
    by: By,
    as_json: Json = False,
) -> None:
    """Undo a decision by a new row; the old one stays in the list. An undo may be undone, too."""
    from sensecf_core.records import decisions

    if (decision is None) == (cohort is None or participant is None):
        raise InputError("Say what to undo by --decision ID, or by --cohort and --participant.")
    if decision is not None:
        if cohort is not None or participant is not None:
            raise InputError("--decision says who it is about; leave out --cohort and --participant.")
        made = decisions.undo(decision, by=by)
    else:
        made = decisions.undo_last(str(cohort), str(participant), by=by)
    _print([made], _history_of(made), as_json=as_json)


def _history_of(decision: Decision) -> tuple[Decision, ...]:
    from sensecf_core.records import decisions

    return decisions.of_person(decision.cohort, decision.participant_id)


def _about_option(
    answer_id: str,
    option: int | None,
    *,
    keep: bool,
    edit: list[str] | None,
    reject: str | None,
    features: list[str] | None,
    shortlist: bool,
    note: str | None,
    by: str,
) -> Decision:
    from sensecf_core.records import decisions

    if option is None:
        raise InputError("--answer needs --option N, the number of the option in it.")
    if sum((keep, bool(edit), reject is not None, shortlist)) != 1:
        raise InputError("Say one of --keep, --edit, --reject CODE and --shortlist about the option.")
    if edit:
        return decisions.edit(answer_id, option, _edited(answer_id, option, edit), by=by, note=note)
    if reject is not None:
        return decisions.reject(answer_id, option, reject, by=by, note=note, features=features)
    verdict = decisions.keep if keep else decisions.shortlist
    return verdict(answer_id, option, by=by, note=note)


def _edited(answer_id: str, option: int, edit: list[str]) -> Mapping[str, Value]:
    """The option's new values, with those of ``--edit`` in their place; each one its feature can have."""
    from sensecf_core.datasets import registry
    from sensecf_core.records import decisions

    answer, counterfactual = decisions.find_option(answer_id, option)
    schema = registry.load(answer.cohort).schema
    values = new_values(schema, edit)
    for name, value in values.items():
        checked_code(schema, name, value)
        if schema.feature(name).role == "context":
            raise InputError(f"`{name}` may not move, so no option can change it.")
        if value is None:
            raise InputError(f"`{name}` needs a value; an option cannot change it to not measured.")
    return {name: change.after for name, change in counterfactual.changes.items()} | values


def _about_person(
    cohort: str | None,
    participant: str | None,
    *,
    star: bool,
    unstar: bool,
    effort: list[str],
    note: str | None,
    by: str,
) -> list[Decision]:
    from sensecf_core.cohorts.cohort import locate
    from sensecf_core.datasets import registry
    from sensecf_core.records import decisions

    if cohort is None or participant is None:
        raise InputError("Say what it is about: --answer and --option, or --cohort and --participant.")
    if star and unstar:
        raise InputError("Say --star or --unstar, not both.")
    if not star and not unstar and not effort and note is None:
        raise InputError(
            "Say what to add about the participant: --note TEXT, --star, --unstar or --effort FEATURE=WORD."
        )
    loaded = registry.load(cohort)
    locate(loaded, participant)
    efforts = [_effort(loaded.schema, said) for said in effort]
    made = [decisions.set_effort(cohort, participant, name, level, by=by) for name, level in efforts]
    if note is not None:
        made.append(decisions.write_note(cohort, participant, note, by=by))
    if star or unstar:
        made.append((decisions.star if star else decisions.unstar)(cohort, participant, by=by))
    return made


def _effort(schema: Schema, said: str) -> tuple[str, Effort]:
    """Read ``sleep=hard``: a feature that may move, and how hard it is to change."""
    from sensecf_core.counterfactuals.checks.effort import EFFORTS

    name, equals, word = (part.strip() for part in said.partition("="))
    movable = [feature.name for feature in schema.features if feature.role != "context"]
    if name not in movable:
        raise unknown("feature that may move", name, movable)
    level = next((one for one in EFFORTS if one == word), None)
    if not equals or level is None:
        raise InputError(f"--effort takes FEATURE=WORD, WORD one of {', '.join(EFFORTS)}; got {said!r}.")
    return name, level


def _print(shown: Sequence[Decision], history: Sequence[Decision], *, as_json: bool) -> None:
    """Print decisions, and what stands now; ``history`` is all that was decided about these people."""
    from sensecf_core.records.person_state import fold, undone

    people: dict[tuple[str, str], list[Decision]] = {}
    for decision in history:
        people.setdefault((decision.cohort, decision.participant_id), []).append(decision)
    gone = undone(history)
    if as_json:
        listed = [_as_json(decision) | {"undone": decision.decision_id in gone} for decision in shown]
        states = [
            {"cohort": cohort, "participant_id": participant} | _state_as_json(fold(decisions))
            for (cohort, participant), decisions in people.items()
        ]
        print_json({"decisions": listed, "people": states})
        return
    for decision in shown:
        print(_as_text(decision) + ("  (undone)" if decision.decision_id in gone else ""))
    for (cohort, participant), decisions in people.items():
        print(f"{cohort} {participant} now: {_state_as_text(fold(decisions))}")


def _as_json(decision: Decision) -> dict[str, Any]:
    from sensecf_core.records.person_state import REASONS

    return asdict(decision) | {"reason_label": decision.reason and REASONS[decision.reason]}


def _state_as_json(state: PersonState) -> dict[str, Any]:
    return {
        "kept": [decision.decision_id for decision in state.kept],
        "rejected": [decision.decision_id for decision in state.rejected],
        "shortlisted": [decision.decision_id for decision in state.shortlisted],
        "note": state.note and state.note.note,
        "starred": state.star is not None,
        "effort": state.effort_of,
    }


def _as_text(decision: Decision) -> str:
    from sensecf_core.records.person_state import REASONS

    done = (decision.undoes and f"undone {decision.undoes}") or _DONE[decision.kind]
    if decision.option is not None and decision.undoes is None:
        grade = f" ({decision.grade})" if decision.grade else ""
        done += f" option {decision.option} of {decision.answer_id}{grade}: {_values(decision)}"
    if decision.effort is not None:
        done += f" of {', '.join(decision.features or ())}: {decision.effort}"
    reason = decision.reason and REASONS[decision.reason]
    if reason and decision.features:
        reason += f" ({', '.join(decision.features)})"
    why = [text for text in (reason, decision.note) if text]
    return " · ".join(
        [
            f"{decision.decision_id}  {decision.created[:16].replace('T', ' ')} UTC  {decision.who}",
            f"{decision.cohort} {decision.participant_id}",
            done,
            *(" ".join(text.split()) for text in why),
        ]
    )


def _values(decision: Decision) -> str:
    """What the option changes; of an edit, what the edited one does."""
    changed = {name: change["to"] for name, change in (decision.changes or {}).items()}
    values = changed if decision.edited is None else decision.edited
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _state_as_text(state: PersonState) -> str:
    counts = {"kept": state.kept, "rejected": state.rejected, "shortlisted": state.shortlisted}
    parts = [f"{len(decisions)} {name}" for name, decisions in counts.items() if decisions]
    parts += ["a note"] if state.note else []
    parts += ["starred"] if state.star else []
    parts += [f"{name} {level}" for name, level in state.effort_of.items()]
    return ", ".join(parts) or "nothing decided"
