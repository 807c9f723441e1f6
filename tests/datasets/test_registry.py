from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensecf_core.datasets import registry
from sensecf_core.errors import InputError

EXAMPLE = Path(__file__).parents[1] / "cohorts" / "own" / "example_own"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    registry._read_folder.cache_clear()
    yield
    registry._read_folder.cache_clear()


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A good folder and an empty one, both in SENSECF_COHORTS."""
    good, empty = tmp_path / "walking", tmp_path / "empty"
    shutil.copytree(EXAMPLE, good)
    empty.mkdir()
    monkeypatch.setenv(registry.ENVIRONMENT, os.pathsep.join([str(good), "", str(empty)]))
    return good, empty


def test_the_built_in_cohorts_are_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(registry.ENVIRONMENT, raising=False)
    assert registry.available() == ("nhanes", "heart", "aireadi")
    assert registry.broken() == ()
    assert registry.load("heart") is registry.load("heart")


def test_own_cohorts_follow_and_broken_ones_are_told(folders: tuple[Path, Path]) -> None:
    assert registry.available() == ("nhanes", "heart", "aireadi", "walking")
    (broken,) = registry.broken()
    assert broken.folder == folders[1] and broken.problems
    cohort = registry.load("walking")
    assert cohort.own and not registry.load("heart").own
    assert registry.load("walking") is cohort


def test_only_the_folder_that_is_asked_for_is_read(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large"
    shutil.copytree(EXAMPLE, large)
    schema = (large / "schema.toml").read_text("utf-8").replace('name = "walking"', 'name = "large"')
    (large / "schema.toml").write_text(schema, "utf-8")
    monkeypatch.setenv(registry.ENVIRONMENT, os.pathsep.join([str(large), *map(str, folders)]))
    examine, read = registry.own_folder.examine, []
    monkeypatch.setattr(
        registry.own_folder, "examine", lambda folder, **more: read.append(folder) or examine(folder, **more)
    )
    assert registry.load("walking").schema.name == "walking"
    assert read == [folders[0]]


def test_a_changed_folder_is_read_again(folders: tuple[Path, Path]) -> None:
    before = registry.load("walking")
    data = folders[0] / "data.csv"
    lines = data.read_text().splitlines()
    data.write_text("\n".join([*lines, lines[-1].replace("060", "061")]) + "\n")
    after = registry.load("walking")
    assert len(after.rows) == len(before.rows) + 1
    assert after.data_sha256 != before.data_sha256


def test_a_name_can_be_taken_once(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = tmp_path / "again"
    shutil.copytree(EXAMPLE, again)
    monkeypatch.setenv(registry.ENVIRONMENT, os.pathsep.join([str(folders[0]), str(again)]))
    assert registry.available() == ("nhanes", "heart", "aireadi", "walking")
    assert "already" in registry.broken()[0].problems[0].problem


def test_unknown_names_list_the_near_ones(folders: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="Unknown cohort 'nhane'; did you mean nhanes"):
        registry.load("nhane")
    with pytest.raises(InputError, match="cohort check"):
        registry.load("empty")
