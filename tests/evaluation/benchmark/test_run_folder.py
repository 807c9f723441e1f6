"""Runs on disk: found by cohort, newest first, committed ones before; damaged ones are passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sensecf_core.evaluation.benchmark import run_folder
from sensecf_core.evaluation.benchmark.run_folder import begin, end, own_folder, publish, runs


@pytest.fixture(autouse=True)
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run_folder, "COMMITTED", tmp_path / "committed")
    return tmp_path / "committed"


def made(name: str, created: str, *, finished: bool = True, cohort: str = "small") -> Path:
    config: dict[str, Any] = {"id": name, "cohort": cohort, "created": created}
    begin(own_folder(name), config)
    if finished:
        end(own_folder(name), pd.DataFrame({"row": ["random"]}), {"groups": []})
    return own_folder(name)


def test_runs_of_a_cohort_newest_first_and_committed_ones_before(committed: Path) -> None:
    made("a", "2026-01-01")
    made("b", "2026-01-03", finished=False)
    made("c", "2026-01-02", cohort="other")
    published = made("d", "2025-01-01")
    copy = publish(published, committed)
    assert sorted(path.name for path in copy.iterdir()) == ["config.json", "results.parquet", "summary.json"]
    assert [(run.id, run.committed, run.finished) for run in runs("small")] == [
        ("d", True, True),
        ("b", False, False),
        ("a", False, True),
        ("d", False, True),
    ]
    assert runs("small")[0].summary()["groups"] == []


def test_a_run_that_goes_on_keeps_the_time_it_began() -> None:
    made("a", "2026-01-01", finished=False)
    made("a", "2026-02-02")
    assert runs("small")[0].config["created"] == "2026-01-01"


def test_damaged_files_are_passed_over_or_refused() -> None:
    folder = made("a", "2026-01-01")
    made("b", "2026-01-02")
    for damaged in ('{"cohort": "sm', "[" * 99_999):
        (own_folder("b") / run_folder.CONFIG).write_text(damaged)
        (found,) = runs("small")
    for text, told in (
        (json.dumps({"schema_version": 99}), "another version"),
        ("[]", "another version"),
        ("[" * 99_999, "too deeply"),
    ):
        (folder / run_folder.SUMMARY).write_text(text)
        with pytest.raises(ValueError, match=told):
            found.summary()
