"""``benchmark``: its folder, the same seed the same numbers, finished queries never asked again."""

from __future__ import annotations

import json
import shutil
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sensecf_core.cli import main
from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.proposers import resolve_model
from sensecf_core.evaluation.benchmark import entries
from sensecf_core.queries.methods import METHODS
from sensecf_core.queries.request import ExplainRequest
from tests.cli.conftest import Command

BENCHMARK = ("benchmark", "--cohort", "heart", "--n", "3", "--methods", "random", "--candidates", "8")


def without_times(value: Any) -> Any:
    """A summary without what differs between two runs: seconds, and when it was."""
    dropped = ("seconds", "seconds_each", "created", "finished", "command")
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in dropped}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Run:
    """A run that was made once: its private folder, its copy, and what the command told on its way."""

    var: Path
    published: Path
    told: list[dict[str, Any]]

    @property
    def folder(self) -> Path:
        (folder,) = (self.var / "runs/benchmark").iterdir()
        return folder

    @property
    def summary(self) -> Any:
        return json.loads((self.folder / "summary.json").read_text())


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder, printed = tmp_path_factory.mktemp("first"), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setenv("SENSECF_VAR", str(folder / "var"))
        assert main((*BENCHMARK, "--json-progress", "--out", str(folder / "results"))) == 0
    told = [json.loads(line) for line in printed.getvalue().splitlines()]
    return Run(folder / "var", folder / "results", told)


def test_a_run_leaves_settings_results_and_a_summary(first: Run) -> None:
    folder, summary = first.folder, first.summary
    config = json.loads((folder / "config.json").read_text())
    assert (config["seed"], config["n"], config["methods"]) == (0, 3, ["random"])
    assert {"cohort", "classifier", "engine"} <= set(config["provenance"]["sha256"])
    assert config["machine"]["cores"] and "commit" in config["provenance"]
    table = pd.read_parquet(folder / "results.parquet")
    asked = (("0→1", "cross"), ("1→0", "cross"), ("1→0", "lower"))
    assert table.groupby(["row", "direction", "goal"]).size().to_dict() == {
        (row, *group): 3 for row in ("random", "random + refine") for group in asked
    }
    assert {"participant_id", "coverage", "noise_validity", "changes.max_heart_rate"} <= set(table.columns)
    assert {(group["direction"], group["goal"]) for group in summary["groups"]} == set(asked)
    coverage = table[table["row"] == "random"].groupby(["direction", "goal"])["coverage"].mean()
    for group in summary["groups"]:
        found = group["rows"][0]["measures"]["coverage"]["value"]
        assert found == pytest.approx(coverage[group["direction"], group["goal"]], abs=1e-5)
    assert json.loads((first.published / folder.name / "summary.json").read_text()) == summary


def test_progress_is_told_as_json_lines(first: Run) -> None:
    fractions = [line["fraction"] for line in first.told]
    assert fractions[0] > 0 and fractions[-1] < 1
    assert "exact search, 1→0" in first.told[0]["message"]
    assert any("random, 1→0" in line["message"] for line in first.told)


def test_finished_queries_are_not_asked_again_and_the_run_is_printed(
    command: Command, first: Run, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(first.var, private_var)
    asked = counted(monkeypatch)
    ended = command(*BENCHMARK)
    assert (ended.code, asked) == (0, [])
    assert "1→0, contrast limits, goal cross: 3 queries" in ended.out
    assert "random + refine" in ended.out
    assert "not run here: lm-zero-shot@gpt-4o" in ended.out
    (folder,) = (private_var / "runs/benchmark").iterdir()
    again = json.loads((folder / "summary.json").read_text())
    assert {**again, "finished": None, "command": None} == {
        **first.summary,
        "finished": None,
        "command": None,
    }


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(
    command: Command, first: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = []
    for seed in ("0", "5"):
        monkeypatch.setenv("SENSECF_VAR", str(tmp_path / f"var{seed}"))
        found.append(without_times(command(*BENCHMARK, "--seed", seed, "--json").json))
    assert {"schema_version": first.summary["schema_version"], **found[0]} == without_times(first.summary)
    assert found[0]["groups"] != found[1]["groups"]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[ExplainRequest]:
    """Every question that is asked from here on."""
    real, asked = explain.answer, []

    def noting(fitted: Any, request: ExplainRequest) -> Any:
        asked.append(request)
        return real(fitted, request)

    monkeypatch.setattr(explain, "answer", noting)
    return asked


def test_what_was_answered_in_two_runs_is_only_put_together_by_a_third(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = (*BENCHMARK[:5], "--candidates", "8", "--no-timed")
    apart = [command(*few, "--methods", method, "--json").json for method in ("random", "nice-none")]
    asked = counted(monkeypatch)
    together = command(*few, "--methods", "random,nice-none", "--json").json
    assert asked == []
    assert len({run["id"] for run in (*apart, together)}) == 3
    rows = {row["row"]: row for row in together["groups"][0]["rows"]}
    assert set(rows) == {"random", "random + refine", "nice-none", "nice-none + refine"}
    alone = apart[0]["groups"][0]["rows"][0]
    assert rows["random"]["measures"] == alone["measures"]
    assert alone["measures"]["seconds"]["value"] is None
    timed = command(*few[:-1], "--methods", "random,nice-none", "--json").json
    assert timed["id"] == together["id"]
    assert timed["groups"][0]["rows"][0]["measures"]["seconds"]["value"] > 0
    assert {(request.method, request.seed) for request in asked} == {("random", 0), ("nice-none", 0)}


def test_processes_beside_each_other_give_the_same_numbers(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = []
    for jobs in ("1", "2"):
        monkeypatch.setenv("SENSECF_VAR", str(tmp_path / f"var{jobs}"))
        few = ("--n", "1", "--methods", "nice-sparsity,treecf", "--no-timed", "--jobs", jobs, "--json")
        found.append(without_times(command("benchmark", "--cohort", "heart", *few).json))
    assert {**found[0], "jobs": None} == {**found[1], "jobs": None}


def test_what_is_measured_on_private_rows_is_not_copied(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resolve_model, "restricted", lambda cohort: True)
    asked = counted(monkeypatch)
    ended = command(*BENCHMARK, "--out", str(tmp_path / "results"))
    assert (ended.code, asked) == (2, [])
    assert "not public" in ended.err
    assert not (tmp_path / "results").exists()


def test_all_leaves_out_what_cannot_answer_here_and_says_so(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SENSECF_BASE_MODELS", str(tmp_path))
    # The packages of others take their time, and are not what this is about.
    monkeypatch.setattr(entries, "METHODS", {name: m for name, m in METHODS.items() if m.package is None})
    summary = command(
        "benchmark", "--cohort", "heart", "--n", "1", "--methods", "all", "--candidates", "4", "--json"
    ).json
    assert summary["methods"] == ["random", "nearest-pair", "effects", "search"]
    absent = {one["row"]: one for one in summary["absent"]}
    assert {"lm-few-shot", "lm-zero-shot", "lm-fine-tuned", "lm-few-shot@biomistral-7b"} <= set(absent)
    assert "fetch-model" in absent["lm-few-shot"]["why"]
    ended = command("benchmark", "--cohort", "heart", "--n", "1", "--methods", "lm-few-shot")
    assert ended.code == 1
    assert "fetch-model" in ended.err
