"""`make bench` of a cohort of eight people, by a clock that is given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from sensecf_core.cli import options
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.problem import fitted_cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from tools.bench import feasibility
from tools.bench.__main__ import main


@pytest.fixture
def eight(fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch) -> FittedCohort:
    cohort = fitted.cohort
    some = cohort.rows.index[:8]
    of_some = {name: getattr(cohort, name).loc[some] for name in ("rows", "target", "parts", "subgroups")}
    few = replace(fitted, cohort=replace(cohort, **of_some))
    monkeypatch.setattr(fitted_cohort, "load_fitted", {"nhanes": few}.__getitem__)
    monkeypatch.setattr(options, "processes", lambda jobs: 1)
    return few


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The maps that were written, each there at the time."""
    paths: list[Path] = []
    write = cohort_map.write

    def watched(fitted: FittedCohort, frame: pd.DataFrame, path: Path | None = None) -> Path:
        paths.append(write(fitted, frame, path))
        assert paths[-1].is_file()
        return paths[-1]

    monkeypatch.setattr(cohort_map, "write", watched)
    return paths


@pytest.mark.usefixtures("private_var")
def test_the_feasibility_map_is_timed_and_kept_nowhere(
    eight: FittedCohort, written: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bench.json"
    for seconds, met, a_second in ((4.0, True, "2.0"), (200.0, False, "0.0")):
        monkeypatch.setattr(feasibility, "perf_counter", iter([100.0, 100.0 + seconds]).__next__)
        assert main(["--only", "feasibility", "--out", str(out)]) == 0
        (row,) = json.loads(out.read_text())["rows"]
        assert (row["what"], row["value"], row["unit"]) == ("nhanes: feasibility map", seconds, "s")
        assert (row["target"], row["met"]) == (180.0, met)
        assert row["note"] == f"8 people, {a_second} a second, 1 process"
    assert len(written) == 2 and not any(path.exists() for path in written)
    assert cohort_map.file_of(eight.cohort) not in written
