"""``feasibility``: for whom there is anything to talk about, asked of a search for every row of a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sensecf_core.cli.options import CohortName, Jobs, Json, JsonProgress, check_out, processes
from sensecf_core.cli.output import print_json, print_progress, progress


def feasibility(
    *,
    cohort: CohortName,
    jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option(help="File; without it where the pages look for it.")] = None,
    as_json: Json = False,
    json_progress: JsonProgress = False,
) -> None:
    """Ask of every row whether anything crosses the line or lowers the risk, under each profile of limits."""
    from sensecf_core.counterfactuals.feasibility import cohort_map
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted

    count = processes(jobs)
    fitted = load_fitted(cohort)
    check_out(out, fitted.cohort)
    with progress(json_progress) as tell:
        frame = cohort_map.build(fitted, jobs=count, progress=tell)
    path = cohort_map.write(fitted, frame, out)
    found = cohort_map.summary(frame)
    if json_progress:
        print_progress(1.0, "Asked")
    elif as_json:
        print_json({"cohort": cohort, "file": str(path), "groups": found})
    else:
        for group in found:
            print(_as_text(group))
        print(f"  {path}")


def _as_text(group: dict[str, Any]) -> str:
    crossing = ", ".join(f"{count:,} {name}" for name, count in group["cross"].items())
    lowering = ", ".join(f"{count:,} {name}" for name, count in group["lower"].items())
    return (
        f"{group['profile']} limits, to class {group['desired']}: {group['rows']:,} rows\n"
        f"  crossing: {crossing}\n  reliable reduction: {lowering}\n  nothing at all: {group['nothing']:,}"
    )
