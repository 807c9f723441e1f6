"""``trace``: how many candidates of each method are readable, within limits, valid and plausible."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sensecf_core.cli.arguments import names
from sensecf_core.cli.options import CohortName, DirectionLimits, Json, at_least, check_directions, check_out
from sensecf_core.cli.output import ProgressLine, print_json
from sensecf_core.errors import InputError
from sensecf_core.queries.methods import METHODS, needs_adapter

HOTTEST = 2
"""The highest temperature that a run takes: above it a model draws nearly at random."""


def trace(
    *,
    cohort: CohortName,
    n: Annotated[int, typer.Option("--n", help="Test participants a class; 0 means all.")] = 100,
    methods: Annotated[
        str | None,
        typer.Option(help="Methods to compare, like a,b; without it all that draw candidates."),
    ] = None,
    limits: DirectionLimits = None,
    candidates: Annotated[int, typer.Option(help="Candidates a query.")] = 16,
    max_changes: Annotated[int, typer.Option(help="Most features that one counterfactual changes.")] = 3,
    grammar: Annotated[
        bool, typer.Option(help="Hold the language model to readable answers within the limits.")
    ] = True,
    temperature: Annotated[
        float | None,
        typer.Option(help="Language models sample at this temperature; without it each at its own."),
    ] = None,
    k: Annotated[int, typer.Option("--k", help="How many counterfactuals to show at most.")] = 4,
    seed: Annotated[int, typer.Option(help="Draws the people, and every candidate.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for trace-COHORT.json and .csv (trace-COHORT-no-grammar, -temperature-1); without "
            "it nothing is written."
        ),
    ] = None,
    card: Annotated[
        bool,
        typer.Option(
            "--card", help="Put the rates of fine-tuned models and controls on their adapters' cards."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Count what each method gets right by itself, for test participants of both classes.

    A run that was ended goes on where it stopped when the same command is given again.
    """
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.raw_candidates import files
    from sensecf_core.evaluation.raw_candidates.run import check_methods, run_trace

    chosen = names([methods]) if methods is not None else _samplers(cohort)
    check_methods(chosen)
    check_directions(limits)
    at_least(0, seed=seed, n=n)
    if temperature is not None and not 0 < temperature <= HOTTEST:
        raise InputError(f"--temperature must be above 0 and at most {HOTTEST}, got {temperature:g}.")
    if temperature is not None and not any(METHODS[name].asks_language_model for name in chosen):
        raise InputError("--temperature is for language models, and --methods names none.")
    usual = grammar and temperature is None
    if card and not (usual and any(map(needs_adapter, chosen))):
        raise InputError(
            "--card takes a run of lm-fine-tuned or lm-guided with the grammar on, at their own temperature."
        )
    fitted = load_fitted(cohort)
    check_out(out, fitted.cohort)
    with ProgressLine() as line:
        result = run_trace(
            fitted,
            chosen,
            n=n,
            limits=limits,  # type: ignore[arg-type]
            k=k,
            candidates=candidates,
            max_changes=max_changes,
            grammar=grammar,
            temperature=temperature,
            seed=seed,
            progress=line,
        )
    if out is not None:
        files.write(out, _name(cohort, grammar, temperature), result)
    if card:
        files.put_on_card(fitted.cohort, result)
    if as_json:
        print_json(result)
    else:
        print(_as_text(result["table"]))


def _name(cohort: str, grammar: bool, temperature: float | None) -> str:
    """What the files of a run are named after: its cohort, and what is not as usual."""
    unusual = [] if grammar else ["no-grammar"]
    unusual += [] if temperature is None else [f"temperature-{temperature:g}"]
    return "-".join([cohort, *unusual])


def _as_text(summary: list[dict[str, Any]]) -> str:
    measures = ("answerable", "readable", "valid", "of_answerable_valid", "of_answerable_shown", "distinct")
    head = f"{'':5} {'limits':12} {'method':14} {'people':>6}"
    lines = [f"{head} {' '.join(f'{name:>19}' for name in measures)} {'median s':>9}  credit"]
    for row in summary:
        cells = [_rate(row[measure]) for measure in measures]
        lines.append(
            f"{row['direction']:5} {row['limits']:12} {row['method']:14} {row['people']:6} "
            f"{' '.join(f'{cell:>19}' for cell in cells)} {row['seconds']['median']:9.2f}  {_credit(row)}"
        )
    return "\n".join(lines)


def _credit(row: dict[str, Any]) -> str:
    """What a language model's raw validity adds to the best control that knows as much."""
    found = row["credit"]
    if found["mean"] is None:
        return "-"
    value, low, high = (None if x is None else f"{round(x, 2) + 0.0:+.2f}" for x in found.values())
    return f"{value}{'' if low is None else f' ({low} to {high})'} over {row['credit_over']}"


def _rate(found: dict[str, float | None]) -> str:
    if found["mean"] is None:
        return "-"
    return f"{found['mean']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def _samplers(cohort: str) -> tuple[str, ...]:
    """Every method that draws candidates, but fine-tuned ones without an adapter."""
    from sensecf_core.datasets import registry
    from sensecf_core.language.models import adapter_choice

    loaded = registry.load(cohort)
    return tuple(
        method.name
        for method in METHODS.values()
        if method.samples
        and (not method.needs_adapter or adapter_choice.chosen(loaded, prompt=method.adapter) is not None)
    )
