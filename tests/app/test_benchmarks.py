"""The page Benchmarks: empty state, a run's charts and tables, and what is shown beside them."""

from __future__ import annotations

import copy
import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from streamlit.testing.v1 import AppTest

from sensecf_core.classifiers import store
from sensecf_core.cli.program import app
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import DISCLAIMER
from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.jobs import dispatch, job_table, subprocess_worker
from sensecf_core.jobs.job_table import JobOutcome
from sensecf_core.ui.benchmarks import chart_views, charts, small_run, tables as bench, tabs
from sensecf_core.ui.jobs import background_run
from tests.app import made_benchmark
from tests.app.conftest import ROOT, OpenPage, World, codes, page_text

TORCH = """
import json, sys
from streamlit.testing.v1 import AppTest
from sensecf_core.jobs import model_worker
model_worker.warm = lambda cohort, after: None  # what is drawn is one thing, what comes after another
at = AppTest.from_file("app.py", default_timeout=120)
at.switch_page("pages/5_Benchmarks.py")
at.query_params["cohort"] = "heart"
at.run()
assert not at.exception, at.exception[0].message
print(json.dumps([len(at.get("plotly_chart")), "torch" in sys.modules]))
"""


@pytest.fixture(scope="session")
def summary(trained: World) -> dict[str, Any]:
    return made_benchmark.make_summary(trained.cohort, trained.classifier)


@pytest.fixture(autouse=True)
def nothing_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "COMMITTED", tmp_path / "committed")


@pytest.fixture
def page(world: World, summary: dict[str, Any], open_page: OpenPage) -> AppTest:
    made_benchmark.store_run(summary)
    return open_page("Benchmarks")


def main_table(at: AppTest) -> Any:
    return at.dataframe[0].value


def test_without_a_run_the_page_gives_the_command(world: World, open_page: OpenPage) -> None:
    at = open_page("Benchmarks")
    assert "How good are the methods?" in page_text(at)
    assert "No benchmark of this cohort" in at.info[0].value
    assert "python -m sensecf_core benchmark --cohort small --methods all" in codes(at)
    assert not at.get("plotly_chart")
    assert "on AI-READI, as published" in at.dataframe[0].value.to_string()


def test_a_run_that_did_not_end_is_named_with_its_command(
    world: World, summary: dict[str, Any], open_page: OpenPage
) -> None:
    made_benchmark.store_run(summary, finished=False)
    at = open_page("Benchmarks")
    assert "No benchmark of this cohort" in at.info[0].value
    assert summary["command"] in codes(at)


def test_a_damaged_summary_is_said(world: World, summary: dict[str, Any], open_page: OpenPage) -> None:
    made_benchmark.store_run(summary)
    (run_folder.own_folder("small-made") / run_folder.SUMMARY).write_text('{"schema_version": 0}')
    at = open_page("Benchmarks")
    assert "another version" in at.error[0].value


def test_the_methods_stand_side_by_side_as_they_are_used(page: AppTest, summary: dict[str, Any]) -> None:
    table = main_table(page)
    assert list(table["Method"]) == ["Random draws + refine", "NICE sparsity", "LM with examples + refine"]
    row = next(r for r in summary["groups"][0]["rows"] if r["row"] == "random + refine")
    assert table["Coverage ↑"][0] == row["measures"]["coverage"]["value"], "numbers, so that they sort"
    shown = page.dataframe[0].proto.arrow_data.styler.display_values
    said = bench.cell("coverage", row["measures"]["coverage"])
    assert said.encode() in shown, "with their intervals"
    assert {"Validity ↑", "Gower distance ↓", "Time, s ↓"} <= set(table.columns)
    assert "8 queries, the same for every method" in page_text(page)
    assert "So few queries say little" in page_text(page)
    assert [tab.label for tab in page.tabs] == list(tabs.TITLES.values())
    assert len(page.get("plotly_chart")) == 1
    assert "Near the upper left corner an answer is believed" in page_text(page)
    heads = list(table.columns)
    assert heads[1:5] == ["Solid answer ↑", "Held by new refits ↑", "Forest agrees ↑", "Validity ↑"]


@pytest.mark.parametrize("real", [True, False])
def test_only_real_people_are_called_real(
    real: bool, world: World, summary: dict[str, Any], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    provenance = world.cohort.schema.provenance.model_copy(update={"real": real})
    cohort = replace(world.cohort, schema=world.cohort.schema.model_copy(update={"provenance": provenance}))
    monkeypatch.setattr(registry, "load", lambda name: cohort)
    made_benchmark.store_run(summary)
    at = open_page("Benchmarks", part="charts", chart="looks")
    picked = next(box for box in at.selectbox if box.label == "Chart")
    text = page_text(at)
    assert ("Do they look like real people?" in picked.options) == real
    assert ("real p" in text) == real and ("held-out people of the cohort" in text) != real


def asked(page: AppTest) -> Any:
    return next(box for box in page.selectbox if box.label == "Question")


def test_other_rows_and_the_other_direction_can_be_chosen(page: AppTest) -> None:
    question = asked(page)
    assert question.options == [
        "From “flag raised” to “flag not raised” · Options for a person",
        "From “flag not raised” to “flag raised” · Explanation only",
        "Lower the risk of “flag raised” · Options for a person",
    ]
    first = main_table(page)
    question.select(question.options[1]).run()
    assert not page.exception
    assert not main_table(page).equals(first)
    asked(page).select(question.options[2]).run()
    assert not page.exception
    belief = next(group for group in page.radio if group.label == "Believed by")
    assert belief.value == "unseen_reduction"
    asked(page).select(question.options[1]).run()
    rows = next(box for box in page.selectbox if box.label == "Rows")
    rows.set_value("all").run()
    assert not page.exception
    assert list(main_table(page)["Method"])[:2] == ["Random draws", "Random draws + refine"]
    assert len(main_table(page)) == 6


def turn(page: AppTest, **address: str) -> AppTest:
    """Open another view of an open page."""
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception, page.exception[0].message
    return page


def test_every_view_draws_one_chart_with_its_table(page: AppTest, summary: dict[str, Any]) -> None:
    views = [{"part": "charts", "chart": name} for name in chart_views.QUESTIONS]
    for view in [*views, {"part": "raw"}, {"part": "statistics"}]:
        turn(page, **view)
        assert len(page.get("plotly_chart")) == 1, view
        assert "Table as CSV" in [button.label for button in page.get("download_button")], view
        if view.get("chart") == "looks":
            real = summary["groups"][0]["real_rows"]["lof_inlier"]
            assert bench.cell("lof_inlier", real) in page_text(page)


def test_what_did_not_run_has_its_command_and_published_figures_stand_apart(
    page: AppTest, summary: dict[str, Any]
) -> None:
    turn(page, part="about")
    assert "Download the run as CSV" in [button.label for button in page.get("download_button")]
    assert "benchmark --cohort small --methods lm-few-shot@biomistral-7b" in codes(page)
    assert "finetune --cohort small --base llama-3.1-8b-instruct" in codes(page)
    facts = " ".join(str(cell) for cell in page.get("table")[0].value.to_numpy().ravel())
    assert "sha256 of classifier" in facts
    turn(page, part="published")
    assert "Not comparable" in page.warning[0].value
    published = next(t.value for t in page.dataframe if "Figure" in t.value.columns)
    assert set(published["Data"]) == {"on AI-READI, as published"}
    assert published["Source"].str.contains("arXiv").all()
    validity = next(r for r in bench.rows(summary["groups"][0], "in_use") if r["method"] == "lm-few-shot")
    said_here = bench.cell("validity", validity["measures"]["validity"])
    assert published["Here"][0] == f"LM with examples + refine {said_here}"


def test_a_run_about_other_rows_or_another_classifier_is_marked(
    world: World, summary: dict[str, Any], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = {**summary["provenance"]["sha256"], "cohort": "f" * 64}
    made_benchmark.store_run({**summary, "provenance": {**summary["provenance"], "sha256": hashes}})
    assert "other rows of this cohort" in open_page("Benchmarks").warning[0].value
    made_benchmark.store_run(summary)
    monkeypatch.setattr(store, "sha256", lambda cohort: "f" * 64)
    assert "another classifier" in open_page("Benchmarks").warning[0].value


def test_rates_of_a_part_of_the_queries_stand_in_tables_of_their_own(summary: dict[str, Any]) -> None:
    rows = bench.rows(summary["groups"][0], "all")
    for part in ("answerable", "complete"):
        table = bench.part_table(rows, part, ("coverage",))
        expected = [bench.cell("coverage", row[part]["coverage"]) for row in rows]
        assert list(table["Coverage ↑"]) == expected


def test_the_whole_run_as_csv(summary: dict[str, Any]) -> None:
    lines = list(csv.DictReader(io.StringIO(bench.long_csv(summary))))
    assert {line["notice"] for line in lines} == {DISCLAIMER}
    (entry,) = (
        line
        for line in lines
        if (line["goal"], line["direction"]) == ("cross", "1→0")
        and (line["row"], line["measure"]) == ("nice-sparsity", "coverage")
    )
    row = next(r for r in summary["groups"][0]["rows"] if r["row"] == "nice-sparsity")
    assert float(entry["value"]) == row["measures"]["coverage"]["value"]
    assert any(line["row"] == "held-out rows" and line["measure"] == "neighbours" for line in lines)


def test_the_credit_over_the_controls_stands_in_the_raw_table(
    world: World, summary: dict[str, Any], open_page: OpenPage
) -> None:
    credited = copy.deepcopy(summary)
    draws = credited["raw"][0]
    assert (draws["method"], draws["credit_over"]) == ("random", ""), "a control has no credit"
    credit = {"credit": {"mean": -0.07, "low": -0.12, "high": 0.01}, "credit_over": "nearest-pair"}
    credited["raw"] = [draws, {**draws, "method": "lm-few-shot", **credit}]
    made_benchmark.store_run(credited)
    at = open_page("Benchmarks", part="raw")
    (raw,) = [frame.value for frame in at.dataframe if "Credit" in frame.value.columns]
    shown = dict(zip(raw["Method"], raw["Credit"], strict=True))
    assert shown == {
        "Random draws": "–",
        "LM with examples": "−0.07 (−0.12 to +0.01) over Nearest answer",
    }
    assert "best control that knows as much" in page_text(at)


def test_a_small_run_is_started_from_the_page_with_the_commands_own_options(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        subprocess_worker, "start", lambda kind, argv, label: started.append([kind, *argv]) or "a-job"
    )
    page.selectbox(key="small_people").select(10)
    page.number_input(key="small_seed").set_value(7)
    next(b for b in page.button if b.label == "Start the run").click().run()
    assert not page.exception
    ((kind, command, *options),) = started
    assert kind == command == "benchmark"
    program: Any = typer.main.get_command(app)
    parsed = program.commands[command].make_context(command, options).params
    expected = {"cohort": "small", "methods": ",".join(small_run.FAST), "n": 10, "seed": 7}
    assert (expected | {"timed": False, "json_progress": True, "out": None}).items() <= parsed.items()


def test_a_run_under_way_is_shown_and_one_that_failed_says_why(
    page: AppTest, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = small_run.arguments("small", small_run.FAST, 4, 0)
    job = job_table.add(
        "process", "1:0.00:x", kind="benchmark", label="", spec=json.dumps(argv), most_waiting=9
    )
    job_table.finish(job, JobOutcome("failed", error="Nothing was left."))
    page.run()
    assert "ended at 0 %" in page.error[0].value and "Nothing was left." in page.error[0].value
    running = replace(job_table.find(job), state="running", fraction=0.25, message="1 of 4")  # type: ignore[type-var]
    monkeypatch.setattr(background_run, "newest", lambda kind, cohort: running)
    monkeypatch.setattr(dispatch, "view", lambda job_id: running)
    page.run()
    progress: Any = page.get("progress")[0]
    assert progress.value == 25 and "1 of 4" in progress.text
    assert [b for b in page.button if b.label == "Cancel"]
    assert not [b for b in page.button if b.label == "Start the run"]


def test_real_rows_are_a_line_and_missing_numbers_no_point(summary: dict[str, Any]) -> None:
    group = summary["groups"][0]
    real = group["real_rows"]["lof_inlier"]
    chart = charts.against_real(bench.rows(group, "in_use"), "lof_inlier", real, "")
    (line,) = chart.figure.layout.shapes
    assert line.x0 == line.x1 == real["value"]
    empty = {**bench.rows(group, "in_use")[0], "measures": {}}
    assert not charts.distance_and_sparsity([empty], "").figure.data


def test_drawing_the_page_loads_no_language_model_library(summary: dict[str, Any], private_var: Path) -> None:
    made_benchmark.store_run({**summary, "cohort": "heart"}, run_id="heart-made")
    done = subprocess.run(
        [sys.executable, "-c", TORCH], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    charts, torch = json.loads(done.stdout.splitlines()[-1])
    assert (charts > 0, torch) == (True, False)


def test_who_was_not_asked_what_has_no_answer_is_named(
    world: World, summary: dict[str, Any], open_page: OpenPage
) -> None:
    assert "provably" not in page_text(_page_of(summary, open_page))
    spared = copy.deepcopy(summary)
    row = spared["groups"][0]["rows"][0]
    row["ended"] = {"itself": 1, "proven": 2}
    about = page_text(_page_of(spared, open_page))
    assert f"and scored as failures there: {bench.title(row['method'])}." in about


def _page_of(summary: dict[str, Any], open_page: OpenPage) -> AppTest:
    made_benchmark.store_run(summary)
    return open_page("Benchmarks", part="about")
