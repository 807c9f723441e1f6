"""A wide search for many queries at once: the rows that go farthest, by either classifier.

Beam search over single edits (:mod:`sensecf_core.counterfactuals.search.beam_search`), with two beams side by
side: one of the rows that the classifier moves farthest, one of those that it and the second classifier move
farthest together, since what only one of them believes is seldom solid. Unlike the search that makes examples
it goes on once the line is crossed, and keeps what it saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sensecf_core.classifiers.calibration import log_odds
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.search.beam_search import EditOptions, extend
from sensecf_core.types import Floats, Ints

BEAM = 8
"""States kept by each of the two orders and depth."""
KEPT = 24
"""Rows kept of each order for the judges, and of those that cross, evenly spaced by how far."""


Seen = tuple[Codes, Floats, Floats]
"""Rows (n, features), and how far the classifier, and both classifiers together, move each (log-odds)."""


def pools(
    problems: Sequence[Problem],
    budget: Budget,
    keep: Callable[[Problem, Seen], Codes] | None = None,
) -> list[Codes]:
    """Rows worth judging for each query, shape (at most 3 * KEPT, features); none where nothing may move.

    All problems are of one cohort. The rows keep the limits and break no rule. ``keep`` chooses among all
    rows that were seen (default: the farthest, and some of those that cross). Raises ``BudgetSpentError``
    and ``CancelledError`` through ``budget``.
    """
    keep = keep or _farthest_and_crossing
    seen: list[list[Seen]] = [[] for _ in problems]
    edits = [_plausible_edits(problem) for problem in problems]
    states = {
        number: problem.space.factual[None]
        for number, problem in enumerate(problems)
        if len(edits[number].values)
    }
    depth = 0
    while states:
        depth += 1
        extended = {
            number: rows
            for number, beam in states.items()
            if len(rows := extend(problems[number].space, edits[number], beam))
        }
        states = {}
        for number, (rows, alone, both) in _judged(problems, extended, budget).items():
            seen[number].append((rows, alone, both))
            if depth < problems[number].space.max_changes:
                states[number] = rows[_first_of(BEAM, alone, both)]
    return [
        keep(problem, _together(found)) if found else np.empty((0, len(problem.space.factual)))
        for problem, found in zip(problems, seen, strict=True)
    ]


def _together(found: Sequence[Seen]) -> Seen:
    rows, alone, both = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, alone, both


def _plausible_edits(problem: Problem) -> EditOptions:
    """The edits that the checks may pass: to values in the training domain, or nearer to it."""
    fitted, space = problem.fitted, problem.space
    options = EditOptions.of(fitted, space)
    low, high = fitted.domain.low[options.positions], fitted.domain.high[options.positions]
    now, then = space.factual[options.positions], options.values
    named = np.array([space.schema.features[position].named for position in options.positions], dtype=bool)
    inside = (then >= low) & (then <= high)
    nearer = ((now < then) & (then < low)) | ((now > then) & (then > high))
    keep = named | inside | nearer
    return EditOptions(options.positions[keep], options.values[keep])


def _judged(problems: Sequence[Problem], rows: dict[int, Codes], budget: Budget) -> dict[int, Seen]:
    """Each query's rows with how far the classifier moves them (log-odds), and both classifiers together."""
    if not rows:
        return {}
    together = np.vstack(list(rows.values()))
    margin = budget.margin(together)
    second = budget.classifier.second_probability_of_codes(together)
    both = margin + np.log(second) - np.log1p(-second)
    ends = np.cumsum([len(part) for part in rows.values()])[:-1]
    found = {}
    for (number, part), alone, summed in zip(
        rows.items(), np.split(margin, ends), np.split(both, ends), strict=True
    ):
        sign = 1 if problems[number].space.desired else -1
        found[number] = (part, sign * alone, sign * summed)
    return found


def _first_of(count: int, *orders: Floats) -> Ints:
    """Positions of the ``count`` largest by each order, without repetition."""
    return np.unique(np.concatenate([np.argsort(-order, kind="stable")[:count] for order in orders]))


def _farthest_and_crossing(problem: Problem, seen: Seen) -> Codes:
    rows, alone, both = seen
    chosen = [_first_of(KEPT, alone, both)]
    line = problem.aim.line
    if line is not None:
        sign = 1 if problem.space.desired else -1
        crossing = np.flatnonzero(alone > sign * log_odds(line))
        ordered = crossing[np.argsort(alone[crossing], kind="stable")]
        chosen.append(ordered[np.linspace(0, len(ordered) - 1, min(KEPT, len(ordered))).astype(int)])
    kept = rows[np.unique(np.concatenate(chosen))]
    return np.unique(kept, axis=0)
