"""The library as a notebook uses it."""

from __future__ import annotations

import doctest
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sensecf_core as sensecf
from sensecf_core import api
from sensecf_core.api import answers
from sensecf_core.cohorts import cohort as cohort_module
from sensecf_core.paths import ROOT
from tests.api.made_frames import WAYS, Plain, asked_directly, flagged

EXAMPLES = ROOT / "examples"


def test_importing_is_light_and_lists_what_there_is() -> None:
    code = (
        "import sys; import sensecf_core; "
        "print(sorted({'torch', 'pandas', 'numpy', 'streamlit'} & set(sys.modules)), "
        "sorted(dir(sensecf_core)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] [")
    for name in ("Cohort", "load_cohort", "train", "wrap", "explain", "benchmark", "InputError"):
        assert f"'{name}'" in done.stdout
        assert getattr(sensecf, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="no attribute 'explane'"):
        _ = sensecf.explane


def test_the_same_model_asked_directly_says_the_desired_class(
    frame: pd.DataFrame, pipeline: Any, cohort: sensecf.Cohort, model: Any
) -> None:
    answer = sensecf.explain(
        cohort,
        model,
        participant=flagged(model, cohort),
        method="random",
        limits="contrast",
        k=4,
        freeze=["pressure"],
        seed=0,
    )
    table = answer.to_frame()
    assert answer.status == "found" and len(table) == len(answer.counterfactuals) > 1
    assert "pressure" not in table and table["valid"].all() and table.attrs["goal"] == "cross"
    said = asked_directly(pipeline, frame, answer)
    assert (said < model.threshold).all()
    assert said == pytest.approx(table["probability"], abs=1e-5)
    rows = cohort.frame_of(found.features for found in answer.counterfactuals)
    assert list(rows.columns) == list(WAYS) and rows["steps"].dtype == frame["steps"].dtype
    assert (pipeline.predict_proba(rows)[:, 1] < model.threshold).all()
    contract = json.loads(json.dumps(answer.to_dict()))
    assert contract["counterfactuals"][0]["interval"] is not None
    assert "candidates" not in contract["trace"] and answer.to_dict(candidates=True)["trace"]["candidates"]
    again = sensecf.explain(
        cohort, model, participant=answer.participant_id, limits="contrast", freeze="pressure"
    )
    assert again.counterfactuals == answer.counterfactuals
    assert again.drivers == answer.drivers and {d.feature for d in answer.drivers} == set(WAYS)


def test_class_0_to_1_works_too(
    frame: pd.DataFrame, pipeline: Any, cohort: sensecf.Cohort, model: Any
) -> None:
    test = cohort.part("test")
    calm = test.index[np.flatnonzero(model.predict(test) == 0)[0]][0]
    answer = sensecf.explain(cohort, model, participant=calm, desired=1, method="random")
    assert answer.status == "found"
    assert (asked_directly(pipeline, frame, answer) >= model.threshold).all()


def test_treecf_is_refused_in_one_sentence(cohort: sensecf.Cohort, model: Any) -> None:
    for ask in (
        lambda: sensecf.explain(cohort, model, participant=flagged(model, cohort), method="treecf"),
        lambda: sensecf.benchmark(cohort, model, methods=["random", "treecf"], n=1),
    ):
        with pytest.raises(sensecf.InputError, match="wrapped model has none") as refused:
            ask()
        assert str(refused.value).count(".") == 1 and str(refused.value).endswith(".")


def test_slips_name_the_near_matches(cohort: sensecf.Cohort, model: Any, pipeline: Any) -> None:
    person = flagged(model, cohort)

    def ask(**options: Any) -> Callable[[], Any]:
        return lambda: sensecf.explain(cohort, model, **{"participant": person, **options})

    for slip, said in (
        (ask(method="randon"), "did you mean random"),
        (ask(limits="contrasts"), "did you mean contrast"),
        (ask(freeze=["glukose"]), "did you mean glucose"),
        (ask(ranges={"step": (1, 2)}), "did you mean steps"),
        (ask(ranges={"steps": "many"}), "must be two numbers"),
        (ask(participant="nobody"), "Unknown participant 'nobody'"),
        (ask(row="7"), "Unknown row of participant"),
        (ask(desired=2), "`desired` must be 0 or 1"),
        (ask(k=0), "`k` must be from 1"),
        (ask(method=None), "Unknown method None"),
        (ask(k="many"), "`k`"),
        (ask(freeze=None), "`freeze` must be a list of names"),
        (ask(ranges=["steps"]), "`ranges` must be a dict"),
        (ask(method="lm-few-shot", language_model="smolm2-135m"), "did you mean smollm2-135m"),
        (lambda: sensecf.load_cohort("nhanse"), "did you mean nhanes"),
        (lambda: model.predict_proba(cohort.rows[["lean"]]), "no column `glucose`"),
        (lambda: cohort.frame_of([{"glukose": 90}]), "did you mean glucose"),
        (lambda: cohort.frame_of([{"glucose": "high"}]), "must be a number, got 'high'"),
        (lambda: sensecf.load_cohort(2), "Unknown cohort '2'"),
        (lambda: sensecf.benchmark(cohort, model, methods=["dice-randon"]), "did you mean dice-random"),
        (lambda: sensecf.benchmark(cohort, model, n=-1), "`n` must be 0 or more"),
        (lambda: sensecf.benchmark(cohort, model, n="5"), "`n` must be a whole number, got '5'"),
        (lambda: sensecf.benchmark(cohort, model, methods=[]), "^No method is named; there are lm-"),
        (lambda: sensecf.wrap(pipeline, cohort, threshold="half"), "`threshold` must be a number"),
        (lambda: sensecf.wrap(pipeline, cohort, refits=-1), "`refits` must be 0 or more"),
        (lambda: sensecf.explain(cohort, pipeline, participant=person), r"by wrap\(model, cohort\)"),
        (lambda: sensecf.explain("heart", participant="1"), "must be a Cohort"),
        (lambda: sensecf.explain(sensecf.load_cohort("heart"), model, participant="1"), "another schema"),
    ):
        with pytest.raises(sensecf.InputError, match=said):
            slip()


def test_methods_are_compared_on_a_wrapped_model(cohort: sensecf.Cohort) -> None:
    model = sensecf.wrap(Plain(), cohort)
    result = sensecf.benchmark(cohort, model, methods=["random", "dice-random"], n=2, candidates=8)
    table = result.to_frame()
    assert set(table["method"]) == {"random", "random + refine", "dice-random", "dice-random + refine"}
    assert set(table["direction"]) == {"1→0", "0→1"} and (table["queries"] == 2).all()
    used = table[table["in_use"]]
    assert used["validity"].dropna().between(0, 1).all() and (used["coverage"] > 0).any()
    assert "refit_validity" not in table and "seconds" not in table
    assert table.attrs["measures"]["validity"].endswith("(higher is better)")
    group = result.summary["groups"][0]
    assert group["rows"][0]["measures"]["coverage"]["n"] == 2 and group["proven"]["value"] == 0
    assert len(result.queries) == 3 * 2 * 4  # directions and goals, people, rows of the methods


def test_ours_is_trained_in_memory_and_loaded_where_it_is_stored(
    cohort: sensecf.Cohort, private_var: Path
) -> None:
    heart = sensecf.load_cohort("heart")
    assert sensecf.train(heart) is sensecf.train(heart)
    model = sensecf.train(cohort)
    assert len(model.refits) == 20 and sensecf.train(cohort) is model
    assert not list(private_var.rglob("*.skops"))
    answer = sensecf.explain(cohort, participant=flagged(model, cohort), method="treecf", k=2)
    assert answer.provenance["sha256"]["classifier"] == model.sha256
    assert all(found.interval is not None for found in answer.counterfactuals)


@pytest.mark.parametrize("module", [answers, cohort_module])
def test_examples_in_docstrings_are_true(module: Any) -> None:
    done = doctest.testmod(module, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert done.failed == 0 and done.attempted > 0


@pytest.mark.parametrize("script", ["own_model", "own_csv"])
def test_example_scripts_run(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = runpy.run_path(str(EXAMPLES / f"{script}.py"))
    assert found["answer"].status == "found"
    assert "probability" in capsys.readouterr().out
    if script == "own_model":
        assert set(found["pipeline"].predict(found["rows"])) == {0}
