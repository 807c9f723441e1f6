"""``cohort list``, ``cohort draft`` and ``cohort check``: the cohorts there are, and how to make one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import Json
from sensecf_core.cli.output import print_json
from sensecf_core.disclaimer import data_label
from sensecf_core.errors import InputError
from sensecf_core.provenance import CLI

if TYPE_CHECKING:
    from sensecf_core.cohorts.own.folder import Examined

MOST_LEFT_OUT = 8
MOST_TOLD = 40
"""Lines of what was read how, and of what looks odd, that are printed."""

app = typer.Typer(rich_markup_mode=None, help="The cohorts there are, and whether a folder is one.")


@app.command("list")
def list_cohorts(as_json: Json = False) -> None:
    """List the cohorts: built-in ones, an AI-READI release (SENSECF_AIREADI), your own (SENSECF_COHORTS)."""
    from sensecf_core.aireadi.cohort import from_release
    from sensecf_core.datasets import registry

    release_problem = registry.release_problem()
    entries = [
        _entry(name) for name in registry.available() if not (release_problem and name == from_release.NAME)
    ]
    broken = [
        {"folder": str(cohort.folder), "problems": len(cohort.problems)} for cohort in registry.broken()
    ]
    if as_json:
        print_json({"cohorts": entries, "broken": broken, "release_problem": release_problem})
        return
    for entry in entries:
        print(f"{entry['name']}: {entry['title']}")
        print(f"  {entry['question']}  ({entry['class_1']} / {entry['class_0']})")
        print(
            f"  {entry['participants']:,} participants, {entry['rows']:,} rows, {entry['features']} features"
        )
        print(
            f"  {entry['data']}; default limits: {entry['default_limits']}; {entry['licence']}; "
            f"{entry['classifier']}"
        )
    if release_problem:
        print(f"{from_release.NAME}: not usable yet. {release_problem}")
    for entry in broken:
        print(
            f"Not usable yet: {entry['folder']} "
            f"({entry['problems']} problems; `cohort check` on the folder lists them)"
        )


def _entry(name: str) -> dict[str, Any]:
    from sensecf_core.classifiers import store
    from sensecf_core.datasets import registry

    cohort = registry.load(name)
    schema = cohort.schema
    return {
        "name": name,
        "title": schema.title,
        "question": schema.task.question,
        "class_1": schema.task.class_1,
        "class_0": schema.task.class_0,
        "desired": schema.task.desired,
        "participants": int(cohort.rows.index.get_level_values(0).nunique()),
        "rows": len(cohort.rows),
        "features": len(schema.features),
        "default_limits": schema.default_limits,
        "licence": schema.provenance.licence,
        "data": data_label(schema.provenance.real),
        "own": cohort.own,
        "classifier": "trained" if store.ready(cohort) else "not trained yet",
    }


@app.command("draft")
def draft(
    data: Annotated[Path, typer.Argument(help="A CSV, Parquet or Excel file, one row a line.")],
    *,
    target: Annotated[
        str | None, typer.Option(help="Column to predict; else guessed from the names.")
    ] = None,
    participant: Annotated[
        str | None, typer.Option(help="Column that says whose row it is; else guessed from the names.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the cohort; else the file's.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; else one beside the file, called after it.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write a cohort folder for a data file: its schema, with what cannot be read off marked `# check`."""
    from sensecf_core.cohorts.own import folder as checks
    from sensecf_core.cohorts.own.draft import draft_folder

    drafted = draft_folder.draft(data, name=name, target=target, participant=participant)
    folder = draft_folder.write(data, drafted, out)
    examined = checks.examine(folder)
    if as_json:
        left_out = [{"column": column, "why": why} for column, why in drafted.left_out]
        about = {"features": drafted.features, "to_check": drafted.unsure, "left_out": left_out}
        print_json({**_checked(folder, examined), **about})
        return 0
    print(
        f"{folder / 'schema.toml'}: {drafted.features} features; {drafted.unsure} lines are marked `# check`."
    )
    for column, why in drafted.left_out[:MOST_LEFT_OUT]:
        print(f"Left out: {column} {why}.")
    if rest := len(drafted.left_out[MOST_LEFT_OUT:]):
        print(f"Left out: {rest:,} more columns; schema.toml names them.")
    _print(examined)
    ready = "no problem found" if not examined.problems else f"{len(examined.problems)} to mend, listed above"
    print(f"Next: read {folder / 'schema.toml'}, then `{CLI} cohort check {folder}` ({ready} so far).")
    return 0


@app.command("check")
def check(
    folder: Annotated[Path, typer.Argument(help="A folder with schema.toml and data.csv or data.parquet.")],
    as_json: Json = False,
) -> int:
    """List every problem of a cohort folder at once, each with column, row and what mends it."""
    from sensecf_core.cohorts.own import folder as checks

    if not folder.is_dir():
        raise InputError(f"There is no folder {str(folder)!r}; name one that holds schema.toml and data.csv.")
    examined = checks.examine(folder)
    problems = examined.problems
    if as_json:
        print_json(_checked(folder, examined))
    else:
        _print(examined)
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise InputError(f"{folder} is not a usable cohort yet: {count}, listed above.")
    if not as_json:
        print(f"{folder}: no problem found.")
    return 0


def _checked(folder: Path, examined: Examined) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "ok": not examined.problems,
        "problems": [asdict(problem) for problem in examined.problems],
        "odd": [asdict(problem) for problem in examined.odd],
        "read": [asdict(note) for note in examined.notes],
    }


def _print(examined: Examined) -> None:
    """Print what was read how, what looks odd, and last what has to be mended."""
    for note in examined.notes[:MOST_TOLD]:
        print(f"Read: {_where(note.column, note.row)}{note.text}.")
    for odd in examined.odd[:MOST_TOLD]:
        print(f"Looks odd: {_where(odd.column, odd.row)}{odd.problem}. {odd.mend}")
    for title, told in (("Read", examined.notes), ("Looks odd", examined.odd)):
        if len(told) > MOST_TOLD:
            print(f"{title}: {len(told) - MOST_TOLD:,} more; --json lists them.")
    for problem in examined.problems:
        print(f"{_where(problem.column, problem.row) or 'cohort: '}{problem.problem}. {problem.mend}")


def _where(column: str | None, row: str | None) -> str:
    place = ", ".join(text for text in (column, row and f"row {row}") if text)
    return f"{place}: " if place else ""
