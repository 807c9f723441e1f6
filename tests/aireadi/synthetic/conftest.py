from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sensecf_core.aireadi.synthetic.files import documents, release
from sensecf_core.aireadi.synthetic.population.latent import Latent, latent
from sensecf_core.aireadi.synthetic.population.settings import Settings


@dataclass(frozen=True)
class Release:
    """A written release with its settings and the true values behind it."""

    root: Path
    settings: Settings
    truth: Latent
    made: release.WrittenRelease

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def table(self, name: str) -> pd.DataFrame:
        separator = "\t" if name.endswith(".tsv") else ","
        return pd.read_csv(self.root / name, sep=separator, dtype=str, keep_default_na=False)

    def path(self, stream: str, participant: str) -> Path:
        return self.root / documents.path(stream, participant)

    def records(self, stream: str, participant: str) -> list[Any]:
        body = json.loads(self.path(stream, participant).read_text(encoding="utf-8"))["body"]
        return body if isinstance(body, list) else body[documents.KINDS[stream].body]

    def who(self, mark: str) -> str:
        """The first participant with an oddity."""
        return str(self.truth.people.index[self.truth.people[mark]][0])

    def having(self, *streams: str) -> list[str]:
        """Participants who have these streams and nothing odd."""
        people = self.truth.people
        odd = ["sentinels_only", "duplicates", "no_overlap", "empty", "literal_nan", "starts_1991"]
        odd += ["extremes", "glucose_failed", "long_tail"]
        bad = people[odd + [f"no_{name}" for name in streams]].any(axis=1)
        return [str(person) for person in people.index[~bad]]


Making = Callable[[Settings], Release]


@pytest.fixture(scope="session")
def making(tmp_path_factory: pytest.TempPathFactory) -> Making:
    def make(settings: Settings) -> Release:
        root = tmp_path_factory.mktemp("release") / settings.layout
        made = release.write(root, settings)
        return Release(root, settings, latent(settings.seed, settings.n, settings.days), made)

    return make


@pytest.fixture(scope="session")
def v3(making: Making) -> Release:
    """Fourteen people as real files are sampled and indented."""
    return making(Settings(n=14, days=4, seed=3, layout="v3"))


@pytest.fixture(scope="session", params=["v1", "v2", "v3", "mini"])
def compact(request: pytest.FixtureRequest, making: Making) -> Release:
    return making(Settings(n=14, days=3, seed=5, layout=request.param, compact=True))
