"""Ablation of fine-tuning: one change at a time from the default, with the same training tokens.

Every cell fine-tunes an adapter of its own (except those that only sample otherwise) and measures its raw
candidates on the same ``val`` queries: ``val``, because the default was chosen there too and ``test`` is
kept for the final numbers. Every cell is trained once; its interval is a bootstrap over queries. Finished
cells stay on disk, so that a run that was ended goes on where it stopped.

The controls are rows of the table too, told what the default's prompt tells, or taught what the default is
taught. A cell's ``credit`` is its raw validity minus that of the best control that knows as much as its own
prompt, with as many candidates, paired by query.

There is a table for each of the two prompts: with what changes are worth, and with the person alone
(:mod:`sensecf_core.language.prompts.profile`), where mostly the way of writing differs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from itertools import compress
from pathlib import Path
from typing import Any, Literal

from sensecf_core import provenance
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.fine_tuning.control_rates import controls_of
from sensecf_core.counterfactuals.fine_tuning.fine_tune import fine_tune
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_files import load_or_build
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.fine_tuning.stages import Options
from sensecf_core.counterfactuals.fine_tuning.validation import Group, ValidationSet, measure, rate_rows
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.proposers.tuned_prompt import tuned_prompt
from sensecf_core.counterfactuals.result import provenance_of
from sensecf_core.counterfactuals.search.effects import Source, estimate_effects
from sensecf_core.evaluation.ablation.cells import TABLES, Cell, Told
from sensecf_core.evaluation.ablation.controls import control_rows, credit_of, with_intervals
from sensecf_core.evaluation.raw_candidates.feasible_queries import feasible_queries
from sensecf_core.evaluation.sampling import sample_rows
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import default_model
from sensecf_core.language.models.adapters import CARD, Card
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.language.prompts.profile import PROFILE_SHA256
from sensecf_core.paths import var, write_whole
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import PromptHints, Query
from sensecf_core.types import Callbacks, Json, JsonView, Progress

QUERIES = 50
"""``val`` queries per class."""


def run_ablation(
    fitted: FittedCohort,
    *,
    told: Told = "shap",
    tokens: int = 250_000,
    seed: int = 0,
    numbers: Sequence[int] | None = None,
    progress: Progress = lambda done, words: None,
) -> Json:
    """Fill cells of the table (``numbers``; None: all) with the default language model.

    ``told`` says which table, by what its default's prompt tells.

    It takes hours. Finished cells are kept in ``var/runs/ablation``.

    Returns
    -------
    What ``ablation-COHORT.json`` holds: ``command``, ``machine``, all that decides the numbers, ``table``.

    Raises
    ------
    NotReadyError : the default language model is missing.
    """
    table = TABLES[told](tokens, seed)
    chosen = table if numbers is None else [table[number] for number in numbers]
    base = default_model.require()
    origin = {
        "tokens": tokens,
        "seed": seed,
        "queries": QUERIES,
        "prompt_template": TUNED_SHA256 if told == "shap" else PROFILE_SHA256,
        "engine": provenance.code_sha256(__name__),
        **provenance_of(fitted),
    }
    decisive = {name: value for name, value in origin.items() if name not in ("commit", "version")}
    digest = _digest(json.dumps(decisive, sort_keys=True, default=str))
    folder = var("runs", "ablation", f"{fitted.schema.name}-{digest}")
    rows = run(fitted, folder, base, chosen, progress, default=table[0])
    return {"command": provenance.command(), "machine": provenance.machine(), **origin, "table": rows}


def write(folder: Path, cohort: str, ablation: JsonView, told: Told = "shap") -> None:
    """Write ``ablation-COHORT.json`` and its table as CSV; ``ablation-COHORT-profile`` for ``profile``."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"ablation-{cohort}" if told == "shap" else f"ablation-{cohort}-{told}"
    text = json.dumps(ablation, ensure_ascii=False, indent=1)
    write_whole(folder / f"{name}.csv", as_csv(ablation["table"]))
    write_whole(folder / f"{name}.json", text + "\n")


def as_csv(rows: Sequence[JsonView]) -> str:
    """The table as CSV, numbers with four decimals."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return text.getvalue()


def run(
    fitted: FittedCohort,
    folder: Path,
    base: Path,
    table: Sequence[Cell],
    progress: Progress = lambda done, words: None,
    *,
    default: Cell | None = None,
) -> list[dict[str, Any]]:
    """Fill the table; ``folder`` keeps adapters and finished cells, ``base`` holds the base model.

    The controls are told and taught what ``default`` is, without it the first cell.

    Returns one row per cell and class: its name and the fields of ``RawRates``; then the same of the
    controls.
    """
    rows: list[dict[str, Any]] = []
    queries = cache(lambda: _queries(fitted))
    for number, cell in enumerate(table):
        finished = folder / f"{_digest(repr(cell))}.json"
        if not finished.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            part = _part(progress, number / len(table), 1 / len(table))
            adapter = _adapter(fitted, folder, base, cell, part)
            part(0.8, f"{cell.name}: measuring")
            found = _measured(fitted, base, adapter, cell, queries())
            write_whole(finished, json.dumps(found, indent=1) + "\n")
        rows += json.loads(finished.read_text(encoding="utf-8"))
    controls = folder / "controls.json"
    if not controls.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        options = (default or table[0]).options
        asked = _validation_set(fitted, options.source, queries())
        found = control_rows(fitted, asked, controls_of(options.source), _lessons(fitted, options))
        write_whole(controls, json.dumps(found, indent=1) + "\n")
    return [*rows, *json.loads(controls.read_text(encoding="utf-8"))]


def _part(progress: Progress, start: float, length: float) -> Progress:
    return lambda done, words: progress(start + length * done, words)


def _measured(
    fitted: FittedCohort, base: Path, adapter: Path, cell: Cell, queries: dict[Group, tuple[Query, ...]]
) -> list[dict[str, Any]]:
    asked = _validation_set(fitted, cell.options.source, queries)
    rates = measure(
        fitted,
        tuned_prompt(fitted, cell.options.source, cell.options.writing),
        LocalModel.load(base, adapter=adapter, answers_only=True),
        asked,
        candidates=cell.candidates,
        temperature=cell.temperature,
    )
    card = Card.model_validate_json((adapter / CARD).read_bytes())
    about = {"cell": cell.name, "part": "val", "adapter": adapter.name, "pairs": card.rounds[0]["answers"]}
    about |= {"queries_read": card.rounds[0]["queries"]}
    about |= {"round": card.rounds[-1]["kind"] if len(card.rounds) > 1 else ""}
    about |= {name: card.training[name] for name in ("plain_tokens", "tokens")}
    seed = cell.options.settings.seed
    rows = with_intervals(rate_rows(rates, **about), rates, seed)
    return [
        row
        | credit_of(
            fitted,
            found,
            asked.groups[group],
            controls=[
                name
                for name in controls_of(cell.options.source)
                if cell.options.source != "none" or name != "effects"
            ],
            lessons=_lessons(fitted, cell.options),
            candidates=cell.candidates,
            seed=seed,
        )
        for row, (group, found) in zip(rows, rates.items(), strict=True)
    ]


def _queries(fitted: FittedCohort) -> dict[Group, tuple[Query, ...]]:
    """The queries of every cell: the first that a wide search can answer.

    Towards the desired class under the cohort's own limits, away from it under contrast.
    """
    task = fitted.schema.task
    directions: tuple[tuple[Profile, Literal[0, 1]], ...] = (
        (fitted.schema.default_limits, task.desired),
        ("contrast", 0 if task.desired else 1),
    )
    groups: dict[Group, tuple[Query, ...]] = {}
    for profile, desired in directions:
        keys = sample_rows(
            fitted.cohort, fitted.classifier, predicted=1 - desired, n=5 * QUERIES, seed=1, part="val"
        )
        queries = [
            query for query in make_queries(fitted, keys, desired, Limits(profile=profile)) if query.movable
        ]
        groups[profile, desired] = tuple(compress(queries, feasible_queries(fitted, queries)))[:QUERIES]
    return groups


def _lessons(fitted: FittedCohort, options: Options) -> tuple[Pair, ...]:
    """What a prompt of the person alone is taught, for the control that copies it; empty for others."""
    if options.source != "profile":
        return ()
    return load_or_build(
        fitted,
        seed=options.settings.seed,
        source=options.source,
        per_group=options.per_group,
        synthetic=options.synthetic,
    )[1]


def _validation_set(
    fitted: FittedCohort, source: Source, queries: dict[Group, tuple[Query, ...]]
) -> ValidationSet:
    """The queries with the hints that a prompt of this source of effects tells."""
    if source == "profile":
        untold = PromptHints(gap=0.0, effects=())
        return ValidationSet(
            {group: tuple(Pair(query, untold, ()) for query in found) for group, found in queries.items()}
        )
    return ValidationSet(
        {
            group: tuple(
                Pair(query, hints, ())
                for query, hints in zip(
                    group_queries,
                    estimate_effects(fitted, group_queries, source),
                    strict=True,
                )
            )
            for group, group_queries in queries.items()
        }
    )


def _adapter(fitted: FittedCohort, folder: Path, base: Path, cell: Cell, progress: Progress) -> Path:
    """Make (or find) the adapter of a cell: cells with the same options share one."""
    name = json.dumps(asdict(cell.options), sort_keys=True, default=str)
    adapter = folder / "adapters" / _digest(name)
    if not adapter.is_dir():
        model = LocalModel.load(base)
        fine_tune(
            fitted,
            model,
            cell.options,
            name=adapter.name,
            work=folder / "work" / adapter.name,
            out=adapter,
            resume=True,
            callbacks=Callbacks(lambda done, words: progress(0.8 * done, f"{cell.name}: {words}")),
        )
    return adapter


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
