"""The smallest Gower distance of any counterfactual within a query's limits, proven by treecf.

treecf's exact search minimises a weighted distance over the trees themselves. With the Gower distance's own
scales as its weights its optimum is ours. Every set of as many features as may change is solved; features
outside a set are frozen. Two limits that treecf does not support are handled here:

- values between the row's own and the nearest that may be suggested: treecf may use them. A plan with such a
  value is solved again with that feature frozen, and with it restricted to the allowed values on each side.
- rules over several features: a plan that breaks one is only a lower bound, and proves nothing.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from itertools import combinations
from time import perf_counter
from typing import Any, Literal

import numpy as np

from sensecf_core.cohorts.encoding import Codes
from sensecf_core.counterfactuals.baselines.black_box import BlackBox
from sensecf_core.counterfactuals.baselines.movable_table import MovableTable
from sensecf_core.counterfactuals.baselines.treecf import (
    NODES,
    NODES_A_SET,
    Features,
    Held,
    Trees,
    nodes as taken,
)
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest

SECONDS = 600.0
"""A safety stop for one query; what bounds a proof are treecf's nodes."""


@dataclass(frozen=True)
class OptimalityProof:
    """What was proven of a query: the least ``distance`` (Gower), that it is ``impossible``, or neither.

    ``ended`` says what kept it from proving either: ``"budget"`` of nodes, the safety stop (``"deadline"``,
    on another machine it may be proven), or a plan that is a lower bound only (None).
    """

    distance: float | None = None
    impossible: bool = False
    ended: Literal["budget", "deadline"] | None = None

    @property
    def known(self) -> bool:
        """Whether one of the two was proven."""
        return self.impossible or self.distance is not None


class _UnprovenError(Exception):
    """A set of features was not solved to the end; ``ended`` as in :class:`OptimalityProof`."""

    def __init__(self, ended: Literal["budget", "deadline"] | None = None) -> None:
        super().__init__(ended)
        self.ended = ended


def prove(
    fitted: FittedCohort, space: SearchSpace, *, seconds: float = SECONDS, nodes: int = NODES
) -> OptimalityProof:
    """Search a query's every set of features exactly, with ``nodes`` of treecf's search."""
    if not space.values:
        return OptimalityProof(impossible=True)
    exact = _Exact.of(fitted, space, perf_counter() + seconds, nodes)
    width = len(exact.trees.table.positions)
    sets = combinations(range(width), min(space.max_changes, width))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about searches that were not finished, which we say ourselves
            plans = [plan for features in sets if (plan := exact.best(features)) is not None]
    except _UnprovenError as unproven:
        return OptimalityProof(ended=unproven.ended)
    if not plans:
        return OptimalityProof(impossible=True)
    _, row = min(plans, key=lambda plan: plan[0])
    codes = exact.trees.table.whole(row[None])
    reached = fitted.reaches(fitted.classifier.probability_of_codes(codes), space.desired)
    if not reached[0] or not exact.trees.keeps_rules(row):
        return OptimalityProof()
    return OptimalityProof(distance=float(fitted.distances.gower(space.factual, codes)[0]))


@dataclass
class _Exact:
    """treecf's exact search with the Gower distance; ``explainers`` by the columns that have to move."""

    trees: Trees
    deadline: float
    nodes: int
    scales: dict[str, float]
    weights: dict[str, float]
    grid: dict[str, Any]
    explainers: dict[Held, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, fitted: FittedCohort, space: SearchSpace, deadline: float, nodes: int) -> _Exact:
        import treecf

        run = ProposalRequest(1, 0, None, deadline)
        table = MovableTable.of(fitted, space)
        trees = Trees(BlackBox(fitted, table, Budget(fitted.classifier, 0), run, kept_rows=0))
        parts = np.bincount(trees.owners)
        scales, weights, grid = {}, {}, {}
        for name, owner, (feature, level) in zip(trees.names, trees.owners, trees.columns, strict=True):
            span = fitted.distances.ranges[owner]
            # Another level moves two columns of a one-hot feature, and counts once.
            scales[name] = 1.0 if np.isnan(span) else float(span)
            weights[name] = 1.0 if parts[owner] == 1 else 0.5
            decimals = fitted.schema.feature(feature).decimals
            grid[name] = treecf.Grid(step=1.0 if level else 10.0**-decimals)
        return cls(trees, deadline, nodes, scales, weights, grid)

    def best(self, features: Features, held: Held = ()) -> tuple[float, Codes] | None:
        """The cheapest plan of a set of features, of which those ``held`` must move: its cost and row.

        None where it is certified that there is none. Raises :class:`_UnprovenError`.
        """
        table = self.trees.table
        plan = self._solve(features, held)
        if plan is None:
            return None
        short = np.flatnonzero(plan[1] != table.allowed(plan[1][None])[0]).tolist()
        if not short:
            return plan
        column = self.trees.too_small(plan[1])
        if column is None:  # a level between levels that may be suggested; no range keeps it out
            raise _UnprovenError
        rest = tuple(other for other in features if other != column)
        options = [self.best(rest, held) if rest else None]
        for side in range(len(table.sides(column))):
            options.append(self.best(features, tuple(sorted((*held, (column, side))))))
        known = [option for option in options if option is not None]
        return min(known, key=lambda option: option[0]) if known else None

    def _solve(self, features: Features, held: Held) -> tuple[float, Codes] | None:
        import treecf

        seconds, nodes = self.deadline - perf_counter(), min(NODES_A_SET, self.nodes)
        if seconds <= 0 or nodes <= 0:
            raise _UnprovenError("deadline" if seconds <= 0 else "budget")
        (result,) = (
            self._explainer(held)
            .explain_coalitions(
                self.trees.factual,
                self.trees.target,
                {"": self.trees.matrix_names(features)},
                backend="exact",
                seed=0,
                time_budget_s=seconds,
                node_budget=nodes,
                warm_start=False,
            )
            .values()
        )
        self.nodes -= taken(result)
        found = isinstance(result, treecf.Counterfactual)
        if result.proof != ("optimal" if found else "certified"):
            if taken(result) >= nodes:
                raise _UnprovenError("budget")
            raise _UnprovenError("deadline" if perf_counter() >= self.deadline else None)
        if not found:
            return None
        decimals = [feature.decimals for feature in self.trees.table.features]
        row = [round(float(x), d) for x, d in zip(self.trees.row(result.x_cf), decimals, strict=True)]
        return float(result.distance), np.array(row)

    def _explainer(self, held: Held) -> Any:
        """The search in which the columns ``held`` keep to a side of the values that may be suggested."""
        import treecf

        if held not in self.explainers:
            self.explainers[held] = treecf.Explainer(
                self.trees.exact.ir,
                normalizers=self.scales,
                weights=self.weights,
                constraints=list(self.trees.limits(treecf, held)),
                value_policy=self.grid,
            )
        return self.explainers[held]
