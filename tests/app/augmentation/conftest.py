"""A made run, and nothing that is committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sensecf_core.augmentation.findings import runs
from sensecf_core.cohorts.cohort import Cohort
from tests.app import made_augmentation
from tests.app.conftest import World


@pytest.fixture(scope="session")
def made(small_cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_augmentation.make(small_cohort, tmp_path_factory.mktemp("augmentation"))


@pytest.fixture(autouse=True)
def nothing_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "COMMITTED", tmp_path / "committed")


@pytest.fixture
def run(world: World, made: Path) -> dict[str, Any]:
    """The made run, stored; its summary."""
    return runs.read_summary(made_augmentation.store(made))
