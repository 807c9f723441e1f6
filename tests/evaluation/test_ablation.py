"""The ablation: cells share adapters, finished ones are kept, each is measured on the same queries."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sensecf_core.counterfactuals.fine_tuning.stages import Options
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.evaluation.ablation import cells, table as ablation
from sensecf_core.evaluation.ablation.cells import Cell
from sensecf_core.evaluation.raw_candidates.feasible_queries import feasible_queries
from sensecf_core.language.prompts.profile import Writing
from sensecf_core.language.training.config import Settings
from tests.language.cases import save_tiny_model

SMALL = Options(
    Settings(rank=2, batch_tokens=600, max_steps=2, validations=1), most_rows=6, validation_queries=1
)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "QUERIES", 2)


def test_every_cell_changes_one_thing_and_reads_the_same_tokens() -> None:
    default, *others = cells.cells(1000)
    assert {cell.options.settings.tokens for cell in (default, *others)} == {1000}
    assert len({cell.name for cell in others}) == len(others) >= 10
    assert {name for cell in others for name in _differs(cell, default)} == {
        "source", "rounds", "round_kind", "rank", "alpha", "most_pairs", "temperature", "candidates",
    }  # fmt: skip
    for cell in others:
        # A rank comes with its scale, a kind of round with the round.
        assert _differs(cell, default) in (
            {"rank", "alpha"}, {"rounds", "round_kind"}, *({name} for name in _differs(cell, default)),
        )  # fmt: skip


def test_every_cell_of_the_person_alone_changes_one_thing_too() -> None:
    default, *others = cells.profile_cells(1000)
    assert {cell.options.settings.tokens for cell in (default, *others)} == {1000}
    assert {cell.options.source for cell in (default, *others)} == {"profile"}
    assert len({cell.name for cell in others}) == len(others) >= 10
    for cell in others:
        differs = _differs(cell, default)
        if cell.options.settings.rank == cells.WHOLE_RANK:
            differs -= {"learning_rate"}  # as whole weights are trained: that of a small rank is too high
        assert differs == {"rank", "alpha"} or len(differs) == 1
        if differs == {"writing"}:
            written, usual = asdict(cell.options.writing), asdict(default.options.writing)
            assert sum(written[name] != usual[name] for name in usual) == 1


def _differs(cell: Cell, default: Cell) -> set[str]:
    def flat(one: Cell) -> dict[str, object]:
        options = asdict(one.options)
        settings = options.pop("settings")
        return {**options, **settings, "temperature": one.temperature, "candidates": one.candidates}

    mine, others = flat(cell), flat(default)
    return {name for name in mine if mine[name] != others[name]}


@pytest.mark.usefixtures("few")
def test_a_table_is_filled_once(
    fitted: FittedCohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "base"
    save_tiny_model(base)
    table = (
        Cell("default", SMALL),
        Cell("cooler", SMALL, temperature=0.5),
        Cell("blind", replace(SMALL, source="none")),
    )
    rows = ablation.run(fitted, tmp_path / "run", base, table)
    asked, controls = rows[:6], rows[6:]
    assert [row["cell"] for row in asked] == ["default"] * 2 + ["cooler"] * 2 + ["blind"] * 2
    names = [f"control: {name}" for name in ("random", "nearest-pair", "effects")]
    assert [row["cell"] for row in controls] == [name for name in names for _ in range(2)]
    assert {(row["limits"], row["desired"]) for row in rows} == {("intervention", 0), ("contrast", 1)}
    assert all(row["part"] == "val" and 0 <= row["valid"] <= 1 and row["queries"] == 2 for row in rows)
    assert all(row["valid_low"] <= row["valid"] <= row["valid_high"] for row in rows)
    assert all(row["pairs"] > 0 and row["plain_tokens"] > row["tokens"] > 0 for row in asked)
    by_control = {(row["cell"].removeprefix("control: "), row["desired"]): row["valid"] for row in controls}
    for row in asked:
        # As many candidates of the same queries, and for those with effects the same hints.
        beaten = by_control[row["credit_over"], row["desired"]]
        assert row["credit"] == pytest.approx(row["valid"] - beaten)
        assert row["credit_low"] <= row["credit"] <= row["credit_high"]
        known = {"random", "nearest-pair"} | ({"effects"} if row["cell"] != "blind" else set())
        assert row["credit_over"] in known
        assert beaten == max(by_control[name, row["desired"]] for name in known)
    adapters = {row["cell"]: row["adapter"] for row in asked}
    assert adapters["default"] == adapters["cooler"] != adapters["blind"]
    monkeypatch.setattr(ablation, "_measured", lambda *_: pytest.fail("measured again"))
    assert ablation.run(fitted, tmp_path / "run", base, table) == rows


@pytest.mark.usefixtures("few")
def test_cells_of_the_person_alone_are_held_against_what_copies_their_lessons(
    fitted: FittedCohort, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    save_tiny_model(base)
    untold = replace(SMALL, source="profile", per_group=6, synthetic=40)
    written = replace(untold, writing=Writing(percentiles=False, by_importance=False, signs=True))
    table = (Cell("default", untold), Cell("in units", written))
    rows = ablation.run(fitted, tmp_path / "run", base, table)
    assert [row["cell"] for row in rows[:4]] == ["default"] * 2 + ["in units"] * 2
    assert {row["cell"] for row in rows[4:]} == {"control: random", "control: nearest-pair"}
    copied = {row["desired"]: row["valid"] for row in rows if row["cell"] == "control: nearest-pair"}
    drawn = {row["desired"]: row["valid"] for row in rows if row["cell"] == "control: random"}
    for row in rows[:4]:
        best = max(copied[row["desired"]], drawn[row["desired"]])
        assert row["credit"] == pytest.approx(row["valid"] - best)


@pytest.mark.usefixtures("few")
def test_every_cell_asks_the_same_people_what_its_own_prompt_tells(fitted: FittedCohort) -> None:
    people = ablation._queries(fitted)
    hints, blind = (ablation._validation_set(fitted, source, people) for source in ("shap", "none"))
    assert hints.groups.keys() == blind.groups.keys() == {("intervention", 0), ("contrast", 1)}
    for group, pairs in hints.groups.items():
        assert [p.query for p in pairs] == [p.query for p in blind.groups[group]] and len(pairs) == 2
        assert any(one.hints != other.hints for one, other in zip(pairs, blind.groups[group], strict=True))
        assert feasible_queries(fitted, [pair.query for pair in pairs]).all()
        parts = {fitted.cohort.parts[(p.query.participant_id, p.query.row_id)] for p in pairs}
        assert parts == {"val"}


def test_chosen_cells_are_filled_and_written(
    fitted: FittedCohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def filled(
        _: FittedCohort, folder: Path, base: Path, table: list[Cell], progress: object, *, default: Cell
    ) -> list[object]:
        assert default == cells.cells(table[0].options.settings.tokens or 0, default.options.settings.seed)[0]
        assert (folder.parent.name, base) == ("ablation", tmp_path)
        return [{"cell": cell.name, "valid": 0.5} for cell in table]

    monkeypatch.setattr(ablation, "run", filled)
    monkeypatch.setattr(ablation.default_model, "require", lambda: tmp_path)
    table = cells.cells(1000, seed=3)
    found = ablation.run_ablation(fitted, tokens=1000, seed=3, numbers=[4, 0])
    assert [row["cell"] for row in found["table"]] == [table[4].name, table[0].name]
    assert (found["tokens"], found["seed"], found["queries"]) == (1000, 3, ablation.QUERIES)
    assert len(ablation.run_ablation(fitted)["table"]) == len(table)
    ablation.write(tmp_path / "out", "small", found)
    assert json.loads((tmp_path / "out/ablation-small.json").read_text()) == found
    header, first, _ = (tmp_path / "out/ablation-small.csv").read_text().splitlines()
    assert (header, first) == ("cell,valid", f"{table[4].name},0.5000")
