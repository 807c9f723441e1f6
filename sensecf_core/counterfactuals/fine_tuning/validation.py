"""Measuring a fine-tuned model on validation queries: raw rates, early stopping, the temperature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sensecf_core import types
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_search, profile_pairs
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import RawRates, raw_rates
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.tuned_prompt import TunedPrompt
from sensecf_core.counterfactuals.search.effects import Source
from sensecf_core.language.local.model import LocalModel

Group = tuple[str, int]
"""Limits profile and desired class."""
TEMPERATURES = (1.0, 0.8, 0.6)
LEAST_DISTINCT = 0.5
"""Share of the candidates that must be distinct at the temperature chosen."""
PER_GROUP = 12
"""``val`` queries per group that are asked at each validation."""


@dataclass(frozen=True)
class ValidationSet:
    """Answerable queries with plain limits of one part, in groups of at most a given number."""

    groups: dict[Group, tuple[Pair, ...]]

    @classmethod
    def of(
        cls, fitted: FittedCohort, part: types.Part, most: int = PER_GROUP, source: Source = "shap"
    ) -> ValidationSet:
        """Draw the queries of a part with seed 1."""
        built = (
            profile_pairs.build(fitted, part=part, seed=1, per_group=most, synthetic=0, varied=0)
            if source == "profile"
            else pair_search.build(fitted, part=part, seed=1, variants=0, most_rows=5 * most, source=source)
        )
        groups: dict[Group, list[Pair]] = {}
        for pair in built:
            if pair.answers:
                groups.setdefault((pair.query.limits.profile, pair.query.desired), []).append(pair)
        return cls({key: tuple(found[:most]) for key, found in groups.items()})


def measure(
    fitted: FittedCohort,
    prompt: TunedPrompt,
    model: LocalModel,
    validation_set: ValidationSet,
    *,
    candidates: int = 8,
    temperature: float = 1.0,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[Group, RawRates]:
    """Raw rates of each group; raises ``CancelledError``."""
    return {
        group: raw_rates(
            fitted, prompt, model, found, candidates=candidates, temperature=temperature, cancelled=cancelled
        )
        for group, found in validation_set.groups.items()
    }


def score(rates: dict[Group, RawRates]) -> float:
    """One number for early stopping: raw validity, averaged over the queries of all groups."""
    return over_queries(rates, "valid")


def means(rates: dict[Group, RawRates]) -> dict[str, float]:
    """The rates of a point of the learning curve, averaged over the queries of all groups."""
    return {name: over_queries(rates, name) for name in ("valid", "solid", "distinct", "gower")}


def over_queries(rates: dict[Group, RawRates], name: str) -> float:
    """One of the rates, averaged over the queries of all groups; 0 where there are none."""
    weights = [found.queries for found in rates.values()]
    return (
        float(np.average([getattr(found, name) for found in rates.values()], weights=weights))
        if rates
        else 0.0
    )


def choose_temperature(
    fitted: FittedCohort,
    prompt: TunedPrompt,
    model: LocalModel,
    validation_set: ValidationSet,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[float, list[dict[str, Any]]]:
    """Pick the temperature with the best raw validity on ``cases`` that still gives different answers.

    Returns it and the rates of every temperature tried, as rows for the card.
    """
    rows: list[dict[str, Any]] = []
    best, best_score = TEMPERATURES[0], -1.0
    for temperature in TEMPERATURES:
        rates = measure(
            fitted, prompt, model, validation_set, candidates=16, temperature=temperature, cancelled=cancelled
        )
        rows += rate_rows(rates, part="val", temperature=temperature)
        distinct = over_queries(rates, "distinct")
        if score(rates) > best_score and (distinct >= LEAST_DISTINCT or temperature == TEMPERATURES[0]):
            best, best_score = temperature, score(rates)
    return best, rows


def rate_rows(rates: dict[Group, RawRates], **about: Any) -> list[dict[str, Any]]:
    """Rates as rows of a table, one a group (those of single queries left out)."""
    return [
        {**about, "limits": profile, "desired": desired, **_means(found)}
        for (profile, desired), found in rates.items()
    ]


def _means(found: RawRates) -> dict[str, Any]:
    return {name: value for name, value in asdict(found).items() if name != "valid_of"}
