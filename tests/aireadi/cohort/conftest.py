from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.cohort import from_release
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.synthetic.files import release as synthetic
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.schema import Schema

SMALL = Settings(n=40, days=5, seed=3, compact=True)


@pytest.fixture(scope="session")
def small_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty made-up people, five days each."""
    return synthetic.write(tmp_path_factory.mktemp("aireadi") / "release", SMALL).root


@pytest.fixture(scope="session")
def small_tables(small_release: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SENSECF_VAR", str(tmp_path_factory.mktemp("var")))
        return tables.build(locate.find(small_release), jobs=1)


@pytest.fixture(scope="session")
def schema() -> Schema:
    return builtin.read_schema("aireadi")


@pytest.fixture
def named(small_release: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The small release, named by SENSECF_AIREADI; its tables are not made."""
    from_release._loaded.cache_clear()
    from_release._tables.cache_clear()
    monkeypatch.setenv(locate.ENVIRONMENT, str(small_release))
    yield small_release


@pytest.fixture
def made(named: Path, small_tables: Tables, private_var: Path) -> Path:
    """The same with its tables in place."""
    shutil.copytree(small_tables.folder, private_var / "aireadi" / small_tables.folder.name)
    return named


@pytest.fixture
def unlabelled(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """A copy that does not say SYNTHETIC any more, with its tables."""

    def copy() -> Path:
        root = shutil.copytree(made, tmp_path / "unlabelled")
        description = json.loads((root / locate.DESCRIPTION_FILE).read_text())
        description |= {"title": [{"titleValue": "Flagship Dataset"}], "version": "3.0.0"}
        (root / locate.DESCRIPTION_FILE).write_text(json.dumps(description))
        monkeypatch.setenv(locate.ENVIRONMENT, str(root))
        tables.build(locate.find(root), jobs=1)
        return root

    return copy
