"""What a source of counterfactual rows is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from sensecf_core.augmentation.rows.transfer import Transfer
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name

if TYPE_CHECKING:
    from sensecf_core.language.local.model import LocalModel

CANDIDATES = 16
"""Candidates of one query, of whatever draws or samples."""

Rng = np.random.Generator


@dataclass(frozen=True)
class Ask:
    """What a batch of queries is asked with.

    Attributes
    ----------
    margin : log-odds beyond the threshold that an answer must reach.
    transfer : the adapter of the arms ``lm-transfer-…``; others do not need it.
    model : the language model of the arms ``lm-…`` by name (None: the default one).
    """

    fitted: FittedCohort
    margin: float
    rng: Rng
    transfer: Transfer | None = None
    model: str | None = None

    def language_model(self, adapter: Path | None = None) -> LocalModel:
        """The language model of this process, with an adapter; raises ``NotReadyError``."""
        from sensecf_core.language.local.model import shared_model

        base = placement_by_name(self.model)
        return shared_model(base.folder, adapter, base.precision, base.device)


@dataclass(frozen=True)
class Answered:
    """What one query came to: rows that are in the class, and counts before anything was filtered.

    ``rows`` (n, features) are different and break no limit; where the margin is "asked", they lie beyond it.
    ``valid`` of the ``proposed`` candidates are in the class and within the limits.
    """

    rows: Codes
    proposed: int
    valid: int


Propose = Callable[[Ask, list[SearchSpace]], list[Answered]]


@dataclass(frozen=True)
class Source:
    """A way to propose counterfactual rows.

    Attributes
    ----------
    queries : most queries a class (None: as many as rows are wanted allow).
    margin : "asked": the class and a margin are part of the question; "sieved": all rows within the limits
        are given, and those short of it are dropped where they are used.
    slow : whether what it made is kept on disk, for runs with other arms or measures.
    """

    name: str
    title: str
    propose: Propose
    queries: int | None = None
    margin: Literal["asked", "sieved"] = "asked"
    slow: bool = False
