"""The people of a synthetic release: group, site, split, traits, and what is missing or odd in their data.

Shares of people (groups, sites, oddities) are exact, not drawn: see :func:`largest_remainder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions
from sensecf_core.aireadi.synthetic.population.assumptions import BY_NAME, GROUPS, Group
from sensecf_core.types import Floats

FIRST_ID = 900_001
"""Real ids have four digits."""

VISITS = ("2023-07-19", "2025-04-10")
"""First and last visit, so that the last wear ends within the release's collection period."""

CLOCK_CHANGES = ("2023-11-05", "2024-03-10", "2024-11-03", "2025-03-09")
SMALLEST_WITH_QUIRKS = 12
"""A release of at least this size has every oddity at least once."""

ODD_IN = ("heart_rate", "stress", "respiratory_rate", "activity", "sleep", "glucose")
TRAITS = ("metabolic", "autonomic", "sleep", "activity", "affect")


def draw(n: int, days: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw ``n`` people, indexed by participant id; the functions below name the columns.

    Everything here is an assumption except the sizes of groups, sites and splits and the number of oddities
    (see ``assumptions``).
    """
    people = _composition(n, days, rng)
    groups = [BY_NAME[name] for name in people["study_group"]]
    draws = rng.standard_normal((len(TRAITS), n))
    draws[TRAITS.index("metabolic")] = _stratified_normal(people["study_group"], rng)
    traits = correlate(TRAITS, assumptions.PERSON_LINKS, draws)
    columns: dict[str, npt.NDArray[Any]] = (
        _body(groups, traits, rng) | _glucose(groups, traits, rng) | _habits(groups, traits, rng)
    )
    columns |= {"affect": traits["affect"], **_oddities(n, days, rng)}
    return pd.concat([people, pd.DataFrame(columns, index=people.index)], axis=1)


def _composition(n: int, days: int, rng: np.random.Generator) -> pd.DataFrame:
    counts = largest_remainder(n, [group.size for group in GROUPS])
    names, splits, sites = [], [], []
    for group, count in zip(GROUPS, counts, strict=True):
        names += [group.name] * count
        splits += list(allocate(count, dict(zip(("train", "val", "test"), group.split, strict=True)), rng))
        west = {name: (group.size - group.uab) * share for name, share in assumptions.WEST_COAST.items()}
        total = sum(assumptions.WEST_COAST.values())
        sites += list(allocate(count, {"UAB": group.uab * total, **west}, rng))
    order = rng.permutation(n)
    people = pd.DataFrame(
        {"study_group": names, "clinical_site": sites, "recommended_split": splits}, dtype=object
    ).iloc[order]
    people.index = pd.Index([str(FIRST_ID + position) for position in range(n)], name="participant_id")
    first, last = (np.datetime64(day) for day in VISITS)
    visits = first + rng.integers(0, int((last - first).astype(int)) + 1, n)
    changes = random_mask(n, 0.02, rng, 2 if n >= SMALLEST_WITH_QUIRKS else 0)
    before = rng.choice(np.array(CLOCK_CHANGES, dtype="datetime64[D]"), n) - rng.integers(2, days, n)
    people["visit"] = np.where(changes, before, visits).astype("datetime64[s]")
    return people


def _mean(groups: list[Group], field: str) -> Floats:
    return np.array([float(getattr(group, field)) for group in groups])


def _body(groups: list[Group], traits: dict[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    n = len(groups)
    age = np.clip(
        _mean(groups, "age") + assumptions.AGE_SD * rng.standard_normal(n), *assumptions.AGE_RANGE
    ).round()
    lean = 0.25 * traits["metabolic"] - 0.20 * traits["activity"] + 0.95 * rng.standard_normal(n)
    systolic = 0.25 * (age - 60) / assumptions.AGE_SD + 0.15 * lean + 0.95 * rng.standard_normal(n)
    diastolic = -0.15 * (age - 60) / assumptions.AGE_SD + 0.55 * systolic + 0.8 * rng.standard_normal(n)
    resting = 0.9 * traits["autonomic"] - 0.1 * traits["activity"] + 0.40 * rng.standard_normal(n)
    stress = 0.45 * traits["autonomic"] + 0.25 * traits["affect"] + 0.85 * rng.standard_normal(n)
    return {
        "age": age,
        "height": np.clip(
            assumptions.HEIGHT + assumptions.HEIGHT_SD * rng.standard_normal(n), *assumptions.HEIGHT_RANGE
        ),
        "bmi": np.clip(_mean(groups, "bmi") + assumptions.BMI_SD * lean, 17.5, 60),
        "systolic": _mean(groups, "systolic") + assumptions.SYSTOLIC_SD * systolic,
        "diastolic": _mean(groups, "diastolic") + assumptions.DIASTOLIC_SD * diastolic,
        "resting_heart_rate": np.clip(
            _mean(groups, "resting_heart_rate") + assumptions.RESTING_HEART_RATE_SD * resting, 42, 95
        ),
        "waking_rise": np.clip(11 + 3.5 * rng.standard_normal(n), 3, 22),
        "stress": np.clip(_mean(groups, "stress") + assumptions.STRESS_SD * stress, 12, 70),
    }


def _glucose(groups: list[Group], traits: dict[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    """Mean and spread of a person's glucose, and HbA1c by the ADAG equation (Nathan 2008) with noise."""
    n = len(groups)
    noise = _stratified_normal(pd.Series([group.name for group in groups]), rng)
    between = _mean(groups, "glucose_between")
    mean = _mean(groups, "glucose_mean") * np.exp(between * traits["metabolic"] - between**2 / 2)
    cv = _mean(groups, "glucose_cv") + _mean(groups, "glucose_cv_sd") * rng.standard_normal(n)
    return {
        "glucose_mean": mean,
        "glucose_cv": np.clip(cv, 0.10, 0.45),
        "hba1c": np.clip((mean + 46.7) / 28.7 + 0.25 * noise, 4.2, 14),
    }


def _habits(groups: list[Group], traits: dict[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    n = len(groups)
    steps = assumptions.STEPS_LOG_SD
    sleep = assumptions.SLEEP_SD * traits["sleep"]
    efficiency = 0.3 * traits["sleep"] - 0.15 * traits["affect"] + 0.94 * rng.standard_normal(n)
    return {
        "steps": _mean(groups, "steps") * np.exp(steps * traits["activity"] - steps**2 / 2),
        "cadence": np.clip(75 + 8 * rng.standard_normal(n) + 4 * traits["activity"], 55, 105),
        "runner": (traits["activity"] + rng.standard_normal(n) > 2.0).astype(float),
        "sleep": _mean(groups, "sleep") + sleep,
        "efficiency": np.clip(
            _mean(groups, "efficiency") + assumptions.EFFICIENCY_SD * efficiency, 0.7, 0.97
        ),
        "wake_minute": np.clip(400 + assumptions.MIDPOINT_SD * rng.standard_normal(n), 285, 560),
        "night_breaths": np.clip(14.5 + 1.5 * rng.standard_normal(n) + 0.3 * traits["autonomic"], 10, 21),
        "night_oxygen": np.clip(94.5 + 1.3 * rng.standard_normal(n) - 0.3 * traits["metabolic"], 87, 98.5),
    }


def _oddities(n: int, days: int, rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """Which streams a person lacks, which oddities their files have, how long the glucose sensor lasted.

    Different people get different oddities, and only people who have the streams that show them.
    """
    least = 1 if n >= SMALLEST_WITH_QUIRKS else 0
    band = random_mask(n, assumptions.NO_BAND, rng, least)
    missing = {
        f"no_{name}": band | random_mask(n, share - assumptions.NO_BAND, rng)
        for name, share in assumptions.MISSING.items()
    }
    missing["no_glucose"] = random_mask(n, assumptions.NO_GLUCOSE, rng, least)
    eligible = rng.permutation(np.flatnonzero(~np.any([missing[f"no_{name}"] for name in ODD_IN], axis=0)))
    odd, offset = {}, 0
    for name, share in {**assumptions.ODD, "glucose_failed": assumptions.GLUCOSE_FAILED}.items():
        count = min(len(eligible), max(least, round(share * n)))
        odd[name] = np.zeros(n, dtype=bool)
        odd[name][np.take(eligible, np.arange(offset, offset + count), mode="wrap")] = True
        offset += count
    early = rng.uniform(2.5, max(2.6, 0.8 * days), n)
    sensor_days = np.where(odd["glucose_failed"], early, days - rng.uniform(0.05, 0.2, n))
    return {**missing, **odd, "glucose_days": sensor_days}


def _stratified_normal(group: pd.Series, rng: np.random.Generator) -> Floats:
    """Normal scores, shuffled within each group, so that small groups too have the intended mean and SD."""
    from scipy.special import ndtri

    scores = np.zeros(len(group))
    for name in group.unique():
        members = np.flatnonzero(group == name)
        scores[members] = rng.permutation(ndtri((np.arange(len(members)) + 0.5) / len(members)))
    return scores


def correlate(
    names: tuple[str, ...], links: dict[tuple[str, str], float], draws: Floats
) -> dict[str, Floats]:
    """Correlate independent standard normal draws, one array per name; all keep variance 1.

    ``links`` maps (name, earlier name) to the weight of the earlier one.
    """
    series: dict[str, Floats] = {}
    for name, draw in zip(names, draws, strict=True):
        weights = {earlier: weight for (to, earlier), weight in links.items() if to == name}
        explained = sum(weight**2 for weight in weights.values())
        series[name] = np.sqrt(1 - explained) * draw + sum(
            weight * series[other] for other, weight in weights.items()
        )
    return series


def largest_remainder(total: int, weights: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Divide ``total`` into whole numbers in the ratio of ``weights`` (not negative, not all zero)."""
    weights = np.asarray(weights, dtype=float)
    exact = total * weights / weights.sum()
    parts = np.floor(exact).astype(np.int64)
    order = np.argsort(parts - exact, kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return np.asarray(parts, dtype=np.int64)


def allocate(total: int, weights: Mapping[str, float], rng: np.random.Generator) -> npt.NDArray[np.str_]:
    """Return ``total`` names in random order, each as often as its weight says."""
    counts = largest_remainder(total, list(weights.values()))
    return rng.permutation(np.repeat(list(weights), counts))


def random_mask(total: int, share: float, rng: np.random.Generator, least: int = 0) -> npt.NDArray[np.bool_]:
    """Return a random mask of length ``total``: ``share`` of it is true, at least ``least`` if possible."""
    mask = np.zeros(total, dtype=bool)
    mask[: min(total, max(least, round(share * total)))] = True
    return rng.permutation(mask)
