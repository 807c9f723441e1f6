"""Scores changed rows from outside: the risk, the second classifier, and what the changes break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast, get_args

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import INDEX_NAMES
from sensecf_core.cohorts.encoding import Codes, to_codes, to_rows, to_values
from sensecf_core.cohorts.rules import broken_rules
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.checks.red_flags import red_flags
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.errors import unknown
from sensecf_core.queries.limits import Limits


@dataclass(frozen=True)
class ChangedRow:
    """A row that exists, and the codes (see :mod:`sensecf_core.cohorts.encoding`) to write into it."""

    participant_id: str
    row_id: str
    codes: dict[str, float] = field(default_factory=dict)


def score_rows(
    fitted: FittedCohort, changed: Sequence[ChangedRow], *, profile: str | None = None
) -> list[dict[str, Any]]:
    """Score rows in the order given.

    ``violations`` names, for a changed row, every limit of ``profile`` (default: the cohort's own) and
    every rule that its changes break (a rule that was broken before counts only where it got worse);
    for a row as it is, the rules that it breaks. The number of changes is not limited. ``red_flags`` are
    those of the row as it is.

    Returns
    -------
    list of dicts: the ``predictions`` of the JSON contract (docs/json.md).

    Raises
    ------
    InputError : unknown profile.
    """
    if profile not in (None, *get_args(Profile)):
        raise unknown("limits", str(profile), get_args(Profile))
    cohort, classifier, schema = fitted.cohort, fitted.classifier, fitted.schema
    index = pd.MultiIndex.from_tuples([(c.participant_id, c.row_id) for c in changed], names=INDEX_NAMES)
    codes = to_codes(schema, cohort.rows.loc[index])
    flags = [red_flags(schema, to_values(schema, row)) for row in codes]
    for position, row in enumerate(changed):
        for name, code in row.codes.items():
            codes[position, schema.positions[name]] = code
    rows = to_rows(schema, codes, index)
    probability = classifier.predict_proba(rows)
    second = classifier.second_probability(rows)
    interval = classifier.interval(rows)
    broken = _violations(fitted, index, codes, cast("Profile", profile or schema.default_limits))
    return [
        {
            "red_flags": [flag.model_dump() for flag in flags[n]],
            "participant_id": row.participant_id,
            "row_id": row.row_id,
            "probability": float(probability[n]),
            "predicted": int(probability[n] >= classifier.threshold),
            "interval": None if interval is None else [float(bound) for bound in interval[n]],
            "second_judge_probability": float(second[n]),
            "violations": broken[n],
        }
        for n, row in enumerate(changed)
    ]


def _violations(
    fitted: FittedCohort, index: pd.MultiIndex, codes: Codes, profile: Profile
) -> list[list[str]]:
    """What each row breaks; see :func:`score_rows`."""
    schema = fitted.schema
    broken = broken_rules(schema, codes)
    texts: list[list[str]] = [[] for _ in codes]
    positions_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, key in enumerate(index):
        positions_of[key].append(position)
    limits = Limits(profile=profile, max_changes=len(schema.features))
    for query in make_queries(fitted, list(positions_of), schema.task.desired, limits):
        positions = positions_of[query.participant_id, query.row_id]
        checks = verify(Problem.of(fitted, query), codes[positions])
        for row, position in enumerate(positions):
            as_it_is = [schema.rules[rule].text for rule in np.flatnonzero(broken[position])]
            texts[position] = list(checks.violations[row]) if checks.n_changed[row] else as_it_is
    return texts
