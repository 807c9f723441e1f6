"""Means, rates over answerable queries, costs, subgroups, ratios and comparisons, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sensecf_core.evaluation.benchmark import summary
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.run_task import Bench, Record
from sensecf_core.evaluation.benchmark.table import table
from tests.evaluation.benchmark.hand_records import DRAWS, SEARCH, people, record, row, scores, task

Run = tuple[list[Task], dict[str, Record]]
NEAR = (0.1, 0.2, 0.4)
CONTROL = {"1": [8, 32], "2": [16, 32]}
PROOF_ENDED = (None, "budget", None, None)


@pytest.fixture(scope="module")
def made(bench: Bench) -> Run:
    """The search solves p0 to p2 and cannot answer p3; draws solve p0 and p1. p3 is unanswerable."""
    fitted = bench.evaluators.fitted
    tasks: list[Task] = []
    records: dict[str, Record] = {}

    def add(kind: str, entry: Any, person: str, found: Record) -> None:
        tasks.append(task(kind, entry, person))
        records[tasks[-1].key] = found

    nothing = scores(0, 0)
    for number, person in enumerate(people(fitted)):
        optimum = None if number == 3 else 0.05
        about = {"found": number < 3, "optimum": optimum, "control": CONTROL}
        proof = {"proven": None if number == 1 else number < 3, "proof_ended": PROOF_ENDED[number]}
        add("query", None, person, about | proof)
        ours = scores(2, 1, gower=NEAR[number], features_changed=2.0) if number < 3 else nothing
        better = scores(2, 2, gower=NEAR[number] / 2, features_changed=1.0) if number < 3 else nothing
        returned = row(fitted, person, ours, bmi=25.0, sugar=50.0)
        add("main", SEARCH, person, record(returned, row(fitted, person, better, bmi=25.0)))
        drawn = scores(1, 1, gower=0.3, features_changed=3.0) if number < 2 else nothing
        raw = {
            "direction": "1→0", "limits": "intervention", "goal": "cross",
            "participant_id": person, "row_id": "0",
            "method": "random", "proposed": 8, "readable": 8,
            "within_limits": 8, "valid": 2 * (number < 2), "plausible": 2 * (number < 2),
            "shown": 1, "seconds": 1.0, "unique": 8,
            "control_valid": 2, "second_valid": 2, "third_valid": 2, "changed": 3.0, "gower": 0.3,
            "final_changed": 3.0, "final_violations": 0, "askings": 1,
        }  # fmt: skip
        one = row(fitted, person, drawn, active=1.0)
        add("main", DRAWS, person, record(one, one, raw=raw))
    first = people(fitted)[0]
    moved = row(fitted, first, scores(2, 2), bmi=30.0)["codes"]
    add("noise", SEARCH, first, {"status": "found", "codes": {"returned": moved, "refined": moved}})
    add("noise", SEARCH, people(fitted)[1], {"status": "none", "codes": {"returned": [], "refined": []}})
    add("timed", SEARCH, first, {"seconds": {"returned": 0.5, "refined": 0.75}})
    return tasks, records


@pytest.fixture(scope="module")
def frame(bench: Bench, made: Run) -> pd.DataFrame:
    return table(bench, *made)


@pytest.fixture(scope="module")
def group(frame: pd.DataFrame, bench: Bench) -> dict[str, Any]:
    (found,) = summary.groups(frame, bench.evaluators.plausibility, seed=0)
    return found


def measures(group: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in group["rows"] if entry["row"] == name)


def test_the_table_has_a_line_per_query_and_row(frame: pd.DataFrame, bench: Bench) -> None:
    assert list(frame["row"][:4]) == ["dice-random", "dice-random + refine", "random", "random + refine"]
    assert len(frame) == 4 * 4
    search = frame[frame["row"] == "dice-random"]
    assert list(search["changes.sugar"]) == [1, 1, 1, 0]
    assert list(search["changes.age"]) == [0, 0, 0, 0]
    assert list(search["seconds"].fillna(-1)) == [0.5, -1, -1, -1]
    fitted = bench.evaluators.fitted
    measured = fitted.cohort.rows.loc[[(person, "0") for person in people(fitted)]].notna().all(axis=1)
    assert list(search["complete"]) == list(measured)
    assert set(search["subgroup.region"]) <= {"north", "south"}
    # bmi 25 and sugar 50 on one side, bmi 30 and the factual's sugar on the other, the same row twice.
    width = fitted.distances.ranges[[fitted.schema.positions[name] for name in ("bmi", "sugar")]]
    sugar = fitted.cohort.rows.loc[(people(fitted)[0], "0"), "sugar"]
    shared = fitted.cohort.rows.loc[(people(fitted)[0], "0")].notna().sum()
    expected = np.nansum([5 / width[0], abs(50 - sugar) / width[1]]) / shared
    assert search["stability"].iloc[0] == pytest.approx(expected)
    assert search["stability"].iloc[1:].isna().all()
    assert list(search["answered_twice"].fillna(-1)) == [1, 0, -1, -1]


def test_failures_count_and_rates_are_also_over_answerable_queries(group: dict[str, Any]) -> None:
    assert (group["direction"], group["desired"], group["queries"]) == ("1→0", 0, 4)
    assert group["unanswerable"]["value"] == 0.25
    assert group["proven"]["value"] == 0.75
    search, draws = measures(group, "dice-random"), measures(group, "random")
    assert (search["measures"]["coverage"]["value"], search["answerable"]["coverage"]["value"]) == (0.75, 1)
    assert search["measures"]["validity"] == {
        "value": 0.5, "low": 0.5, "high": 0.5, "n": 3
    }  # fmt: skip
    assert search["measures"]["coverage_validity"]["value"] == pytest.approx(0.375)
    assert draws["measures"]["coverage"]["value"] == 0.5
    assert draws["answerable"]["solved"]["value"] == pytest.approx(2 / 3)
    assert 0 <= search["measures"]["coverage"]["low"] < 0.75 < search["measures"]["coverage"]["high"] <= 1


def test_distance_is_over_solved_queries_and_against_the_optimum(group: dict[str, Any]) -> None:
    search = measures(group, "dice-random")["measures"]
    assert search["gower"]["value"] == pytest.approx(0.7 / 3)
    assert search["optimum_ratio"]["value"] == pytest.approx((2 + 4 + 8) / 3)
    assert search["optimum_ratio"]["n"] == 3


def test_costs_are_paid_by_what_was_found(group: dict[str, Any]) -> None:
    search, refined = measures(group, "dice-random"), measures(group, "dice-random + refine")
    assert search["measures"]["model_rows_each"]["value"] == pytest.approx(40 / 6)
    assert refined["measures"]["model_rows"]["value"] == 30
    assert (search["measures"]["seconds"]["value"], refined["measures"]["seconds"]["value"]) == (0.5, 0.75)
    assert search["measures"]["seconds_each"]["value"] == pytest.approx(0.25)
    assert measures(group, "random")["measures"]["seconds"] == {
        "value": None, "low": None, "high": None, "n": 0
    }  # fmt: skip


def test_a_query_that_a_method_answered_can_be_answered(bench: Bench, made: Run) -> None:
    tasks, records = made
    doubted = {
        key: {**found, "proven": None, "found": False} if "proven" in found else found
        for key, found in records.items()
    }
    rows = table(bench, tasks, doubted)
    assert list(rows[rows["row"] == "random"]["answerable"]) == [True, True, True, False]


def test_what_is_changed_is_a_share_of_valid_counterfactuals(group: dict[str, Any]) -> None:
    search, refined = measures(group, "dice-random"), measures(group, "dice-random + refine")
    assert {name: entry["value"] for name, entry in search["changes"].items()} == {"bmi": 1, "sugar": 1}
    assert search["measures"]["feature_entropy"]["value"] == pytest.approx(1)
    assert list(refined["changes"]) == ["bmi"]
    assert refined["measures"]["feature_entropy"]["value"] == 0


def test_small_subgroups_are_not_reported(frame: pd.DataFrame, bench: Bench, group: dict[str, Any]) -> None:
    assert measures(group, "dice-random")["subgroups"] == {"region": {}}
    more = pd.concat([frame] * 5, ignore_index=True)
    (found,) = summary.groups(more, bench.evaluators.plausibility, seed=0)
    regions = measures(found, "dice-random")["subgroups"]["region"]
    search = frame[frame["row"] == "dice-random"]
    assert {name: entry["value"] for name, entry in regions.items()} == (
        search.groupby("subgroup.region")["coverage"].mean().to_dict()
    )


def test_methods_are_compared_as_they_are_used(group: dict[str, Any]) -> None:
    used = group["comparisons"]["in_use"]
    assert used["rows"] == ["dice-random", "random + refine"]
    assert used["common"] == {"queries": 2, "of": 4}
    assert {name: entry["value"] for name, entry in used["quality"]["gower"]["means"].items()} == {
        "dice-random": pytest.approx(0.15), "random + refine": pytest.approx(0.3)
    }  # fmt: skip
    assert used["quality"]["gower"]["queries"] == 2
    assert used["quality"]["coverage"]["queries"] == 4
    assert used["quality"]["validity"]["queries"] == 2
    (pair,) = used["pairs"]["gower"]
    assert (pair["first"], pair["wins"], pair["losses"], pair["ties"]) == ("dice-random", 2, 0, 0)
    assert pair["difference"]["value"] == pytest.approx(-0.15)
    assert group["comparisons"]["returned"]["rows"] == ["dice-random", "random"]


def test_a_row_that_solves_few_queries_does_not_shrink_the_common_set(
    frame: pd.DataFrame, bench: Bench
) -> None:
    few = frame.copy()
    few.loc[few["method"] == "random", "solved"] = 0.0
    (found,) = summary.groups(few, bench.evaluators.plausibility, seed=0)
    used = found["comparisons"]["in_use"]
    assert (used["rows"], used["left_out"]) == (["dice-random"], ["random + refine"])
    assert used["common"] == {"queries": 3, "of": 4}


def test_what_refining_changes_is_paired_by_query(group: dict[str, Any]) -> None:
    effect = {entry["method"]: entry["measures"] for entry in group["refine_effect"]}
    assert effect["dice-random"]["gower"]["value"] == pytest.approx(-0.35 / 3)
    assert effect["dice-random"]["features_changed"]["value"] == -1
    assert effect["random"]["gower"]["value"] == 0


def test_real_rows_are_the_yardstick(group: dict[str, Any], bench: Bench) -> None:
    looks = bench.evaluators.plausibility.score_real_rows(0)
    assert group["real_rows"]["lof_inlier"]["value"] == pytest.approx(looks.lof_inlier.mean())
    assert group["real_rows"]["nearest"]["value"] == pytest.approx(looks.nearest.mean())


def test_raw_rates_are_those_of_methods_that_sample(made: Run, frame: pd.DataFrame) -> None:
    (rates,) = summary.raw_rates(*made, frame, seed=0)
    assert (rates["asked"], rates["method"], rates["people"]) == ("all", "random", 4)
    assert rates["valid"]["mean"] == 0.125
    assert (rates["answerable"]["mean"], rates["of_answerable_control_valid"]["mean"]) == (0.75, 0.25)


def test_what_is_known_of_the_queries_and_how_answers_ended_is_counted(group: dict[str, Any]) -> None:
    assert group["answers"] == {
        "proven_possible": 2, "proven_none": 1, "found": 1, "not_found": 0, "budget": 1, "deadline": 0
    }  # fmt: skip
    assert measures(group, "dice-random")["ended"] == {"itself": 4}


def test_a_method_is_credited_with_what_it_adds_to_draws_of_as_many_changes(frame: pd.DataFrame) -> None:
    # One of two at two changes against 16 of 32, both of two at one against 8 of 32.
    rows = {name: list(part["added"].fillna(-1)) for name, part in frame.groupby("row")}
    assert rows["dice-random"] == [0, 0, 0, -1]
    assert rows["dice-random + refine"] == [0.75, 0.75, 0.75, -1]


def test_with_and_without_the_grammar_are_paired_on_the_same_queries(bench: Bench, made: Run) -> None:
    held = Entry("lm-few-shot")
    tasks, records = list(made[0]), dict(made[1])
    for number, person in enumerate(people(bench.evaluators.fitted)):
        draws = records[task("main", DRAWS, person).key]
        tasks.append(task("main", held, person))
        records[tasks[-1].key] = draws
        if number in (1, 2):
            none = row(bench.evaluators.fitted, person, scores(0, 0))
            tasks.append(task("free", replace(held, grammar=False), person))
            records[tasks[-1].key] = {**draws, "rows": {"returned": none, "refined": none}}
    (found,) = summary.groups(table(bench, tasks, records), bench.evaluators.plausibility, seed=0)
    assert [entry["row"] for entry in found["without_grammar"]] == ["lm-few-shot", "lm-few-shot + refine"]
    first = found["without_grammar"][0]
    assert first["queries"] == 2
    ways = {way: first[way]["coverage"]["value"] for way in ("with", "without", "difference")}
    assert ways == {"with": 0.5, "without": 0, "difference": -0.5}
    assert all("no grammar" not in entry["row"] for entry in found["rows"])
    rates = {(rate["asked"], rate["method"]): rate["people"] for rate in summary.raw_rates(
        tasks, records, table(bench, tasks, records), seed=0
    )}  # fmt: skip
    assert rates["with grammar", "random"] == rates["without grammar", "random"] == 2
