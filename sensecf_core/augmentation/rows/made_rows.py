"""Training rows as codes, and rows that were made of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Floats, Ints, Mask, People


@dataclass(frozen=True)
class TrainingRows:
    """The scarce training rows: codes (n, features), target (n,), participants (n,)."""

    schema: Schema
    codes: Codes
    target: Ints
    people: People


@dataclass(frozen=True)
class MadeRows:
    """Synthetic rows.

    Attributes
    ----------
    codes : (n, features).
    labels : (n,), p(class 1); NaN where nobody could label the row without having trained on its owner.
    owners : (n,), the participant whose row each was made of; of rows with two parents, or whose parents
        are not told (SMOTENC), the participant of the nearest real row of that class (Gower).
    weight : (n,); above 1 where fewer rows of a class were made than wanted.
    proposed, valid : candidates that were proposed, and how many of them were in the class and within the
        limits before anything was filtered; 0 where rows are not proposed.
    """

    codes: Codes
    labels: Floats
    owners: People
    weight: Floats
    proposed: int = 0
    valid: int = 0

    @classmethod
    def of_class(
        cls, codes: Codes, label: int, owners: People, proposed: int = 0, valid: int = 0
    ) -> MadeRows:
        """Rows of one class with its hard label, each of weight 1."""
        return cls(codes, np.full(len(codes), float(label)), owners, np.ones(len(codes)), proposed, valid)

    def only(self, kept: Mask, labels: Floats | None = None) -> MadeRows:
        """The rows of a mask (n,), with other labels (n,) if there are any."""
        labels = self.labels if labels is None else labels
        return replace(
            self,
            codes=self.codes[kept],
            labels=labels[kept],
            owners=self.owners[kept],
            weight=self.weight[kept],
        )

    def weighted(self, number: float, most: float) -> MadeRows:
        """The rows with one weight, so that together they weigh ``number``, each at most ``most``."""
        n = len(self.codes)
        return replace(self, weight=np.full(n, min(most, number / max(1, n))))

    @classmethod
    def joined(cls, parts: list[MadeRows]) -> MadeRows:
        """All rows of several."""
        return cls(
            np.vstack([part.codes for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.owners for part in parts]),
            np.concatenate([part.weight for part in parts]),
            sum(part.proposed for part in parts),
            sum(part.valid for part in parts),
        )

    def write(self, path: Path) -> None:
        """Write to a file of its own (numpy's npz)."""
        part = path.with_suffix(f".{os.getpid()}.part.npz")
        counts = np.array([self.proposed, self.valid])
        np.savez_compressed(
            part,
            codes=self.codes,
            labels=self.labels,
            owners=self.owners.astype(str),
            weight=self.weight,
            counts=counts,
        )
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> MadeRows:
        """Read what :meth:`write` wrote."""
        with np.load(path) as kept:
            proposed, valid = (int(count) for count in kept["counts"])
            owners = kept["owners"].astype(object)
            return cls(kept["codes"], kept["labels"], owners, kept["weight"], proposed, valid)
