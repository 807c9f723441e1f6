"""How often the classifier may be asked for one query, and what ends it before."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.types import Floats

CHUNK = 50_000
"""Rows scored in one call, so that a wide search stays small in memory."""


class CancelledError(RuntimeError):
    """The work was cancelled."""


class BudgetSpentError(RuntimeError):
    """The query's budget of model rows or seconds is used up."""


@dataclass
class Budget:
    """Queries the classifier, counts the rows, and stops once the budget of one query is spent.

    Raises :class:`BudgetSpentError` from :meth:`probability` once ``max_rows`` would be passed or
    ``expired`` says that the time is up.
    """

    classifier: ClassifierLike
    max_rows: float = math.inf
    expired: Callable[[], bool] = field(default=lambda: False)
    cancelled: Callable[[], bool] = field(default=lambda: False)
    rows: int = 0

    def probability(self, codes: Codes) -> Floats:
        """Return the calibrated p(class 1) of each row, shape (n,); no rows cost nothing."""
        return self._asked(codes, self.classifier.probability_of_codes)

    def margin(self, codes: Codes) -> Floats:
        """Return the calibrated log-odds of class 1 of each row, shape (n,)."""
        return self._asked(codes, self.classifier.margin_of_codes)

    def _asked(self, codes: Codes, ask: Callable[[Codes], Floats]) -> Floats:
        if not len(codes):
            return np.empty(0)
        if self.rows + len(codes) > self.max_rows:
            raise BudgetSpentError(f"the budget of {self.max_rows:,} model rows is spent")
        if self.cancelled():
            raise CancelledError
        if self.expired():
            raise BudgetSpentError("the time allowed for one answer is over")
        self.rows += len(codes)
        chunks = [codes[start : start + CHUNK] for start in range(0, len(codes), CHUNK)]
        return np.concatenate([ask(chunk) for chunk in chunks])
