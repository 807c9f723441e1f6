"""``trace``: how many candidates of each method are readable, within limits, valid and plausible."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.arguments import names
from sensecf_core.cli.options import CohortName, DirectionLimits, Json, at_least, check_directions
from sensecf_core.cli.output import ProgressLine, print_json
from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort


def trace(
    *,
    cohort: CohortName,
    n: Annotated[int, typer.Option("--n", help="Test participants a class; 0 means all.")] = 100,
    methods: Annotated[
        str, typer.Option(help="Methods to compare, like a,b.")
    ] = "lm-fine-tuned,lm-few-shot,lm-zero-shot,random",
    limits: DirectionLimits = None,
    candidates: Annotated[int, typer.Option(help="Candidates a query.")] = 16,
    max_changes: Annotated[int, typer.Option(help="Most features that one counterfactual changes.")] = 3,
    grammar: Annotated[
        bool, typer.Option(help="Hold the language model to readable answers within the limits.")
    ] = True,
    k: Annotated[int, typer.Option("--k", help="How many counterfactuals to show at most.")] = 4,
    seed: Annotated[int, typer.Option(help="Draws the people, and every candidate.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for trace-COHORT.json and .csv; without it nothing is written."),
    ] = None,
    card: Annotated[
        bool,
        typer.Option("--card", help="Put the rates of lm-fine-tuned on its adapter's card."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Count what each method gets right by itself, for test participants of both classes.

    A run that was ended goes on where it stopped when the same command is given again.
    """
    from sensecf_core import provenance
    from sensecf_core.counterfactuals.explain import answer
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.metrics.independent_classifier import IndependentClassifier
    from sensecf_core.evaluation.raw_candidates import table
    from sensecf_core.evaluation.raw_candidates.files import as_csv
    from sensecf_core.evaluation.raw_candidates.rates import CandidateRates
    from sensecf_core.evaluation.run_identity import origin_of, run_id
    from sensecf_core.paths import var
    from sensecf_core.queries.methods import METHODS

    if not names([methods]):
        raise InputError(f"--methods names none; there are {', '.join(METHODS)}.")
    for method in names([methods]):
        if method not in METHODS:
            raise unknown("method", method, METHODS)
    check_directions(limits)
    at_least(0, seed=seed, n=n)
    if card and (not grammar or "lm-fine-tuned" not in names([methods])):
        raise InputError("--card takes a run of lm-fine-tuned with the grammar on.")
    fitted = load_fitted(cohort)
    both = table.directions(fitted, limits)  # type: ignore[arg-type]
    options = {"seed": seed, "candidates": candidates, "max_changes": max_changes, "k": k, "grammar": grammar}
    asked = list(table.requests(fitted, both, names([methods]), n=n, **options))
    origin = origin_of(fitted, options)
    finished = {
        method: var(
            "runs", "trace", f"{cohort}-{method}-{run_id(origin, tuned=method == 'lm-fine-tuned')}.jsonl"
        )
        for method in names([methods])
    }
    with ProgressLine() as line:
        measure = CandidateRates(fitted, IndependentClassifier.fit(fitted.cohort)).of
        records = table.run(asked, finished, partial(answer, fitted), line, measure)
    summary = table.summarise(records)
    result = {"command": provenance.command(), "n": n, **origin, "table": summary, "queries": records}
    if out is not None:
        _write(out, cohort if grammar else f"{cohort}-no-grammar", result, as_csv(summary))
    if card:
        _put_on_card(fitted, summary, origin)
    if as_json:
        print_json(result)
    else:
        print(_as_text(summary))


def _put_on_card(fitted: FittedCohort, summary: list[dict[str, Any]], origin: dict[str, Any]) -> None:
    from sensecf_core import provenance
    from sensecf_core.evaluation.raw_candidates.files import card_rows
    from sensecf_core.evaluation.run_identity import of_adapter
    from sensecf_core.language.models import adapters
    from sensecf_core.language.training import save_adapter

    found = adapters.require(fitted.cohort)
    if of_adapter(found.card) != origin["adapter"]:
        raise InputError("Another adapter answers now than at the start of this run: its card is left alone.")
    rows = card_rows(summary, "lm-fine-tuned", found.card.temperature, provenance.command())
    others = tuple(rate for rate in found.card.rates if rate.get("part") != "test")
    save_adapter.write_cards(found.folder, found.card.model_copy(update={"rates": (*rows, *others)}))


def _write(folder: Path, cohort: str, result: dict[str, Any], csv: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, ensure_ascii=False, indent=1)
    (folder / f"trace-{cohort}.json").write_text(text + "\n", encoding="utf-8")
    (folder / f"trace-{cohort}.csv").write_text(csv, encoding="utf-8")


def _as_text(summary: list[dict[str, Any]]) -> str:
    measures = ("answerable", "readable", "valid", "of_answerable_valid", "of_answerable_shown", "distinct")
    head = f"{'':5} {'limits':12} {'method':14} {'people':>6}"
    lines = [f"{head} {' '.join(f'{name:>19}' for name in measures)} {'median s':>9}"]
    for row in summary:
        cells = [_rate(row[measure]) for measure in measures]
        lines.append(
            f"{row['direction']:5} {row['limits']:12} {row['method']:14} {row['people']:6} "
            f"{' '.join(f'{cell:>19}' for cell in cells)} {row['seconds']['median']:9.2f}"
        )
    return "\n".join(lines)


def _rate(found: dict[str, float | None]) -> str:
    if found["mean"] is None:
        return "-"
    return f"{found['mean']:.2f} ({found['low']:.2f}-{found['high']:.2f})"
