"""README and ``docs/`` say what is there: commands, options, methods, rooms, measures, links, citations."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
import yaml

from sensecf_core import __version__, api
from sensecf_core.classifiers.evaluation.metrics import Predictions, all_metrics
from sensecf_core.cli.program import app
from sensecf_core.cohorts import builtin
from sensecf_core.datasets import registry
from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.queries.methods import METHODS
from sensecf_core.ui.page.navigation import HOME, TITLES

ROOT = Path(__file__).resolve().parents[2]
PAGES_OF_TEXT = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "results/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES_OF_TEXT}
README = TEXTS["README.md"]
PROGRAM = "python -m sensecf_core"
IN_A_RELEASE = {"healthsheet.md"}
"""Texts of an AI-READI release that this repository has none of."""


def blocks(language: str, page: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[page], re.MULTILINE | re.DOTALL)


@cache
def headings(page: str) -> list[str]:
    """Headings of a page, code blocks left out."""
    return re.findall(r"^#+ (.+)$", without_code(TEXTS[page]), re.MULTILINE)


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", TEXTS[page], re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[2]


def anchor(heading: str) -> str:
    """The address of a heading as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def commands() -> dict[str, set[str]]:
    """Every command by its whole name, with its options."""
    found = {}
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        for below, leaf in getattr(command, "commands", {"": command}).items():
            options = {option for one in leaf.params for option in (*one.opts, *one.secondary_opts)}
            found[f"{name} {below}".strip()] = {option for option in options if option.startswith("--")}
    return found


def sources() -> list[Path]:
    """Code, settings and tests, whatever may cite a page."""
    folders = ("sensecf_core", "tests", "tools", "pages")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    files += [ROOT / name for name in ("app.py", "Makefile", "pyproject.toml", ".streamlit/config.toml")]
    return [
        path for path in files if path.suffix in {".py", ".toml", ".sh", ".csv"} or path.name == "Makefile"
    ]


def test_the_example_cohort_is_the_one_that_is_tested() -> None:
    folder = ROOT / "tests/cohorts/own/example_own"
    assert blocks("toml", "docs/own-cohort.md") == [(folder / "schema.toml").read_text(encoding="utf-8")]
    (rows,) = blocks("csv", "docs/own-cohort.md")
    assert (folder / "data.csv").read_text(encoding="utf-8").startswith(rows)


def test_every_direction_of_risk_is_listed_with_its_source() -> None:
    listed = re.findall(
        r"^\| (\w+) \| `(\w+)` \| (.+) \| (.+) \|$",
        section("docs/augmentation.md", "Directions of risk"),
        re.MULTILINE,
    )
    words = {"up": "more", "down": "less"}
    assert listed == [
        (name, f.name, words[f.risk] if f.risk else " < ".join(f.risk_levels), f.risk_source)
        for name in builtin.NAMES
        for f in builtin.read_schema(name).features
        if f.risk_known
    ]


def test_every_make_target_named_is_there_and_every_one_there_is_named() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    for page, text in TEXTS.items():
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
        assert named <= targets, (page, named - targets)
    assert set(re.findall(r"^\| `make ([a-z-]+)` \|", TEXTS["docs/deployment.md"], re.MULTILINE)) == targets


@pytest.mark.parametrize("name", commands())
def test_a_command_is_described_with_exactly_its_options(name: str) -> None:
    (described,) = re.findall(r"^```\n(.*?)^```", section("docs/commands.md", name), re.MULTILINE | re.DOTALL)
    assert re.search(rf"^{name}\b", described)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", described)) == commands()[name]


def test_commands_in_other_blocks_exist_and_have_these_options() -> None:
    checked = 0
    for page, text in TEXTS.items():
        for line in re.findall(rf"{PROGRAM} ([a-z][^\n`|]*)", text):
            words = shlex.split(line, posix=False)
            name = next((n for n in (" ".join(words[:2]), words[0]) if n in commands()), None)
            assert name is not None, (page, line)
            named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", line))
            assert named <= commands()[name], (page, line)
            checked += 1
    assert checked > 10


def test_methods_and_cohorts_are_the_ones_there_are() -> None:
    for page in ("README.md", "docs/commands.md"):
        for method in METHODS:
            assert method in TEXTS[page], (page, method)
    for name in builtin.NAMES:
        people = registry.load(name).rows.index.get_level_values(0).nunique()
        assert re.search(rf"`{name}` \| {people:,}\b", README), name
    for title in (HOME, *TITLES.values()):
        assert f"- **{title}**: " in section("README.md", "What you see"), title


def test_it_says_what_it_is_not() -> None:
    assert "Research software, not a medical device" in README
    assert "not predicted effects" in README


def test_readme_is_a_front_page() -> None:
    assert len(README.splitlines()) <= 160
    for page in (ROOT / "docs").glob("*.md"):
        assert f"](docs/{page.name})" in README, page.name


def test_every_file_a_page_points_at_is_there() -> None:
    folders = "sensecf_core|tests|tools|models|results|docs|pages"
    for page, text in TEXTS.items():
        for path in re.findall(rf"[`(]((?:{folders})/[\w/.-]*)[`)]", text):
            # Fetched by set-up, so that a fresh checkout has none.
            assert path == "models/base/" or (ROOT / path).exists(), (page, path)


def test_every_link_between_pages_leads_to_a_file_and_a_heading() -> None:
    checked = 0
    for page, text in TEXTS.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if target.startswith(("https://", "http://")):
                continue
            path, _, heading = target.partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            assert file.exists(), (page, target)
            if heading:
                linked = file.resolve().relative_to(ROOT).as_posix()
                assert heading in [anchor(one) for one in headings(linked)], (page, target)
            checked += 1
    assert checked > 50


def test_what_code_cites_is_in_the_repository() -> None:
    known = {path.name for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
    known |= {path.name for path in (ROOT / "sensecf_core").rglob("*.md")} | IN_A_RELEASE
    cited = 0
    for path in sources():
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"[\w-]+\.md\b", text):
            assert name in known, (path, name)
        for page, number, heading in re.findall(
            r'docs/([\w-]+\.md)(?:, (?:(\d+[a-d]?)\b|\\?"([^"\\]+)\\?"))?', text
        ):
            assert f"docs/{page}" in TEXTS, (path, page)
            assert not number or is_numbered(f"docs/{page}", number), (path, page, number)
            assert not heading or heading in headings(f"docs/{page}"), (path, page, heading)
            cited += 1
        for heading in re.findall(r'README, (?:\\?"([^"\\]+)|(?<=see README, )([\w-]+))', text):
            assert "".join(heading) in headings("README.md"), (path, heading)
    assert cited > 15


def is_numbered(page: str, number: str) -> bool:
    """Whether a page has a section, or a row of a table (5a), of this number."""
    return any(one.startswith(f"{number}. ") for one in headings(page)) or f"| {number} |" in TEXTS[page]


def test_the_rooms_are_those_that_import_linter_orders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [name.strip(" ()") for line in settings["contracts"][0]["layers"] for name in line.split("|")]
    ordered = [name.removeprefix("sensecf_core.") for name in layers]
    rooms = {path.parent.name for path in (ROOT / "sensecf_core").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "sensecf_core").glob("*.py")}
    table = re.findall(r"^\| (`\w.*?`) \| ", section("docs/architecture.md", "The rooms"), re.MULTILINE)
    told = [name for cell in table for name in re.findall(r"`(\w+)`", cell)]
    assert rooms <= set(ordered)
    assert told == [name for name in ordered if name in rooms | modules]


def test_every_measure_is_defined() -> None:
    text = TEXTS["docs/metrics.md"]
    for name, measure in MEASURES.items():
        assert re.search(rf"{re.escape(measure.label)} `{name}` (\| |\(){measure.arrow}", text), name
    judged = Predictions(np.array([0, 1]), np.array([0.2, 0.8]), np.array([0, 1]))
    for name in all_metrics(judged, np.ones((1, 2))):
        assert f"`{name}`" in section("docs/metrics.md", "Of a classifier"), name


def test_every_setting_is_described() -> None:
    used = {
        name
        for path in sources()
        if path.is_relative_to(ROOT / "sensecf_core")
        for name in re.findall(r"\bSENSECF_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }
    assert set(re.findall(r"^\| `(SENSECF_\w+)` \|", TEXTS["docs/deployment.md"], re.MULTILINE)) == used


def test_the_citation_is_whole_and_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == __version__
    assert cited["authors"] == [{"name": "SenseCF maintainers"}]
    assert {"message", "title", "type", "license", "date-released"} <= set(cited)
    assert cited["license"] == "Apache-2.0"
    assert (ROOT / "LICENSE").read_text().split()[:3] == ["Apache", "License", "Version"]
    for paper in cited["references"]:
        assert paper["title"] and paper["authors"] and paper["url"].rpartition("/")[2] in README
    assert re.search(rf"^## \[?{re.escape(__version__)}\]? - \d{{4}}-", TEXTS["CHANGELOG.md"], re.MULTILINE)


def test_the_python_on_the_pages_fits_the_library() -> None:
    calls = [
        (page, call)
        for page in ("README.md", "docs/python.md")
        for block in blocks("python", page)
        for call in ast.walk(ast.parse(block))
        if isinstance(call, ast.Call) and re.fullmatch(r"sensecf(\.\w+)+", ast.unparse(call.func))
    ]
    assert calls
    for page, call in calls:
        function = api
        for name in ast.unparse(call.func).split(".")[1:]:
            function = getattr(function, name)
        keywords = {keyword.arg for keyword in call.keywords}
        assert keywords <= set(inspect.signature(function).parameters), (page, ast.unparse(call))


@pytest.mark.parametrize("page", TEXTS)
def test_every_table_is_whole(page: str) -> None:
    """A row after a blank line belongs to no table: it would be shown as text."""
    for table in re.findall(r"(?:^\|.*\n?)+", without_code(TEXTS[page]), re.MULTILINE):
        first, _, below = table.partition("\n")
        assert re.match(r"\|(?: *:?-+:? *\|)+(?:\n|$)", below), first
        assert below.partition("\n")[0].count("|") == len(re.findall(r"(?<!\\)\|", first)), first


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_first_python_on_a_page_finds_counterfactuals(page: str) -> None:
    names: dict[str, Any] = {}
    exec(blocks("python", page)[0], names)
    found = names["answer"].to_frame()
    assert len(found) and found["valid"].all()
