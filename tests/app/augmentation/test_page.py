"""The page Augmentation: the answer, its lights, which run it is about, and what a run lacks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.augmentation.findings import cell_view, runs, sentences
from sensecf_core.augmentation.findings.cell_view import CellView
from sensecf_core.augmentation.findings.verdict import ABSENT, Verdict, verdict
from sensecf_core.ui.augmentation.tabs import TITLES
from tests.app import made_augmentation
from tests.app.conftest import ROOT, OpenPage, World, codes, page_text

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


def pick(at: AppTest, label: str) -> Any:
    return next(box for box in at.selectbox if box.label == label)


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
