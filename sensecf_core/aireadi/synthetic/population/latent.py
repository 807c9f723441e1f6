"""The day-level model: the true values of every person and day, before they are written as streams.

Tests and the loader's round trip read these frames; ``signals`` makes minutes with exactly these values, up
to rounding, sampling and the oddities of the files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions, people as persons
from sensecf_core.types import Floats

FACTORS = ("sleep", "activity", "meals", "strain", "heart", "glucose", "midpoint", "breathing", "oxygen")
PEOPLE_STREAM, DAYS_STREAM, MINUTES_STREAM, CLINICAL_STREAM = range(4)
"""The random streams of a seed, by purpose."""


@dataclass(frozen=True)
class Latent:
    """The truth behind a release.

    ``people``: one row per participant (index ``participant_id``). ``days``: one row per participant and
    local calendar day (index ``participant_id``, ``date``), ``whole`` where the day lies fully inside the
    wear; last night's sleep belongs to the day of waking. Units: minutes, beats/min, mg/dL, kcal, breaths
    a minute, percent; ``wake_minute`` and ``off_start`` count from local midnight.
    """

    people: pd.DataFrame
    days: pd.DataFrame


def latent(seed: int, n: int, days: int) -> Latent:
    """Draw the whole cohort; equal arguments give equal frames."""
    people = persons.draw(n, days, np.random.default_rng((seed, PEOPLE_STREAM)))
    return Latent(people, _days(people, days, np.random.default_rng((seed, DAYS_STREAM))))


def _days(people: pd.DataFrame, days: int, rng: np.random.Generator) -> pd.DataFrame:
    shape = (len(people), days + 1)
    draws = np.stack([_autocorrelated(rng.standard_normal(shape)) for _ in FACTORS])
    factors = persons.correlate(FACTORS, assumptions.DAY_LINKS, draws)
    dates = people["visit"].to_numpy().astype("datetime64[D]")[:, None] + np.arange(days + 1)
    weekend = np.isin((dates.astype(np.int64) + 3) % 7, (5, 6))
    columns = _sleep(people, factors, weekend, rng) | _day(people, factors, weekend, rng) | _gaps(shape, rng)
    number = np.broadcast_to(np.arange(days + 1), shape)
    columns |= {"day": number, "whole": (number > 0) & (number < days)}
    index = pd.MultiIndex.from_arrays(
        [np.repeat(people.index.to_numpy(), days + 1), dates.ravel().astype("datetime64[s]")],
        names=("participant_id", "date"),
    )
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()}, index=index)


def _autocorrelated(draws: Floats) -> Floats:
    """Turn independent standard normal days (axis 1) into a stationary AR(1) series."""
    memory = assumptions.DAY_MEMORY
    series = draws.copy()
    for day in range(1, draws.shape[1]):
        series[:, day] = memory * series[:, day - 1] + np.sqrt(1 - memory**2) * draws[:, day]
    return np.asarray(series, dtype=float)


def _column(people: pd.DataFrame, name: str) -> Floats:
    return np.asarray(people[name], dtype=float)[:, None]


def _sleep(
    people: pd.DataFrame, factors: dict[str, Floats], weekend: npt.NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, npt.NDArray[np.generic]]:
    """The night before each day: whole minutes per stage, and when it ended.

    ``last_segment`` is the last segment of light sleep, part of ``light``, which the files lack.
    """
    shape = weekend.shape
    asleep = _column(people, "sleep") + assumptions.SLEEP_DAY_SD * factors["sleep"] + 12 * weekend
    asleep = np.clip(asleep, 200, 600).round().astype(np.int64)
    efficiency = _column(people, "efficiency") + 0.03 * rng.standard_normal(shape)
    in_bed = (asleep / np.clip(efficiency, 0.65, 0.985)).round().astype(np.int64)
    deep = np.clip(0.16 + 0.035 * rng.standard_normal(shape), 0.03, 0.32)
    rem = np.clip(0.21 + 0.045 * rng.standard_normal(shape), 0.04, 0.38)
    wake = _column(people, "wake_minute") + assumptions.MIDPOINT_DAY_SD * factors["midpoint"]
    wake = wake + assumptions.WEEKEND_LATER * weekend + 0.35 * (asleep - _column(people, "sleep"))
    parts = {"deep": (deep * asleep).astype(np.int64), "rem": (rem * asleep).astype(np.int64)}
    return {
        "sleep": asleep,
        "light": asleep - parts["deep"] - parts["rem"],
        **parts,
        "awake": in_bed - asleep,
        "last_segment": rng.integers(4, 16, shape),
        "wake_minute": np.clip(wake, 250, 660).round().astype(np.int64),
    }


def _day(
    people: pd.DataFrame, factors: dict[str, Floats], weekend: npt.NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, npt.NDArray[np.generic]]:
    spread = assumptions.STEPS_DAY_LOG_SD
    steps = _column(people, "steps") * np.exp(spread * factors["activity"] - spread**2 / 2 - 0.05 * weekend)
    steps = np.clip(steps, 300, 32_000).round().astype(np.int64)
    active = np.clip(steps / _column(people, "cadence"), 4, 360).round().astype(np.int64)
    running = (rng.random(weekend.shape) < 0.3) & (_column(people, "runner") > 0) & (active > 60)
    weight = _column(people, "bmi") * (_column(people, "height") / 100) ** 2
    burnt = 0.045 * steps * weight / 75 * np.exp(0.05 * rng.standard_normal(weekend.shape))
    day_glucose = assumptions.GLUCOSE_DAY_LOG_SD * factors["glucose"]
    stress = _column(people, "stress") + assumptions.STRESS_DAY_SD * factors["strain"] - 1.5 * weekend
    return {
        "steps": steps,
        "active_minutes": active,
        "running_minutes": np.where(running, rng.integers(15, 41, weekend.shape), 0),
        "active_kcal": burnt.round().astype(np.int64),
        "meals": factors["meals"],
        "stress": np.clip(stress, 8, 85),
        "resting_heart_rate": np.clip(
            _column(people, "resting_heart_rate") + assumptions.HEART_DAY_SD * factors["heart"], 40, 100
        ),
        "glucose_mean": _column(people, "glucose_mean") * np.exp(day_glucose),
        "night_breaths": _column(people, "night_breaths") + 0.4 * factors["breathing"],
        "night_oxygen": np.clip(_column(people, "night_oxygen") + 0.5 * factors["oxygen"], 84, 99),
    }


def _gaps(shape: tuple[int, int], rng: np.random.Generator) -> dict[str, npt.NDArray[np.generic]]:
    """When the band was off: to charge, or for most of the day; and whether it was worn at night."""
    long = rng.random(shape) < 0.03
    return {
        "off_start": np.where(long, rng.integers(480, 540, shape), rng.integers(1080, 1260, shape)),
        "off_minutes": np.where(long, rng.integers(540, 780, shape), rng.integers(30, 91, shape)),
        "night_worn": rng.random(shape) >= 0.04,
    }
