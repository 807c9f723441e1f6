"""(query, answers) pairs that teach a language model: made on training rows by exhaustive search.

The answers are those of :mod:`sensecf_core.counterfactuals.search.answers`.

Half of the queries have the profile's plain limits. The others have frozen features, narrowed ranges or
another number of changes, so that the model learns to obey the limits in its prompt. Deterministic under a
seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd

from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries, with_limits
from sensecf_core.counterfactuals.search.answers import search_answers
from sensecf_core.counterfactuals.search.effects import Source, estimate_effects
from sensecf_core.queries.answer import Edits, Grade
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import PromptHints, Query
from sensecf_core.types import Part

QUERIES_PER_BATCH = 100
"""Queries scored in one call of the classifier (at most 72,800 rows; 996,800 without estimated effects)."""
MOST_FROZEN = 0.4
"""Largest share of the movable features that a varied query freezes."""


@dataclass(frozen=True)
class Pair:
    """One query, the hints in its prompt, and its answers, best first (none if the search finds none)."""

    query: Query
    hints: PromptHints
    answers: tuple[Edits, ...]
    grade: Grade | None = None
    """The grade of all answers, where they were graded."""


Kind = tuple[Profile, Literal[0, 1], bool]
"""Limits profile, desired class, and whether the limits are varied."""


def kind(pair: Pair) -> Kind:
    """The kind of a pair's query."""
    limits = pair.query.limits
    return limits.profile, pair.query.desired, limits != Limits(profile=limits.profile)


def draw(pairs: Sequence[Pair], most: int | None, seed: int) -> list[Pair]:
    """Draw at most ``most`` pairs, in turn from every kind, so that rare kinds are not crowded out."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    drawn: Counter[Kind] = Counter()
    turns = []
    for index in order:
        pair_kind = kind(pairs[index])
        turns.append((drawn[pair_kind], index))
        drawn[pair_kind] += 1
    return [pairs[index] for _, index in sorted(turns, key=lambda turn: turn[0])[:most]]


def build(
    fitted: FittedCohort,
    *,
    part: Part = "train",
    seed: int = 0,
    variants: int = 1,
    most_rows: int | None = None,
    source: Source = "shap",
    without: Collection[str] = (),
    progress: Callable[[float, str], None] = lambda done, words: None,
) -> tuple[Pair, ...]:
    """Make the pairs of a cohort, all directions and profiles.

    Parameters
    ----------
    part : whose rows the queries are about; only ``train`` teaches, ``val`` and ``test`` measure.
    variants : queries with varied limits per row and profile, beside the one with plain limits.
    most_rows : rows taken per direction and profile (None: all).
    source : how the effects in the hints are estimated; answers are searched among the hints.
    without : participants about whose rows there is no query.
    """
    rows = fitted.cohort.rows[fitted.cohort.parts.eq(part).to_numpy()]
    rows = rows[~rows.index.get_level_values(0).astype(str).isin(list(without))]
    queries = list(_queries(fitted, rows, np.random.default_rng(seed), variants, most_rows))
    pairs: list[Pair] = []
    for start in range(0, len(queries), QUERIES_PER_BATCH):
        progress(start / max(len(queries), 1), "Searching answers to training queries")
        batch = queries[start : start + QUERIES_PER_BATCH]
        hints = estimate_effects(fitted, batch, source)
        answers = search_answers(fitted, batch, hints)
        pairs += [Pair(*parts) for parts in zip(batch, hints, answers, strict=True)]
    return tuple(pairs)


def _queries(
    fitted: FittedCohort, rows: pd.DataFrame, rng: np.random.Generator, variants: int, most_rows: int | None
) -> Iterator[Query]:
    predicted = fitted.classifier.predict(rows)
    profiles: tuple[Profile, ...] = ("intervention", "contrast")
    directions: tuple[Literal[0, 1], ...] = (0, 1)
    for profile, desired in product(profiles, directions):
        chosen = rng.permutation(np.flatnonzero(predicted != desired))[:most_rows]
        if not len(chosen):
            continue
        keys = [(str(participant), str(row)) for participant, row in rows.index[chosen]]
        for query in make_queries(fitted, keys, desired, Limits(profile=profile)):
            if not query.movable:
                continue
            yield query
            for _ in range(variants):
                varied = with_limits(fitted, query, varied_limits(fitted, query, rng))
                if varied.movable:
                    yield varied


def varied_limits(fitted: FittedCohort, query: Query, rng: np.random.Generator) -> Limits:
    """Draw limits as a user might set them: another count, features frozen, ranges narrowed."""
    names = [entry.feature for entry in query.movable]
    n_frozen = rng.integers(0, 1 + int(MOST_FROZEN * len(names)))
    frozen = set(rng.choice(names, size=n_frozen, replace=False))
    ranges = {}
    for entry in query.movable:
        feature = fitted.schema.feature(entry.feature)
        if feature.named or feature.kind == "binary" or entry.feature in frozen or rng.random() > 0.2:
            continue
        low, high = sorted(rng.choice(entry.values, size=2))
        ranges[entry.feature] = (float(low), float(high))
    return query.limits.model_copy(
        update={
            "max_changes": int(rng.choice((1, 2, 3, 3, 4))),
            "frozen": tuple(name for name in names if name in frozen),
            "ranges": ranges,
        }
    )
