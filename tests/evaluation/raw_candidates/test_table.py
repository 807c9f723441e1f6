"""The trace table: resumed after a kill, rates over people, intervals, CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.evaluation.raw_candidates.directions import Direction
from sensecf_core.evaluation.raw_candidates.files import as_csv
from sensecf_core.evaluation.raw_candidates.table import run, summarise
from sensecf_core.queries.answer import Answer, Seconds, Trace
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import Factual
from sensecf_core.queries.request import ExplainRequest

TOWARDS = Direction(1, "intervention")


def answered(request: ExplainRequest, **counts: int) -> Answer:
    passed = {
        "proposed": 16,
        "unique": 9,
        "readable": 16,
        "within_limits": 12,
        "valid": 4,
        "plausible": 2,
        "shown": 1,
    }
    return Answer(
        answer_id="a", cohort="small", method=request.method, seed=0, created="", row_id="0",
        participant_id=request.participant_id, status="found", reasons=(), desired=0, threshold=0.3,
        factual=Factual(features={}, probability=0.6, predicted=1), limits=Limits(profile="intervention"),
        counterfactuals=(), best=None, trace=Trace(**{**passed, **counts}), seconds=Seconds(total=1.5),
    )  # fmt: skip


def asked(people: int, *methods: str) -> list[tuple[Direction, ExplainRequest]]:
    return [
        (
            TOWARDS,
            ExplainRequest(cohort="small", participant_id=f"p{n}", method=method, profile="intervention"),
        )
        for method in methods
        for n in range(people)
    ]


def quiet(fraction: float, message: str) -> None:
    assert 0 <= fraction <= 1
    assert message


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    finished = {method: tmp_path / f"{method}.jsonl" for method in ("random", "lm-few-shot")}
    queries = asked(5, "random", "lm-few-shot")
    answers: list[str] = []

    def explain(request: ExplainRequest) -> Answer:
        if len(answers) == 7:
            raise KeyboardInterrupt
        answers.append(request.participant_id)
        return answered(request)

    with pytest.raises(KeyboardInterrupt):
        run(queries, finished, explain, quiet)
    with finished["random"].open("a") as lines:
        lines.write('{"key": "1→0 interv')
    answers.clear()
    records = run(queries, finished, explain, quiet)
    assert answers == ["p2", "p3", "p4"]
    assert [(r["method"], r["participant_id"]) for r in records] == [
        (request.method, request.participant_id) for _, request in queries
    ]
    answers.clear()
    assert run(queries, finished, explain, quiet) == records
    assert answers == []


def records(*shares: tuple[int, int]) -> list[dict[str, Any]]:
    """One record a person: proposed 10, valid as given, shown as given."""
    return [
        {
            "direction": "1→0", "limits": "intervention", "goal": "cross", "method": "random",
            "proposed": 10, "readable": 10,
            "within_limits": 8, "valid": valid, "plausible": valid, "shown": shown, "seconds": float(n),
        }
        for n, (valid, shown) in enumerate(shares)
    ]  # fmt: skip


def test_rates_are_means_of_each_persons_share() -> None:
    (row,) = summarise(records((0, 0), (5, 1), (8, 4), (0, 0)))
    assert row["people"] == 4
    assert row["candidates"] == 40
    assert row["within_limits"] == {
        "mean": pytest.approx(0.8),
        "low": pytest.approx(0.8),
        "high": pytest.approx(0.8),
    }
    assert row["valid"]["mean"] == pytest.approx(0.325)
    assert row["valid_any"]["mean"] == row["shown"]["mean"] == 0.5
    assert row["seconds"]["median"] == 1.5


def test_intervals_hold_the_estimate_and_narrow_with_people() -> None:
    few = summarise(records(*[(0, 0), (5, 1)] * 5))[0]["valid"]
    many = summarise(records(*[(0, 0), (5, 1)] * 80))[0]["valid"]
    for interval in (few, many):
        assert 0 <= interval["low"] < interval["mean"] < interval["high"] <= 1
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 2
    # The usual normal approximation for a mean of 160 values of 0 and 0.5.
    assert many["high"] - many["low"] == pytest.approx(2 * 1.96 * 0.25 / 160**0.5, rel=0.1)


def test_someone_with_nothing_proposed_counts_as_nothing_right() -> None:
    nobody = {**records((0, 0))[0], "proposed": 0, "readable": 0, "within_limits": 0}
    (row,) = summarise([nobody, *records((10, 1))])
    assert row["valid"]["mean"] == 0.5


def test_groups_have_rows_of_their_own_and_are_written_as_csv() -> None:
    other = [{**record, "method": "lm-few-shot"} for record in records((8, 1), (8, 1))]
    summary = summarise(records((2, 1), (4, 0)) + other)
    lines = list(csv.DictReader(io.StringIO(as_csv(summary))))
    assert [(line["method"], line["people"], line["valid"]) for line in lines] == [
        ("random", "2", "0.3000"),
        ("lm-few-shot", "2", "0.8000"),
    ]
    assert {"valid_low", "valid_high", "seconds", "shown"} <= set(lines[0])


def test_one_person_is_no_sample() -> None:
    (row,) = summarise(records((5, 1)))
    assert row["valid"] == {"mean": 0.5, "low": 0.5, "high": 0.5}
