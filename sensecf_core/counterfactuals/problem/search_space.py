"""A query as arrays: the factual's codes and the values each feature may take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensecf_core.cohorts.encoding import Codes, from_values, to_code, to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.queries.answer import Change, Edits
from sensecf_core.queries.query import Query
from sensecf_core.types import Mask


def differ(rows: Codes, others: Codes, half_step: Codes) -> Mask:
    """Which features differ by at least a display step, or are measured in only one of two rows.

    ``rows`` and ``others`` have shape (..., features) and are broadcast against each other; ``half_step``
    is half of each feature's display step, shape (features,).
    """
    measured_once: Mask = np.isnan(rows) != np.isnan(others)
    moved: Mask = np.abs(rows - others) > half_step
    return moved | measured_once


@dataclass(frozen=True)
class SearchSpace:
    """What may change in one query, by column position.

    Attributes
    ----------
    factual : codes of the row as it is, shape (features,).
    values : column position → allowed codes, ascending.
    half_step : half of each feature's display step; smaller differences are no change.
    """

    schema: Schema
    query: Query
    factual: Codes
    values: dict[int, Codes]
    half_step: Codes

    @classmethod
    def of(cls, schema: Schema, query: Query) -> SearchSpace:
        """Read a query's factual and movable values into arrays."""
        return cls(
            schema=schema,
            query=query,
            factual=from_values(schema, query.factual.features),
            values={schema.positions[m.feature]: np.array(m.values) for m in query.movable},
            half_step=np.array([0.5 * 10.0**-feature.decimals for feature in schema.features]),
        )

    @property
    def desired(self) -> int:
        """The class that a counterfactual must reach."""
        return self.query.desired

    @property
    def max_changes(self) -> int:
        """Most features that one counterfactual may change."""
        return self.query.limits.max_changes

    def changed(self, codes: Codes) -> Mask:
        """Which features differ from the factual, see :func:`differ`; shape (n, features)."""
        return differ(codes, self.factual, self.half_step)

    def apply(self, edits: Edits) -> Codes:
        """Return the factual's codes with ``edits`` written in, rounded to each feature's decimals.

        Raises ``ValueError`` for a level or value that the feature cannot have.
        """
        codes = self.factual.copy()
        for name, value in edits.items():
            feature = self.schema.feature(name)
            codes[self.schema.positions[name]] = np.round(to_code(feature, value), feature.decimals)
        return codes

    def changes(self, codes: Codes) -> dict[str, Change]:
        """Describe one row (features,) by its changes, in schema order."""
        return {
            (feature := self.schema.features[position]).name: Change(
                before=to_value(feature, self.factual[position]), after=to_value(feature, codes[position])
            )
            for position in np.flatnonzero(self.changed(codes))
        }
