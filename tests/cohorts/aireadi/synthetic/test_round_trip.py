"""What the day-level model made, the loader's features recover, in every layout."""

from __future__ import annotations

import pandas as pd
import pytest

from sensecf_core.cohorts.aireadi import release, tables
from sensecf_core.cohorts.aireadi.synthetic.settings import LAYOUTS, Settings
from tests.cohorts.aireadi.synthetic.conftest import Making

TOLERANCES = {
    "steps": ("steps", 2.0),
    "active_kcal": ("active_kcal", 1.0),
    "glucose_mean": ("glucose_mean", 4.0),
    "resting_heart_rate": ("resting_heart_rate", 2.0),
    "respiratory_rate": ("night_breaths", 0.2),
    "spo2_night": ("night_oxygen", 0.5),
}
"""Feature of the loader: what it recovers, and how near (unit of the feature)."""


def whole_days(frame: pd.DataFrame) -> pd.DataFrame:
    people, days = (frame.index.get_level_values(level) for level in (0, 1))
    return frame.set_axis(pd.MultiIndex.from_arrays([people.astype(str), pd.to_datetime(days)]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_features_recover_the_latent_days(making: Making, layout: str) -> None:
    made = making(Settings(n=8, days=4, seed=5, layout=layout))  # type: ignore[arg-type]
    found = release.find(made.root)
    assert found.synthetic
    truth = whole_days(made.truth.days)
    truth = truth[truth["whole"] & (truth["off_minutes"] < 300) & truth["night_worn"].astype(bool)]
    days = whole_days(tables.build(found, jobs=1).days)
    days = days.reindex(truth.index)
    asleep = (60 * days["sleep_hours"] - (truth["sleep"] - truth["last_segment"])).dropna().abs()
    assert len(asleep) > 5 and asleep.max() < 1e-6
    for name, (latent, near) in TOLERANCES.items():
        apart = (days[name] - truth[latent]).dropna().abs()
        assert len(apart) > 5, name
        # Where glucose ends before a day does, what the band recorded later is outside the window.
        assert (apart <= near).mean() >= 0.85, (name, apart.describe())
