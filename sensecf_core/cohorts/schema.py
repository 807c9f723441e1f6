"""What a cohort's columns mean: kinds, units, roles, ranges, the task, and where the data came from.

A schema is read from ``schema.toml`` (docs/own-cohort.md); pydantic validates it here and reports all
problems at once. It is a plain value: nothing in it depends on the rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sensecf_core.types import Span

Kind = Literal["continuous", "integer", "ordinal", "binary", "categorical"]
Role = Literal["behaviour", "clinical", "context"]
Direction = Literal["any", "up", "down"]
Profile = Literal["behaviour", "intervention", "contrast"]

NAMED_KINDS: frozenset[Kind] = frozenset({"ordinal", "categorical"})
"""Kinds whose values are level names, not numbers."""


class Plain(BaseModel):
    """A frozen pydantic model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReferenceGroup(Plain):
    """Other ends of a reference range for people whose named feature has this level, such as women."""

    model_config = ConfigDict(allow_inf_nan=False)

    feature: str
    level: str
    low: float | None = None
    high: float | None = None


class Reference(Plain):
    """The range that clinicians call normal or recommended, in the feature's unit.

    The first of ``groups`` that a person belongs to replaces both ends. ``ends_change`` is false where a
    value inside the range may still be too high or too low for one person, so that it may move further.
    """

    text: str
    source: str
    low: float | None = None
    high: float | None = None
    groups: tuple[ReferenceGroup, ...] = ()
    ends_change: bool = True


class MeaningfulChange(Plain):
    """The smallest change that is more than measurement error, or that matters, in the feature's unit.

    ``confirmed``: a clinician has confirmed the figure.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    value: Annotated[float, Field(gt=0)]
    source: str
    confirmed: bool = False


class Feature(Plain):
    """One column of a cohort.

    Outside ``valid`` a value is an error; ``suggest`` (for named levels: ``suggest_levels``) bounds what a
    suggestion may name; ``largest_change`` is the largest realistic change of one
    suggestion in the feature's unit (for ordinal features: in levels), ``meaningful_change`` the smallest.
    Values that suggestions name lie on multiples of ``step``. ``contrast_only`` marks a finding that nobody
    can set: it may change under ``contrast`` limits only.
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

    @model_validator(mode="after")
    def _consistent(self) -> Feature:
        problems = [*self._level_problems(), *self._range_problems()]
        if problems:
            raise ValueError("; ".join(f"`{self.name}`: {problem}" for problem in problems))
        return self

    def _level_problems(self) -> Iterator[str]:
        if self.named and len(self.levels) < 2:
            yield f"an {self.kind} feature must name at least two `levels`"
        if not self.named and (self.levels or self.suggest_levels):
            yield "`levels` and `suggest_levels` belong to ordinal and categorical features only"
        if len(set(self.levels)) < len(self.levels):
            yield "`levels` must differ from each other"
        for level in self.levels:
            if not level.strip() or level != level.strip() or not level.isprintable() or "|" in level:
                yield f"the level {level!r} must be plain text without `|` or outer spaces"
        if unknown := sorted(set(self.suggest_levels) - set(self.levels)):
            yield f"`suggest_levels` names unknown levels {unknown}"

    def _range_problems(self) -> Iterator[str]:
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


class LinearRule(Plain):
    """A linear inequality across numeric features: ``sum(coefficient * value) <= bound``."""

    model_config = ConfigDict(allow_inf_nan=False)

    name: str
    text: str
    terms: Annotated[dict[str, float], Field(min_length=1)]
    bound: float = 0.0


class Bound(Plain):
    """A linear sum across numeric features and the side of a number on which it raises a red flag."""

    model_config = ConfigDict(allow_inf_nan=False)

    terms: Annotated[dict[str, float], Field(min_length=1)]
    at_least: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Bound:
        if (self.at_least is None) == (self.below is None):
            raise ValueError("a bound has either `at_least` or `below`")
        return self


class RedFlag(Plain):
    """Values that have to be acted on before anything else; raised where any of the bounds ``any_of`` holds.

    ``label`` says what was measured, with features in braces: "Blood pressure {systolic}/{diastolic} mmHg".
    ``confirmed``: a clinician has confirmed the rule.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: str
    text: str
    source: str
    any_of: Annotated[tuple[Bound, ...], Field(min_length=1)]
    confirmed: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """Features that the label names."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.label) if name is not None)

    @property
    def used(self) -> frozenset[str]:
        """Features that the label or a bound names."""
        return frozenset(self.shown).union(*(bound.terms for bound in self.any_of))


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
    """What is predicted from a row. ``desired`` is the class that interventions aim at."""

    target: str
    question: str
    label: str
    class_1: str
    class_0: str
    desired: Literal[0, 1] = 0


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
    """Everything about a cohort except its rows."""

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

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names in column order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def positions(self) -> dict[str, int]:
        """Column index by feature name."""
        return {name: position for position, name in enumerate(self.names)}

    def feature(self, name: str) -> Feature:
        """Return the feature called ``name``; raises ``KeyError``."""
        return self.features[self.positions[name]]

    @cached_property
    def sha256(self) -> str:
        """Hash of what rows, prompts and training depend on: what a classifier and an adapter must fit."""
        # An optional part that a schema lacks stays out, so that adding the part changed no existing hash.
        absent: dict[str, Any] = {} if self.left_out else {"left_out": True}
        limits = {"features": {"__all__": _LIMITS_OF_FEATURE}, "red_flags": True}
        return hashlib.sha256(self.model_dump_json(exclude=absent | limits).encode()).hexdigest()

    @cached_property
    def limits_sha256(self) -> str:
        """Hash of what ``sha256`` leaves out: the parts that decide only what is suggested and shown."""
        parts = [
            [feature.model_dump(mode="json", include={"name", "meaningful_change", "reference"})]
            for feature in self.features
        ]
        flags = [flag.model_dump(mode="json") for flag in self.red_flags]
        return hashlib.sha256(json.dumps([parts, flags], sort_keys=True).encode()).hexdigest()

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
