"""What a cohort's columns mean: its features, rules across them, the task, and where the data came from.

A schema is read from ``schema.toml`` (docs/own-cohort.md); pydantic validates it here and reports all
problems at once. It is a plain value: nothing in it depends on the rows.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from sensecf_core.cohorts.clinical import RedFlag
from sensecf_core.cohorts.feature import Cell, Feature
from sensecf_core.types import Plain

Profile = Literal["behaviour", "intervention", "contrast"]

ABOUT_RISK: frozenset[str] = frozenset({"risk", "risk_levels", "risk_source"})
"""Fields of a feature that no classifier, prompt or query reads; :attr:`Schema.sha256` leaves them out."""

EXPORT_CODES: frozenset[str] = frozenset({"loinc", "ucum"})
"""Fields of a feature that only exports read; :attr:`Schema.sha256` leaves them out."""

IN_SPEECH: frozenset[str] = frozenset({"synonyms"})
"""Fields of a feature that only the reading of wishes uses; :attr:`Schema.sha256` leaves them out."""

INTAKE: frozenset[str] = frozenset({"column", "missing", "words"})
"""Fields that only say how the data file writes things; :attr:`Schema.sha256` leaves them out."""

_INTAKE_OF_SCHEMA = ("encoding", "missing", "ignore_other_columns", "number_rows")


def is_text_encoding(name: str) -> bool:
    """Whether Python knows a text encoding of this name."""
    try:
        return isinstance(b"".decode(codecs.lookup(name).name), str)
    except (LookupError, ValueError):  # also those of bytes to bytes, such as hex
        return False


class LinearRule(Plain):
    """A linear inequality across numeric features: ``sum(coefficient * value) <= bound``."""

    model_config = ConfigDict(allow_inf_nan=False)

    name: str
    text: str
    terms: Annotated[dict[str, float], Field(min_length=1)]
    bound: float = 0.0


class Coupling(Plain):
    """Two features that move together: ``|change(feature) - slope * change(follows)| <= tolerance``.

    It holds for changes, not for levels; ``tolerance`` is in the unit of ``feature``.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    name: str
    text: str
    feature: str
    follows: str
    slope: float
    tolerance: Annotated[float, Field(gt=0)]


class Task(Plain):
    """What is predicted from a row. ``desired`` is the class that interventions aim at.

    Two fields are about the data file of an own cohort: ``words`` are how the target column writes class 0
    and class 1, in this order; ``leave_out_missing`` says that rows without a target are left out.
    """

    target: str
    question: str
    label: str
    class_1: str
    class_0: str
    desired: Literal[0, 1] = 0
    words: tuple[Cell, Cell] | None = None
    leave_out_missing: bool = False


class Provenance(Plain):
    """Where the rows came from, and whether they are about real people."""

    title: str
    source: str
    licence: str
    citation: str = ""
    real: bool = True
    public: bool = False
    notes: tuple[str, ...] = ()


_LIMITS_OF_FEATURE = {"meaningful_change": True, "reference": {"groups": True, "ends_change": True}}
"""What of a feature is left out of :attr:`Schema.sha256`."""


class Subgroup(Plain):
    """A column by which results are reported; never a feature (``levels`` in display order)."""

    name: str
    label: str
    levels: tuple[str, ...]


class LeftOut(Plain):
    """Features that the model card also evaluates the classifier without; ``text`` says why."""

    name: str
    label: str
    features: Annotated[tuple[str, ...], Field(min_length=1)]
    text: str


class Schema(Plain):
    """Everything about a cohort except its rows.

    Four fields are about the data file of an own cohort: its ``encoding``, cells that are ``missing`` values
    in every feature, whether columns that the schema does not name are left out, and whether a person's rows
    are numbered in the file's order, where no column tells them apart.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    title: str
    summary: str = ""
    participant_column: str = "participant_id"
    row_column: str | None = None
    row_label: str = "row"
    default_limits: Profile = "intervention"
    limits_note: str = ""
    task: Task
    provenance: Provenance
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    rules: tuple[LinearRule, ...] = ()
    couplings: tuple[Coupling, ...] = ()
    subgroups: tuple[Subgroup, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    red_flags: tuple[RedFlag, ...] = ()
    encoding: str = ""
    missing: tuple[Cell, ...] = ()
    ignore_other_columns: bool = False
    number_rows: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in column order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Column index by feature name."""
        return {name: position for position, name in enumerate(self.names)}

    @cached_property
    def rule_terms(self) -> tuple[Any, Any, Any, Any]:
        """All terms of the linear rules, as arrays: columns, coefficients, each rule's first term, bounds."""
        import numpy as np

        sizes = [len(rule.terms) for rule in self.rules]
        return (
            np.array([self.positions[name] for rule in self.rules for name in rule.terms], dtype=int),
            np.array([value for rule in self.rules for value in rule.terms.values()]),
            np.cumsum([0, *sizes], dtype=int)[:-1],
            np.array([rule.bound for rule in self.rules]),
        )

    def feature(self, name: str) -> Feature:
        """Return the feature called ``name``; raises ``KeyError``."""
        return self.features[self.positions[name]]

    @cached_property
    def sha256(self) -> str:
        """Hash of what rows, prompts and training depend on: what a classifier and an adapter must fit."""
        # An optional part that a schema lacks stays out, so that adding the part changed no existing hash.
        left_out = (*_LIMITS_OF_FEATURE, *ABOUT_RISK, *EXPORT_CODES, *IN_SPEECH, *INTAKE)
        parts = dict.fromkeys(left_out, True) | _LIMITS_OF_FEATURE
        excluded: dict[str, Any] = {"features": {"__all__": parts}, "task": {"words", "leave_out_missing"}}
        excluded |= dict.fromkeys(("red_flags", *_INTAKE_OF_SCHEMA), True)
        if not self.left_out:
            excluded["left_out"] = True
        return hashlib.sha256(self.model_dump_json(exclude=excluded).encode()).hexdigest()

    @cached_property
    def limits_sha256(self) -> str:
        """Hash of what ``sha256`` leaves out: the parts that decide only what is suggested and shown."""
        parts = [
            [feature.model_dump(mode="json", include={"name", "meaningful_change", "reference"})]
            for feature in self.features
        ]
        flags = [flag.model_dump(mode="json") for flag in self.red_flags]
        return hashlib.sha256(json.dumps([parts, flags], sort_keys=True).encode()).hexdigest()

    @cached_property
    def risk_sha256(self) -> str:
        """Hash of the directions of risk by feature; sources do not count, nor the order of the features."""
        known = {f.name: f.risk or f.risk_levels for f in self.features if f.risk_known}
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _consistent(self) -> Schema:
        repeated = {name for name in self.names if self.names.count(name) > 1}
        if repeated:
            raise ValueError(f"features named twice: {sorted(repeated)}")
        numeric = {feature.name for feature in self.features if not feature.named}
        used = {name for rule in self.rules for name in rule.terms}
        used |= {name for c in self.couplings for name in (c.feature, c.follows)}
        if used - numeric:
            raise ValueError(f"rules and couplings need numeric features, got {sorted(used - numeric)}")
        problems = [*self._red_flag_problems(numeric), *self._reference_problems()]
        if problems:
            raise ValueError("; ".join(problems))
        unknown = {name for group in self.left_out for name in group.features} - set(self.names)
        if unknown:
            raise ValueError(f"`left_out` names unknown features {sorted(unknown)}")
        if self.encoding and not is_text_encoding(self.encoding):
            raise ValueError(f"`encoding` {self.encoding!r} is not the name of a text encoding")
        if self.task.target in self.names:
            raise ValueError(f"the target `{self.task.target}` must not be a feature")
        return self

    def _red_flag_problems(self, numeric: set[str]) -> Iterator[str]:
        names = [flag.name for flag in self.red_flags]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"two red flags are called `{name}`"
        for flag in self.red_flags:
            if unknown := sorted(set(flag.shown) - set(self.names)):
                yield f"the label of the red flag `{flag.name}` names unknown features {unknown}"
            used = {name for bound in flag.any_of for name in bound.terms}
            if used - numeric:
                yield f"the red flag `{flag.name}` needs numeric features, got {sorted(used - numeric)}"

    def _reference_problems(self) -> Iterator[str]:
        levels = {feature.name: feature.levels for feature in self.features}
        for feature in self.features:
            for group in feature.reference.groups if feature.reference is not None else ():
                if group.level not in levels.get(group.feature, ()):
                    yield (
                        f"the reference of `{feature.name}` has a group `{group.feature}` = "
                        f"{group.level!r}, which no feature has"
                    )
