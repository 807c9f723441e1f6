"""``predict``: the classifier's prediction for rows as they are, or with some values changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensecf_core.cli.arguments import checked_code, new_values
from sensecf_core.cli.options import CohortName, Json
from sensecf_core.cli.output import print_json
from sensecf_core.cli.row_lines import head, print_label, say_default_row, second_judge
from sensecf_core.disclaimer import data_label
from sensecf_core.errors import InputError
from sensecf_core.json_safe import parse

if TYPE_CHECKING:
    from sensecf_core.cohorts.cohort import Cohort
    from sensecf_core.cohorts.encoding import Value
    from sensecf_core.evaluation.score_rows import ChangedRow

LARGEST_ROWS_FILE = 200_000_000
"""A larger ``--rows`` file (in bytes) is refused as a mistake."""


def predict(
    *,
    cohort: CohortName,
    participant: Annotated[list[str] | None, typer.Option(help="Participant id (may be repeated).")] = None,
    row: Annotated[str | None, typer.Option(help="Row id; without it the first row, which is said.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="A changed value, like bmi=27.5 (may be repeated).")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(help='JSON lines: {"participant_id": ..., "row_id": ..., "set": {...}}, one a row.'),
    ] = None,
    limits: Annotated[
        str | None,
        typer.Option(help="behaviour, intervention or contrast: what `violations` judges changes by."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Predict rows as they are or with changed values, and say which limits and rules the changes break."""
    from sensecf_core.cli.render_answer import red_flag_lines
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.score_rows import score_rows
    from sensecf_core.queries.answer import RaisedFlag

    if bool(participant) == bool(rows):
        raise InputError("Name the people by --participant or by --rows FILE.jsonl, one of the two.")
    if rows and (changes or row):
        raise InputError("With --rows, row ids and changed values stand in the file, not in --row or --set.")
    loaded = load_fitted(cohort)
    schema = loaded.schema
    if rows:
        requested = read_rows_file(rows)
    else:
        values = new_values(schema, changes or [])
        requested = [_RequestedRow(person, row, values, "") for person in participant or []]
    located = _locate_rows(loaded.cohort, requested)
    if participant and row is None:
        say_default_row(loaded.cohort, participant)
    scored = score_rows(loaded, located, profile=limits)
    threshold, second_threshold = loaded.classifier.threshold, loaded.classifier.second_threshold
    if as_json:
        print_json(
            {
                "cohort": cohort,
                "data_label": data_label(schema.provenance.real),
                "threshold": threshold,
                "second_threshold": second_threshold,
                "predictions": scored,
            }
        )
        return
    print_label(schema)
    for entry in scored:
        for flag in red_flag_lines(map(RaisedFlag.model_validate, entry["red_flags"])):
            print(flag)
        line = head(
            schema,
            (entry["participant_id"], entry["row_id"]),
            probability=entry["probability"],
            predicted=entry["predicted"],
            threshold=threshold,
        )
        second = entry["second_judge_probability"]
        view = "agrees" if (second >= second_threshold) == bool(entry["predicted"]) else "disagrees"
        print(f"{line}; {second_judge(view, second, second_threshold)}")
        for violation in entry["violations"]:
            print(f"  breaks: {violation}")


@dataclass(frozen=True)
class _RequestedRow:
    """One row to score, as requested; ``where`` names its line in error messages."""

    participant_id: str
    row_id: str | None
    values: dict[str, Value]
    where: str


def _locate_rows(cohort: Cohort, requested: Iterable[_RequestedRow]) -> list[ChangedRow]:
    """Find each row in the cohort and encode its changed values; errors name the line."""
    from sensecf_core.cohorts.cohort import locate
    from sensecf_core.evaluation.score_rows import ChangedRow

    rows = []
    for row in requested:
        try:
            key = locate(cohort, row.participant_id, row.row_id)
            codes = {name: checked_code(cohort.schema, name, value) for name, value in row.values.items()}
        except InputError as error:
            raise InputError(f"{row.where}{error}") from None
        rows.append(ChangedRow(*key, codes))
    return rows


def read_rows_file(path: Path) -> list[_RequestedRow]:
    """Read a ``--rows`` file; raises ``InputError`` that names the first line that cannot be used."""
    try:
        if path.stat().st_size > LARGEST_ROWS_FILE:
            raise InputError(f"{path} is larger than {LARGEST_ROWS_FILE // 1_000_000} MB; split it.")
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is not a text file in UTF-8; it must hold one JSON object a line."
        ) from None
    requested = [
        _row_of(line, f"{path}, line {number}: ") for number, line in enumerate(lines, 1) if line.strip()
    ]
    if not requested:
        raise InputError(f"{path} holds no rows; write one JSON object a line.")
    return requested


def _row_of(line: str, where: str) -> _RequestedRow:
    try:
        entry = parse(line)
    except json.JSONDecodeError:
        raise InputError(f"{where}this is not JSON.") from None
    except ValueError as error:
        raise InputError(f"{where}this is not JSON that can be read: {error}.") from None
    if not isinstance(entry, dict) or "participant_id" not in entry:
        raise InputError(f'{where}it must be an object with "participant_id" (and "row_id", "set").')
    unknown_keys = sorted(set(entry) - {"participant_id", "row_id", "set"})
    if unknown_keys:
        raise InputError(
            f'{where}unknown key "{unknown_keys[0]}"; there are "participant_id", "row_id", "set".'
        )
    row_id, values = entry.get("row_id"), entry.get("set")
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise InputError(f'{where}"set" must be an object of feature names and values.')
    person = entry["participant_id"]
    if not _is_id(person) or not (row_id is None or _is_id(row_id)):
        raise InputError(f"{where}ids must be text.")
    return _RequestedRow(str(person), None if row_id is None else str(row_id), values, where)


def _is_id(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)
