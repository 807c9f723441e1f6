"""``pairs``: search the answers that a language model is fine-tuned with."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sensecf_core.cli.options import CohortName, Json, at_least
from sensecf_core.cli.output import ProgressLine, print_json
from sensecf_core.errors import unknown

SOURCES = ("shap", "none", "profile")


Told = Annotated[
    str,
    typer.Option(help="What the prompt tells: shap (what changes are worth), none, or profile."),
]
PerGroup = Annotated[
    int, typer.Option(help="--told profile: answered queries of each direction and limits profile.")
]
Synthetic = Annotated[
    int, typer.Option(help="--told profile: synthetic factuals drawn beside the training rows.")
]


def check_told(told: str) -> None:
    """Raise ``InputError`` for a value of ``--told`` that does not exist."""
    if told not in SOURCES:
        raise unknown("value of --told", told, SOURCES)


def pairs(
    *,
    cohort: CohortName,
    variants: Annotated[
        int, typer.Option(help="Queries with varied limits per row, beside the plain one.")
    ] = 1,
    rows: Annotated[
        int | None, typer.Option(help="Rows per direction and limits profile; without it all of `train`.")
    ] = None,
    told: Told = "shap",
    per_group: PerGroup = 2000,
    synthetic: Synthetic = 40_000,
    seed: Annotated[int, typer.Option(help="Draws rows and limits.")] = 0,
    as_json: Json = False,
) -> None:
    """Search answers to training queries: what a language model is fine-tuned with."""
    from sensecf_core.counterfactuals.fine_tuning.pairs import pair_files
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted

    at_least(0, variants=variants, seed=seed, synthetic=synthetic)
    at_least(1, per_group=per_group)
    check_told(told)
    if rows is not None:
        at_least(1, rows=rows)
    with ProgressLine() as line:
        folder, _ = pair_files.load_or_build(
            load_fitted(cohort),
            seed=seed,
            variants=variants,
            most_rows=rows,
            source=told,  # type: ignore[arg-type]
            per_group=per_group,
            synthetic=synthetic,
            progress=line,
        )
    card = pair_files.read_card(folder)
    if as_json:
        print_json({"folder": str(folder), **card})
        return
    people = f"{card['participants']:,} people"
    print(f"{card['answers']:,} answers to {card['queries']:,} queries of {people}; {folder}")
    for group in card["groups"]:
        limits = "varied" if group["varied_limits"] else "plain"
        print(
            f"  {group['limits']:12} towards {group['desired']}, {limits} limits: {group['queries']:,} "
            f"queries{_unanswered(group)}, {group['answers']:,} answers"
        )


def _unanswered(group: dict[str, Any]) -> str:
    return f", {group['unanswered_share']:.0%} without an answer" if "unanswered_share" in group else ""
