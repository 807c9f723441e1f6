"""Exact shares of a small cohort: how many of n, and who, without the luck of independent draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt


def largest_remainder(total: int, weights: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Divide ``total`` into whole parts in the ratio of ``weights`` (not negative, not all zero)."""
    weights = np.asarray(weights, dtype=float)
    exact = total * weights / weights.sum()
    parts = np.floor(exact).astype(np.int64)
    order = np.argsort(parts - exact, kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return np.asarray(parts, dtype=np.int64)


def shared_out(total: int, weights: Mapping[str, float], rng: np.random.Generator) -> npt.NDArray[np.str_]:
    """Give each of ``total`` places a name, as many as ``weights`` say, in random order."""
    counts = largest_remainder(total, list(weights.values()))
    return rng.permutation(np.repeat(list(weights), counts))


def chosen(total: int, share: float, rng: np.random.Generator, least: int = 0) -> npt.NDArray[np.bool_]:
    """Mark ``share`` of ``total`` places, at least ``least`` where there are that many, at random."""
    marks = np.zeros(total, dtype=bool)
    marks[: min(total, max(least, round(share * total)))] = True
    return rng.permutation(marks)
