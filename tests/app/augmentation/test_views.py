"""The page Augmentation: the answer, its lights, every view of a run."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.augmentation.findings import cell_view, runs, sentences, waterfall
from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.findings.verdict import ABSENT, Verdict, verdict
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import DISCLAIMER
from sensecf_core.ui.augmentation import show, tabs
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.augmentation.tabs import TITLES
from sensecf_core.ui.augmentation.views import origin, rows_view
from sensecf_core.ui.common import charts, widgets
from tests.app import made_augmentation
from tests.app.conftest import ROOT, OpenPage, World, page_text

VIEWS = [name for name in TITLES if name != "about"]
CHARTS = {**dict.fromkeys(VIEWS, 1), "calibration": 2}
UNLOADED = """
import json, sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file("app.py", default_timeout=120)
at.switch_page("pages/6_Augmentation.py")
at.query_params["cohort"] = "heart"
at.query_params["view"] = "gains"
at.run()
assert not at.exception, at.exception[0].message
heavy = [name for name in ("torch", "sklearn", "transformers", "shap") if name in sys.modules]
print(json.dumps([len(at.get("plotly_chart")), heavy]))
"""


View = Callable[[str], AppTest]


@pytest.fixture(scope="module")
def drawn() -> dict[str, AppTest]:
    """Views of the made run that were opened before, by name: to be read, not to be run again."""
    return {}


@pytest.fixture
def view_of(run: dict[str, Any], open_page: OpenPage, drawn: dict[str, AppTest]) -> View:
    """A view of the made run, as its name in the address opens it."""

    def opened(view: str) -> AppTest:
        if view not in drawn:
            drawn[view] = open_page("Augmentation", view=view)
        return drawn[view]

    return opened


def codes(at: AppTest) -> str:
    return "\n".join(str(element.value) for element in at.get("code"))


def pick(at: AppTest, label: str) -> Any:
    return next(box for box in at.selectbox if box.label == label)


def chosen_of(world: World, made: Path, **picks: Any) -> Chosen:
    folder = made_augmentation.store(made)
    picks = {"scenario": "C", "removed": 0.7, "student": "trees", "measure": "auroc", **picks}
    return Chosen(world.cohort, folder, runs.read_summary(folder), **picks)


def test_without_a_run_the_page_says_what_to_do(world: World, open_page: OpenPage) -> None:
    at = open_page("Augmentation")
    assert "Do counterfactuals help when labels are scarce?" in page_text(at)
    assert "No augmentation run of this cohort is here yet" in at.info[0].value
    assert "augment --cohort small --scenario A,B,C" in codes(at)
    assert [b for b in at.button if b.label == "Start the quick run"]
    assert not at.get("plotly_chart")


def test_the_first_screen_answers(world: World, run: dict[str, Any], made: Path, open_page: OpenPage) -> None:
    at = open_page("Augmentation")
    expected = {"B": ABSENT}
    table = runs.read_table(made)
    for scenario in "AC":
        cell = cell_view.find_cell(run["results"], scenario, 0.7)
        assert cell is not None
        expected[scenario] = verdict(CellView(cell, run["titles"], "trees", "auroc"), table)
    in_order = {scenario: expected[scenario] for scenario in "ABC"}
    text = page_text(at)
    assert sentences.headline(in_order, 0.7, "trees", "AUROC") in text
    assert "B was not run" in text and "Best model over all students: " in text
    assert "**A** positives gone" in text and "**B** negatives gone" in text
    cell = cell_view.find_cell(run["results"], "C", 0.7)
    assert cell is not None
    left = cell["counts"]["train"]
    assert f"{left['zeros'] + left['ones']:.0f} training labels left, {left['ones']:.0f} of class 1" in text
    assert at.query_params["scenario"] == "C" and at.query_params["removed"] == "0.7"
    assert at.query_params["run"] == run["id"]


def test_what_another_run_has_is_said_and_the_one_with_a_language_model_comes_first(
    run: dict[str, Any], made: Path, open_page: OpenPage
) -> None:
    for name, arms in (("small-1", ["weights"]), ("small-2", ["weights", "lm-transfer-panel"])):
        folder = runs.COMMITTED / name
        shutil.copytree(made, folder)
        config = json.loads((folder / "config.json").read_text())
        cells = [{"scenario": "B", "removed": 0.7}]
        (folder / "config.json").write_text(json.dumps(config | {"id": name, "arms": arms, "cells": cells}))
    at = open_page("Augmentation")
    repeats = run["repeats"]
    assert at.query_params["run"] == "small-2"
    assert f"It is in another run: {repeats} repeats without language model" in page_text(at)
    titles = [f"{repeats} repeats {word} language model" for word in ("without", "with")]
    assert pick(at, "Run").options[:2] == titles


def test_pickers_change_what_is_said_and_the_address_keeps_them(
    run: dict[str, Any], open_page: OpenPage
) -> None:
    at = open_page("Augmentation")
    first = page_text(at)
    assert "\n**C**: " in first
    pick(at, "Scenario").select("A").run()
    pick(at, "Student").select("ridge").run()
    pick(at, "Measure").select("f1_half").run()
    assert not at.exception
    text = page_text(at)
    assert "(ridge regression, F1 at 0.5)" in text and "\n**A**: " in text
    address = dict(at.query_params.items())
    assert address | {"scenario": "A", "student": "ridge", "measure": "f1_half"} == address
    again = open_page("Augmentation", **address)
    assert page_text(again) == text


def test_an_address_that_names_what_there_is_not_shows_the_defaults(
    run: dict[str, Any], open_page: OpenPage
) -> None:
    at = open_page("Augmentation", scenario="Z", removed="0.123", student="oracle", view="nothing", run="x")
    assert pick(at, "Scenario").value == "C" and pick(at, "Student").value == "trees"
    assert at.query_params["view"] == "loss"


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_says_what_it_shows_and_offers_its_numbers(
    view: str, run: dict[str, Any], view_of: View
) -> None:
    at = view_of(view)
    charts_drawn = at.get("plotly_chart")
    assert len(charts_drawn) == CHARTS[view], page_text(at)
    labels = [button.label for button in at.get("download_button")]
    assert len([label for label in labels if "CSV" in label]) >= len(charts_drawn)
    text = page_text(at)
    assert run["command"] in text and "seed 0" in text
    assert f"cohort {run['sha256']['cohort'][:8]}" in text
    assert [group for group in at.radio if group.options == ["camera saves SVG", "camera saves PNG"]]
    assert not at.info, "nothing is missing in this run"


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_breaks_in_another_scenario(view: str, run: dict[str, Any], open_page: OpenPage) -> None:
    open_page("Augmentation", view=view, scenario="A", measure="calibration_slope", student="panel")


@pytest.mark.parametrize("view", ["loss", "rows"])
def test_a_scenario_that_was_not_run_has_its_command(
    view: str, run: dict[str, Any], open_page: OpenPage
) -> None:
    at = open_page("Augmentation", view=view, scenario="B")
    assert "This run has no cell of scenario B" in at.info[0].value
    assert "--scenario B --removed 0.7" in codes(at)


def test_a_cell_with_too_few_people_says_so(run: dict[str, Any], open_page: OpenPage) -> None:
    at = open_page("Augmentation", removed="0.99")
    assert "leaves 2 participants of class 0" in at.info[0].value
    assert "C would leave too few people" in page_text(at)


def test_the_waterfall_ends_where_the_full_data_do(
    world: World, made: Path, run: dict[str, Any], open_page: OpenPage
) -> None:
    at = open_page("Augmentation", view="loss", arm="search-panel")
    chosen = chosen_of(world, made)
    assert chosen.view is not None
    steps = waterfall.steps(chosen.view, "search-panel")
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    texts = [annotation["text"] for annotation in figure["layout"]["annotations"]]
    assert texts[0] == f"{100 * steps[0].end:.1f}" and texts[-1] == f"{100 * steps[-1].end:.1f}"
    assert steps[-1].end == pytest.approx(chosen.view.mean("full", "f1_tuned"))


def test_gains_have_both_intervals_and_the_language_model_its_control(
    view_of: View,
) -> None:
    at = view_of("gains")
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    named = {trace["name"]: trace for trace in figure["data"] if trace.get("name")}
    control, model = named["control"], named["counterfactuals, language model"]
    assert control["marker"]["symbol"] == "x" and model["marker"]["symbol"] == "circle"
    assert named["diagnostic: reads removed labels"]["marker"]["symbol"] == "circle-open"
    assert model["marker"]["color"] != named["counterfactuals, no language model"]["marker"]["color"]
    assert model["y"] == ["LM, other cohort, panel label", "LM, other cohort, own label"] or model["y"][::-1]
    against = next(t.value for t in at.dataframe if "Best control with the same labels" in t.value.columns)
    assert set(against["Arm"]) == {"LM, other cohort, own label", "LM, other cohort, panel label"}


def test_published_figures_stand_apart_beside_class_weights(run: dict[str, Any], open_page: OpenPage) -> None:
    at = open_page("Augmentation", view="thresholds", arm="search-panel")
    table = next(t.value for t in at.dataframe if "Published" in t.value.columns)
    assert list(table["Published"]) == ["21", "17.16", "21.47"]
    cell = cell_view.find_cell(run["results"], "A", 0.7)
    assert cell is not None
    gain = cell["students"]["trees"]["arms"]["weights"]["gains"]["f1_half"]["mean"]
    assert table["Class weights"][0].replace("−", "-").startswith(f"{100 * gain:+.1f}")
    assert list(table["Class weights"])[1] == "not run"
    assert "Published on AI-READI, not comparable" in page_text(at)


def test_the_best_ratio_is_said_and_lighter_rows_have_a_table(run: dict[str, Any], view_of: View) -> None:
    at = view_of("ratio")
    cell = cell_view.find_cell(run["results"], "C", 0.7)
    assert cell is not None
    arms = cell["students"]["trees"]["arms"]
    gains = {
        ratio: arms[f"search-panel{at_}"]["gains"]["auroc"]["mean"]
        for ratio, at_ in ((0.5, "@0.5"), (1, ""), (2, "@2"))
    }
    best = max(gains, key=lambda ratio: (gains[ratio], -ratio))
    assert f"Search, panel label: best at {best:g}" in page_text(at)
    table = next(t.value for t in at.dataframe if "Weight 0.25" in t.value.columns)
    assert list(table["Arm"]) == ["Search, panel label"]


def test_the_grid_has_rows_and_labels_and_says_what_was_not_run(
    view_of: View,
) -> None:
    at = view_of("credit")
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    texts = [annotation["text"] for annotation in figure["layout"]["annotations"]]
    assert "not run" in texts and any(text.startswith(("▲", "▼", "=")) for text in texts)


def test_made_rows_are_shown_and_downloaded_as_synthetic(
    world: World, made: Path, run: dict[str, Any], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("Augmentation", view="rows", source="search")
    table = next(t.value for t in at.dataframe if "Changes" in t.value.columns)
    assert 0 < len(table) <= 20
    assert list(table.columns) == ["Made of", "Class", "Panel", "Full model", "Nearest", "Changes"]
    assert table["Changes"].str.contains("→").all()
    counts = next(t.value for t in at.dataframe if "Agree" in t.value.columns)
    assert "Search, panel label" in set(counts["Arm"])
    offered: dict[str, Any] = {}
    monkeypatch.setattr(
        widgets.st, "download_button", lambda label, data, name, *_, **__: offered.update({name: data})
    )
    chosen = chosen_of(world, made)
    assert chosen.rows is not None
    rows = chosen.rows[chosen.rows["source"].eq("search") & chosen.rows["scenario"].eq("C")]
    rows_view._table(chosen, rows)
    text = offered[f"augment-{run['id']}-synthetic-rows.csv"]().decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert {line["what"] for line in lines} == {rows_view.SYNTHETIC} and len(lines) == min(20, len(rows))
    assert {line["notice"] for line in lines} == {DISCLAIMER}


def test_whose_row_it_was_is_not_said_of_private_cohorts(
    world: World, run: dict[str, Any], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    provenance = world.cohort.schema.provenance.model_copy(update={"public": False})
    private = replace(world.cohort, schema=world.cohort.schema.model_copy(update={"provenance": provenance}))
    monkeypatch.setattr(registry, "load", lambda name: private)
    at = open_page("Augmentation", view="rows", source="search")
    table = next(t.value for t in at.dataframe if "Changes" in t.value.columns)
    assert "Made of" not in table.columns


def test_a_csv_names_its_run_and_command_and_no_cell_is_a_formula(world: World, made: Path) -> None:
    chosen = chosen_of(world, made)
    text = show.as_csv(chosen, pd.DataFrame([{"arm": "=1+1", "gain": -1.5}]))
    (line,) = csv.DictReader(io.StringIO(text))
    assert line["run"] == made.name and line["command"] == chosen.summary["command"]
    assert (line["arm"], line["gain"], line["notice"]) == ("'=1+1", "-1.5", DISCLAIMER)


def test_calibration_shows_subgroups_and_how_stable_a_risk_is(
    run: dict[str, Any], open_page: OpenPage
) -> None:
    at = open_page("Augmentation", view="calibration", arm="search-panel")
    cell = cell_view.find_cell(run["results"], "C", 0.7)
    assert cell is not None
    spread = cell["instability"]["scarce"]
    if spread is not None:
        assert f"Nothing done {100 * spread:.1f}" in page_text(at)
    levels = next((t.value for t in at.dataframe if "Subgroup" in t.value.columns), None)
    assert (levels is not None) == bool(cell["subgroups"]["search-panel"])


def test_what_did_not_run_has_its_command(view_of: View) -> None:
    at = view_of("about")
    absent, made = (element.value for element in at.get("table"))
    assert absent["Command"].str.contains("--model biomistral-7b").any()
    assert absent["Command"].str.contains("_core finetune").any()
    assert "GPT-4, few-shot" in page_text(at)
    facts = " ".join(str(cell) for cell in made.to_numpy().ravel())
    assert "sha256 of engine" in facts and "made-up: elsewhere" in facts.replace("\\", "")


def test_the_whole_run_as_a_table(run: dict[str, Any]) -> None:
    table = origin.whole(run)
    line = table[
        table["scenario"].eq("C")
        & table["student"].eq("ridge")
        & table["arm"].eq("weights")
        & table["measure"].eq("f1_tuned")
    ]
    cell = cell_view.find_cell(run["results"], "C", 0.7)
    assert cell is not None
    expected = cell["students"]["ridge"]["arms"]["weights"]
    assert line["mean"].item() == expected["means"]["f1_tuned"]
    assert line["gain_corrected_low"].item() == expected["gains"]["f1_tuned"]["corrected_low"]
    assert set(table["measure"]) == set(run["measures"])


def test_a_measure_that_could_not_be_computed_breaks_no_view(
    world: World, made: Path, open_page: OpenPage
) -> None:
    def empty(summary: dict[str, Any]) -> None:
        for cell in summary["results"]:
            for student in cell.get("students", {}).values():
                nothing = dict.fromkeys(student["losses"]["auroc"])
                student["losses"]["calibration_slope"] = {**nothing, "repeats": 0, "lost": False}
                for arm in student["arms"].values():
                    arm["means"]["calibration_slope"] = None
                    arm["gains"]["calibration_slope"] = {**nothing, "repeats": 0}

    made_augmentation.store(made, empty)
    for view in TITLES:
        at = open_page("Augmentation", view=view, measure="calibration_slope")
        assert any("could not be computed" in info.value for info in at.info) == (view in tabs.OF_GAINS)


def test_other_students_are_sent_to_the_one_whose_ratios_were_run(
    run: dict[str, Any], open_page: OpenPage
) -> None:
    at = open_page("Augmentation", view="ratio", student="forest")
    assert "boosted trees only" in at.info[0].value


def test_a_run_that_lacks_what_newer_ones_have_says_which_command_makes_it(
    world: World, made: Path, open_page: OpenPage
) -> None:
    def older(summary: dict[str, Any]) -> None:
        summary["schema_version"] = 1
        summary["titles"] = {
            name: {"group": one["group"], "title": one["title"]}
            for name, one in summary["titles"].items()
            if "@" not in name
        }
        for name in ("not_run", "adapter"):
            del summary[name]
        for cell in summary["results"]:
            for name in ("reliability", "subgroups", "instability"):
                cell.pop(name, None)
            for student in cell.get("students", {}).values():
                student.pop("curve"), student.pop("against")
                student["arms"] = {name: arm for name, arm in student["arms"].items() if "@" not in name}

    made_augmentation.store(made, older, without=[runs.ROWS])
    lacks = {
        "ratio": ("one ratio only", "search-panel@0.5"),
        "rows": ("kept no example rows", "--scenario C"),
        "calibration": ("kept no reliability curve", "--removed 0.7"),
    }
    for view in TITLES:
        at = open_page("Augmentation", view=view)
        assert page_text(at)
        if view in lacks:
            said, argument = lacks[view]
            assert said in at.info[0].value, view
            assert argument in codes(at), view


def test_a_damaged_summary_and_other_rows_are_said(world: World, made: Path, open_page: OpenPage) -> None:
    folder = made_augmentation.store(made, lambda summary: summary["sha256"].update(cohort="f" * 64))
    assert "other rows of this cohort" in open_page("Augmentation").warning[0].value
    (folder / "summary.json").write_text('{"schema_version": 0}')
    assert "another version" in open_page("Augmentation").error[0].value


def test_a_run_that_did_not_end_is_named_with_its_command(
    world: World, made: Path, open_page: OpenPage
) -> None:
    made_augmentation.store(made, without=["summary.json"])
    at = open_page("Augmentation")
    assert "No augmentation run" in at.info[0].value
    config = json.loads((made / "config.json").read_text())
    assert config["command"] in codes(at)


def test_charts_are_written_in_the_text_colour_of_the_page(world: World, made: Path) -> None:
    from sensecf_core.ui.augmentation.charts import arm_charts

    chosen = chosen_of(world, made)
    assert chosen.view is not None
    layout = show.readable(arm_charts.forest(chosen.view, ["weights"], "")).figure.layout
    for colour in (
        layout.xaxis.tickfont.color,
        layout.yaxis.tickfont.color,
        layout.annotations[0].font.color,
    ):
        assert colour == charts.INK


def test_drawing_the_page_loads_neither_torch_nor_sklearn(private_var: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNLOADED], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    drawn, heavy = json.loads(done.stdout.splitlines()[-1])
    assert (drawn, heavy) == (1, [])


def test_no_light_is_without_words() -> None:
    from sensecf_core.augmentation.findings.verdict import LIGHTS
    from sensecf_core.ui.augmentation.lights import BADGES, MEANING

    assert BADGES.keys() == LIGHTS.keys()
    for light in ("helps", "level", "likely", "unclear", "no", "nothing"):
        assert f"**{LIGHTS[light]}**" in MEANING  # type: ignore[index]
    assert Verdict("helps").light in LIGHTS
