"""What the columns of the participant-day table mean, in the words of a cohort's schema."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sensecf_core.cohorts.schema import Feature, LinearRule

FILE = Path(__file__).parent / "data" / "features.toml"

OUTCOMES = {
    "stress_daytime": "mean of Garmin stress (0-100) from 8 to 22 o'clock, local: what the task cuts",
    "stress_mean": "mean of Garmin stress (0-100) over the day",
    "stress_high": "percent of the day's valid stress minutes that are high (76-100)",
    "stress_raised": "percent of the day's valid stress minutes above 50 (medium and high)",
    "stress_rest": "percent of the day's valid stress minutes that are rest (0-25)",
}
"""Columns made from stress: targets, never features of the stress task."""


@dataclass(frozen=True)
class Description:
    """Features in display order, and what must hold between them."""

    features: tuple[Feature, ...]
    rules: tuple[LinearRule, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(feature.name for feature in self.features)


@cache
def description() -> Description:
    """Read and validate ``data/features.toml``."""
    raw = tomllib.loads(FILE.read_text("utf-8"))
    return Description(
        tuple(Feature.model_validate(one) for one in raw["features"]),
        tuple(LinearRule.model_validate(one) for one in raw["rules"]),
    )
