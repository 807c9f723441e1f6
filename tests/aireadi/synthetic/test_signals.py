from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.aireadi.synthetic.files.participant import Task, make
from sensecf_core.aireadi.synthetic.population.latent import MINUTES_STREAM, latent
from sensecf_core.aireadi.synthetic.population.people import largest_remainder, random_mask
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.aireadi.synthetic.signals.clock import clock, offsets, to_utc
from sensecf_core.aireadi.synthetic.signals.matching import match_days
from sensecf_core.aireadi.synthetic.signals.minutes import signals
from sensecf_core.aireadi.synthetic.signals.sleep_stages import LIGHT, STAGES, night
from sensecf_core.errors import InputError


def test_the_clock_knows_summer_time() -> None:
    autumn = clock(np.datetime64("2024-11-02", "m"), 3, "UW")
    assert np.bincount(autumn.day).tolist() == [1440, 1500, 1440]
    spring = clock(np.datetime64("2024-03-09", "m"), 3, "UAB")
    assert np.bincount(spring.day).tolist() == [1440, 1380, 1440]
    assert spring.minute[spring.index(2, 600)] == 600
    local = int(np.datetime64("2024-11-03T01:30", "m").astype(int))
    assert to_utc(local, autumn.zone) == local + 7 * 60
    assert offsets(np.array([local + 7 * 60, local + 8 * 60]), autumn.zone).tolist() == [-420, -480]


def test_a_night_has_exactly_its_minutes() -> None:
    minutes = {"awake": 40, "light": 230, "deep": 60, "rem": 90}
    for seed in range(20):
        found = night(minutes, 9, np.random.default_rng(seed))
        for number, name in enumerate(STAGES):
            assert sum(length for stage, length in found if stage == number) == minutes[name]
        assert found[-1] == (LIGHT, 9)
        assert 15 <= len(found) <= 35


def test_days_meet_their_targets() -> None:
    values = np.random.default_rng(0).normal(30, 15, 3000)
    day = np.repeat([0, 1, 2], 1000)
    targets = np.array([20.0, 35.0, 28.0])
    made = match_days(values, day, np.ones(3000, dtype=bool), targets, np.mean, low=1, high=100)  # type: ignore[arg-type]
    assert [made[day == one].mean() for one in range(3)] == pytest.approx(targets, abs=0.2)


def test_quotas_are_exact() -> None:
    assert largest_remainder(10, [1, 1, 1]).sum() == 10
    assert random_mask(50, 0.1, np.random.default_rng(0)).sum() == 5
    assert random_mask(3, 0.0, np.random.default_rng(0), least=1).sum() == 1


def test_glucose_on_the_night_that_summer_time_ends_is_doubled_and_out_of_order() -> None:
    truth = latent(0, 14, 5)
    person = truth.people.iloc[0].copy()
    person["visit"], person["glucose_days"] = np.datetime64("2024-11-01", "s"), 4.9
    for mark in truth.people.select_dtypes("bool").columns:
        person[mark] = False
    days = truth.days.loc[truth.people.index[0]].reset_index(drop=True)
    glucose = make(Task(0, "900001", person, days, 1, 1), Settings(n=14, days=5))[1]["glucose"]
    backwards = np.flatnonzero(np.diff(glucose.utc) < 0)
    assert len(backwards) == 1
    assert glucose.extra == sorted(glucose.extra)


def test_a_person_is_the_same_in_every_process() -> None:
    truth = latent(7, 5, 4)
    person = truth.people.index[3]
    made = [
        signals(truth.people.iloc[3], truth.days.loc[person], np.random.default_rng((7, MINUTES_STREAM, 3)))
        for _ in range(2)
    ]
    assert np.array_equal(made[0].body.stress, made[1].body.stress)
    assert latent(7, 5, 4).days.equals(truth.days)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"layout": "v9"}, "Unknown layout 'v9'"),
        ({"n": 0}, "--n must be from 1 to 99,999, got 0."),
        ({"days": 2}, "--days must be from 3 to 14, got 2."),
        ({"seed": -1}, "--seed must be"),
    ],
)
def test_settings_are_checked(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        Settings(**wrong)  # type: ignore[arg-type]
