"""A benchmark of the small cohort by uniform draws, once more under the name of a method that searches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.evaluation.benchmark import paper, run_folder, summary
from sensecf_core.evaluation.benchmark.asking import Bench, done
from sensecf_core.evaluation.benchmark.plan import tasks
from sensecf_core.evaluation.benchmark.specs import Spec
from sensecf_core.evaluation.benchmark.table import table
from sensecf_core.evaluation.origin import origin_of
from sensecf_core.evaluation.trace_table import Direction

OPTIONS = {"seed": 0, "candidates": 24, "max_changes": 3, "k": 4}
DRAWS, SEARCH, EXAMPLES = Spec("random"), Spec("nice-sparsity"), Spec("lm-few-shot")
ALIASES = (DRAWS, SEARCH, EXAMPLES)
"""Whose names the same draws stand under, so that every kind of method is on the page."""


def made(cohort: Cohort, classifier: Classifier, people: int = 8) -> dict[str, Any]:
    """The summary of a run, as the command would write it."""
    here = Bench.of(Checker.fit(cohort, classifier))
    checker = here.judges.checker
    both = (Direction(1, "intervention"), Direction(0, "contrast"))
    asked = tasks(checker, both, [DRAWS], n=people, options=OPTIONS)
    records = {task.key: done(here, task) for task in asked}
    named = [
        replace(task, spec=spec)
        for spec in ALIASES
        for task in asked
        if spec is DRAWS or task.kind != "query"
    ]
    found = {task.key: records[replace(task, spec=DRAWS).key] for task in named}
    frame = table(here, named, found)
    whole = {
        "id": "small-made",
        "command": "python -m sensecf_core benchmark --cohort small --n 8",
        "created": "2026-11-24T09:00:00+00:00",
        **origin_of(checker, {"n": people, "limits": None, **OPTIONS, "methods": [s.name for s in ALIASES]}),
        "labels": {feature.name: feature.label for feature in cohort.schema.features},
        "groups": summary.groups(frame, here.judges.surroundings, seed=0),
        "raw": summary.raw_rates(named, found, frame, seed=0),
        "absent": [vars(one) for one in paper.absent("small", ALIASES)],
    }
    return dict(summary.rounded(whole))


def keep(summary_: dict[str, Any], *, finished: bool = True, run_id: str = "small-made") -> None:
    """Put a run where the page looks for those of this machine."""
    folder = run_folder.own_folder(run_id)
    config = {name: summary_[name] for name in ("command", "created", "cohort", "n")}
    run_folder.begin(folder, config)
    if finished:
        run_folder.end(folder, summary_)
