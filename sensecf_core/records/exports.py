"""Answers as files for other programs: a tidy CSV and the JSON of ``explain``.

Both carry the notice, the origin of the rows, whether they are about real people, and the answer's
provenance. The CSV is in long form: one row per changed feature of each counterfactual, with the columns of
the counterfactual and the answer repeated on each row. An answer without counterfactuals has one row with
empty change columns, so that counts of answers stay right. ``grade`` and ``valid`` are by the goal of the
row, and ``second_judge_agrees`` is by its ``second_threshold``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.checks.red_flags import red_flags
from sensecf_core.disclaimer import DISCLAIMER_LONG, data_label
from sensecf_core.queries.answer import NO_CANDIDATES, Answer, Counterfactual, RaisedFlag

SCHEMA_VERSION = 1
Cell = str | float | int | bool | None
Schemas = Mapping[str, Schema]
"""Schema by cohort name."""

_ANSWER = (
    "red_flags",
    "data_label",
    "cohort",
    "cohort_title",
    "participant_id",
    "row_id",
    "answer_id",
    "created",
    "method",
    "seed",
    "limits_profile",
    "desired",
    "goal",
    "target",
    "status",
    "reasons",
    "feasibility_cross",
    "threshold",
    "second_threshold",
    "factual_probability",
    "proposed",
    "readable",
    "within_limits",
    "seconds",
)
_COUNTERFACTUAL = (
    "counterfactual",
    "probability",
    "interval_low",
    "interval_high",
    "second_judge_probability",
    "second_judge_agrees",
    "valid",
    "violations",
    "in_domain",
    "lof_inlier",
    "gower",
    "n_changed",
    "grade",
    "held_by_refits",
    "held_under_noise",
    "second_agrees",
    "reliable_reduction",
    "sentence",
)
_CHANGE = (
    "feature",
    "feature_label",
    "unit",
    "from",
    "to",
    "percentile",
    "effort",
)
_ORIGIN = (
    "data_source",
    "data_licence",
    "provenance",
    "notice",
)
CSV_COLUMNS: tuple[str, ...] = (*_ANSWER, *_COUNTERFACTUAL, *_CHANGE, *_ORIGIN)

_STARTERS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # also their full-width twins, which some spreadsheets accept
_FORMULA = re.compile(rf'(^|[;\t\r\n])(?=[\s"]*[{_STARTERS}]|[\t\r\n])')
_NEGATIVE_NUMBER = re.compile(r"-\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def answers_csv(answers: Sequence[Answer], cohort_schemas: Schemas) -> str:
    """Write answers as CSV (RFC 4180, ``CSV_COLUMNS`` as header), one row per changed feature.

    A cohort that is not in ``cohort_schemas`` (its folder is gone) is exported without title, labels and
    units, and with an unknown origin. Text that a spreadsheet would read as a formula gets a leading ``'``;
    numbers, also negative ones, stay numbers.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for answer in _with_behaviours(answers):
        schema = cohort_schemas.get(answer.cohort)
        for cells in _rows(answer, schema):
            writer.writerow([safe_cell(cells.get(column)) for column in CSV_COLUMNS])
    return out.getvalue()


def _with_behaviours(answers: Sequence[Answer]) -> Iterator[Answer]:
    """Every answer, after that of behaviours alone where it was asked for too."""
    for answer in answers:
        if answer.behaviours is not None:
            yield answer.behaviours
        yield answer


def answers_json(answers: Sequence[Answer], cohort_schemas: Schemas) -> str:
    """Write answers as the JSON of ``python -m sensecf_core explain``, with notice and origins.

    ``method``, ``seed``, ``threshold`` and ``provenance`` are at the top level if all answers share them,
    else null; every answer also has its own.
    """
    text = json.dumps(document(answers, cohort_schemas), indent=2, ensure_ascii=False, allow_nan=False)
    return text + "\n"


def document(
    answers: Sequence[Answer], cohort_schemas: Schemas, *, candidates: bool = True
) -> dict[str, Any]:
    """The document of :func:`answers_json` as a dict; without ``candidates`` traces hold only counts."""
    names = sorted({answer.cohort for answer in answers})
    dropped = None if candidates else NO_CANDIDATES
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": DISCLAIMER_LONG,
        "cohort": _shared(answers, "cohort"),
        "method": _shared(answers, "method"),
        "seed": _shared(answers, "seed"),
        "threshold": _shared(answers, "threshold"),
        "provenance": _shared(answers, "provenance"),
        "cohorts": {name: _origin(cohort_schemas.get(name)) for name in names},
        "answers": [
            answer.model_copy(update={"red_flags": raised(answer, schema)}).model_dump(
                mode="json", by_alias=True, exclude=dropped
            )
            for answer in answers
            for schema in [cohort_schemas.get(answer.cohort)]
        ],
    }


def raised(answer: Answer, schema: Schema | None) -> tuple[RaisedFlag, ...]:
    """The red flags of an answer's row, also of an answer that was kept before there were any."""
    if answer.red_flags or schema is None or not set(schema.names) <= set(answer.factual.features):
        return answer.red_flags
    return red_flags(schema, answer.factual.features)


def table_csv(table: pd.DataFrame, shared_columns: Mapping[str, str]) -> str:
    """Write a displayed table as CSV, with ``shared_columns`` (name to value) repeated on each row.

    No cell starts like a formula. Two-level headings keep their second level; lists are joined by spaces.
    """
    flat = table.map(_flat)
    flat.columns = [safe_cell(str(name[-1] if isinstance(name, tuple) else name)) for name in table.columns]
    return str(flat.assign(**shared_columns).to_csv(index=False))


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return safe_cell(value) if isinstance(value, str) else value


def origin_columns(schema: Schema) -> dict[str, str]:
    """Columns for a table about a cohort's participants: whether they are real, and the notice."""
    return {
        "data_label": data_label(schema.provenance.real),
        "cohort": schema.name,
        "notice": DISCLAIMER_LONG,
    }


def participant_columns(schema: Schema, participant: str) -> dict[str, str]:
    """Columns for a table about one participant: who it is, and those of :func:`origin_columns`."""
    return {"participant_id": str(safe_cell(participant)), **origin_columns(schema)}


def safe_cell(value: Cell) -> Cell:
    """Keep a spreadsheet from reading text as a formula; numbers and None are returned unchanged.

    Text after a semicolon, tab or line break is guarded too: with another list separator it starts a cell.
    """
    if not isinstance(value, str) or _NEGATIVE_NUMBER.fullmatch(value):
        return value
    return _FORMULA.sub(r"\1'", value)


def _shared(answers: Sequence[Answer], field: str) -> Any:
    values = [getattr(answer, field) for answer in answers]
    return values[0] if values and all(value == values[0] for value in values) else None


def _origin(schema: Schema | None) -> dict[str, Any]:
    if schema is None:
        return {"title": None, "data_label": "ORIGIN UNKNOWN", "provenance": None}
    return {
        "title": schema.title,
        "data_label": data_label(schema.provenance.real),
        "provenance": schema.provenance.model_dump(mode="json"),
    }


def _rows(answer: Answer, schema: Schema | None) -> Iterator[dict[str, Cell]]:
    common = _answer_cells(answer, schema)
    if not answer.counterfactuals:
        yield common
    for place, counterfactual in enumerate(answer.counterfactuals, start=1):
        cells = (
            common
            | {"counterfactual": counterfactual.number or place}
            | _counterfactual_cells(counterfactual)
        )
        for change in _change_cells(counterfactual, schema):
            yield cells | change


def _answer_cells(answer: Answer, schema: Schema | None) -> dict[str, Cell]:
    origin = _origin(schema)
    return {
        "red_flags": " | ".join(flag.sentence for flag in raised(answer, schema)),
        "data_label": origin["data_label"],
        "cohort": answer.cohort,
        "cohort_title": origin["title"],
        "participant_id": answer.participant_id,
        "row_id": answer.row_id,
        "answer_id": answer.answer_id,
        "created": answer.created,
        "method": answer.method,
        "seed": answer.seed,
        "limits_profile": answer.limits.profile,
        "desired": answer.desired,
        "goal": answer.goal.kind,
        "target": answer.goal.target,
        "status": answer.status,
        "reasons": " | ".join(answer.reasons),
        "feasibility_cross": None if answer.feasibility is None else answer.feasibility.cross,
        "threshold": answer.threshold,
        "second_threshold": answer.second_threshold,
        "factual_probability": answer.factual.probability,
        "proposed": answer.trace.proposed,
        "readable": answer.trace.readable,
        "within_limits": answer.trace.within_limits,
        "seconds": answer.seconds.total,
        "data_source": None if schema is None else schema.provenance.source,
        "data_licence": None if schema is None else schema.provenance.licence,
        "provenance": json.dumps(answer.provenance, sort_keys=True, ensure_ascii=False),
        "notice": DISCLAIMER_LONG,
    }


def _counterfactual_cells(counterfactual: Counterfactual) -> dict[str, Cell]:
    low, high = counterfactual.interval or (None, None)
    return {
        "probability": counterfactual.probability,
        "interval_low": low,
        "interval_high": high,
        "second_judge_probability": counterfactual.second_judge_probability,
        "second_judge_agrees": counterfactual.second_judge_agrees,
        "valid": counterfactual.valid,
        "violations": " | ".join(counterfactual.violations),
        "in_domain": counterfactual.in_domain,
        "lof_inlier": counterfactual.lof_inlier,
        "gower": counterfactual.gower,
        "n_changed": counterfactual.n_changed,
        "grade": counterfactual.grade,
        "held_by_refits": counterfactual.held_by_refits,
        "held_under_noise": counterfactual.held_under_noise,
        "second_agrees": counterfactual.second_agrees,
        "reliable_reduction": counterfactual.reliable_reduction,
        "sentence": counterfactual.sentence,
    }


def _change_cells(counterfactual: Counterfactual, schema: Schema | None) -> Iterator[dict[str, Cell]]:
    for name, change in counterfactual.changes.items():
        feature = schema.feature(name) if schema is not None and name in schema.positions else None
        yield {
            "feature": name,
            "feature_label": feature.label if feature else None,
            "unit": feature.unit if feature else None,
            "from": change.before,
            "to": change.after,
            "percentile": counterfactual.percentiles.get(name),
            "effort": counterfactual.effort.get(name),
        }
