"""The published figures that a synthetic release is compared with.

Framingham 2024: Spartano et al., J Clin Endocrinol Metab 2024, doi 10.1210/clinem/dgae626 (Dexcom G6 Pro,
normoglycaemia n 560, prediabetes n 463, diabetes n 152; means over people, from the abstract).
ADA: Standards of Care, diagnostic cut-offs of HbA1c (below 5.7 % normal, 5.7-6.4 % prediabetes, 6.5 % and
above diabetes); the median person of a group has to lie in its band.
Shah 2019: J Clin Endocrinol Metab 2019 (n 153 screened healthy volunteers, Dexcom G6; from the abstract):
younger and leaner people than this cohort, so shown beside it, never aimed at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sensecf_core.aireadi.synthetic.population.assumptions import (
    HEALTHY,
    INSULIN,
    ORAL,
    PRE,
)

FRAMINGHAM = "Framingham 2024"
ADA = "ADA cut-offs"
SHAH = "Shah 2019"
Statistic = Literal["mean", "median"]


@dataclass(frozen=True)
class Target:
    """One published figure: between ``low`` and ``high``, for the people of ``groups``.

    ``tolerance`` is what the model may be off beside sampling error (which the report adds); None: shown
    for comparison, not a target.
    """

    measure: str
    groups: tuple[str, ...]
    statistic: Statistic
    low: float
    high: float
    tolerance: float | None
    source: str


def _exactly(
    measure: str, groups: tuple[str, ...], value: float, tolerance: float | None, source: str
) -> Target:
    return Target(measure, groups, "mean", value, value, tolerance, source)


DIABETES = (ORAL, INSULIN)

TARGETS = (
    _exactly("percent_70_140", (HEALTHY,), 87.0, 1.5, FRAMINGHAM),
    _exactly("percent_above_140", (HEALTHY,), 12.1, 1.5, FRAMINGHAM),
    _exactly("percent_above_180", (HEALTHY,), 1.2, 0.5, FRAMINGHAM),
    _exactly("percent_70_140", (PRE,), 77.1, 2.0, FRAMINGHAM),
    _exactly("percent_70_140", DIABETES, 46.2, 2.5, FRAMINGHAM),
    Target("hba1c", (HEALTHY,), "median", 4.0, 5.7, 0.1, ADA),
    Target("hba1c", (PRE,), "median", 5.7, 6.5, 0.1, ADA),
    Target("hba1c", (ORAL,), "median", 6.5, 15.0, 0.1, ADA),
    Target("hba1c", (INSULIN,), "median", 6.5, 15.0, 0.1, ADA),
)
COMPARISONS = (
    Target("glucose_mean", (HEALTHY,), "mean", 98.0, 104.0, None, SHAH),
    Target("glucose_cv", (HEALTHY,), "mean", 17.0, 17.0, None, SHAH),
    Target("percent_70_140", (HEALTHY,), "median", 96.0, 96.0, None, SHAH),
    Target("percent_below_70", (HEALTHY,), "median", 1.1, 1.1, None, SHAH),
)
