"""``batch``: ask about many people what the page Options asks about one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import CohortName, Json, JsonProgress, at_least
from sensecf_core.cli.output import print_json, print_json_line, progress
from sensecf_core.errors import InputError
from sensecf_core.types import Callbacks, RowKey

if TYPE_CHECKING:
    from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
    from sensecf_core.jobs.ask_list import AskList
    from sensecf_core.queries.request import ExplainRequest
    from sensecf_core.records.found import Found

NOTHING_FOUND = 3
"""Exit code if people were asked about, and none of them has an option."""


def batch(
    *,
    cohort: CohortName,
    participant: Annotated[list[str] | None, typer.Option(help="Participant id (may be repeated).")] = None,
    row: Annotated[
        list[str] | None,
        typer.Option(help="Row id, one for each --participant in their order; without it the first rows."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(help="Instead of ids: so many rows of the test part whose prediction is not desired."),
    ] = None,
    method: Annotated[str | None, typer.Option(help="As of `explain`; without it the pages' own.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answers.")] = 0,
    by: Annotated[str | None, typer.Option(help="Who asks: a name for the audit trail.")] = None,
    as_json: Json = False,
    json_progress: JsonProgress = False,
) -> int:
    """Ask about many people what the page Options asks about one, and keep every answer.

    Whose question has a stored answer is not asked about again, nor who has the desired class already, nor
    who has a red flag; what was rejected for somebody stays fixed. A batch that was ended goes on where it
    stopped when the same command is given again.
    """
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.jobs import ask_list
    from sensecf_core.records.decisions import checked_name
    from sensecf_core.records.found import of_answer

    at_least(0, seed=seed)
    by = None if by is None else checked_name(by)
    fitted = load_fitted(cohort)
    keys = _rows(fitted, participant or [], row or [], sample, seed)
    asked = ask_list.make(fitted, keys, method=method, seed=seed)
    found: list[tuple[RowKey, Found]] = []
    refused: list[tuple[RowKey, str]] = []

    def refuse(request: ExplainRequest, error: InputError) -> None:
        refused.append(((request.participant_id, str(request.row_id)), str(error)))
        print(f"{request.participant_id}: {error}", file=sys.stderr)

    with progress(json_progress) as tell:

        def answered(answer: Any) -> None:
            found.append(((answer.participant_id, answer.row_id), of_answer(answer)))
            if json_progress:
                print_json_line({"answer_id": answer.answer_id})

        ask_list.ask(fitted, asked.ask, by=by, answered=answered, refused=refuse, callbacks=Callbacks(tell))
    if as_json:
        print_json(_as_json(cohort, asked, found, refused))
    elif not json_progress:
        print(_as_text(asked, found, len(refused)))
    return NOTHING_FOUND if found and not any(one.options for _, one in found) and not json_progress else 0


def _rows(
    fitted: FittedCohort, people: Sequence[str], rows: Sequence[str], sample: int | None, seed: int
) -> list[RowKey]:
    """The rows that are named or drawn; raises ``InputError`` for any that does not exist."""
    from sensecf_core.cohorts.cohort import locate
    from sensecf_core.evaluation.sampling import sample_rows

    if bool(people) == (sample is not None):
        raise InputError("Name the people by --participant or by --sample N, one of the two.")
    if sample is not None:
        if rows:
            raise InputError("--row belongs to --participant; --sample draws rows by itself.")
        at_least(1, sample=sample)
        not_desired = 1 - fitted.schema.task.desired
        return sample_rows(fitted.cohort, fitted.classifier, predicted=not_desired, n=sample, seed=seed)
    if rows and len(rows) != len(people):
        raise InputError(
            f"Give one --row for each --participant, or none: there are {len(rows)} and {len(people)}."
        )
    named = zip(people, rows, strict=True) if rows else ((person, None) for person in people)
    return [locate(fitted.cohort, person, row) for person, row in named]


def _as_json(
    cohort: str,
    asked: AskList,
    found: Sequence[tuple[RowKey, Found]],
    refused: Sequence[tuple[RowKey, str]],
) -> dict[str, Any]:
    def people(keys: Sequence[RowKey]) -> list[dict[str, str]]:
        return [{"participant_id": person, "row_id": row} for person, row in keys]

    return {
        "cohort": cohort,
        "asked": [
            {
                "participant_id": person,
                "row_id": row,
                "answer_id": one.answer_id,
                "status": one.status,
                "options": one.options,
                "solid": one.solid,
            }
            for (person, row), one in found
        ],
        "refused": [
            {"participant_id": person, "row_id": row, "error": error} for (person, row), error in refused
        ],
        "answered_before": people(asked.answered),
        "not_needed": people(asked.not_needed),
        "withheld": people(asked.withheld),
    }


def _as_text(asked: AskList, found: Sequence[tuple[RowKey, Found]], refused: int) -> str:
    lines = [f"{key[0]}: {_said(one)}  ({one.answer_id})" for key, one in found]
    some = sum(one.options > 0 for _, one in found)
    solid = sum(one.solid > 0 for _, one in found)
    lines.append(f"{len(found)} asked about: {some} have options, {solid} of them a solid one.")
    if refused:
        lines.append(f"{refused} could not be asked about, as said above.")
    if asked.answered:
        lines.append(f"{len(asked.answered)} had their answer already.")
    if asked.not_needed:
        lines.append(f"{len(asked.not_needed)} need no change: the model does not flag them.")
    if asked.withheld:
        who = ", ".join(person for person, _ in asked.withheld)
        lines.append(f"{len(asked.withheld)} withheld for a red flag, to be seen first: {who}.")
    return "\n".join(lines)


def _said(one: Found) -> str:
    if not one.options:
        return "no option found"
    return f"{one.options} option{'s' if one.options > 1 else ''}, {one.solid} solid"
