"""``rates``: how often an adapter's raw candidates, and what people are shown of them, are right."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sensecf_core.cli.options import CohortName, Json, at_least
from sensecf_core.cli.output import ProgressLine, print_json


def rates(
    *,
    cohort: CohortName,
    name: Annotated[
        str | None, typer.Option(help="The adapter's name; without it the one that answers.")
    ] = None,
    n: Annotated[int, typer.Option("--n", help="`val` queries per limits profile and desired class.")] = 20,
    shown: Annotated[
        int,
        typer.Option(
            help="Ask about so many flagged people of `val` instead, as the page Options does: how many are "
            "shown a solid option, and how far it is."
        ),
    ] = 0,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Put the rates and the best temperature, or what was shown, on the adapter's card; test "
            "rates stay only at the same temperature. What an own cohort's people are shown by an adapter "
            "for every cohort is kept beside its own adapters.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure an adapter's raw candidates on answerable `val` queries, at three temperatures."""
    at_least(1, n=n)
    at_least(0, shown=shown)
    if shown:
        _shown(cohort, name, shown, write=write, as_json=as_json)
        return
    from sensecf_core.counterfactuals.fine_tuning.adapter_rates import measure_adapter, put_on_card
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted

    fitted = load_fitted(cohort)
    with ProgressLine() as line:
        found = measure_adapter(fitted, name, n=n, progress=line)
    if write:
        put_on_card(found)
    if as_json:
        card = found.adapter.card
        print_json({"adapter": card.name, "temperature": found.temperature, "rates": found.rows})
        return
    for row in found.rows:
        print(
            f"temperature {row['temperature']:.1f}, {row['limits']:12} towards {row['desired']}: valid "
            f"{row['valid']:.2f}, solid {row['solid']:.2f}, within limits {row['within_limits']:.2f}, "
            f"distinct {row['distinct']:.2f}, changed {row['changed']:.1f}, "
            f"{row['queries']} queries; controls: {_controls(row)}"
        )
    print(f"best: temperature {found.temperature:.1f}")


def _shown(cohort: str, name: str | None, people: int, *, write: bool, as_json: bool) -> None:
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.shown_answers import keep, measure_shown

    fitted = load_fitted(cohort)
    with ProgressLine() as line:
        found = measure_shown(fitted, name, n=people, progress=line)
    if write:
        keep(found)
    if as_json:
        print_json(
            {
                "adapter": found.adapter.card.name,
                "cohort": cohort,
                **found.shown.model_dump(exclude={"command"}),
            }
        )
        return
    shown = found.shown
    shares = f"answered {shown.answered:.2f}, solid {shown.solid:.2f}"
    distance = "" if shown.gower is None else f", first option at a Gower distance of {shown.gower:.3f}"
    print(f"{shown.people} flagged people of val: {shares}{distance}")


def _controls(row: dict[str, Any]) -> str:
    from sensecf_core.counterfactuals.fine_tuning.control_rates import CONTROLS, rate_name

    known = [(control, row.get(rate_name(control))) for control in CONTROLS]
    return ", ".join(f"{control} {share:.2f}" for control, share in known if share is not None)
