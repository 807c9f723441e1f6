"""The prompt that tells the person and nothing of what a change does, in percentiles of the cohort.

Numbers stand as percentiles of the training rows, ``waist=88>40-86``: the person's, and how far it may move.
So a small model compares small integers, whatever the unit, and an answer ``waist=61`` means the allowed
value that lies nearest to the 61st percentile. Binary features and named levels stand as they are. Features
stand in the order of their importance for the classifier, the same for every person; so do answers. Those
that hardly matter to it are left out.

An answer says what each change brings, in twentieths of log-odds, and what is left of the gap to the line:
``waist=61-12=11; sleep=40-14=-3``. Nobody tells the model these numbers. It has to have learned them, and
they let it go on until it believes that the line is crossed: the grammar lets an answer end only then, or
where nothing more may change.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sensecf_core.cohorts.encoding import Codes, Value, to_code, to_value
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import (
    MOST_LEFT,
    NAMED,
    SEPARATOR,
    read_edits,
    value_text,
    write_edits,
)
from sensecf_core.language.prompts.plain import Prompt, reference_case
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Movable
from sensecf_core.queries.query import Query

SYSTEM = "Name few changes after which the risk crosses its line."
GOAL = "risk={risk:.0f} line={line:.0f} gap={gap} wanted={goal} most={most}"
HIGHER, LOWER = "higher", "lower"
MAY_BECOME, UNKNOWN, OR, TO = ">", "?", "|", "-"
RAISES, LOWERS = "up", "down"
WHOLE = 100


@dataclass(frozen=True)
class Writing:
    """How the prompt is written; everything but the default is for the ablation, and no adapter is asked so.

    Attributes
    ----------
    percentiles : numbers stand as percentiles; else as values in their units.
    by_importance : features stand in the order of their importance; else in the schema's.
    counts_down : an answer says what each change brings and what is left of the gap.
    estimates : beside its answers the model learns what drawn changes bring, where answers say so.
    units : beside its percentile stands a person's number in its unit, in brackets.
    names_first : an answer begins with the names of what it changes, ``waist sleep: ``.
    signs : each feature that may change says whether its value raises or lowers this person's risk (SHAP).
    """

    percentiles: bool = True
    by_importance: bool = True
    counts_down: bool = True
    estimates: bool = True
    units: bool = False
    signs: bool = False
    names_first: bool = False


USUAL = Writing()


@dataclass(frozen=True)
class PercentileScale:
    """Percentiles of a cohort's training rows: what turns a query into small integers, and answers back.

    Attributes
    ----------
    schema : the cohort's.
    columns : by feature, its measured training codes in ascending order (:class:`.domain.Domain`).
    order : the features that a prompt tells and answers change, the most important first.
    line : the classifier's threshold, a probability.
    writing : how prompts and answers are written.
    """

    schema: Schema
    columns: tuple[Codes, ...]
    order: tuple[str, ...]
    line: float
    writing: Writing = USUAL

    @cached_property
    def coded(self) -> Schema:
        """The schema in which numbers are whole percentiles, for the grammar and for reading answers."""
        features = self.schema.features
        if self.writing.percentiles:
            features = tuple(_coded(feature) for feature in features)
        return self.schema.model_copy(update={"features": features, "rules": (), "couplings": ()})

    def percentile(self, feature: Feature, code: float) -> int:
        """The percentile of a number among the training rows, 0 to 100; ties count half."""
        column = self.columns[self.schema.positions[feature.name]]
        below, above = np.searchsorted(column, code - _SLACK), np.searchsorted(column, code + _SLACK)
        return round(WHOLE * float(below + above) / 2 / max(len(column), 1))

    def written(self, feature: Feature, code: float) -> str:
        """How a prompt writes a measured value."""
        if self.writing.percentiles and _is_number(feature):
            beside = f" ({value_text(feature, code)})" if self.writing.units else ""
            return f"{self.percentile(feature, code)}{beside}"
        return value_text(feature, code)

    def values(self, item: Movable) -> dict[float, float]:
        """The allowed values that answers can name, by percentile (for named and binary features by code).

        Of several values of one percentile it is the middle one.
        """
        feature = self.schema.feature(item.feature)
        if not (self.writing.percentiles and _is_number(feature)):
            return {value: value for value in item.values}
        column = self.columns[self.schema.positions[feature.name]]
        codes = np.array(item.values)
        ties = np.searchsorted(column, codes - _SLACK) + np.searchsorted(column, codes + _SLACK)
        percentiles = np.rint(WHOLE * ties / 2 / max(len(column), 1)).astype(int)
        return {
            int(percentile): float(same[(len(same) - 1) // 2])
            for percentile in np.unique(percentiles)
            if len(same := codes[percentiles == percentile])
        }

    def movable(self, query: Query) -> tuple[Movable, ...]:
        """What answers may change, in percentiles."""
        return tuple(
            Movable(feature=item.feature, values=tuple(float(key) for key in self.values(item)))
            for item in query.movable
            if item.feature in self.order
        )

    def thinned(self, query: Query) -> Query:
        """The query with only those values that answers can name."""
        movable = tuple(
            Movable(feature=item.feature, values=tuple(self.values(item).values()))
            for item in query.movable
            if item.feature in self.order
        )
        return query.model_copy(update={"movable": movable})

    def gap(self, query: Query) -> int:
        """How far the factual lies from the line (or target), in steps of log-odds; negative beyond it."""
        away = _log_odds(query.factual.probability) - _log_odds(query.goal.line(self.line))
        return steps(-away if query.desired else away)

    def text(self, query: Query, edits: Mapping[str, Value], left: Sequence[int]) -> str:
        """Write edits as the model is taught to, each value as the nearest that an answer can name.

        ``left`` is what is left of the gap after each change, the changes being made in :attr:`order`.
        """
        allowed = {item.feature: item for item in query.movable}
        parts, before = [], self.gap(query)
        ordered = sorted(edits, key=self.order.index)
        for name, after in zip(ordered, left, strict=True):
            feature, by_percentile = self.schema.feature(name), self.values(allowed[name])
            wanted = to_code(feature, edits[name])
            key = min(by_percentile, key=lambda k: abs(by_percentile[k] - wanted))
            value = value_text(self.coded.feature(name), key)
            brings = f"{after - before:+d}={after}" if self.writing.counts_down else ""
            parts.append(f"{name}={value}{brings}")
            before = after
        names = " ".join(ordered) + NAMED if self.writing.names_first else ""
        return names + SEPARATOR.join(parts)

    def in_units(self, query: Query, text: str) -> str:
        """An answer with its values in the features' units; empty if it cannot be read or is not allowed.

        Percentiles must never be taken for values in units.
        """
        edits = read_edits(self.coded, text.partition(NAMED)[2] if self.writing.names_first else text)
        allowed = {item.feature: self.values(item) for item in query.movable if item.feature in self.order}
        if edits is None or not edits.keys() <= allowed.keys():
            return ""
        found: Edits = {}
        for name, value in edits.items():
            code = to_code(self.coded.feature(name), value)
            key = next((key for key in allowed[name] if abs(key - code) < _SLACK), None)
            if key is None:
                return ""
            found[name] = to_value(self.schema.feature(name), allowed[name][key])
        return write_edits(self.schema, found, self.order)


_SLACK = 1e-9
STEPS = 20
"""Steps of a log-odds: fine enough near the line, and two digits (about five log-odds) for everybody."""


def _log_odds(probability: float) -> float:
    inside = min(max(probability, _SLACK), 1 - _SLACK)
    return math.log(inside / (1 - inside))


def steps(log_odds: float) -> int:
    """Whole steps of log-odds."""
    return max(-MOST_LEFT, min(MOST_LEFT, round(STEPS * log_odds)))


def _is_number(feature: Feature) -> bool:
    return not feature.named and feature.kind != "binary"


def _coded(feature: Feature) -> Feature:
    if not _is_number(feature):
        return feature
    whole = {"kind": "integer", "decimals": 0, "step": None, "unit": "", "valid": (0.0, float(WHOLE))}
    return feature.model_copy(update=whole)


def build(scale: PercentileScale, query: Query, pushes: Mapping[str, float] | None = None) -> Prompt:
    """Write the prompt of one query; ``pushes`` are SHAP values by feature, told by their sign alone."""
    movable = {item.feature: item for item in query.movable}
    goal = GOAL.format(
        risk=WHOLE * query.factual.probability,
        line=WHOLE * query.goal.line(scale.line),
        gap=scale.gap(query),
        goal=HIGHER if query.desired else LOWER,
        most=query.limits.max_changes,
    )
    lines = [
        _line(scale, query, name, movable.get(name), None if pushes is None else pushes[name])
        for name in scale.order
    ]
    return Prompt(system=SYSTEM, user="\n".join([goal, *lines]))


def _line(scale: PercentileScale, query: Query, name: str, item: Movable | None, push: float | None) -> str:
    feature, value = scale.schema.feature(name), query.factual.features[name]
    if value is None:
        return f"{name}={UNKNOWN}"
    now = f"{name}={scale.written(feature, to_code(feature, value))}"
    if item is None or not item.values:
        return now
    if push is not None:
        now += f" {RAISES if push > 0 else LOWERS} "
    if not _is_number(feature):
        return now + MAY_BECOME + OR.join(value_text(feature, allowed) for allowed in item.values)
    named, keys = scale.coded.feature(name), sorted(scale.values(item))
    return f"{now}{MAY_BECOME}{value_text(named, keys[0])}{TO}{value_text(named, keys[-1])}"


def _template_sha256() -> str:
    """Hash the prompt of the reference case, so that it changes exactly when the prompt's text does."""
    schema, query, _ = reference_case()
    columns = tuple(np.arange(10.0) for _ in schema.features)
    scale = PercentileScale(schema, columns, schema.names, 0.5)
    mirrored = query.model_copy(update={"desired": 1})
    texts = [build(scale, case).text for case in (query, mirrored)]
    texts.append(scale.text(query, {"number": 2.0, "flag": 1}, (1, -2)))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


PROFILE_SHA256 = _template_sha256()
"""Hash of this template, kept in each adapter's card."""
