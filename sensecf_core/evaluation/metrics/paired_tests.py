"""Comparisons of methods on the same queries: common-solved quality, ranks, tests, and controls.

Values come as method → array (queries,), all in the same order of queries, NaN where a method has none.
Within a cohort: Friedman over queries, then Wilcoxon's signed-rank test for every pair, corrected by Holm
(Demšar 2006, JMLR 7:1-30).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from sensecf_core.evaluation.metrics.definitions import Better
from sensecf_core.evaluation.metrics.statistics import Interval, mean_interval, paired_difference
from sensecf_core.types import Floats, Mask

ALPHA = 0.05
SAME = 12
"""Decimals to which differences are rounded before they are ranked, so that equal ones tie."""


def common_solved(solved: Mapping[str, Mask]) -> Mask:
    """Which queries every method solved, shape (queries,); raises ``ValueError`` without a method."""
    if not solved:
        raise ValueError("no method to compare")
    by_all: Mask = np.all(np.array(list(solved.values()), dtype=bool), axis=0)
    return by_all


@dataclass(frozen=True)
class SameQueries:
    """Means of every method on the same ``queries``: those on which all of them have the number."""

    queries: int
    means: dict[str, Interval]


def on_same_queries(
    values: Mapping[str, Floats], among: Mask, people: npt.NDArray[Any] | None = None, *, seed: int = 0
) -> SameQueries:
    """Mean of ``values`` on the queries ``among`` which every method has a value.

    A method that answers only easy queries looks near and sparse; among the common-solved ones everybody has
    the same queries (Mazzine & Martens 2021, doi 10.3390/app11167274, and their Ranking-Tabular-CF).
    """
    shared = among & np.isfinite(np.array(list(values.values()))).all(axis=0)
    whose = np.arange(len(shared)) if people is None else np.asarray(people)
    means = {name: mean_interval(column[shared], whose[shared], seed=seed) for name, column in values.items()}
    return SameQueries(int(shared.sum()), means)


@dataclass(frozen=True)
class Friedman:
    """Friedman's test over the queries that every method has a value for.

    ``mean_ranks`` give 1 to the best; ``agreement`` is Kendall's W, 0 (no order) to 1 (always the same).
    """

    statistic: float
    p: float
    agreement: float
    queries: int
    mean_ranks: dict[str, float]


@dataclass(frozen=True)
class Pair:
    """One method against another: ``difference`` is first minus second, paired by query.

    ``wins`` are queries on which the first was better, ``losses`` worse; the rest tied. ``p_holm`` is
    corrected over all pairs; ``significant`` also needs a significant Friedman test.
    """

    first: str
    second: str
    difference: Interval
    wins: int
    losses: int
    ties: int
    p: float
    p_holm: float
    significant: bool


@dataclass(frozen=True)
class Comparison:
    """All methods on one measure; ``friedman`` is None for two methods, which it does not compare."""

    friedman: Friedman | None
    pairs: tuple[Pair, ...]


def compare(
    values: Mapping[str, Floats],
    better: Better,
    people: npt.NDArray[Any] | None = None,
    *,
    alpha: float = ALPHA,
    seed: int = 0,
    pairs: bool = True,
) -> Comparison:
    """Compare at least two methods on the queries on which all of them have a value; ``pairs`` of them too.

    Raises ``ValueError`` for fewer than two methods or columns of different length.
    """
    if len(values) < 2:
        raise ValueError(f"a comparison needs two methods, got {list(values)}")
    table = np.column_stack(list(values.values()))
    complete = np.isfinite(table).all(axis=1)
    columns = dict(zip(values, table[complete].T, strict=True))
    whose = None if people is None else np.asarray(people)[complete]
    omnibus = friedman(columns, better) if len(columns) > 2 else None
    compared = tuple(combinations(columns, 2)) if pairs else ()
    p_values = np.array([wilcoxon(columns[first], columns[second]) for first, second in compared])
    ranks_differ = omnibus is None or omnibus.p < alpha
    return Comparison(
        omnibus,
        tuple(
            _pair(
                (first, second),
                columns[first] - columns[second],
                better,
                paired_difference(columns[first], columns[second], whose, seed=seed),
                p=float(p),
                p_holm=float(corrected),
                significant=bool(ranks_differ and corrected < alpha),
            )
            for (first, second), p, corrected in zip(compared, p_values, holm(p_values), strict=True)
        ),
    )


def friedman(values: Mapping[str, Floats], better: Better) -> Friedman:
    """Friedman's test of three or more methods without missing values (Friedman 1937).

    Where all methods tie on every query there is no order: statistic 0, p 1. NaN with fewer than two
    queries.
    """
    from scipy.stats import friedmanchisquare, rankdata

    table = np.round(np.column_stack(list(values.values())), SAME)
    queries, methods = table.shape
    if queries < 2:
        return Friedman(np.nan, np.nan, np.nan, queries, dict.fromkeys(values, np.nan))
    ranks = rankdata(-table if better == "higher" else table, axis=1).mean(axis=0)
    if (table == table[:, :1]).all():
        statistic, p = 0.0, 1.0
    else:
        statistic, p = map(float, friedmanchisquare(*table.T))
    return Friedman(
        statistic=statistic,
        p=p,
        agreement=statistic / (queries * (methods - 1)),
        queries=queries,
        mean_ranks=dict(zip(values, ranks.tolist(), strict=True)),
    )


def wilcoxon(ours: Floats, theirs: Floats) -> float:
    """Two-sided p of Wilcoxon's signed-rank test of paired values (queries,).

    Zero differences are dropped, as Wilcoxon (1945) did: where few are left the p-value is exact, however
    many queries tied. How many tied stands beside it (:class:`Pair`). 1 where all tie, NaN without a query.
    """
    from scipy import stats

    difference = np.round(ours - theirs, SAME)
    if not len(difference):
        return np.nan
    if not difference.any():
        return 1.0
    return float(stats.wilcoxon(difference[difference != 0]).pvalue)


def holm(p_values: Floats) -> Floats:
    """Holm's step-down correction of p-values (n,); shape (n,), NaN stays NaN (Holm 1979)."""
    defined = np.flatnonzero(~np.isnan(p_values))
    order = defined[np.argsort(p_values[defined], kind="stable")]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    corrected = np.full(len(p_values), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return corrected


def added_over_control(
    success: Mask, changes: npt.NDArray[np.int64], control: Mapping[int, tuple[int, int]]
) -> float:
    """The method's rate of success minus the control's, by number of changes (docs/metrics.md, "Controls").

    Rates are compared within each number of features changed and averaged with the method's own counts
    (direct standardisation), so that a method is not credited for merely changing more. ``success`` and
    ``changes`` have shape (candidates,); ``control`` is number of changes → (successes, draws). NaN without a
    candidate at a number of changes that the control has too.
    """
    shared = [size for size in np.unique(changes).tolist() if size in control]
    if not shared:
        return np.nan
    counts = [(changes == size).sum() for size in shared]
    gains = [success[changes == size].mean() - control[size][0] / control[size][1] for size in shared]
    return float(np.average(gains, weights=counts))


def _pair(
    names: tuple[str, str], difference: Floats, better: Better, interval: Interval, **tests: Any
) -> Pair:
    gain = np.round(difference if better == "higher" else -difference, SAME)
    return Pair(
        *names,
        difference=interval,
        wins=int((gain > 0).sum()),
        losses=int((gain < 0).sum()),
        ties=int((gain == 0).sum()),
        **tests,
    )
