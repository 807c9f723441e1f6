"""``benchmark``: every method asked the same questions and judged by the same rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sensecf_core.cli.arguments import names
from sensecf_core.cli.options import (
    Cluster,
    CohortName,
    DirectionLimits,
    Json,
    JsonProgress,
    at_least,
    check_directions,
    check_out,
    workers,
)
from sensecf_core.cli.output import print_run, progress

PRINTED = ("solid", "unseen_validity", "third_validity", "validity", "gower", "features_changed", "seconds")


def benchmark(
    *,
    cohort: CohortName,
    methods: Annotated[
        str,
        typer.Option(
            help="Methods to compare, like a,b; `all` is every method that can answer here. A language "
            "model of your own: lm-few-shot@NAME."
        ),
    ] = "all",
    n: Annotated[int, typer.Option("--n", help="Test participants a class; 0 means all.")] = 100,
    k: Annotated[int, typer.Option("--k", help="How many counterfactuals to ask for.")] = 4,
    seed: Annotated[int, typer.Option(help="Draws the people, and every candidate.")] = 0,
    limits: DirectionLimits = None,
    goal: Annotated[
        str, typer.Option(help="Ask to `cross` the line, to `lower` the risk (or raise it), or `all`.")
    ] = "all",
    candidates: Annotated[int, typer.Option(help="Candidates a query of methods that sample.")] = 16,
    max_changes: Annotated[int, typer.Option(help="Most features that one counterfactual changes.")] = 3,
    jobs: Annotated[
        int, typer.Option(help="Processes for methods without a language model; the numbers stay the same.")
    ] = 1,
    cluster: Cluster = None,
    timed: Annotated[
        bool,
        typer.Option(
            help="Time the answers too, one at a time at the end. Leave it out where something runs beside "
            "this; the same command adds it later."
        ),
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to copy the finished run of a public cohort to; `results/benchmark` is what pages "
            "show."
        ),
    ] = None,
    as_json: Json = False,
    json_progress: JsonProgress = False,
) -> None:
    """Ask every method the same questions in both directions, and judge all answers by the same rules.

    A run that was ended goes on where it stopped when the same command is given again. What a method answered
    is kept by itself: a run with more people or more methods asks only what is new.
    """
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.benchmark import run, run_folder

    check_directions(limits)
    at_least(0, n=n, seed=seed)
    at_least(1, k=k, candidates=candidates, max_changes=max_changes, jobs=jobs)
    fitted = load_fitted(cohort)
    check_out(out, fitted.cohort)
    with (
        progress(json_progress) as tell,
        workers(cluster, jobs, fitted.cohort, run.__name__, tell) as found,
    ):
        _, summary = run.run_benchmark(
            fitted,
            names([methods]),
            n=n,
            limits=limits,  # type: ignore[arg-type]
            goal=goal,  # type: ignore[arg-type]
            k=k,
            candidates=candidates,
            max_changes=max_changes,
            seed=seed,
            jobs=found.count if found else jobs,
            cluster=found,
            timed=timed,
            progress=found.progress if found else tell,
        )
    folder = run_folder.own_folder(summary["id"])
    print_run(summary, folder, _as_text, out=out, as_json=as_json, json_progress=json_progress)


def _as_text(summary: dict[str, Any]) -> str:
    from sensecf_core.evaluation.metrics.definitions import MEASURES

    lines = []
    for group in summary["groups"]:
        heads = [f"{MEASURES[name].label} {MEASURES[name].arrow}" for name in PRINTED]
        lines += [
            f"{group['direction']}, {group['limits']} limits, goal {group['goal']}: {group['queries']} "
            f"queries, {group['unanswerable']['value']:.0%} of them without any answer",
            f"  {'':32} {' '.join(f'{head:>18}' for head in heads)}",
        ]
        for row in group["rows"]:
            cells = [_cell(row["measures"][name]) for name in PRINTED]
            lines.append(f"  {row['row']:32} {' '.join(f'{cell:>18}' for cell in cells)}")
    lines += [f"not run here: {absent['row']} ({absent['why']})" for absent in summary["absent"]]
    return "\n".join(lines)


def _cell(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return "-"
    if found["low"] is None:
        return f"{found['value']:.3g}"
    return f"{found['value']:.3g} ({found['low']:.3g}-{found['high']:.3g})"
