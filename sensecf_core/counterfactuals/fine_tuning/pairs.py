"""(query, answers) pairs that teach a language model: made on training rows by exhaustive search.

For every query all combinations of the values it is told about (:mod:`levers`, at most two values of six
features, at most 728 rows; of twelve where no worth is told) are asked of the classifier. Kept are those
within the rules that reach the desired class by the widest margin of a ladder, so that a slightly wrong
number still flips; of these the ones that the prompt itself says are enough, of these the minimal ones (no
part of them would do), fewest changes first, then nearest; where those are few, others that are more than
enough are added.

Half of the queries have the profile's plain limits, half have frozen features, narrowed ranges or another
number of changes, so that the model learns to obey what its prompt says. Deterministic under a seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries, with_limits
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.combinations import combinations
from sensecf_core.counterfactuals.search.effects import Source, estimate_effects
from sensecf_core.language.prompts.fine_tuned import ENOUGH, score_out_of_10
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import PromptHints, Query
from sensecf_core.types import Mask, Part

MARGINS = (0.2, 0.1, 0.03)
"""Log-odds beyond the threshold; the first that any combination reaches counts."""
MOST_ANSWERS, LEAST_ANSWERS = 16, 10
"""Answers kept per query: the more it learns from, the more different ones a model gives.
Where fewer than the least are just enough, others are added that change more than they would need to."""
PER_FEATURE_SET = 4
"""Answers kept that change the same features."""
AT_ONCE = 100
"""Queries judged in one call of the classifier (72,800 rows at most; 996,800 where no worth is told)."""
MOST_FROZEN = 0.4
"""Largest share of the movable features that a varied query freezes."""


@dataclass(frozen=True)
class Pair:
    """One query, what its prompt tells, and its answers, best first (none if the search finds none)."""

    query: Query
    hints: PromptHints
    answers: tuple[Edits, ...]


Kind = tuple[Profile, Literal[0, 1], bool]
"""Limits profile, desired class, and whether the limits are varied."""


def kind(pair: Pair) -> Kind:
    """Which of the kinds of queries a pair's is."""
    limits = pair.query.limits
    return limits.profile, pair.query.desired, limits != Limits(profile=limits.profile)


def draw(pairs: Sequence[Pair], most: int | None, seed: int) -> list[Pair]:
    """Draw at most ``most`` pairs in turns from all kinds, so that rare kinds are not crowded out."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    taken: Counter[Kind] = Counter()
    turns = []
    for place in order:
        mine = kind(pairs[place])
        turns.append((taken[mine], place))
        taken[mine] += 1
    return [pairs[place] for _, place in sorted(turns, key=lambda turn: turn[0])[:most]]


def build(
    fitted: FittedCohort,
    *,
    part: Part = "train",
    seed: int = 0,
    variants: int = 1,
    most_rows: int | None = None,
    source: Source = "shap",
    progress: Callable[[float, str], None] = lambda done, words: None,
) -> tuple[Pair, ...]:
    """Make the pairs of a cohort, all directions and profiles.

    Parameters
    ----------
    part : whose rows are asked about; only ``train`` teaches, ``val`` and ``test`` measure.
    variants : queries with varied limits per row and profile, beside the one with plain limits.
    most_rows : rows taken per direction and profile (None: all).
    source : where the worth of changes that the prompt tells is taken from; answers are searched among
        what is told.
    """
    queries = list(_queries(fitted, part, np.random.default_rng(seed), variants, most_rows))
    pairs: list[Pair] = []
    for start in range(0, len(queries), AT_ONCE):
        progress(start / max(len(queries), 1), "Searching answers to training queries")
        some = queries[start : start + AT_ONCE]
        hints = estimate_effects(fitted, some, source)
        answers = search_answers(fitted, some, hints)
        pairs += [Pair(*parts) for parts in zip(some, hints, answers, strict=True)]
    return tuple(pairs)


def _queries(
    fitted: FittedCohort, part: Part, rng: np.random.Generator, variants: int, most_rows: int | None
) -> Iterator[Query]:
    rows = fitted.cohort.rows[fitted.cohort.parts.eq(part).to_numpy()]
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
                varied = with_limits(fitted, query, _varied(fitted, query, rng))
                if varied.movable:
                    yield varied


def _varied(fitted: FittedCohort, query: Query, rng: np.random.Generator) -> Limits:
    """Draw limits as users set them: other counts, some features frozen, some ranges narrowed."""
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


def search_answers(
    fitted: FittedCohort, queries: Sequence[Query], hints_of_each: Sequence[PromptHints]
) -> list[tuple[Edits, ...]]:
    """Search all combinations of what each query is hints_of_each about; answers best first."""
    space = [SearchSpace.of(fitted.schema, query) for query in queries]
    combined = [combinations(each, hints) for each, hints in zip(space, hints_of_each, strict=True)]
    budget = Budget(fitted.classifier)
    margins = budget.margin(np.vstack(combined)) if combined else np.empty(0)
    ends = np.cumsum([len(rows) for rows in combined])[:-1]
    found = []
    for each, rows, beyond, hints in zip(
        space, combined, np.split(margins, ends), hints_of_each, strict=True
    ):
        kept = _best(fitted, each, rows, beyond, hints)
        found.append(tuple({n: c.after for n, c in each.changes(row).items()} for row in rows[kept]))
    return found


def _best(
    fitted: FittedCohort, space: SearchSpace, rows: Codes, margins: Codes, hints: PromptHints
) -> npt.NDArray[np.int64]:
    """Positions of the answers to keep: a margin, minimal, few changes, near, not all alike.

    Where there are answers that the prompt itself says are enough, others are left out: they could not be
    learned from it.
    """
    sign = 1 if space.desired else -1
    beyond = sign * (margins - fitted.threshold_margin)
    wanted = next((margin for margin in MARGINS if (beyond >= margin).any()), None)
    if wanted is None:
        return np.empty(0, dtype=np.int64)
    reached = np.flatnonzero(beyond >= wanted)
    said, least = added_scores(space, rows[reached], hints)
    enough = said >= ENOUGH
    just = enough & (said - least < ENOUGH)
    first = reached[just] if just.any() else reached[enough] if enough.any() else reached
    first = first[_minimal(rows[first], space.changed(rows[first]))]
    first = first[fewest_and_nearest(fitted, space, rows[first], PER_FEATURE_SET)[:MOST_ANSWERS]]
    more = np.setdiff1d(reached[enough], first)
    more = more[fewest_and_nearest(fitted, space, rows[more], PER_FEATURE_SET)]
    both = np.concatenate([first, more])
    both = both[_not_all_alike(space.changed(rows[both]), PER_FEATURE_SET)]
    return both[: max(len(first), LEAST_ANSWERS)]


def scores_suffice(space: SearchSpace, rows: Codes, hints: PromptHints) -> Mask:
    """Which rows (n, features) change enough by what the prompt says, (n,)."""
    return np.asarray(added_scores(space, rows, hints)[0] >= ENOUGH)


def added_scores(
    space: SearchSpace, rows: Codes, hints: PromptHints
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """What the changes of each row add up to in the words of the prompt, and the least of them, (rows,)."""
    worth = np.array([score_out_of_10(space.query, hints, effect) for effect in hints.effects])
    positions = [space.schema.positions[effect.feature] for effect in hints.effects]
    made = rows[:, positions] == np.array([effect.value for effect in hints.effects])
    least = np.where(made, worth, 2 * ENOUGH).min(axis=1)
    return (made * worth).sum(axis=1), least


def fewest_and_nearest(
    fitted: FittedCohort, space: SearchSpace, rows: Codes, per_set: int
) -> npt.NDArray[np.int64]:
    """Order rows by number of changes, then Gower distance; at most ``per_set`` change the same features."""
    changed = space.changed(rows)
    order = np.lexsort((fitted.distances.gower(space.factual, rows), changed.sum(axis=1)))
    return np.asarray(order[_not_all_alike(changed[order], per_set)])


def _not_all_alike(changed: Mask, per_set: int) -> Mask:
    """Which rows to keep, the first of each set of changed features, ``per_set`` of each; (rows,)."""
    counts: Counter[bytes] = Counter()
    kept = np.zeros(len(changed), dtype=bool)
    for place, row in enumerate(changed):
        counts[row.tobytes()] += 1
        kept[place] = counts[row.tobytes()] <= per_set
    return kept


def _minimal(rows: Codes, changed: Mask) -> Mask:
    """Which rows have no other of the rows as a part: some of their changes, to the same values."""
    same = (rows[:, None] == rows[None]) | ~changed[None]
    part = same.all(axis=2) & (changed.sum(axis=1)[None] < changed.sum(axis=1)[:, None])
    return np.asarray(~part.any(axis=1))
