"""A trace table for files: rows of an adapter's card, and a small CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ON_CARD = {
    "readable": "readable",
    "within_limits": "within_limits",
    "of_answerable_valid": "valid",
    "of_answerable_control_valid": "control_valid",
    "of_answerable_second_valid": "second_valid",
    "of_answerable_third_valid": "third_valid",
    "of_answerable_valid_any": "any_valid",
    "distinct": "distinct",
    "changed": "changed",
    "gower": "gower",
    "of_answerable_shown": "final_found",
    "of_answerable_shown_first": "final_found_first",
    "askings": "askings",
    "final_changed": "final_changed",
    "final_violations": "final_violations",
    "answerable": "answerable",
}
"""What an adapter's card says of a run, and by which name."""


def card_rows(
    summary: Sequence[Mapping[str, Any]], method: str, temperature: float, command: str
) -> list[dict[str, Any]]:
    """One method's rates on ``test`` as rows of an adapter's card, each rate with its interval."""
    return [
        {
            "part": "test",
            "temperature": temperature,
            "limits": row["limits"],
            "desired": 1 - int(row["direction"][0]),
            **{
                name: {
                    "value": row[measure]["mean"],
                    "low": row[measure]["low"],
                    "high": row[measure]["high"],
                }
                for measure, name in ON_CARD.items()
            },
            "queries": row["people"],
            "command": command,
        }
        for row in summary
        if row["method"] == method
    ]


def as_csv(summary: Sequence[Mapping[str, Any]]) -> str:
    """The summary as a small CSV: one line a group, each rate as value, low, high."""
    fixed = ("direction", "limits", "method", "people", "candidates")
    measures = [name for name in summary[0] if name not in fixed] if summary else []
    header = [*fixed, *(f"{m}{end}" for m in measures for end in ("", "_low", "_high"))]
    lines = [",".join(header)]
    for row in summary:
        numbers = [value for measure in measures for value in row[measure].values()]
        cells = ("" if n is None else f"{n:.4f}" for n in numbers)
        lines.append(",".join([*(str(row[name]) for name in fixed), *cells]))
    return "\n".join(lines) + "\n"
