"""``ablation``: what each part of fine-tuning is worth."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sensecf_core.cli.options import CohortName, Json, at_least
from sensecf_core.cli.output import ProgressLine, print_json
from sensecf_core.errors import InputError


def ablation(
    *,
    cohort: CohortName,
    tokens: Annotated[
        int,
        typer.Option(help="Tokens that every cell reads in training."),
    ] = 250_000,
    cells: Annotated[str | None, typer.Option(help="Numbers of the cells to fill, like 0,1,4; all.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every cell.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for ablation-COHORT.json and .csv.")] = None,
    as_json: Json = False,
) -> None:
    """Fine-tune with one thing changed at a time and compare raw candidates on `val`; takes hours.

    Finished cells are kept: the same command goes on where it was ended.
    """
    at_least(1, tokens=tokens)
    at_least(0, seed=seed)
    from sensecf_core import provenance
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.result import provenance_of
    from sensecf_core.evaluation import ablation as table
    from sensecf_core.language.models import default_model
    from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
    from sensecf_core.paths import var

    chosen = _chosen(cells, table.cells(tokens, seed))
    fitted = load_fitted(cohort)
    base = default_model.require()
    origin = {
        "tokens": tokens,
        "seed": seed,
        "queries": table.QUERIES,
        "prompt_template": TUNED_SHA256,
        "engine": provenance.code_sha256(table.__name__),
        **provenance_of(fitted),
    }
    decisive = {name: value for name, value in origin.items() if name not in ("commit", "version")}
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True, default=str).encode()).hexdigest()[:12]
    with ProgressLine() as line:
        rows = table.run(fitted, var("runs", "ablation", f"{cohort}-{digest}"), base, chosen, line)
    result = {"command": provenance.command(), "machine": provenance.machine(), **origin, "table": rows}
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(result, ensure_ascii=False, indent=1)
        (out / f"ablation-{cohort}.json").write_text(text + "\n", encoding="utf-8")
        (out / f"ablation-{cohort}.csv").write_text(_as_csv(rows), encoding="utf-8")
    if as_json:
        print_json(result)
    else:
        print(_as_csv(rows), end="")


def _chosen(numbers: str | None, table: tuple[Any, ...]) -> tuple[Any, ...]:
    if numbers is None:
        return table
    try:
        return tuple(table[int(number)] for number in numbers.split(","))
    except (ValueError, IndexError) as error:
        raise InputError(
            f"--cells takes numbers from 0 to {len(table) - 1}, like 0,1; got {numbers}."
        ) from error


def _as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return text.getvalue()
