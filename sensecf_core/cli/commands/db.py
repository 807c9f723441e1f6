"""``db check``, ``db backup`` and ``db restore``: the database of answers, decisions and jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sensecf_core.cli.options import Json
from sensecf_core.cli.output import print_json

DAMAGED = 1
"""Exit code of a database that is not whole."""

app = typer.Typer(rich_markup_mode=None, help="The database of answers, decisions and jobs.")


@app.command("check")
def check(*, as_json: Json = False) -> int:
    """Read the whole database and compare every answer with its hash. Exit code 1 if something is wrong."""
    from sensecf_core.records import database_files

    found = database_files.check()
    if as_json:
        print_json(
            {
                "ok": not found.problems,
                "path": str(found.path),
                "rows": found.rows,
                "problems": list(found.problems),
            }
        )
    elif found.problems:
        print(f"{found.path} is damaged:", *found.problems, sep="\n  ")
    else:
        print(f"{found.path} is whole: {_counted(found.rows)}.")
    return DAMAGED if found.problems else 0


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="The new file; it holds everything that was kept.")],
) -> None:
    """Copy the database to a new file, also while the program runs."""
    from sensecf_core.records import database_files

    print(f"{file}: {_counted(database_files.backup(file))}.")


@app.command("restore")
def restore(file: Annotated[Path, typer.Argument(help="A copy that `db backup` made.")]) -> None:
    """Put a copy in the place of the database; what stood there is kept beside it. Stop the program first."""
    from sensecf_core.records import database_files

    aside = database_files.restore(file)
    print(f"{file} is the database now." + (f" What stood there before: {aside}" if aside else ""))


def _counted(rows: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in rows.items())
