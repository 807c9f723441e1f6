"""A trace on disk: its JSON, a small CSV, and rows of an adapter's card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sensecf_core import provenance
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.fine_tuning.control_rates import rate_name
from sensecf_core.errors import InputError
from sensecf_core.evaluation.run_identity import of_adapter
from sensecf_core.language.models import adapter_choice, adapters
from sensecf_core.language.training import save_adapter
from sensecf_core.paths import write_whole
from sensecf_core.queries.methods import METHODS, Method, controls_of
from sensecf_core.types import JsonView

ON_CARD = {
    "readable": "readable",
    "within_limits": "within_limits",
    "of_answerable_valid": "valid",
    "of_answerable_solid": "solid",
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


def write(folder: Path, name: str, trace: JsonView) -> None:
    """Write ``trace-NAME.json`` and its table as ``trace-NAME.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(trace, ensure_ascii=False, indent=1)
    write_whole(folder / f"trace-{name}.csv", as_csv(trace["table"]))
    write_whole(folder / f"trace-{name}.json", text + "\n")


def put_on_card(cohort: Cohort, trace: JsonView) -> None:
    """Put the test rates of each fine-tuned method on the card of the adapter that answers it for a cohort.

    Raises ``InputError`` where another adapter answers now than in the trace, or one for every cohort.
    """
    traced = {row["method"] for row in trace["table"]}
    for method in METHODS.values():
        if method.needs_adapter and method.name in traced:
            _put_on_card(cohort, trace, method)


def _put_on_card(cohort: Cohort, trace: JsonView, method: Method) -> None:
    found = adapter_choice.require(cohort, prompt=method.adapter)
    if of_adapter(found.card) != trace["adapters"].get(method.name):
        raise InputError("Another adapter answers now than at the start of this run: its card is left alone.")
    if found.card.cohort == adapters.ANY:
        raise InputError(
            f"The adapter {found.card.name} is for every cohort: its card holds no test rates of one."
        )
    rows = card_rows(trace["table"], method.name, found.card.temperature, provenance.command())
    others = tuple(rate for rate in found.card.rates if rate.get("part") != "test")
    save_adapter.write_cards(found.folder, found.card.model_copy(update={"rates": (*rows, *others)}))


def card_rows(
    summary: Sequence[Mapping[str, Any]], method: str, temperature: float, command: str
) -> list[dict[str, Any]]:
    """One method's rates on ``test`` as rows of an adapter's card, each rate with its interval.

    Beside them ``random_valid``, ``random_solid`` and so on of each control that was asked, and the credit
    where it is known.
    """
    return [
        {
            "part": "test",
            "temperature": temperature,
            "limits": row["limits"],
            "desired": 1 - int(row["direction"][0]),
            **{name: _on_card(row[measure]) for measure, name in ON_CARD.items()},
            **_controls_on_card(row, summary),
            "queries": row["people"],
            "command": command,
        }
        for row in summary
        if row["method"] == method
    ]


def _controls_on_card(row: Mapping[str, Any], summary: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a card says of the controls of the same direction and limits, and of the credit over them."""
    found: dict[str, Any] = {
        rate_name(other["method"], rate): _on_card(other[f"of_answerable_{rate}"])
        for rate in ("valid", "solid")
        for other in summary
        if all(other[name] == row[name] for name in ("direction", "limits", "goal"))
        and other["method"] in controls_of(row["method"])
    }
    if row.get("credit_over"):
        found |= {"credit": _on_card(row["credit"]), "credit_over": row["credit_over"]}
    return found


def _on_card(rate: Mapping[str, Any]) -> dict[str, Any]:
    return {"value": rate["mean"], "low": rate["low"], "high": rate["high"]}


def as_csv(summary: Sequence[Mapping[str, Any]]) -> str:
    """The summary as a small CSV: one line a group, each rate as value, low, high."""
    fixed = ["direction", "limits", "goal", "method", "people", "candidates"]
    names = [name for name in summary[0] if name not in fixed] if summary else []
    measures = [name for name in names if isinstance(summary[0][name], Mapping)]
    fixed += [name for name in names if name not in measures]
    header = [*fixed, *(f"{m}{end}" for m in measures for end in ("", "_low", "_high"))]
    lines = [",".join(header)]
    for row in summary:
        numbers = [value for measure in measures for value in row[measure].values()]
        cells = ("" if n is None else f"{n:.4f}" for n in numbers)
        lines.append(",".join([*(str(row[name]) for name in fixed), *cells]))
    return "\n".join(lines) + "\n"
