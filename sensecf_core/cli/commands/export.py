"""``export``: stored answers as a sheet of paper, a FHIR bundle, CSV or JSON; or a glucose report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import Json
from sensecf_core.cli.output import print_json
from sensecf_core.errors import InputError, unknown
from sensecf_core.provenance import CLI

if TYPE_CHECKING:
    from sensecf_core.aireadi.report.bands import GoalSet
    from sensecf_core.aireadi.report.units import GlucoseUnit
    from sensecf_core.queries.answer import Answer
    from sensecf_core.records.paper.page import Paper


def export(
    *,
    answer: Annotated[
        list[str] | None,
        typer.Option(help="The id of a stored answer (csv and json: may be repeated)."),
    ] = None,
    participant: Annotated[
        list[str] | None,
        typer.Option(
            help="Instead of an id: the newest stored answer about this participant (csv and json: may be "
            "repeated; without it the newest about everybody)."
        ),
    ] = None,
    cohort: Annotated[str | None, typer.Option(help="The participant's cohort; see `cohort list`.")] = None,
    row: Annotated[str | None, typer.Option(help="Of this row of the participant only.")] = None,
    file_format: Annotated[str, typer.Option("--format", help="pdf, fhir, csv or json.")],
    out: Annotated[Path, typer.Option(help="The file to write; one that is there is replaced.")],
    option: Annotated[
        list[int] | None,
        typer.Option(help="For pdf and fhir: an option to keep, by number (may be repeated); else all."),
    ] = None,
    paper: Annotated[str, typer.Option(help="For pdf: a4 or letter.")] = "a4",
    glucose: Annotated[
        bool,
        typer.Option(
            "--glucose",
            help="Instead of an answer: the participant's glucose report (pdf), or its days (csv).",
        ),
    ] = False,
    unit: Annotated[str, typer.Option(help="For --glucose: mg/dL or mmol/L.")] = "mg/dL",
    goals: Annotated[str, typer.Option(help="For --glucose: standard, or older (or at high risk).")] = (
        "standard"
    ),
    by: Annotated[str | None, typer.Option(help="Who exports it, for the audit trail.")] = None,
    as_json: Json = False,
) -> None:
    """Write stored answers to a file: one page of paper, a FHIR R4B bundle, CSV or JSON."""
    from sensecf_core.records import audit
    from sensecf_core.records.export_files import FORMATS, OF_OPTIONS, export_file, export_table
    from sensecf_core.records.paper.page import PAPERS

    if file_format not in FORMATS:
        raise unknown("format", file_format, FORMATS)
    if paper not in PAPERS:
        raise unknown("paper", paper, PAPERS)
    if glucose:
        if answer is not None or row is not None or option or file_format not in ("pdf", "csv"):
            raise InputError("--glucose takes --participant, --cohort and --format pdf or csv alone.")
        if len(participant or []) > 1:
            raise InputError("A glucose report is about one participant.")
        _glucose(
            participant[0] if participant else None,
            cohort,
            (unit, goals),
            (out, file_format, paper),
            by,
            as_json=as_json,
        )
        return
    if option and file_format not in OF_OPTIONS:
        raise InputError("--option is for pdf and fhir; csv and json hold every option of the answer.")
    stored = _stored(answer or [], participant or [], cohort, row)
    if file_format not in OF_OPTIONS:
        content = export_table(stored, file_format)
    elif len(stored) > 1:
        raise InputError(f"One {file_format} file is about one answer; {len(stored)} were named.")
    else:
        content = export_file(stored[0], file_format, kept=option or None, paper=paper)
    _write(out, content)
    audit.record_exports(stored, by, file_format)
    file = {"format": file_format, "file": str(out), "bytes": len(content)}
    several = len(stored) > 1 or (answer is None and participant is None)
    if as_json:
        described = [_described(one, newest=answer is None) for one in stored]
        print_json({"answers": described, **file} if several else {**described[0], **file})
    elif several:
        _say_several(stored, out)
    else:
        _say(stored[0], out, newest=answer is None)


def _described(stored: Answer, *, newest: bool) -> dict[str, Any]:
    return {
        "red_flags": [flag.model_dump() for flag in stored.red_flags],
        "answer_id": stored.answer_id,
        "cohort": stored.cohort,
        "participant_id": stored.participant_id,
        "row_id": stored.row_id,
        "created": stored.created,
        "newest": newest,
    }


def _say(stored: Answer, out: Path, *, newest: bool) -> None:
    from sensecf_core.cli.render_answer import red_flag_lines

    for line in red_flag_lines(stored.red_flags):
        print(line)
    which = "the newest stored answer" if newest else "the answer"
    print(
        f"{out}: {which} about participant {stored.participant_id} of {stored.cohort}, {stored.answer_id}, "
        f"asked {stored.created[:16].replace('T', ' ')}."
    )


def _glucose(
    participant: str | None,
    cohort: str | None,
    shown: tuple[str, str],
    file: tuple[Path, str, Paper],
    by: str | None,
    *,
    as_json: bool,
) -> None:
    """Write the glucose report of a participant's whole recording; ``shown`` are its unit and goals."""
    from sensecf_core.aireadi.report import tables
    from sensecf_core.aireadi.report.glucose import glucose_report
    from sensecf_core.counterfactuals.checks.red_flags import of_participant
    from sensecf_core.datasets import registry
    from sensecf_core.records import audit
    from sensecf_core.records.exports import participant_columns, table_csv
    from sensecf_core.records.paper.glucose_pdf import glucose_pdf
    from sensecf_core.records.paper.glucose_sheet import audited, opened, sheet

    if participant is None or cohort is None:
        raise InputError("--glucose needs --participant and --cohort.")
    (unit, goals), (out, file_format, paper) = _known(*shown), file
    loaded = registry.load(cohort)
    person, period = opened(loaded, participant)
    report = glucose_report(person, period, unit, goals)
    made = sheet(participant, person, report, loaded)
    if file_format == "csv":
        flags = [flag.sentence for flag in of_participant(loaded, participant)]
        days = tables.by_day(person.days, report, flags)
        content = table_csv(days, participant_columns(loaded.schema, participant)).encode("utf-8-sig")
    else:
        content = glucose_pdf(made, paper)
    _write(out, content)
    audit.record(audit.Entry("exported", by, cohort, participant, detail=audited(file_format)))
    if as_json:
        print_json(
            {
                "red_flags": list(made.red_flags),
                "cohort": cohort,
                "participant_id": participant,
                "report": "glucose",
                "unit": unit,
                "goals": goals,
                "period": [day.isoformat() for day in (period.first, period.last)],
                "format": file_format,
                "file": str(out),
                "bytes": len(content),
            }
        )
        return
    for line in made.red_flags:
        print(line)
    what = "report" if file_format == "pdf" else "days"
    print(f"{out}: the glucose {what} of participant {participant} of {cohort}, {report.heading}.")


def _known(unit: str, goals: str) -> tuple[GlucoseUnit, GoalSet]:
    """The unit and goals by which a report is shown; raises ``InputError`` for others."""
    from sensecf_core.aireadi.report.bands import GOALS
    from sensecf_core.aireadi.report.units import UNITS

    known_unit = next((known for known in UNITS if known == unit), None)
    known_goals = next((known for known in GOALS if known == goals), None)
    if known_unit is None:
        raise unknown("unit", unit, UNITS)
    if known_goals is None:
        raise unknown("goals", goals, tuple(GOALS))
    return known_unit, known_goals


def _say_several(stored: Sequence[Answer], out: Path) -> None:
    from sensecf_core.cli.render_answer import red_flag_lines

    for one in stored:
        for line in red_flag_lines(one.red_flags):
            print(f"{one.participant_id}: {line}")
    people = len({(one.cohort, one.participant_id) for one in stored})
    print(
        f"{out}: {len(stored)} {'answer' if len(stored) == 1 else 'answers'} about {people} "
        f"{'participant' if people == 1 else 'participants'}."
    )


def _stored(
    ids: Sequence[str], participants: Sequence[str], cohort: str | None, row: str | None
) -> tuple[Answer, ...]:
    """The answers that are named: by id, the newest of participants, or the newest of a whole cohort."""
    from sensecf_core.records import answers

    if (ids and participants) or not (ids or participants or cohort):
        raise InputError("Name either --answer, or --participant and --cohort.")
    if ids:
        if cohort is not None or row is not None:
            raise InputError("--cohort and --row go with --participant; --answer alone names the answer.")
        return tuple(_by_id(answer_id) for answer_id in dict.fromkeys(ids))
    if cohort is None:
        raise InputError("--participant needs --cohort, the cohort that they belong to.")
    if not participants:
        if row is not None:
            raise InputError("--row goes with --participant.")
        return _of_everybody(cohort)
    if row is not None and len(participants) > 1:
        raise InputError("--row is of one participant; leave it out, or name one.")
    found: list[Answer] = []
    for participant in dict.fromkeys(participants):
        # What somebody made by hand stands beside the newest answer, never in its place.
        stored = answers.standing(cohort, participant, row)
        stored = stored or answers.recent(cohort, participant, row, limit=1, by_hand=False)
        stored = stored or answers.recent(cohort, participant, row, limit=1)
        if not stored:
            raise InputError(_nothing_stored(cohort, participant, row))
        found.append(stored[0])
    return tuple(found)


def _by_id(answer_id: str) -> Answer:
    from sensecf_core.records import answers

    found = answers.find(answer_id)
    if found is None:
        raise InputError(f"No answer {answer_id!r} is stored here; `{CLI} explain --keep` prints the ids.")
    return found


def _of_everybody(cohort: str) -> tuple[Answer, ...]:
    from sensecf_core.datasets import registry
    from sensecf_core.records import answers

    found = answers.newest_of_people(cohort)
    if not found:
        registry.load(cohort)  # an unknown cohort is said to be one
        raise InputError(f"No answer about {cohort!r} is stored; `{CLI} explain` stores one.")
    return found


def _nothing_stored(cohort: str, participant: str, row: str | None) -> str:
    """Why there is nothing to export; raises ``InputError`` for a cohort that does not exist."""
    from sensecf_core.datasets import registry

    people = registry.load(cohort).rows.index.get_level_values(0)
    if participant not in people:
        return f"Cohort {cohort!r} has no participant {participant!r}."
    where = "" if row is None else f", row {row!r},"
    return (
        f"No answer about participant {participant!r}{where} of {cohort!r} is stored; "
        f"`{CLI} explain` stores one."
    )


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"{str(out)!r} cannot be written: {error.strerror}.") from error
