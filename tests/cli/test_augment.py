"""``augment``: its folder, what it prints, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

AUGMENT = ("augment", "--cohort", "heart", "--scenario", "C", "--removed", "0.8", "--repeats", "1")


def test_a_run_leaves_settings_results_and_a_summary(
    command: Command, private_var: Path, tmp_path: Path
) -> None:
    ended = command(*AUGMENT, "--arms", "weights", "--out", str(tmp_path / "results"))
    assert ended.code == 0
    assert "C, 0.8 removed: 37 training labels, 17 of class 1" in ended.out
    assert "weights" in ended.out and "random-hard" not in ended.out
    (folder,) = (private_var / "runs/augmentation").iterdir()
    assert json.loads((folder / "config.json").read_text())["arms"] == ["scarce", "weights", "full"]
    (copy,) = (tmp_path / "results").iterdir()
    summary = json.loads((copy / "summary.json").read_text())
    (cell,) = summary["results"]
    assert cell["counts"]["train"] == {"zeros": 20.0, "ones": 17.0}
    assert set(cell["students"]) == {"trees", "ridge", "forest", "panel"}
    assert (copy / "results.parquet").is_file()
    again = command(*AUGMENT, "--arms", "weights", "--json")  # nothing is fitted again
    assert json.loads(again.out)["results"] == summary["results"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--scenario", "D"), "Unknown scenario 'D'"),
        (("--removed", "half"), "--removed takes shares"),
        (("--removed", "1"), "between 0 and 1"),
        (("--arms", "smote"), "did you mean"),
        (("--repeats", "0"), "--repeats must be 1 or more"),
        (("--cluster", "hpc.lab"), "a scheduler's address like tcp://HOST:8786, got 'hpc.lab'"),
        (("--cluster", "tcp://127.0.0.1:1", "--jobs", "2"), "leave it out with --cluster"),
    ],
)
def test_bad_input_is_one_sentence(command: Command, options: tuple[str, ...], words: str) -> None:
    ended = command(*AUGMENT, *options)
    assert ended.code == 2
    assert words in ended.err
