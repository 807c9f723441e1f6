"""``behaviour``: for whom behaviours alone alter the prediction, and how much they lower the risk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sensecf_core.cli.options import CohortName, Json, check_out
from sensecf_core.cli.output import ProgressLine, print_json


def behaviour(
    *,
    cohort: CohortName,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for behaviour.json; without it where the pages look for it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask of every flagged test row how far a change of behaviours alone reaches, and write a summary."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation import behaviour_reach as measuring

    fitted = load_fitted(cohort)
    check_out(out, fitted.cohort)
    with ProgressLine() as line:
        found = measuring.measure(fitted, line)
    path = measuring.write(fitted.cohort, found, out)
    if as_json:
        print_json(found)
        return
    print(
        f"{found['flipped']:,} of {found['rows']:,} flagged test rows: behaviours alone alter the prediction"
    )
    print(f"  proven that they cannot: {found['proven_impossible']:,} rows")
    if found["rows"]:
        print(f"  largest change of the risk found: median {found['reduction']['median']:.0f} of 100")
    print(f"  {path}")
