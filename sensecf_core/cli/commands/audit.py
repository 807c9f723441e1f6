"""``audit list`` and ``audit verify``: the audit trail, and whether it is as it was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import Json, at_least
from sensecf_core.cli.output import print_json

if TYPE_CHECKING:
    from sensecf_core.records.audit import AuditRow

BROKEN = 1
"""Exit code of a trail that is not as it was written."""

app = typer.Typer(rich_markup_mode=None, help="What was asked and decided, in rows chained by hash.")


@app.command("list")
def list_rows(
    *,
    cohort: Annotated[str | None, typer.Option(help="Only rows about this cohort.")] = None,
    participant: Annotated[str | None, typer.Option(help="Only rows about this participant.")] = None,
    last: Annotated[int | None, typer.Option(help="Only so many rows, the newest.")] = None,
    as_json: Json = False,
) -> None:
    """List the rows of the audit trail, oldest first."""
    from sensecf_core.records import audit

    if last is not None:
        at_least(1, last=last)
    rows = audit.recent(cohort, participant, limit=last)
    if as_json:
        print_json({"rows": [_as_json(row) for row in rows]})
        return
    for row in rows:
        print(_as_text(row))
    if not rows:
        print(
            "Nothing is in the audit trail yet." if not (cohort or participant) else "No row is about this."
        )


@app.command("verify")
def verify(
    *,
    noted: Annotated[
        str | None, typer.Option(help="A hash noted earlier; the trail has to hold the row of this hash.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Check that no row of the audit trail, and no decision, was edited, deleted, inserted or moved.

    Exit code 1 where one was, with the row where the chain breaks first.
    """
    from sensecf_core.records import audit

    result = audit.verify(noted and noted.strip().lower())
    if as_json:
        broken = result.broken and asdict(result.broken)
        print_json({"ok": result.ok, "rows": result.rows, "last": result.last, "broken": broken})
    elif result.broken is not None:
        print(f"The audit trail is broken: {result.broken.problem}.")
    else:
        print(f"The audit trail is whole: {_counted(result.rows)}.")
        if result.rows:
            print(
                f"Its last hash is {result.last}. Noted elsewhere, it proves the rows up to here (--noted)."
            )
    return 0 if result.ok else BROKEN


def _counted(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def _as_json(row: AuditRow) -> dict[str, Any]:
    return asdict(row) | {"detail": row.read_detail()}


def _as_text(row: AuditRow) -> str:
    about = [text for text in (row.cohort, row.participant_id, row.answer_id) if text is not None]
    detail = [f"{name} {value}" for name, value in row.read_detail().items() if name != "decision_sha256"]
    return f"{row.seq}. {row.created}  {row.who or '(no name)'}: {row.action}  " + ", ".join(about + detail)
