"""What a cohort's columns mean: kinds, units, roles, ranges, the task, and where the data came from.

A schema is read from ``schema.toml`` (docs/own-cohort.md); pydantic validates it here and reports all
problems at once. It is a plain value: nothing in it depends on the rows.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictFloat, StrictInt, StrictStr, model_validator

from sensecf_core.cohorts.clinical import MeaningfulChange, RedFlag, Reference, is_loinc
from sensecf_core.types import Plain, Span

Kind = Literal["continuous", "integer", "ordinal", "binary", "categorical"]
Role = Literal["behaviour", "clinical", "context"]
Direction = Literal["any", "up", "down"]
Risk = Literal["up", "down"]
Profile = Literal["behaviour", "intervention", "contrast"]

NAMED_KINDS: frozenset[Kind] = frozenset({"ordinal", "categorical"})
"""Kinds whose values are level names, not numbers."""

ABOUT_RISK: frozenset[str] = frozenset({"risk", "risk_levels", "risk_source"})
"""Fields of a feature that no classifier, prompt or query reads; :attr:`Schema.sha256` leaves them out."""

EXPORT_CODES: frozenset[str] = frozenset({"loinc", "ucum"})
"""Fields of a feature that only exports read; :attr:`Schema.sha256` leaves them out."""

IN_SPEECH: frozenset[str] = frozenset({"synonyms"})
"""Fields of a feature that only the reading of wishes uses; :attr:`Schema.sha256` leaves them out."""

INTAKE: frozenset[str] = frozenset({"column", "missing", "words"})
"""Fields that only say how the data file writes things; :attr:`Schema.sha256` leaves them out."""

_INTAKE_OF_SCHEMA = ("encoding", "missing", "ignore_other_columns", "number_rows")

Cell = StrictStr | StrictInt | StrictFloat
"""What a cell of the data file may hold, as a schema writes it."""


def same_text(text: str) -> str:
    """One form of a text that Unicode can write in several ways, such as é in one sign or two (NFC)."""
    return unicodedata.normalize("NFC", text)


class Feature(Plain):
    """One column of a cohort.

    Outside ``valid`` a value is an error; ``suggest`` (for named levels: ``suggest_levels``) bounds what a
    suggestion may name; ``largest_change`` is the largest realistic change of one
    suggestion in the feature's unit (for ordinal features: in levels), ``meaningful_change`` the smallest.
    Values that suggestions name lie on multiples of ``step``. ``contrast_only`` marks a finding that nobody
    can set: it may change under ``contrast`` limits only.

    ``risk`` says what published studies know: more of the feature (for ordinal features: a later level) goes
    with a higher (``up``) or lower (``down``) risk of class 1. For categorical features ``risk_levels`` lists
    levels from the lowest risk to the highest; levels whose place is not known stay out. ``risk_source``
    cites the studies. Neither says what may be suggested, which is ``direction``.

    ``synonyms`` are other words that people say for the feature, like "booze" (docs/wishes.md).

    For exports, ``loinc`` (https://loinc.org) says what is measured and ``ucum`` (https://ucum.org) the unit.

    Three fields are about the data file of an own cohort: ``column`` is the column's name in it, where that
    is not ``name``; ``missing`` lists cells that mean "not measured"; ``words`` are how a binary feature
    writes 0 and 1, in this order.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: str
    kind: Kind
    role: Role
    unit: str = ""
    description: str = ""
    source: str = ""
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    step: Annotated[float, Field(gt=0)] | None = None
    levels: tuple[str, ...] = ()
    valid: Span | None = None
    suggest: Span | None = None
    suggest_levels: tuple[str, ...] = ()
    direction: Direction = "any"
    largest_change: Annotated[float, Field(gt=0)] | None = None
    meaningful_change: MeaningfulChange | None = None
    reference: Reference | None = None
    contrast_only: bool = False
    headline: bool = False
    risk: Risk | None = None
    risk_levels: tuple[str, ...] = ()
    risk_source: str = ""
    synonyms: tuple[str, ...] = ()
    loinc: Annotated[str, Field(pattern=r"^([0-9]{1,7}-[0-9])?$")] = ""
    ucum: Annotated[str, Field(pattern=r"^[!-~]*$")] = ""
    column: str = ""
    missing: tuple[Cell, ...] = ()
    words: tuple[Cell, Cell] | None = None

    @property
    def source_column(self) -> str:
        """The name of the feature's column in the data file."""
        return self.column or self.name

    @property
    def named(self) -> bool:
        """Whether values are level names rather than numbers."""
        return self.kind in NAMED_KINDS

    @property
    def grid(self) -> float:
        """Distance between neighbouring values that may be suggested, in the feature's unit."""
        return self.step if self.step is not None else 10.0**-self.decimals

    @property
    def least_change(self) -> float:
        """The smallest change that may be suggested, in the feature's unit; 0 where the schema has none."""
        return 0.0 if self.meaningful_change is None else self.meaningful_change.value

    @property
    def risk_known(self) -> bool:
        """Whether the schema says which values go with a higher risk of class 1."""
        return self.risk is not None or bool(self.risk_levels)

    @model_validator(mode="after")
    def _consistent(self) -> Feature:
        problems = [
            *self._level_problems(),
            *self._range_problems(),
            *self._risk_problems(),
            *self._code_problems(),
        ]
        if problems:
            raise ValueError("; ".join(f"`{self.name}`: {problem}" for problem in problems))
        return self

    def _level_problems(self) -> Iterator[str]:
        if self.named and len(self.levels) < 2:
            yield f"an {self.kind} feature must name at least two `levels`"
        if not self.named and (self.levels or self.suggest_levels):
            yield "`levels` and `suggest_levels` belong to ordinal and categorical features only"
        if len({same_text(level) for level in self.levels}) < len(self.levels):
            yield "`levels` must differ from each other"
        for level in self.levels:
            if not level.strip() or level != level.strip() or not level.isprintable() or "|" in level:
                yield f"the level {level!r} must be plain text without `|` or outer spaces"
        if unknown := sorted(set(self.suggest_levels) - set(self.levels)):
            yield f"`suggest_levels` names unknown levels {unknown}"

    def _range_problems(self) -> Iterator[str]:
        numbers = (*(self.valid or ()), *(self.suggest or ()), self.step or 0, self.largest_change or 0)
        if any(abs(number) > LARGEST for number in numbers):
            yield f"numbers beyond {LARGEST:g} cannot be reckoned with; use a larger unit"
            return
        for field in ("valid", "suggest"):
            span = getattr(self, field)
            if span is not None and (self.named or span[0] > span[1]):
                yield f"`{field}` must be [low, high] numbers, got {span}"
        if self.kind == "binary" and self.valid not in (None, (0, 1)):
            yield "a binary feature is 0 or 1, `valid` must be [0, 1]"
        if self.kind in ("continuous", "integer") and self.valid is None:
            yield f"{'an' if self.kind == 'integer' else 'a'} {self.kind} feature must have a `valid` range"
        if (
            self.valid
            and self.suggest
            and not self.valid[0] <= self.suggest[0] <= self.suggest[1] <= self.valid[1]
        ):
            yield f"`suggest` {self.suggest} must lie inside `valid` {self.valid}"
        if self.meaningful_change is not None and (self.named or self.kind == "binary"):
            yield "`meaningful_change` belongs to continuous and integer features only"
        if self.largest_change is not None and self.least_change > self.largest_change:
            yield "`meaningful_change` must not exceed `largest_change`"
        if self.kind == "binary" and (self.decimals or self.grid != 1):
            yield "a binary feature has no `decimals` and no `step`"
        displayed = self.grid * 10**self.decimals
        if abs(displayed - round(displayed)) > 1e-9 or round(displayed) < 1:
            yield "`step` must be a multiple of the last decimal shown"
        if self.kind == "integer" and (self.decimals or self.grid % 1):
            yield "an integer feature has no `decimals` and a whole `step`"

    def _risk_problems(self) -> Iterator[str]:
        if self.kind == "categorical" and self.risk:
            yield "a categorical feature has no order: list its levels in `risk_levels` instead of `risk`"
        if self.kind != "categorical" and self.risk_levels:
            yield "`risk_levels` belongs to categorical features only, use `risk`"
        if unknown := sorted(set(self.risk_levels) - set(self.levels)):
            yield f"`risk_levels` names unknown levels {unknown}"
        if len(self.risk_levels) == 1 or len(set(self.risk_levels)) < len(self.risk_levels):
            yield "`risk_levels` must be at least two different levels, from the lowest risk to the highest"
        if self.risk_known and not self.risk_source.strip():
            yield "a direction of risk needs its `risk_source`"
        if self.risk_source and not self.risk_known:
            yield "`risk_source` needs `risk`, or `risk_levels` for a categorical feature"

    def _code_problems(self) -> Iterator[str]:
        if self.words is not None and self.kind != "binary":
            yield "`words` belongs to binary features only"
        if self.words is not None and len({str(word).casefold() for word in self.words}) < 2:
            yield "`words` must be two different words, the one for 0 first"
        if self.loinc and not is_loinc(self.loinc):
            yield f"`loinc` {self.loinc} is not a LOINC code: its last digit does not fit the others"
        if self.ucum and (self.named or self.kind == "binary"):
            yield "`ucum` belongs to continuous and integer features only"


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


LARGEST = 1e15
"""The largest number that a schema may name; whole numbers up to it are exact, and so are their sums."""
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
