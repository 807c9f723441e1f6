"""Credit of a language model: what its raw candidates add to the best control that knows as much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sensecf_core.evaluation.metrics.statistics import Interval, paired_difference

QueryKey = tuple[str, ...]


@dataclass(frozen=True)
class Credit:
    """A difference of two rates in [-1, 1], paired by query, and the control that was subtracted.

    ``interval`` is a bootstrap 95 % interval over people.
    """

    control: str
    interval: Interval


def credit(
    ours: Mapping[QueryKey, float],
    controls: Mapping[str, Mapping[QueryKey, float]],
    people: Mapping[QueryKey, str],
    *,
    seed: int = 0,
) -> Credit | None:
    """Credit of a model over the best of its controls: mean over queries of its rate minus the control's.

    The best control is the one with the highest mean rate over these queries (the first of equally good
    ones). It is chosen on the same queries that the difference is taken over, which is to the model's
    disadvantage.

    Parameters
    ----------
    ours : the model's rate in [0, 1] by query, for instance its share of valid raw candidates; the
        answerable queries only.
    controls : the same of each control that knows as much, by name; they may have more queries.
    people : the participant of each query; participants are resampled with all their queries.

    Returns
    -------
    None where there is no query or no control, and where a control lacks one of the queries: the best of
    the others might not be the best.
    """
    queries = list(ours)
    if not queries or not controls or any(not ours.keys() <= rates.keys() for rates in controls.values()):
        return None
    theirs = {name: _rates(rates, queries) for name, rates in controls.items()}
    best = max(theirs, key=lambda name: theirs[name].mean())
    whose = np.array([people[query] for query in queries])
    return Credit(best, paired_difference(_rates(ours, queries), theirs[best], whose, seed=seed))


def _rates(rates: Mapping[QueryKey, float], queries: Sequence[QueryKey]) -> np.ndarray:
    return np.array([rates[query] for query in queries], dtype=np.float64)
