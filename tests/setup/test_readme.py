"""README says what is there: commands, options, the example cohort, the numbers of people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sensecf_core.cli import main
from sensecf_core.cohorts import builtin
from sensecf_core.datasets import registry
from sensecf_core.queries.methods import METHODS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_example_cohort_is_the_one_that_is_tested() -> None:
    folder = ROOT / "tests/cohorts/own/example_own"
    assert blocks("toml") == [(folder / "schema.toml").read_text(encoding="utf-8")]
    (rows,) = blocks("csv")
    assert (folder / "data.csv").read_text(encoding="utf-8").startswith(rows)


def test_every_make_target_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize(
    "name", ["cohort list", "cohort check", "train", "predict", "explain", "trace", "benchmark"]
)
def test_every_option_of_a_command_is_known(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name.split(), "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    described = next(block for block in blocks("") if "cohort list [--json]" in block)
    lines = re.findall(rf"^{name}\b.*(?:\n(?!\w).+)*", described, re.MULTILINE)
    assert lines
    named = {option for line in lines for option in re.findall(r"--[a-z-]+", line)}
    assert named <= known, named - known


def test_methods_and_cohorts_are_the_ones_there_are() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| ")]
    for name, method in METHODS.items():
        assert name in README
        if method.package is not None:
            (row,) = (row for row in rows if f"| {method.package.distribution} " in row)
            assert ("not repeatable" in row) == (not method.repeatable)
    for name in builtin.NAMES:
        people = registry.load(name).rows.index.get_level_values(0).nunique()
        assert re.search(rf"`{name}` \| {people:,}\b", README), name


def test_it_says_what_it_is_not() -> None:
    assert "Research software, not a medical device" in README
    assert "not predicted effects" in README


def test_every_file_it_points_at_is_there() -> None:
    for path in re.findall(r"[`(]((?:sensecf_core|tests|tools|models|results)/[\w/.-]*)[`)]", README):
        assert (ROOT / path).exists(), path
