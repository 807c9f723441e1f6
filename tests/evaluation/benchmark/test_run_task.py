"""One task answered and scored: what each pass records, by the same evaluators as everywhere."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.baselines.exact_distance import OptimalityProof
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.evaluation.benchmark.plan import Task
from sensecf_core.evaluation.benchmark.run_task import Bench, Record, codes_of, ended, run_task
from sensecf_core.evaluation.metrics.robustness import tiny_errors
from sensecf_core.evaluation.metrics.scores import score


def of_pass(drawing: tuple[Task, ...], kind: str) -> list[Task]:
    return [task for task in drawing if task.kind == kind]


@pytest.fixture(scope="module")
def found(bench: Bench, drawing: tuple[Task, ...]) -> tuple[Task, Record]:
    """The first person for whom uniform draws hold an answer."""
    return next(
        (task, record)
        for task in of_pass(drawing, "main")
        if (record := run_task(bench, task))["status"] == "found"
    )


def test_scores_are_those_of_the_codes_kept(bench: Bench, found: tuple[Task, Record]) -> None:
    task, record = found
    fitted = bench.evaluators.fitted
    limits = answer(fitted, task.request).limits
    key = (task.request.participant_id, "0")
    space = SearchSpace.of(
        fitted.schema, make_queries(fitted, [key], 1 - task.direction.predicted, limits)[0]
    )  # type: ignore[arg-type]
    for variant in ("returned", "refined"):
        kept = record["rows"][variant]
        codes = codes_of(kept["codes"], 10)
        scores = asdict(score(bench.evaluators, space, codes, 4))
        assert kept["scores"] == {name: None if np.isnan(x) else x for name, x in scores.items()}
        assert kept["scores"]["coverage"] == kept["scores"]["validity"] == 1
        assert kept["valid"] == len(codes) == kept["scores"]["returned"]
        assert sum(kept["changes"].values()) == space.changed(codes).sum()
        gower = fitted.distances.gower(space.factual, codes)
        assert kept["nearest_allowed"] == pytest.approx(gower.min())
        assert kept["outcomes"] == [[int(changed), True] for changed in space.changed(codes).sum(axis=1)]
    assert record["ended"] == "itself"
    assert record["model_rows"]["returned"] == 24 < record["model_rows"]["refined"]
    assert (record["raw"]["proposed"], record["raw"]["method"]) == (24, "random")
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_the_same_task_gives_the_same_record(bench: Bench, found: tuple[Task, Record]) -> None:
    task, record = found
    again = run_task(bench, task)
    assert again == {**record, "raw": {**record["raw"], "seconds": again["raw"]["seconds"]}}


def test_another_seed_and_a_shaken_row_are_kept_as_codes(bench: Bench, drawing: tuple[Task, ...]) -> None:
    for kind in ("seed", "noise"):
        record = run_task(bench, of_pass(drawing, kind)[0])
        assert set(record) == {"status", "codes"}
        assert set(record["codes"]) == {"returned", "refined"}
    timed = run_task(bench, of_pass(drawing, "timed")[0])
    assert set(timed) == {"seconds"}
    assert timed["seconds"]["refined"] > timed["seconds"]["returned"] > 0


def test_only_test_rows_are_shaken_and_only_a_little(bench: Bench) -> None:
    known, with_noise = bench.evaluators.fitted.cohort, bench.with_noise.cohort
    test = known.parts.eq("test").to_numpy()
    pd.testing.assert_frame_equal(known.rows[~test], with_noise.rows[~test])
    before, after = (to_codes(known.schema, cohort.rows[test]) for cohort in (known, with_noise))
    moved = np.abs(after - before)
    limit = tiny_errors(known.schema, bench.evaluators.errors)
    assert np.nanmax(moved) > 0
    assert (np.nanmax(moved, axis=0) <= 5 * limit + 1e-9).all()
    assert (np.isnan(before) == np.isnan(after)).all()


def test_a_query_says_whether_it_can_be_answered_and_how_near(
    bench: Bench, drawing: tuple[Task, ...]
) -> None:
    proofs = [
        OptimalityProof(distance=0.2),
        OptimalityProof(impossible=True),
        OptimalityProof(ended="budget"),
    ]
    task = of_pass(drawing, "query")[0]
    said = [run_task(replace(bench, prove=lambda *_, proof=proof: proof), task) for proof in proofs]  # type: ignore[misc]
    known = [{name: one[name] for name in ("proven", "found", "optimum", "proof_ended")} for one in said]
    assert known[0] == {"proven": True, "found": True, "optimum": 0.2, "proof_ended": None}
    assert known[1] == {"proven": False, "found": False, "optimum": None, "proof_ended": None}
    assert (known[2]["proven"], known[2]["proof_ended"]) == (None, "budget")
    assert {**said[2], "proof_ended": None} == run_task(bench, task)


def test_the_control_is_the_same_for_every_method_and_by_number_of_changes(
    bench: Bench, drawing: tuple[Task, ...]
) -> None:
    drawn = [run_task(bench, task)["control"] for task in of_pass(drawing, "query")]
    assert all(set(one) == {"1", "2", "3"} for one in drawn)
    assert all(0 <= won <= draws == 32 for one in drawn for won, draws in one.values())
    assert 0 < sum(one["3"][0] for one in drawn) < 32 * len(drawn)


@pytest.mark.parametrize(
    ("said", "reasons", "by"),
    [
        ({}, (), "itself"),
        ({"ended": "failure"}, ("NICE failed: KeyError",), "failure"),
        ({"ended": "budget"}, (), "budget"),
        ({}, ("Stopped after 120 s, the time allowed for one answer.",), "deadline"),
        ({"ended": "itself"}, ("Stopped: the budget of 5 model rows is spent.",), "budget"),
    ],
)
def test_what_ended_an_answer_is_recorded(
    bench: Bench, found: tuple[Task, Record], said: dict[str, str], reasons: tuple[str, ...], by: str
) -> None:
    given = answer(bench.evaluators.fitted, found[0].request)
    assert ended(given.model_copy(update={"provenance": said, "reasons": reasons})) == by


def test_a_question_without_an_answer_is_scored_as_not_answered(
    bench: Bench, found: tuple[Task, Record]
) -> None:
    task, _ = found
    main = run_task(bench, replace(task, infeasible=True))
    assert (main["status"], main["ended"]) == ("none", "proven")
    assert main["model_rows"] == {"returned": None, "refined": None}
    for row in main["rows"].values():
        assert (row["scores"]["coverage"], row["scores"]["returned"], row["valid"]) == (0, 0, 0)
        assert row["codes"] == row["outcomes"] == []
    again = run_task(bench, replace(task, kind="seed", infeasible=True))
    assert again == {"status": "none", "codes": {"returned": [], "refined": []}}
