"""The reach of behaviours alone: for whom they alter the prediction, and by how much they lower the risk.

Asked of every row of the test part whose prediction is not the desired one, under ``behaviour`` limits,
with any number of changes. A coordinate descent looks for the change that moves the risk furthest; where it
stops short of the threshold, treecf's exact search decides whether any change crosses it, and one that it
finds counts as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from sensecf_core import provenance
from sensecf_core.classifiers import store
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.baselines.exact_distance import prove
from sensecf_core.counterfactuals.baselines.proposer import installed
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.result import content_hashes
from sensecf_core.evaluation.metrics.statistics import mean_interval
from sensecf_core.evaluation.sampling import sample_rows
from sensecf_core.json_safe import read_file
from sensecf_core.paths import CHECKOUT, COMMITTED_RESULTS, var, write_whole
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.methods import METHODS
from sensecf_core.types import Json, Progress

FEW = 0.10
"""Below this share of rows the pages say that behaviours alone rarely alter the prediction."""

TOGETHER = 8
"""Values of each feature that is tried together with others: a rule couples them, none can move far alone."""

ROUNDS = 10
FILE = "behaviour.json"


def summary_file(cohort: Cohort) -> Path:
    """The file of a cohort's summary; that of a user's own rows stays private."""
    if CHECKOUT and not cohort.own and cohort.schema.name in builtin.NAMES:
        return COMMITTED_RESULTS / cohort.schema.name / FILE
    return var("behaviour", f"{cohort.schema.name}-{cohort.data_sha256[:12]}.json")


def write(cohort: Cohort, summary: Json, folder: Path | None = None) -> Path:
    """Write a cohort's summary to ``folder``, without it where pages look for it; returns the file."""
    path = summary_file(cohort) if folder is None else folder / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(summary, indent=1, allow_nan=False) + "\n")
    return path


def read(cohort: Cohort) -> Json | None:
    """Read a cohort's summary; None where none is of these rows and this classifier."""
    try:
        found: Json = read_file(summary_file(cohort))
        hashes = found["provenance"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if hashes == content_hashes(cohort, store.load(cohort)) else None


def measure(fitted: FittedCohort, progress: Progress = lambda *_: None) -> Json:
    """Ask about every row of the test part whose prediction is not the desired one; returns the summary.

    Shares have a bootstrap 95 % interval by participant. ``reduction`` is in points of 100. Raises
    ``NotReadyError`` without treecf.
    """
    installed(METHODS["treecf"])
    schema = fitted.schema
    behaviours = [feature.name for feature in schema.features if feature.role == "behaviour"]
    desired = schema.task.desired
    keys = sample_rows(fitted.cohort, fitted.classifier, predicted=1 - desired, n=0, seed=0)
    limits = Limits(profile="behaviour", max_changes=max(len(behaviours), 1))
    gained, flipped, impossible = (np.zeros(len(keys)) for _ in range(3))
    queries = make_queries(fitted, keys, desired, limits) if keys else ()
    for number, query in enumerate(queries):
        progress(number / len(queries), f"Row {number + 1:,} of {len(queries):,}")
        space = SearchSpace.of(schema, query)
        risk = furthest(fitted, space)
        known = query.factual.probability
        gained[number] = risk - known if desired else known - risk
        flipped[number] = bool(fitted.reaches(np.array([risk]), desired)[0])
        if not flipped[number]:
            proof = prove(fitted, space)
            flipped[number], impossible[number] = proof.distance is not None, proof.impossible
    people = np.array([person for person, _ in keys], dtype=object)
    return {
        "cohort": schema.name,
        "behaviours": behaviours,
        "rows": len(keys),
        "participants": len(set(people)),
        "flipped": int(flipped.sum()),
        "proven_impossible": int(impossible.sum()),
        "share": mean_interval(flipped, people).as_json(),
        "reduction": _quartiles(100 * gained),
        "provenance": {
            "command": provenance.command(),
            "commit": provenance.commit(),
            "sha256": content_hashes(fitted.cohort, fitted.classifier),
        },
    }


def furthest(fitted: FittedCohort, space: SearchSpace) -> float:
    """Return the p(class 1) nearest to the desired class that coordinate descent over allowed values finds.

    In turns, each feature (or features that a coupling ties) takes the best value, the others fixed, until no
    value is better. It is no proof that nothing goes further.
    """
    sign = 1.0 if space.desired else -1.0
    row = space.factual.copy()
    best = sign * float(fitted.classifier.margin_of_codes(row[None])[0])
    blocks = [_options(space, block) for block in _blocks(space)]
    for _ in range(ROUNDS):
        before = best
        for positions, values in blocks:
            tried = np.repeat(row[None], len(values), axis=0)
            tried[:, positions] = values
            tried = tried[~violations(space.schema, space.factual, tried).any(axis=1)]
            if not len(tried):
                continue
            margins = sign * fitted.classifier.margin_of_codes(tried)
            if margins.max() > best:
                best, row = float(margins.max()), tried[margins.argmax()]
        if best == before:
            break
    return float(fitted.classifier.probability_of_codes(row[None])[0])


def _blocks(space: SearchSpace) -> Iterator[tuple[int, ...]]:
    """Positions that may move; those that couplings tie to each other are in one block."""
    positions = space.schema.positions
    ties = [{positions[c.feature], positions[c.follows]} for c in space.schema.couplings]
    free = list(space.values)
    while free:
        block = [free.pop(0)]
        for position in block:  # grows during the loop
            tied = [other for other in free if {position, other} in ties]
            block += tied
            free = [other for other in free if other not in tied]
        yield tuple(block)


def _options(space: SearchSpace, block: Sequence[int]) -> tuple[list[int], Codes]:
    """Every value of a feature alone, or combinations of some of several; the row's own among them."""
    choices = []
    for position in block:
        values = space.values[position]
        if len(block) > 1 and len(values) > TOGETHER:
            values = values[np.linspace(0, len(values) - 1, TOGETHER).round().astype(int)]
        choices.append([space.factual[position], *values])
    return list(block), np.array(list(product(*choices)))


def _quartiles(points: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float | None]:
    names = ("lower_quartile", "median", "upper_quartile", "largest")
    if not len(points):
        return dict.fromkeys(names)
    return dict(zip(names, (float(x) for x in np.quantile(points, (0.25, 0.5, 0.75, 1.0))), strict=True))
