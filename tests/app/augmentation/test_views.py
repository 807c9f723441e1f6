"""The page Augmentation: every view of a run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.augmentation.findings import cell_view, runs, waterfall
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import DISCLAIMER
from sensecf_core.ui.augmentation import show, tabs
from sensecf_core.ui.augmentation.chosen import Chosen
from sensecf_core.ui.augmentation.tabs import TITLES
from sensecf_core.ui.augmentation.views import origin, rows_view
from sensecf_core.ui.common import charts, widgets
from tests.app import made_augmentation
from tests.app.conftest import OpenPage, World, page_text

VIEWS = [name for name in TITLES if name != "about"]
CHARTS = {**dict.fromkeys(VIEWS, 1), "calibration": 2}
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


def chosen_of(world: World, made: Path, **picks: Any) -> Chosen:
    folder = made_augmentation.store(made)
    picks = {"scenario": "C", "removed": 0.7, "student": "trees", "measure": "auroc", **picks}
    return Chosen(world.cohort, folder, runs.read_summary(folder), **picks)


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
    assert [group for group in at.radio if group.options == ["save charts as SVG", "save charts as PNG"]]
    assert not at.info, "nothing is missing in this run"


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_breaks_in_another_scenario(view: str, run: dict[str, Any], open_page: OpenPage) -> None:
    open_page("Augmentation", view=view, scenario="A", measure="calibration_slope", student="panel")


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
