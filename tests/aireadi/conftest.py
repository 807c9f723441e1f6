from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sensecf_core.aireadi.features.participant import PersonTables, person_tables
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.files import FileFinder
from sensecf_core.aireadi.release.inventory import PersonFiles
from sensecf_core.aireadi.release.locate import Release
from sensecf_core.aireadi.release.streams import STREAMS
from tests.aireadi import micro, people

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def tables_of(finder: FileFinder, person: str, site: str, visit: date) -> PersonTables:
    """Read one participant."""
    files = tuple(finder.locate(stream, person) for stream in STREAMS)
    return person_tables(PersonFiles(person, site, visit, files), NOW)


@pytest.fixture(scope="session", params=["v1", "v2", "v3"])
def micro_release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Ann, Ben and Cas in each layout; version 2 in doubled folders, version 3 wrapped."""
    layout = str(request.param)
    top = tmp_path_factory.mktemp(layout)
    root = top / "YR3" / "dataset" if layout == "v3" else top
    everyone = [people.ann(), people.ben(), people.cas()]
    micro.write(root, everyone, layout=layout, doubled=layout == "v2", indent=4 if layout == "v3" else None)
    return locate.find(top)


@pytest.fixture(scope="session")
def finder(micro_release: Release) -> FileFinder:
    return FileFinder(micro_release)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann, Ben and Cas in the newest layout, to be copied."""
    folder = tmp_path_factory.mktemp("template") / "release"
    return micro.write(folder, [people.ann(), people.ben(), people.cas()])


@pytest.fixture
def v3(template: Path, tmp_path: Path) -> Release:
    """A small release of the newest layout that a test may change."""
    return locate.find(shutil.copytree(template, tmp_path / "release"))


@pytest.fixture(scope="session")
def ann(finder: FileFinder) -> PersonTables:
    """Ann's tables in each layout."""
    return tables_of(finder, people.ANN, "UW", date(2025, 3, 4))
