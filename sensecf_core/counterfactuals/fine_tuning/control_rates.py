"""Raw rates of the controls on the queries that an adapter is measured on."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import RawRates, rates_of
from sensecf_core.counterfactuals.fine_tuning.validation import Group, ValidationSet
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposal import Proposal, ProposalRequest, Proposer
from sensecf_core.counterfactuals.proposers.effects import EffectsProposer
from sensecf_core.counterfactuals.proposers.nearest_pair import (
    Answered,
    Lessons,
    NearestPairProposer,
    taught,
)
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.types import Callbacks

CANDIDATES = 16


def _nearest_pair(fitted: FittedCohort, pair: Pair) -> Proposer:
    query = pair.query
    return NearestPairProposer(fitted, taught(fitted, query.desired, query.limits.profile))


CONTROLS: Mapping[str, Callable[[FittedCohort, Pair], Proposer]] = {
    "random": lambda fitted, _: RandomProposer(fitted.schema),
    "nearest-pair": _nearest_pair,
    "effects": lambda fitted, pair: EffectsProposer(fitted.schema, pair.hints),
}
"""What makes each control's proposer for a query and what a prompt tells of it."""


def controls_of(source: str) -> tuple[str, ...]:
    """The controls of a prompt: who is told nothing of changes is not held against their worth."""
    return ("random", "nearest-pair") if source == "profile" else tuple(CONTROLS)


def rate_name(control: str, rate: str = "valid") -> str:
    """The name of a control's rate on a card: ``nearest_pair_valid``."""
    return f"{control.replace('-', '_')}_{rate}"


def control_rates(
    fitted: FittedCohort,
    control: str,
    pairs: Sequence[Pair],
    *,
    candidates: int = CANDIDATES,
    seed: int = 0,
    lessons: Sequence[Pair] = (),
    cancelled: Callable[[], bool] = lambda: False,
) -> RawRates:
    """Raw rates of a control on the queries of ``pairs``, ``candidates`` each; raises ``CancelledError``.

    ``effects`` is told what the pairs' hints say, whatever their source.
    """
    run = ProposalRequest(candidates, seed, None, math.inf, Callbacks(cancelled=cancelled))

    def ask(pair: Pair) -> Proposal:
        made = copied if control == "nearest-pair" and lessons else CONTROLS[control](fitted, pair)
        return made.propose(pair.query, run)

    copied = NearestPairProposer(fitted, _like(fitted.schema, pairs, lessons))
    return rates_of(fitted, pairs, ask, cancelled)


def _like(schema: Schema, pairs: Sequence[Pair], lessons: Sequence[Pair]) -> Lessons:
    """The lessons of the direction and limits profile of ``pairs``, which are all of one."""
    kinds = {(pair.query.limits.profile, pair.query.desired) for pair in pairs}
    like = [one for one in lessons if (one.query.limits.profile, one.query.desired) in kinds]
    return Lessons.of(schema, [Answered(one.query, one.answers) for one in like])


def with_controls(
    fitted: FittedCohort,
    validation_set: ValidationSet,
    rows: Sequence[Mapping[str, Any]],
    cancelled: Callable[[], bool] = lambda: False,
    *,
    controls: Collection[str] = tuple(CONTROLS),
    lessons: Sequence[Pair] = (),
) -> list[dict[str, Any]]:
    """A card's rows with raw validity and solidity of ``controls`` beside the model's, on the same queries.

    ``nearest-pair`` copies ``lessons``, what the model was taught, where they are given.
    """
    beside: dict[Group, dict[str, float]] = {}
    for group, pairs in validation_set.groups.items():
        found = {
            control: control_rates(fitted, control, pairs, lessons=lessons, cancelled=cancelled)
            for control in controls
        }
        beside[group] = {rate_name(control): rates.valid for control, rates in found.items()}
        beside[group] |= {rate_name(control, "solid"): rates.solid for control, rates in found.items()}
    return [{**row, **beside[row["limits"], row["desired"]]} for row in rows]
