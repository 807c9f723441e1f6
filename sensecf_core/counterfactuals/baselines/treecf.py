"""treecf 0.3 (Wlazło 2026, doi 10.5281/zenodo.22069503): a search in the trees themselves, with proofs.

It reads the boosted trees and never asks the classifier about a row. It takes every limit: ranges,
levels, rules, and the number of changes, by solving each set of features that may move together. Where
its exact search goes through all sets and finds no plan, there is none, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any

import numpy as np

from sensecf_core.classifiers.calibration import log_odds
from sensecf_core.classifiers.classifier import with_trees
from sensecf_core.classifiers.design_matrix import columns as matrix_columns, owners, to_matrix
from sensecf_core.cohorts.encoding import Codes
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.baselines.black_box import BlackBox
from sensecf_core.counterfactuals.baselines.movable_table import BaselineResult, is_number

APART = 1e-6
"""Values that differ by more are different ones: a plan of treecf carries rounding errors."""
BEYOND = 1e-9
"""Log-odds that a plan lies beyond the threshold at least; the threshold itself belongs to class 1."""
SETS_PER_BATCH = 32
"""Sets of features solved between two checks of the clock."""
REDUCTIONS = (20.0, 10.0, 5.0, 3.0)
"""Points of 100 that are tried one after the other where the risk is to be lowered: treecf takes a risk to
reach, and knows no farthest one."""
NODES_A_SET, NODES = 100_000, 2_000_000
"""Nodes of its search that one set of features, and one query, may take: the same on every machine.

A set seldom takes more than a few thousand; 100,000 are about two seconds. The time allowed for an answer is
a safety stop beside them.
"""

Features = tuple[int, ...]
"""Columns of the table that may move together."""
Held = tuple[tuple[int, int], ...]
"""Columns that have to move, each with the position of its side (:meth:`.MovableTable.sides`)."""


@dataclass
class Plans:
    """What treecf found: by set of features, the plan's cost and its row of the table.

    ``proved`` holds as long as every set without a plan is certified to have none; ``nodes`` are left.
    """

    found: dict[Features, tuple[float, Codes]] = field(default_factory=dict)
    proved: bool = True
    nodes: int = NODES

    def cheapest(self, k: int, width: int) -> Codes:
        """The ``k`` cheapest rows, shape (n, width)."""
        ranked = sorted(self.found.items(), key=lambda item: (item[1][0], item[0]))
        return np.array([row for _, (_, row) in ranked[:k]]).reshape(-1, width)

    def keep(self, features: Features, plan: tuple[float, Codes]) -> None:
        """Keep a plan of a set of features, unless a cheaper one is known."""
        if features not in self.found or plan[0] < self.found[features][0]:
            self.found[features] = plan

    def open_sets(self, sets: Iterator[Features]) -> Iterator[list[Features]]:
        """A few sets at a time, without those that hold a set with a plan: it would be found again."""
        while batch := list(islice(sets, SETS_PER_BATCH)):
            if fresh := [
                features for features in batch if not any(set(known) <= set(features) for known in self.found)
            ]:
                yield fresh


def search(black_box: BlackBox, *, kind: str, k: int, seed: int) -> BaselineResult:
    """Ask treecf for ``k`` plans that move different sets of features, fewer features first.

    ``kind`` is empty: there is one search. Certified is what no row within the limits can do.
    """
    found = BaselineResult(black_box.table.none().rows)
    for line in _lines(black_box):
        found = _search(black_box, line, k, seed)
        if len(found.rows) or found.ended is not None:
            break
    return found


def _lines(black_box: BlackBox) -> list[float]:
    """The risks to get across, one after the other until one can be: to lower a risk, the farthest first."""
    query = black_box.table.space.query
    if query.goal.kind != "lower":
        return [black_box.line]
    sign = 1 if query.desired else -1
    lines = [query.factual.probability + sign * points / 100 for points in REDUCTIONS]
    return [line for line in lines if 0 < line < 1]


def _search(black_box: BlackBox, line: float, k: int, seed: int) -> BaselineResult:
    table, trees, plans = black_box.table, Trees(black_box, line), Plans()
    width = len(table.positions)
    for size in range(1, min(table.space.max_changes, width) + 1):
        for batch in plans.open_sets(combinations(range(width), size)):
            trees.solve(batch, plans, seed)
            if plans.nodes <= 0:
                return BaselineResult(plans.cheapest(k, width), ended="budget")
        if len(plans.found) >= k:
            break
    return BaselineResult(plans.cheapest(k, width), certified=plans.proved and not plans.found)


class Trees:
    """The classifier's trees, its threshold and the query's limits, in treecf's terms.

    ``names`` are the matrix columns as treecf names them, ``owners`` the features they belong to, ``factual``
    the row as it is in the matrix, ``target`` the desired class.
    """

    def __init__(self, black_box: BlackBox, line: float | None = None) -> None:
        import treecf

        self.black_box, self.table = black_box, black_box.table
        schema, fitted = self.table.space.schema, black_box.fitted
        self.columns = matrix_columns(schema)
        self.owners = owners(schema)
        self.names = [f"f{column}" for column in range(len(self.columns))]  # as treecf names them itself
        self.factual = to_matrix(schema, self.table.space.factual[None])[0]
        self.target = _target(black_box, black_box.line if line is None else line)
        self._grid: dict[str, Any] = {
            name: treecf.Grid(step=1.0 if level else schema.feature(feature).grid)
            for name, (feature, level) in zip(self.names, self.columns, strict=True)
        }
        self.exact = treecf.Explainer(
            with_trees(fitted.classifier).tree_model,
            background=to_matrix(schema, fitted.train_codes),
            constraints=list(self.limits(treecf)),
            value_policy=self._grid,
        )
        self._others: dict[tuple[Held, bool], Any] = {((), False): self.exact}

    def explainer(self, held: Held, *, ruled: bool = False) -> Any:
        """The search in which some columns have to move; ``ruled``: it also knows rules over several."""
        import treecf

        if (held, ruled) not in self._others:
            self._others[held, ruled] = treecf.Explainer(
                self.exact.ir,
                normalizers=self.exact.sigma,
                constraints=[*self.limits(treecf, held), *(self._rules(treecf) if ruled else ())],
                value_policy=self._grid,
            )
        return self._others[held, ruled]

    def solve(self, sets: Sequence[Features], plans: Plans, seed: int) -> None:
        """Solve sets of features: exactly, and where the plan breaks a rule, again with all rules.

        The exact search takes no rules over several features. That there is no plan without rules
        certifies that there is none with them; a plan that the other search does not find may exist.

        Nor does it know that a change may be too small to be suggested. A plan with such a change is solved
        again with that column held to each of its sides in turn. Sets without the column were solved before.
        """
        open_sets: dict[Held, list[Features]] = {(): list(sets)}
        while open_sets and plans.nodes > 0:
            held, batch = open_sets.popitem()
            for features, column in self._solve(batch, held, plans, seed):
                for side in range(len(self.table.sides(column))):
                    open_sets.setdefault(tuple(sorted((*held, (column, side)))), []).append(features)

    def _solve(
        self, sets: Sequence[Features], held: Held, plans: Plans, seed: int
    ) -> Iterator[tuple[Features, int]]:
        """Solve sets with columns held; yields each set that needs another one held, with that column."""
        again = []
        limits = {"warm_start": False, "node_budget": NODES_A_SET}
        for features, plan, certified in self._ask(
            self.explainer(held), "exact", sets, plans, seed, **limits
        ):
            if plan is None:
                plans.proved = plans.proved and certified
            elif (short := self.too_small(plan[1])) is not None:
                yield features, short
            elif self.keeps_rules(plan[1]):
                plans.keep(features, plan)
            else:
                again.append(features)
        ruled = self.explainer(held, ruled=True) if again else None
        for features, plan, _ in self._ask(ruled, "genetic", again, plans, seed) if again else ():
            if plan is None or self.too_small(plan[1]) is not None:
                plans.proved = False
            else:
                plans.keep(features, plan)

    def too_small(self, row: Codes) -> int | None:
        """The first column of a row of the table whose change is too small to be suggested."""
        short = np.flatnonzero(np.abs(row - self.table.allowed(row[None])[0]) > APART)
        numbers = [int(column) for column in short if is_number(self.table.features[column])]
        return numbers[0] if numbers else None

    def _ask(
        self, explainer: Any, backend: str, sets: Sequence[Features], plans: Plans, seed: int, **options: Any
    ) -> Iterator[tuple[Features, tuple[float, Codes] | None, bool]]:
        """Each set with its plan (cost and row of the table), or None and whether that is certified."""
        import treecf

        self.black_box.check()
        named = {str(number): self.matrix_names(features) for number, features in enumerate(sets)}
        results = explainer.explain_coalitions(
            self.factual,
            self.target,
            named,
            backend=backend,
            seed=seed,
            time_budget_s=self.black_box.seconds_left,
            **options,
        )
        self.black_box.check()  # what the safety stop cut short is not taken for the search's own word
        plans.nodes -= sum(nodes(result) for result in results.values())
        for number, result in results.items():
            features = sets[int(number)]
            if isinstance(result, treecf.Counterfactual):
                if not all(result.snapped.values()):
                    # Its way to a value that may be suggested would have cost the class or a rule.
                    yield features, None, False
                    continue
                yield features, (float(result.distance), self.row(result.x_cf)), False
            else:
                yield features, None, result.proof == "certified"

    def matrix_names(self, features: Features) -> list[str]:
        """The matrix columns of a set of columns of the table."""
        moving = self.table.positions[list(features)]
        return [name for name, owner in zip(self.names, self.owners, strict=True) if owner in moving]

    def row(self, cells: Codes) -> Codes:
        """Read a row of the matrix back as a row of the table, shape (columns,)."""
        row = np.empty(len(self.table.positions))
        for column, position in enumerate(self.table.positions):
            own = cells[self.owners == position]
            named = self.table.features[column].kind == "categorical"
            # A category with two levels has one matrix column, that of its second level.
            row[column] = own[0] if not named else own[0] > 0.5 if len(own) == 1 else own.argmax()
        return row

    def limits(self, treecf: Any, held: Held = ()) -> Iterator[Any]:
        """What may not move, the ranges, and one level a category; columns ``held`` must move."""
        side_of = dict(held)
        column_of = {int(position): column for column, position in enumerate(self.table.positions)}
        groups: dict[int, list[str]] = {}
        for at, (name, owner) in enumerate(zip(self.names, self.owners, strict=True)):
            level = self.columns[at][1]
            if (column := column_of.get(int(owner))) is None:
                yield treecf.Freeze(name)
            elif level is None:
                side = side_of.get(column)
                yield treecf.Range(
                    name, *(self.table.span(column) if side is None else self.table.sides(column)[side])
                )
            else:
                groups.setdefault(int(owner), []).append(name)
                code = self.table.features[column].levels.index(level)
                closed = code not in (*self.table.values(column), self.table.factual[column])
                yield treecf.Freeze(name) if closed else treecf.Range(name, 0.0, 1.0)
        for names in groups.values():
            if len(names) > 1:
                yield treecf.OneHot(tuple(names))

    def _rules(self, treecf: Any) -> Iterator[Any]:
        """Rules and couplings that concern what may move and are judged (see ``cohorts.rules``).

        Each bound is drawn in by what rounding a plan to the features' decimals may cost; a rule that the row
        breaks already must not get worse.
        """
        schema = self.table.space.schema
        for rule in schema.rules:
            if self._applies(*rule.terms):
                now, slack = self._sum(rule.terms)
                yield treecf.Linear(self._weights(rule.terms), "<=", max(rule.bound - slack, now))
        for coupling in schema.couplings:
            terms = {coupling.feature: 1.0, coupling.follows: -coupling.slope}
            if self._applies(*terms):
                now, slack = self._sum(terms)
                room = max(coupling.tolerance - slack, 0.0)
                yield treecf.Linear(self._weights(terms), "<=", now + room)
                yield treecf.Linear(self._weights(terms), ">=", now - room)

    def _sum(self, terms: dict[str, float]) -> tuple[float, float]:
        """The row's own sum of terms, and by how much rounding may change such a sum."""
        space = self.table.space
        at = [space.schema.positions[name] for name in terms]
        weights = np.array(list(terms.values()))
        return float(weights @ space.factual[at]), float(np.abs(weights) @ space.half_step[at])

    def _applies(self, *names: str) -> bool:
        positions = [self.table.space.schema.positions[name] for name in names]
        measured = not np.isnan(self.table.space.factual[positions]).any()
        return measured and bool(set(positions) & set(self.table.positions.tolist()))

    def _weights(self, terms: dict[str, float]) -> dict[str, float]:
        where = {feature: name for name, (feature, _) in zip(self.names, self.columns, strict=True)}
        return {where[name]: weight for name, weight in terms.items()}

    def keeps_rules(self, row: Codes) -> bool:
        """Whether a row of the table, shape (columns,), breaks no rule that the row as it is keeps."""
        table = self.table
        codes = table.whole(table.allowed(row[None]))
        return not violations(table.space.schema, table.space.factual, codes).any()


def nodes(result: Any) -> int:
    """How many nodes treecf's exact search took for a result (its genetic one: none)."""
    return int(result.solver_stats.get("nodes_expanded", 0))


def _target(black_box: BlackBox, line: float) -> Any:
    """The desired side of a risk in the trees' own log-odds, which calibration stretches and shifts."""
    from treecf import Target

    fitted = black_box.fitted
    sigmoid = with_trees(fitted.classifier).calibration
    edge = (log_odds(line) - sigmoid.intercept) / sigmoid.slope
    below = (black_box.table.space.desired == 0) == (sigmoid.slope > 0)
    return Target.raw(op="<=" if below else ">=", value=edge - BEYOND if below else edge + BEYOND)
