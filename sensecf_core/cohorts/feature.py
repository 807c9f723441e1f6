"""One column of a cohort: its kind, unit, role and ranges, and what else a schema says of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StrictFloat, StrictInt, StrictStr, model_validator

from sensecf_core.cohorts.clinical import MeaningfulChange, Reference, is_loinc
from sensecf_core.types import Plain, Span

Kind = Literal["continuous", "integer", "ordinal", "binary", "categorical"]
Role = Literal["behaviour", "clinical", "context"]
Direction = Literal["any", "up", "down"]
Risk = Literal["up", "down"]

NAMED_KINDS: frozenset[Kind] = frozenset({"ordinal", "categorical"})
"""Kinds whose values are level names, not numbers."""

Cell = StrictStr | StrictInt | StrictFloat
"""What a cell of the data file may hold, as a schema writes it."""

LARGEST = 1e15
"""The largest number that a schema may name; whole numbers up to it are exact, and so are their sums."""


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
