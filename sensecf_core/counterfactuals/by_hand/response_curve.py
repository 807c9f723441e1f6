"""What the risk does along one feature, which of its values are allowed, and which features move it most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sensecf_core.cohorts.encoding import Codes, Value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.by_hand.trial import Trial
from sensecf_core.types import Floats, Mask, Span

MOST_VALUES = 300
"""More values of one feature are thinned out: nobody can aim at them with a slider."""


@dataclass(frozen=True)
class ResponseCurve:
    """The risk along one feature while the other values stay as they are tried; arrays of shape (n,).

    Attributes
    ----------
    codes : the feature's values, ascending.
    risks : p(class 1) with each of them.
    allowed : whether the limits allow the value for this row; the measured value itself is.
    broken : whether a rule across features is broken there, or is broken more than as measured.
    zones : the allowed numbers as ranges; empty for levels.
    """

    feature: Feature
    codes: Codes
    risks: Floats
    allowed: Mask
    broken: Mask
    zones: tuple[Span, ...]


def response_curve(trial: Trial, edits: Mapping[str, Value], name: str) -> ResponseCurve:
    """Ask the classifier about every value of a feature at once; ``edits`` are all that is tried."""
    schema = trial.schema
    position, codes = schema.positions[name], values_along(trial, edits, name)
    rows = np.repeat(trial.codes(edits)[None], len(codes), axis=0)
    rows[:, position] = codes
    return ResponseCurve(
        feature=schema.features[position],
        codes=codes,
        risks=trial.problem.budget.probability(rows),
        allowed=_allowed(trial, position, codes),
        broken=np.any(violations(schema, trial.factual, rows), axis=1),
        zones=zones(trial, name),
    )


def values_along(trial: Trial, edits: Mapping[str, Value], name: str) -> Codes:
    """The values of a feature that are offered, as ascending codes.

    Numbers lie on the feature's own grid, from the training 1st to the 99th percentile, or as far as what is
    allowed, measured or tried; the two last are among them. Levels are all there are.
    """
    schema = trial.schema
    position = schema.positions[name]
    feature = schema.features[position]
    if feature.named or feature.kind == "binary":
        return np.arange(len(feature.levels) or 2, dtype=float)
    assert feature.valid is not None  # every numeric feature has a valid range
    own = np.array([trial.factual[position], trial.codes(edits)[position]])
    domain = trial.problem.fitted.domain
    ends = [*own, domain.low[position], domain.high[position], *trial.problem.space.values.get(position, ())]
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    if high - low < feature.grid:  # one value is no choice
        low, high = low - feature.grid, high + feature.grid
    step = feature.grid * max(1, math.ceil((high - low) / feature.grid / MOST_VALUES))
    grid = np.arange(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1) * step
    inside = np.clip(np.concatenate([grid, own]), *feature.valid)
    return np.unique(np.round(inside, feature.decimals))


def zones(trial: Trial, name: str) -> tuple[Span, ...]:
    """The numbers that the limits allow for this row, below and above the measured one; none for levels."""
    position = trial.schema.positions[name]
    feature, values = trial.schema.features[position], trial.problem.space.values.get(position)
    if values is None or feature.named or feature.kind == "binary":
        return ()
    sides = (values[values < trial.factual[position]], values[values > trial.factual[position]])
    return tuple((float(side[0]), float(side[-1])) for side in sides if len(side))


def _allowed(trial: Trial, position: int, codes: Codes) -> Mask:
    """Whether the limits allow each value, as the checks see it; the measured one always."""
    measured = codes == trial.factual[position]
    values = trial.problem.space.values.get(position)
    if values is None:
        return np.asarray(measured)
    feature = trial.schema.features[position]
    if feature.named or feature.kind == "binary":
        return np.asarray(measured | np.isin(codes, values))
    spans = zones(trial, feature.name)
    return np.asarray(measured | np.any([(low <= codes) & (codes <= high) for low, high in spans], axis=0))


def strongest(trial: Trial) -> tuple[str, ...]:
    """The features that may be tried, by how far each alone moves this row's risk; one batched prediction.

    First come those that the limits let move, by the furthest move towards the desired class within the
    limits; then the others, by the furthest move in either direction among all values offered.
    """
    names = trial.tried
    if not names:
        return ()
    choices = {name: _choices(trial, name) for name in names}
    rows = np.repeat(trial.factual[None], sum(map(len, choices.values())), axis=0)
    owners = np.concatenate(
        [np.full(len(codes), trial.schema.positions[name]) for name, codes in choices.items()]
    )
    rows[np.arange(len(rows)), owners] = np.concatenate(list(choices.values()))
    factual = trial.problem.space.query.factual.probability
    towards = trial.problem.aim.towards(trial.problem.budget.probability(rows), factual)

    def rank(name: str) -> tuple[bool, float, int]:
        position = trial.schema.positions[name]
        moves, free = towards[owners == position], position in trial.problem.space.values
        return not free, -float(moves.max() if free else np.abs(moves).max()), position

    return tuple(sorted(names, key=rank))


def _choices(trial: Trial, name: str) -> Codes:
    """The values that a feature is ranked by: those that the limits allow, or all that are offered."""
    allowed = trial.problem.space.values.get(trial.schema.positions[name])
    return values_along(trial, {}, name) if allowed is None else allowed
