"""Rules across features: which of them a row breaks, and which of them a change breaks.

Rules are evaluated on codes (see :mod:`sensecf_core.cohorts.encoding`), many rows at once, and only where all
their values were measured.
"""

from __future__ import annotations

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.schema import Schema
from sensecf_core.types import Mask

TOLERANCE = 1e-9
"""Slack for floating-point sums, relative to the size of the terms (at least 1)."""


def rule_texts(schema: Schema) -> tuple[str, ...]:
    """Sentences of all rules, then of all couplings: the column order of :func:`violations`."""
    return tuple(rule.text for rule in schema.rules) + tuple(c.text for c in schema.couplings)


def broken_rules(schema: Schema, codes: Codes) -> Mask:
    """Which linear rules each row breaks.

    Parameters
    ----------
    schema : the cohort's schema.
    codes : shape (n, features).

    Returns
    -------
    bool array of shape (n, ``len(schema.rules)``); False where a value was not measured.
    """
    excess, slack = _excess(schema, codes)
    return np.nan_to_num(excess, nan=-1.0) > slack


def broken_shares(schema: Schema, codes: Codes) -> dict[str, float]:
    """Share of the rows that break each linear rule, by the rule's name; ``codes`` (n, features).

    A row with a missing value counts as keeping the rule.
    """
    broken = broken_rules(schema, codes)
    return {rule.name: float(broken[:, i].mean()) for i, rule in enumerate(schema.rules)}


def violations(schema: Schema, factual: Codes, candidates: Codes) -> Mask:
    """Which rules and couplings each candidate breaks, compared with its factual.

    A linear rule that the factual already breaks counts only where the candidate makes it worse.

    Parameters
    ----------
    schema : the cohort's schema.
    factual : shape (features,).
    candidates : shape (n, features).

    Returns
    -------
    bool array of shape (n, ``len(rules) + len(couplings)``), columns as in :func:`rule_texts`.
    """
    excess, slack = _excess(schema, np.vstack([factual, candidates]))
    prior_excess = np.maximum(np.nan_to_num(excess[0], nan=0.0), 0.0)
    linear = np.nan_to_num(excess[1:], nan=-1.0) > prior_excess + slack[1:]
    return np.hstack([linear, _broken_couplings(schema, factual, candidates)])


def _excess(schema: Schema, codes: Codes) -> tuple[Codes, Codes]:
    """By how much each row exceeds each rule's bound (NaN: a value is missing), and the rounding slack."""
    positions, coefficients, starts, bounds = schema.rule_terms
    if not len(starts):
        return np.empty((len(codes), 0)), np.empty((len(codes), 0))
    terms = codes[:, positions] * coefficients
    excess = np.add.reduceat(terms, starts, axis=1) - bounds
    size = np.nan_to_num(np.add.reduceat(np.abs(terms), starts, axis=1)) + np.abs(bounds)
    return excess, TOLERANCE * np.maximum(size, 1.0)


def _broken_couplings(schema: Schema, factual: Codes, candidates: Codes) -> Mask:
    broken = np.zeros((len(candidates), len(schema.couplings)), dtype=bool)
    change = candidates - factual
    for column, coupling in enumerate(schema.couplings):
        actual = change[:, schema.positions[coupling.feature]]
        expected = coupling.slope * change[:, schema.positions[coupling.follows]]
        gap = np.abs(actual - expected)
        slack = TOLERANCE * np.maximum(np.nan_to_num(np.abs(actual) + np.abs(expected)), 1.0)
        broken[:, column] = np.nan_to_num(gap, nan=-1.0) > coupling.tolerance + slack
    return broken
