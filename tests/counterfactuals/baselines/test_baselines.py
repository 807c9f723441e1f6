"""The baselines' own parts: the table they search in, their budget, their stop, and treecf's proofs."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.baselines import cfnow, dice, nice, proposer
from sensecf_core.counterfactuals.baselines.black_box import BlackBox, SearchEndedError
from sensecf_core.counterfactuals.baselines.movable_table import MovableTable
from sensecf_core.counterfactuals.baselines.timeout import OverdueError, ended_at
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import ProposalRequest
from sensecf_core.errors import NotReadyError
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.methods import METHODS, Package
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks


def query(fitted: FittedCohort, person: str, **limits: object) -> SearchSpace:
    asked = Limits.model_validate({"profile": "intervention", **limits})
    return SearchSpace.of(fitted.schema, make_queries(fitted, [(person, "0")], 0, asked)[0])


def request(method: str, participant: str, **options: object) -> ExplainRequest:
    """A question put to the method itself, as the benchmark does: no search runs before it."""
    asked = {"cohort": "small", "participant_id": participant, "method": method, "max_seconds": 20}
    measured = {"goal": "cross", "search_first": False}
    return ExplainRequest.model_validate({**asked, **measured, **options})


def black_box(fitted: FittedCohort, space: SearchSpace, rows: int = 10_000, **run: object) -> BlackBox:
    budget = Budget(fitted.classifier, rows)
    callbacks = Callbacks(cancelled=run.pop("cancelled", lambda: False))  # type: ignore[arg-type]
    bounds = {"deadline": np.inf, **run}
    one = ProposalRequest(1, 0, None, callbacks=callbacks, budget=budget, **bounds)  # type: ignore[arg-type]
    return BlackBox(fitted, MovableTable.of(fitted, space), budget, one, kept_rows=4)


class TestTable:
    def test_its_columns_are_what_may_move_and_it_has_no_gaps(
        self, fitted: FittedCohort, space: SearchSpace
    ) -> None:
        table = MovableTable.of(fitted, space)
        assert [feature.name for feature in table.features] == [one.feature for one in space.query.movable]
        assert np.isnan(fitted.train_codes[:, table.positions]).any()
        assert not np.isnan(table.pool).any()
        np.testing.assert_array_equal(table.pool[-1], table.factual)
        assert table.targets[-1] != space.desired

    def test_gaps_of_the_row_stay_gaps_for_the_classifier(
        self, fitted: FittedCohort, flagged: list[str]
    ) -> None:
        gap = fitted.schema.positions["waist"]
        person = next(p for p in flagged if np.isnan(query(fitted, p).factual[gap]))
        table = MovableTable.of(fitted, query(fitted, person))
        assert gap not in table.positions
        assert np.isnan(table.whole(table.pool[:3])[:, gap]).all()

    def test_values_move_to_the_nearest_allowed_one(self, fitted: FittedCohort, flagged: list[str]) -> None:
        table = MovableTable.of(fitted, query(fitted, flagged[0]))
        everything = table.allowed(np.vstack([table.pool, table.pool - 0.031, table.pool * 1.1]))
        for column, feature in enumerate(table.features):
            values, here = table.values(column), table.factual[column]
            got = everything[:, column]
            if feature.named or feature.kind == "binary":
                assert np.isin(got, [here, *values]).all()
            else:
                assert ((got >= values[0]) & (got <= values[-1]) | (got == here)).all()
                np.testing.assert_array_equal(got, got.round(feature.decimals))
        np.testing.assert_array_equal(table.allowed(table.factual[None])[0], table.factual)

    def test_between_two_equally_near_values_nothing_changes(
        self, fitted: FittedCohort, flagged: list[str]
    ) -> None:
        table = MovableTable.of(fitted, query(fitted, flagged[0]))
        column = [feature.name for feature in table.features].index("bmi")
        row = table.factual.copy()
        row[column] = table.span(column)[1] + 100  # "down" only: its own value is the nearest
        assert table.allowed(row[None])[0, column] == table.factual[column]


class TestScorer:
    def test_one_half_is_the_threshold(self, fitted: FittedCohort, space: SearchSpace) -> None:
        asked = black_box(fitted, space)
        rows = asked.table.allowed(asked.table.pool)
        probability = fitted.classifier.probability_of_codes(asked.table.whole(rows))
        assert len(set(probability >= fitted.classifier.threshold)) == 2
        np.testing.assert_array_equal(asked.class_1(rows) > 0.5, probability >= fitted.classifier.threshold)
        np.testing.assert_array_equal(asked.desired(rows) > 0.5, probability < fitted.classifier.threshold)
        assert asked.budget.rows == 2 * len(rows)

    def test_it_keeps_rows_for_the_checks(self, fitted: FittedCohort, space: SearchSpace) -> None:
        asked = black_box(fitted, space, rows=10)
        asked.both(asked.table.pool[:6])
        with pytest.raises(SearchEndedError, match="budget"):
            asked.both(asked.table.pool[:1])
        assert asked.budget.rows == 6

    @pytest.mark.parametrize(
        ("why", "run"), [("cancelled", {"cancelled": lambda: True}), ("deadline", {"deadline": 0.0})]
    )
    def test_it_ends_what_is_cancelled_or_late(
        self, fitted: FittedCohort, space: SearchSpace, why: str, run: dict[str, object]
    ) -> None:
        asked = black_box(fitted, space, **run)
        with pytest.raises(SearchEndedError, match=why):
            asked.both(asked.table.pool)
        assert asked.budget.rows == 0


class TestWatchdog:
    @pytest.mark.parametrize("stop", ["deadline", "cancel"])
    def test_a_loop_that_never_asks_and_swallows_errors_is_ended(self, stop: str) -> None:
        deadline, cancelled = (0.0, False) if stop == "deadline" else (np.inf, True)
        with pytest.raises(OverdueError), ended_at(deadline, lambda: cancelled, grace=0.05):
            while True:
                try:
                    sum(range(100))
                except Exception:
                    continue

    def test_what_ends_by_itself_is_left_alone_for_good(self) -> None:
        for _ in range(20):
            with ended_at(perf_counter() + 0.1, lambda: False, grace=0.0):
                pass
        end = perf_counter() + 0.5
        while perf_counter() < end:
            pass

    def test_a_search_in_circles_is_told_as_over_time(
        self, fitted: FittedCohort, flagged: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def in_circles(*_: object, **__: object) -> None:
            while True:
                pass

        monkeypatch.setattr(nice, "search", in_circles)
        monkeypatch.setattr(proposer, "ended_at", lambda *bounds: ended_at(*bounds, grace=0.1))
        found = answer(fitted, request("nice-none", flagged[0], max_seconds=0.2))
        assert found.status == "budget_spent"
        assert "the time allowed" in found.reasons[0]
        assert answer(fitted, request("random", flagged[0])).status in ("found", "none")


@pytest.mark.parametrize("free", [("sugar",), ("sugar", "sleep"), ("active", "smoking"), ("diet",)])
def test_a_greedy_search_over_few_features_goes_on_asking(
    free: tuple[str, ...], fitted: FittedCohort, flagged: list[str]
) -> None:
    """CFNOW's tabu list could hold every feature; it would then turn on the spot and never ask again."""
    names = [feature.name for feature in fitted.schema.features if feature.role != "context"]
    frozen = tuple(name for name in names if name not in free)
    asked = black_box(fitted, query(fitted, flagged[-1], profile="contrast", frozen=frozen), rows=500)
    with pytest.raises(SearchEndedError, match="budget"), ended_at(perf_counter() + 60, lambda: False):
        assert not len(cfnow.search(asked, kind="greedy", k=1, seed=0).rows)
        raise SearchEndedError("budget")  # it gave up by itself, as well


def test_the_genetic_search_goes_over_levels_alone(fitted: FittedCohort, flagged: list[str]) -> None:
    """The package fails where no feature that may move is a number."""
    free = ("smoking", "diet")
    frozen = tuple(name for name in fitted.schema.names if name not in free)
    asked = black_box(fitted, query(fitted, flagged[-1], profile="contrast", frozen=frozen), rows=500)
    assert {feature.name for feature in asked.table.features} <= set(free)
    with suppress(SearchEndedError):  # it may well use up its rows; it must not stumble before
        assert dice.search(asked, kind="genetic", k=2, seed=0).rows.shape[1] == len(asked.table.features)
    assert asked.budget.rows > 50


@pytest.mark.parametrize(("most", "kind"), [(60_000, "i"), (650_000_000_000, "f")])
def test_whole_numbers_that_dice_would_wrap_are_not_whole_for_it(most: int, kind: str) -> None:
    """DiCE keeps whole numbers in 32 bits."""
    table: Any = SimpleNamespace(
        features=(Feature(name="cells", label="Cells", kind="integer", role="clinical", valid=(0, 10**12)),),
        span=lambda _: (0.0, float(most)),
        pool=np.array([[1.0], [float(most)]]),
    )
    frame = dice._Frame(table, padded=False)
    written = frame.of(table.pool)
    assert written["cells"].dtype.kind == kind and frame.back(written).tolist() == table.pool.tolist()
    assert frame.permitted()["cells"] == [0, most]


def test_a_failing_package_is_told_and_counts_as_none(
    fitted: FittedCohort, flagged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(nice, "search", stumble)
    found = answer(fitted, request("nice-sparsity", flagged[0]))
    assert found.status == "none"
    assert found.reasons[0] == "NICE (sparsity) failed: IndexError: list index out of range"
    assert len(found.reasons) >= 2


def test_a_missing_package_is_named_with_the_command(
    fitted: FittedCohort, flagged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nice", None)
    with pytest.raises(NotReadyError, match=r"`nice`; `make setup`"):
        answer(fitted, request("nice-none", flagged[0]))
    method = METHODS["nice-none"]
    gone = replace(method, package=Package("no-such-package", "nice", "NICE"))
    monkeypatch.setitem(METHODS, "nice-none", gone)  # type: ignore[arg-type]
    with pytest.raises(NotReadyError, match=r"no-such-package .*`make setup`"):
        answer(fitted, request("nice-none", flagged[0]))


def test_answers_are_shown_as_they_came(fitted: FittedCohort, flagged: list[str]) -> None:
    """What a baseline answers is not made smaller by us: the name on it would not be true."""
    shown = 0
    for person in flagged[:6]:
        found = answer(fitted, request("dice-random", person, profile="contrast"))
        returned = [candidate.edits for candidate in found.trace.candidates]
        for option in found.counterfactuals:
            shown += 1
            assert {name: change.after for name, change in option.changes.items()} in returned
    assert shown


def test_nothing_reaches_the_network_and_no_log_is_set_up() -> None:
    code = """
import logging, socket
def refuse(*_, **__): raise AssertionError("asked the network")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from sensecf_core.counterfactuals.baselines.cfnow import _offline_import
print(callable(_offline_import()), logging.getLogger().handlers)
import nltk, tempfile
print([path for path in nltk.data.path if path.startswith(tempfile.gettempdir() + "/tmp")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True []\n[]\n", "")


def test_logs_and_warnings_are_as_before(fitted: FittedCohort, flagged: list[str]) -> None:
    handlers = list(logging.getLogger().handlers)
    answer(fitted, request("cfnow-greedy", flagged[-1], frozen=("bmi", "waist", "sleep"), max_seconds=5))
    assert logging.getLogger().handlers == handlers


def everything_allowed(space: SearchSpace, most: int) -> np.ndarray:
    """Every row within the limits that changes up to ``most`` features to values that may be suggested."""
    rows = []
    for size in range(1, most + 1):
        for positions in combinations(space.values, size):
            grid = np.meshgrid(*(space.values[position] for position in positions))
            some = np.tile(space.factual, (grid[0].size, 1))
            some[:, list(positions)] = np.stack([values.ravel() for values in grid], axis=1)
            rows.append(some)
    codes = np.vstack(rows)
    return codes[~violations(space.schema, space.factual, codes).any(axis=1)]


@pytest.mark.parametrize("most", [1, 2])
def test_treecf_finds_what_there_is_and_certifies_what_there_is_not(
    most: int, fitted: FittedCohort, flagged: list[str]
) -> None:
    """Held against every row that the limits allow."""
    claims, finds = [], []
    for person in flagged[::8]:
        space = query(fitted, person, max_changes=most)
        found = answer(fitted, request("treecf", person, max_changes=most, k=2))
        rows = everything_allowed(space, most)
        reachable = bool(fitted.reaches(fitted.classifier.probability_of_codes(rows), 0).any())
        candidates = found.trace.candidates
        assert all(candidate.valid and candidate.within_limits for candidate in candidates)
        finds.append(bool(candidates))
        claims.append("certifies that no change" in " ".join(found.reasons))
        assert finds[-1] == reachable
        assert not (claims[-1] and reachable)
    assert any(claims) and any(finds)


def test_a_pool_without_the_desired_class_is_none_not_an_error(
    fitted: FittedCohort, small_cohort: Cohort, flagged: list[str]
) -> None:
    frozen = [f.name for f in fitted.schema.features if f.role != "context" and f.name != "active"]
    found = answer(fitted, request("nice-sparsity", flagged[-1], frozen=frozen, profile="contrast"))
    assert found.status == "none"
    assert found.reasons[0] == "NICE (sparsity) found no counterfactual within these limits."
