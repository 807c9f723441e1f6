"""Pairs for a prompt that tells nothing of changes: real and synthetic factuals, believed answers.

Of each limits profile and direction every training row is asked about, then synthetic factuals
(:mod:`.synthetic`) until enough are answered. A third has varied limits, as in :mod:`.pair_search`. Queries
without an answer are left out. Deterministic under a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice, product
from typing import Literal

import numpy as np

from sensecf_core.cohorts.encoding import Codes, to_codes
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair, varied_limits
from sensecf_core.counterfactuals.fine_tuning.pairs.synthetic import SYNTHETIC_ID, synthetic_codes
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import queries_of_codes, with_limits
from sensecf_core.counterfactuals.proposers.teacher import teach
from sensecf_core.counterfactuals.proposers.tuned_prompt import scale_of
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import PromptHints, Query
from sensecf_core.types import Part, RowKey

PER_GROUP = 2000
"""Answered queries of a limits profile and direction: on nhanes about a million tokens."""
SYNTHETIC = 40_000
"""Synthetic factuals drawn at most; on nhanes one of eight can be answered by an intervention."""
VARIED = 1 / 3
"""Share of the training queries that have varied limits."""
QUERIES_PER_BATCH = 100
PROFILES: tuple[Profile, ...] = ("intervention", "contrast")
DIRECTIONS: tuple[Literal[0, 1], ...] = (0, 1)


def build(
    fitted: FittedCohort,
    *,
    part: Part = "train",
    seed: int = 0,
    per_group: int = PER_GROUP,
    synthetic: int = SYNTHETIC,
    varied: float = VARIED,
    without: Collection[str] = (),
    progress: Callable[[float, str], None] = lambda done, words: None,
) -> tuple[Pair, ...]:
    """Make the answered pairs of a cohort, all directions and profiles.

    Parameters
    ----------
    part : whose rows the queries are about; only ``train`` teaches, and only it may have ``synthetic`` ones.
    per_group : answered queries of a profile and direction at most.
    varied : share of the queries with varied limits.
    without : participants about whose rows there is no query.

    Raises ``ValueError`` for synthetic factuals of another part than ``train``.
    """
    if synthetic and part != "train":
        raise ValueError("synthetic factuals are drawn from training rows and stand beside them only")
    rng = np.random.default_rng(seed)
    scale = scale_of(fitted)
    rows = fitted.cohort.rows[fitted.cohort.parts.eq(part).to_numpy()]
    rows = rows[~rows.index.get_level_values(0).astype(str).isin(list(without))]
    keys: list[RowKey] = [(str(participant), str(row)) for participant, row in rows.index]
    drawn = synthetic_codes(fitted, synthetic, rng)
    keys += [(SYNTHETIC_ID, str(number)) for number in range(len(drawn))]
    codes = np.vstack([to_codes(fitted.schema, rows), drawn])
    pairs: list[Pair] = []
    for number, (profile, desired) in enumerate(product(PROFILES, DIRECTIONS)):
        found: list[Pair] = []
        queries = _queries(fitted, (keys, codes), desired, Limits(profile=profile), varied, rng=rng)
        while len(found) < per_group and (batch := list(islice(queries, QUERIES_PER_BATCH))):
            done = (number + len(found) / per_group) / (len(PROFILES) * len(DIRECTIONS))
            progress(min(done, 1.0), "Searching answers to training queries")
            found += [
                Pair(query, PromptHints(gap=0.0, effects=()), answers, grade)
                for query, (answers, grade) in zip(batch, teach(fitted, scale, batch), strict=True)
                if answers
            ]
        pairs += found[:per_group]
    return tuple(pairs)


def _queries(
    fitted: FittedCohort,
    rows: tuple[list[RowKey], Codes],
    desired: Literal[0, 1],
    limits: Limits,
    varied: float,
    *,
    rng: np.random.Generator,
) -> Iterator[Query]:
    """Queries about the rows on the other side, real ones first, each half in a drawn order."""
    keys, codes = rows
    other = np.flatnonzero(fitted.reaches(fitted.classifier.probability_of_codes(codes), 1) != bool(desired))
    order = rng.permutation(other)
    order = order[np.argsort([keys[row][0] == SYNTHETIC_ID for row in order], kind="stable")]
    for start in range(0, len(order), QUERIES_PER_BATCH):
        chosen = order[start : start + QUERIES_PER_BATCH]
        for query in queries_of_codes(fitted, [keys[row] for row in chosen], codes[chosen], desired, limits):
            if query.movable and rng.random() < varied:
                yield with_limits(fitted, query, varied_limits(fitted, query, rng))
            else:
                yield query
