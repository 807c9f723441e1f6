"""Drawing participants for an evaluation: from the test part, by a seed, with as few filters as possible."""

from __future__ import annotations

import numpy as np

from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.types import Part, RowKey


def sample_rows(
    cohort: Cohort, classifier: ClassifierLike, *, predicted: int, n: int, seed: int, part: Part = "test"
) -> list[RowKey]:
    """Draw rows of a part that the classifier puts in class ``predicted``, with no other filter.

    Parameters
    ----------
    n : how many; 0, or more than there are, means all of them.
    seed : decides which, and their order. The first rows of a larger draw with the same seed are the
        smaller draw, so that a longer run extends a shorter one.
    """
    rows = cohort.part(part)
    rows = rows[classifier.predict(rows) == predicted]
    keys: list[RowKey] = [(str(participant), str(row)) for participant, row in rows.index]
    order = np.random.default_rng(seed).permutation(len(keys))
    return [keys[position] for position in order[: n or None]]
