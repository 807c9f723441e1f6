"""``augment``: do counterfactuals help when labels are scarce? And: make them for a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sensecf_core.cli.arguments import names
from sensecf_core.cli.commands.experiments.augment_file import augment_file
from sensecf_core.cli.options import (
    Cluster,
    Json,
    JsonProgress,
    at_least,
    check_out,
    given_options,
    processes,
    workers,
)
from sensecf_core.cli.output import print_run, progress
from sensecf_core.errors import InputError, unknown

PRINTED = ("auroc", "f1_half", "f1_prevalence", "f1_tuned", "brier_corrected")


OF_A_FILE = frozenset({"target", "participant", "method", "labels"})
OF_BOTH = frozenset({"cohort", "source", "seed", "out", "as_json"})


def augment(
    context: typer.Context,
    *,
    cohort: Annotated[
        str | None, typer.Option("--cohort", help="Measure on this cohort; see `cohort list`.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--in", help="Or make rows for this CSV file, and measure nothing.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Of a file: the column with the label, of two classes.")
    ] = None,
    participant: Annotated[
        str | None,
        typer.Option(help="Of a file: the column that says whose row it is."),
    ] = None,
    method: Annotated[str, typer.Option(help="Of a file: how rows are made.")] = "search",
    labels: Annotated[
        str, typer.Option(help="Of a file: how made rows are labelled, `panel`, `hard` or `margin`.")
    ] = "panel",
    scenario: Annotated[
        str, typer.Option(help="Who loses labels: A the positives, B the negatives, C both; like A,C.")
    ] = "A,B,C",
    removed: Annotated[str, typer.Option(help="Shares of the labels that are removed.")] = "0.5,0.9,0.95",
    arms: Annotated[
        str,
        typer.Option(
            help="What is done about it, like weights,search-panel; a source (lm-transfer) is all its arms."
        ),
    ] = "all",
    repeats: Annotated[int, typer.Option(help="New splits by participant.")] = 20,
    seed: Annotated[int, typer.Option(help="Draws the splits, and everything else.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes; the numbers stay the same.")] = 1,
    cluster: Cluster = None,
    val: Annotated[
        str, typer.Option(help="scarce: validation rows lose labels too; full: they keep all of theirs.")
    ] = "scarce",
    adapter: Annotated[
        str | None,
        typer.Option(
            help="COHORT/NAME of the adapter of lm-transfer, which never saw the cohort. Without it "
            "the one trained longest."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A local language model for the arms lm-…; see `models`.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Three repeats of A and of C with 0.9 removed: an example.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to copy the finished run of a public cohort to; of a file: the new file."),
    ] = None,
    as_json: Json = False,
    json_progress: JsonProgress = False,
) -> None:
    """Take labels away, train again with what each arm makes of the rest, and measure what comes back.

    A run that was ended goes on where it stopped when the same command is given again; one with more arms or
    repeats fits only what is new. With --in: write a file's rows and counterfactuals of them to --out.
    """
    at_least(0, seed=seed)
    cohort = _checked(context, cohort, source)
    if source is not None:
        augment_file(
            source,
            out,
            target,
            participant=participant,
            method=method,
            labels=labels,
            seed=seed,
            as_json=as_json,
        )
        return
    from sensecf_core.augmentation import experiment, run_task
    from sensecf_core.augmentation.run_task import Cell
    from sensecf_core.datasets import registry

    at_least(1, repeats=repeats)
    if val not in ("scarce", "full"):
        raise unknown("value of --val", val, ("scarce", "full"))
    loaded = registry.load(cohort)
    check_out(out, loaded)
    cells = experiment.QUICK if quick else [Cell(*pair) for pair in _cells(scenario, removed)]
    plan = experiment.plan_experiment(
        loaded,
        cells,
        names([arms]),
        repeats=experiment.QUICK_REPEATS if quick else repeats,
        seed=seed,
        val=val,  # type: ignore[arg-type]
        adapter=adapter,
        model=model,
    )
    processes(jobs)
    with (
        progress(json_progress) as tell,
        workers(cluster, jobs, loaded, run_task.__name__, tell) as found,
    ):
        _, summary = experiment.run_experiment(
            loaded,
            plan,
            jobs=found.count if found else jobs,
            cluster=found,
            progress=found.progress if found else tell,
        )
    folder = experiment.own_folder(summary["id"])
    print_run(summary, folder, _as_text, out=out, as_json=as_json, json_progress=json_progress)


def _checked(context: typer.Context, cohort: str | None, source: Path | None) -> str:
    """The cohort's name, "" for a file; refuses both or none, and options of the other one."""
    if (cohort is None) == (source is None):
        raise InputError("augment takes either --cohort, to measure, or --in, to make rows for a file.")
    for name, option in given_options(context).items():
        if name not in OF_BOTH and (name in OF_A_FILE) != (source is not None):
            other = "--cohort" if source is not None else "--in"
            raise InputError(f"{option} belongs to {other}; leave it out.")
    return cohort or ""


def _cells(scenarios: str, shares: str) -> list[tuple[Any, float]]:
    """Every pair of a scenario and a share."""
    chosen = names([scenarios])
    for name in chosen:
        if name not in ("A", "B", "C"):
            raise unknown("scenario", name, ("A", "B", "C"))
    try:
        numbers = [float(share) for share in names([shares])]
    except ValueError:
        raise InputError(f"--removed takes shares like 0.5,0.9, got {shares!r}.") from None
    if not chosen or not numbers:
        raise InputError("Name at least one scenario and one share.")
    return [(name, share) for name in chosen for share in numbers]


def _as_text(summary: dict[str, Any]) -> str:
    lines = []
    for cell in summary["results"]:
        head = f"{cell['scenario']}, {cell['removed']:g} removed"
        if not cell["repeats"]:
            lines += [f"{head}: refused. {' '.join(cell['refused'])}"]
            continue
        left = cell["counts"]["train"]
        lines += [
            f"{head}: {left['zeros'] + left['ones']:.0f} training labels, {left['ones']:.0f} of class 1; "
            f"{cell['repeats']} repeats, boosted trees, gain over scarce ± standard error",
            f"  {'':18} {' '.join(f'{name:>17}' for name in PRINTED)}",
        ]
        trees = cell["students"]["trees"]
        printed = {arm: found["gains"] for arm, found in trees["arms"].items() if arm != "scarce"}
        for words, row in {"(loss)": trees["losses"], **printed}.items():
            lines.append(f"  {words:18} {' '.join(f'{_cell(row[name]):>17}' for name in PRINTED)}")
    return "\n".join(lines)


def _cell(paired: dict[str, Any]) -> str:
    if paired["se"] is None:
        return f"{paired['mean']:+.3f}"
    return f"{paired['mean']:+.3f} ± {paired['se']:.3f}"
