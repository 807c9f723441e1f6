"""The controls beside the cells of the ablation, and each cell's credit over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sensecf_core.counterfactuals.fine_tuning.control_rates import control_rates
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import RawRates
from sensecf_core.counterfactuals.fine_tuning.validation import Group, ValidationSet, rate_rows
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.metrics.statistics import mean_interval
from sensecf_core.evaluation.raw_candidates.credit import credit


def control_rows(
    fitted: FittedCohort, asked: ValidationSet, controls: Sequence[str], lessons: Sequence[Pair] = ()
) -> list[dict[str, Any]]:
    """The rows of ``controls``, told what the prompts of ``asked`` tell, or taught ``lessons``."""
    rows: list[dict[str, Any]] = []
    for control in controls:
        rates = {
            group: control_rates(fitted, control, pairs, lessons=lessons)
            for group, pairs in asked.groups.items()
        }
        rows += with_intervals(rate_rows(rates, cell=f"control: {control}", part="val"), rates)
    return rows


def with_intervals(
    rows: list[dict[str, Any]], rates: Mapping[Group, RawRates], seed: int = 0
) -> list[dict[str, Any]]:
    """Rows of :func:`rate_rows` with the interval of their raw validity."""
    for row, found in zip(rows, rates.values(), strict=True):
        interval = mean_interval(np.array(found.valid_of), seed=seed)
        row |= {"valid_low": interval.low, "valid_high": interval.high}
    return rows


def credit_of(
    fitted: FittedCohort,
    found: RawRates,
    pairs: Sequence[Pair],
    *,
    controls: Sequence[str],
    candidates: int,
    seed: int,
    lessons: Sequence[Pair] = (),
) -> dict[str, Any]:
    """A cell's credit over the best of ``controls`` with its interval; empty where it was asked nothing.

    ``controls`` are those that know no more than its prompt, ``lessons`` what the cell was taught.
    """
    keys = [(pair.query.participant_id, pair.query.row_id) for pair in pairs]
    valid_of = {
        control: control_rates(fitted, control, pairs, candidates=candidates, lessons=lessons).valid_of
        for control in controls
    }
    credited = credit(
        dict(zip(keys, found.valid_of, strict=True)),
        {control: dict(zip(keys, valid, strict=True)) for control, valid in valid_of.items()},
        {key: key[0] for key in keys},
        seed=seed,
    )
    if credited is None:
        return {}
    interval = credited.interval
    ends = {"credit": interval.value, "credit_low": interval.low, "credit_high": interval.high}
    return {**ends, "credit_over": credited.control}
