"""``ablation``: what each part of fine-tuning is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sensecf_core.cli.options import CohortName, Json, at_least, check_out
from sensecf_core.cli.output import ProgressLine, print_json
from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.evaluation.ablation.cells import Told


def ablation(
    *,
    cohort: CohortName,
    told: Annotated[
        str,
        typer.Option(help="The prompt: shap (told what changes are worth) or profile (the person alone)."),
    ] = "shap",
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
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.ablation import table
    from sensecf_core.evaluation.ablation.cells import TABLES

    if told not in TABLES:
        raise unknown("value of --told", told, tuple(TABLES))
    which: Told = told  # type: ignore[assignment]
    numbers = _numbers(cells, len(TABLES[which](tokens, seed)))
    fitted = load_fitted(cohort)
    check_out(out, fitted.cohort)
    with ProgressLine() as line:
        result = table.run_ablation(
            fitted, told=which, tokens=tokens, seed=seed, numbers=numbers, progress=line
        )
    if out is not None:
        table.write(out, cohort, result, which)
    if as_json:
        print_json(result)
    else:
        print(table.as_csv(result["table"]), end="")


def _numbers(text: str | None, cells: int) -> list[int] | None:
    if text is None:
        return None
    try:
        return [range(cells)[int(number)] for number in text.split(",")]
    except (ValueError, IndexError) as error:
        raise InputError(f"--cells takes numbers from 0 to {cells - 1}, like 0,1; got {text}.") from error
