"""The answers to a query that a fine-tuned model is taught: all combinations of its hints, the best of them.

For every query the classifier is asked about all combinations of the changes that its prompt hints at (at
most two values of six features, so at most 728 rows; of twelve features where no effects are estimated).
Answers are the rows within the rules that reach the desired class by the widest of several margins, so that a
slightly wrong number still flips. Of these the ones whose scores add up to enough in the prompt are
preferred, then the minimal ones (no subset of their changes would do), then fewest changes, then nearest.
Where that leaves few, others with more than enough are added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.combinations import combinations
from sensecf_core.language.prompts.fine_tuned import score_out_of_10
from sensecf_core.language.prompts.sums_grammar import ENOUGH
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import PromptHints, Query
from sensecf_core.types import Mask

MARGINS = (0.2, 0.1, 0.03)
"""Log-odds beyond the threshold; the first that any combination reaches counts."""
MOST_ANSWERS, LEAST_ANSWERS = 16, 10
"""Answers per query: a model that learns from more gives more different ones. Where fewer than the least add
up to just enough, others that change more than needed are added."""
PER_FEATURE_SET = 4
"""Most answers that change the same set of features."""


def search_answers(
    fitted: FittedCohort, queries: Sequence[Query], hints_of_each: Sequence[PromptHints]
) -> list[tuple[Edits, ...]]:
    """Search all combinations of each query's hints; answers best first."""
    spaces = [SearchSpace.of(fitted.schema, query) for query in queries]
    combined = [combinations(space, hints) for space, hints in zip(spaces, hints_of_each, strict=True)]
    budget = Budget(fitted.classifier)
    margins = budget.margin(np.vstack(combined)) if combined else np.empty(0)
    ends = np.cumsum([len(rows) for rows in combined])[:-1]
    found = []
    for space, rows, beyond, hints in zip(
        spaces, combined, np.split(margins, ends), hints_of_each, strict=True
    ):
        best = _best(fitted, space, rows, beyond, hints)
        found.append(tuple({n: c.after for n, c in space.changes(row).items()} for row in rows[best]))
    return found


def _best(
    fitted: FittedCohort, space: SearchSpace, rows: Codes, margins: Codes, hints: PromptHints
) -> npt.NDArray[np.int64]:
    """Positions of the answers to keep: beyond a margin, minimal, few changes, near, and diverse.

    Where the scores of some answers add up to enough in the prompt, the others are left out: the model could
    not learn them from it.
    """
    sign = 1 if space.desired else -1
    beyond = sign * (margins - fitted.threshold_margin)
    wanted = next((margin for margin in MARGINS if (beyond >= margin).any()), None)
    if wanted is None:
        return np.empty(0, dtype=np.int64)
    reached = np.flatnonzero(beyond >= wanted)
    added, least = added_scores(space, rows[reached], hints)
    enough = added >= ENOUGH
    just = enough & (added - least < ENOUGH)
    first = reached[just] if just.any() else reached[enough] if enough.any() else reached
    first = first[_minimal(rows[first], space.changed(rows[first]))]
    first = first[fewest_and_nearest(fitted, space, rows[first], PER_FEATURE_SET)[:MOST_ANSWERS]]
    more = np.setdiff1d(reached[enough], first)
    more = more[fewest_and_nearest(fitted, space, rows[more], PER_FEATURE_SET)]
    both = np.concatenate([first, more])
    both = both[_first_per_feature_set(space.changed(rows[both]), PER_FEATURE_SET)]
    return both[: max(len(first), LEAST_ANSWERS)]


def scores_suffice(space: SearchSpace, rows: Codes, hints: PromptHints) -> Mask:
    """Which rows (n, features) have changes whose scores in the prompt add up to enough, (n,)."""
    return np.asarray(added_scores(space, rows, hints)[0] >= ENOUGH)


def added_scores(
    space: SearchSpace, rows: Codes, hints: PromptHints
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The sum of the prompt's scores of each row's changes, and the smallest of them, both (rows,)."""
    scores = np.array([score_out_of_10(space.query, hints, effect) for effect in hints.effects])
    positions = [space.schema.positions[effect.feature] for effect in hints.effects]
    changed = rows[:, positions] == np.array([effect.value for effect in hints.effects])
    least = np.where(changed, scores, 2 * ENOUGH).min(axis=1)
    return (changed * scores).sum(axis=1), least


def fewest_and_nearest(
    fitted: FittedCohort, space: SearchSpace, rows: Codes, per_set: int
) -> npt.NDArray[np.int64]:
    """Order rows by number of changes, then Gower distance; at most ``per_set`` change the same features."""
    changed = space.changed(rows)
    order = np.lexsort((fitted.distances.gower(space.factual, rows), changed.sum(axis=1)))
    return np.asarray(order[_first_per_feature_set(changed[order], per_set)])


def _first_per_feature_set(changed: Mask, per_set: int) -> Mask:
    """Which rows are among the first ``per_set`` that change the same set of features, (rows,)."""
    counts: Counter[bytes] = Counter()
    first = np.zeros(len(changed), dtype=bool)
    for index, row in enumerate(changed):
        counts[row.tobytes()] += 1
        first[index] = counts[row.tobytes()] <= per_set
    return first


def _minimal(rows: Codes, changed: Mask) -> Mask:
    """Which rows contain no other row: none that makes only some of their changes, to the same values."""
    same = (rows[:, None] == rows[None]) | ~changed[None]
    part = same.all(axis=2) & (changed.sum(axis=1)[None] < changed.sum(axis=1)[:, None])
    return np.asarray(~part.any(axis=1))
