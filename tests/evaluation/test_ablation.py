"""The ablation: cells share adapters, finished ones are kept, each is measured on the same queries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.counterfactuals.fine_tune import Options
from sensecf_core.evaluation import ablation
from sensecf_core.evaluation.ablation import Cell
from sensecf_core.language.fine_tuning import Settings
from tests.language.cases import save_tiny_model

SMALL = Options(
    Settings(rank=2, batch_tokens=600, max_steps=2, validations=1), most_rows=6, validation_queries=1
)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "QUERIES", 2)


def test_every_cell_changes_one_thing_and_reads_the_same_tokens() -> None:
    default, *others = ablation.cells(1000)
    assert {cell.options.settings.plain_tokens for cell in (default, *others)} == {1000}
    assert len({cell.name for cell in others}) == len(others) >= 10
    assert all(replace(cell, name=default.name) != default for cell in others)


@pytest.mark.usefixtures("few")
def test_a_table_is_filled_once(checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path / "base"
    save_tiny_model(base)
    table = (
        Cell("default", SMALL),
        Cell("cooler", SMALL, temperature=0.5),
        Cell("blind", replace(SMALL, source="none")),
    )
    rows = ablation.run(checker, tmp_path / "run", base, table)
    assert [row["cell"] for row in rows] == ["default"] * 2 + ["cooler"] * 2 + ["blind"] * 2
    assert {(row["limits"], row["desired"]) for row in rows} == {("intervention", 0), ("contrast", 1)}
    assert all(row["part"] == "val" and 0 <= row["valid"] <= 1 and row["queries"] == 2 for row in rows)
    assert all(row["valid_low"] <= row["valid"] <= row["valid_high"] for row in rows)
    assert all(row["pairs"] > 0 and row["plain_tokens"] > row["tokens"] > 0 for row in rows)
    adapters = {row["cell"]: row["adapter"] for row in rows}
    assert adapters["default"] == adapters["cooler"] != adapters["blind"]
    monkeypatch.setattr(ablation, "_measured", lambda *_: pytest.fail("measured again"))
    assert ablation.run(checker, tmp_path / "run", base, table) == rows
