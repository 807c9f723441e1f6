"""A made run, and nothing that is committed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.augmentation.findings import runs
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.paths import file_lock
from tests.app import made_augmentation
from tests.app.conftest import World


@pytest.fixture(scope="session")
def made(small_cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made run, made once, by whichever process of the tests asks first."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    place = shared / "augmentation_run"
    with file_lock(shared / "augmentation_run.lock"):
        if not place.exists():
            place.write_text(str(made_augmentation.make(small_cohort, shared / "augmentation_var")))
    return Path(place.read_text())


@pytest.fixture(autouse=True)
def nothing_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "COMMITTED", tmp_path / "committed")


@pytest.fixture
def run(world: World, made: Path) -> dict[str, Any]:
    """The made run, stored; its summary."""
    return runs.read_summary(made_augmentation.store(made))
