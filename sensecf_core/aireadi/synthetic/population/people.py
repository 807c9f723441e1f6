"""The people of a synthetic release: group, site, split, traits, and what their data lack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions as given
from sensecf_core.aireadi.synthetic.population.assumptions import BY_NAME, GROUPS, Group
from sensecf_core.types import Floats


def largest_remainder(total: int, weights: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Divide ``total`` into whole parts in the ratio of ``weights`` (not negative, not all zero)."""
    weights = np.asarray(weights, dtype=float)
    exact = total * weights / weights.sum()
    parts = np.floor(exact).astype(np.int64)
    order = np.argsort(parts - exact, kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return np.asarray(parts, dtype=np.int64)


def shared_out(total: int, weights: Mapping[str, float], rng: np.random.Generator) -> npt.NDArray[np.str_]:
    """Give each of ``total`` places a name, as many as ``weights`` say, in random order."""
    counts = largest_remainder(total, list(weights.values()))
    return rng.permutation(np.repeat(list(weights), counts))


def chosen(total: int, share: float, rng: np.random.Generator, least: int = 0) -> npt.NDArray[np.bool_]:
    """Mark ``share`` of ``total`` places, at least ``least`` where there are that many, at random."""
    marks = np.zeros(total, dtype=bool)
    marks[: min(total, max(least, round(share * total)))] = True
    return rng.permutation(marks)


FIRST_ID = 900_001
"""Real ids have four digits."""

VISITS = ("2023-07-19", "2025-04-10")
"""First and last visit: the release's collection window, the last wear ending inside it."""

CLOCK_CHANGES = ("2023-11-05", "2024-03-10", "2024-11-03", "2025-03-09")
SMALLEST_WITH_QUIRKS = 12
"""From this size on, every oddity is in the release at least once."""

ODD_IN = ("heart_rate", "stress", "respiratory_rate", "activity", "sleep", "glucose")
TRAITS = ("metabolic", "autonomic", "sleep", "activity", "affect")


def draw(n: int, days: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw ``n`` people, indexed by participant id; columns as the parts below name them.

    Everything here is an assumption but the numbers of groups, sites, splits and oddities (see there).
    """
    people = _make_up(n, days, rng)
    groups = [BY_NAME[name] for name in people["study_group"]]
    draws = rng.standard_normal((len(TRAITS), n))
    draws[TRAITS.index("metabolic")] = _balanced(people["study_group"], rng)
    traits = linked(TRAITS, given.PERSON_LINKS, draws)
    columns: dict[str, npt.NDArray[Any]] = (
        _body(groups, traits, rng) | _glucose(groups, traits, rng) | _habits(groups, traits, rng)
    )
    columns |= {"affect": traits["affect"], **_oddities(n, days, rng)}
    return pd.concat([people, pd.DataFrame(columns, index=people.index)], axis=1)


def _balanced(group: pd.Series, rng: np.random.Generator) -> Floats:
    """Normal scores in random order within each group: small groups, too, have the mean and SD meant."""
    from scipy.special import ndtri

    scores = np.zeros(len(group))
    for name in group.unique():
        places = np.flatnonzero(group == name)
        scores[places] = rng.permutation(ndtri((np.arange(len(places)) + 0.5) / len(places)))
    return scores


def linked(names: tuple[str, ...], links: dict[tuple[str, str], float], draws: Floats) -> dict[str, Floats]:
    """Tie independent standard normal draws, one array per name, so that all keep variance 1.

    ``links`` maps (name, earlier name) to the weight of the earlier one.
    """
    made: dict[str, Floats] = {}
    for name, own in zip(names, draws, strict=True):
        weights = {earlier: weight for (to, earlier), weight in links.items() if to == name}
        spent = sum(weight**2 for weight in weights.values())
        made[name] = np.sqrt(1 - spent) * own + sum(weight * made[other] for other, weight in weights.items())
    return made


def _make_up(n: int, days: int, rng: np.random.Generator) -> pd.DataFrame:
    counts = largest_remainder(n, [group.size for group in GROUPS])
    group, split, site = [], [], []
    for one, count in zip(GROUPS, counts, strict=True):
        group += [one.name] * count
        split += list(shared_out(count, dict(zip(("train", "val", "test"), one.split, strict=True)), rng))
        west = {name: (one.size - one.uab) * share for name, share in given.WEST_COAST.items()}
        total = sum(given.WEST_COAST.values())
        site += list(shared_out(count, {"UAB": one.uab * total, **west}, rng))
    order = rng.permutation(n)
    people = pd.DataFrame(
        {"study_group": group, "clinical_site": site, "recommended_split": split}, dtype=object
    ).iloc[order]
    people.index = pd.Index([str(FIRST_ID + place) for place in range(n)], name="participant_id")
    first, last = (np.datetime64(day) for day in VISITS)
    visits = first + rng.integers(0, int((last - first).astype(int)) + 1, n)
    changes = chosen(n, 0.02, rng, 2 if n >= SMALLEST_WITH_QUIRKS else 0)
    before = rng.choice(np.array(CLOCK_CHANGES, dtype="datetime64[D]"), n) - rng.integers(2, days, n)
    people["visit"] = np.where(changes, before, visits).astype("datetime64[s]")
    return people


def _mean(groups: list[Group], field: str) -> Floats:
    return np.array([float(getattr(group, field)) for group in groups])


def _body(groups: list[Group], traits: dict[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    n = len(groups)
    age = np.clip(_mean(groups, "age") + given.AGE_SD * rng.standard_normal(n), *given.AGE_RANGE).round()
    lean = 0.25 * traits["metabolic"] - 0.20 * traits["activity"] + 0.95 * rng.standard_normal(n)
    systolic = 0.25 * (age - 60) / given.AGE_SD + 0.15 * lean + 0.95 * rng.standard_normal(n)
    diastolic = -0.15 * (age - 60) / given.AGE_SD + 0.55 * systolic + 0.8 * rng.standard_normal(n)
    resting = 0.9 * traits["autonomic"] - 0.1 * traits["activity"] + 0.40 * rng.standard_normal(n)
    stress = 0.45 * traits["autonomic"] + 0.25 * traits["affect"] + 0.85 * rng.standard_normal(n)
    return {
        "age": age,
        "height": np.clip(given.HEIGHT + given.HEIGHT_SD * rng.standard_normal(n), *given.HEIGHT_RANGE),
        "bmi": np.clip(_mean(groups, "bmi") + given.BMI_SD * lean, 17.5, 60),
        "systolic": _mean(groups, "systolic") + given.SYSTOLIC_SD * systolic,
        "diastolic": _mean(groups, "diastolic") + given.DIASTOLIC_SD * diastolic,
        "resting_heart_rate": np.clip(
            _mean(groups, "resting_heart_rate") + given.RESTING_HEART_RATE_SD * resting, 42, 95
        ),
        "waking_rise": np.clip(11 + 3.5 * rng.standard_normal(n), 3, 22),
        "stress": np.clip(_mean(groups, "stress") + given.STRESS_SD * stress, 12, 70),
    }


def _glucose(groups: list[Group], traits: dict[str, Floats], rng: np.random.Generator) -> dict[str, Floats]:
    """Mean and spread of a person's glucose, and HbA1c by the ADAG line (Nathan 2008) with noise."""
    n = len(groups)
    noise = _balanced(pd.Series([group.name for group in groups]), rng)
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
    steps = given.STEPS_LOG_SD
    sleep = given.SLEEP_SD * traits["sleep"]
    efficiency = 0.3 * traits["sleep"] - 0.15 * traits["affect"] + 0.94 * rng.standard_normal(n)
    return {
        "steps": _mean(groups, "steps") * np.exp(steps * traits["activity"] - steps**2 / 2),
        "cadence": np.clip(75 + 8 * rng.standard_normal(n) + 4 * traits["activity"], 55, 105),
        "runner": (traits["activity"] + rng.standard_normal(n) > 2.0).astype(float),
        "sleep": _mean(groups, "sleep") + sleep,
        "efficiency": np.clip(_mean(groups, "efficiency") + given.EFFICIENCY_SD * efficiency, 0.7, 0.97),
        "wake_minute": np.clip(400 + given.MIDPOINT_SD * rng.standard_normal(n), 285, 560),
        "night_breaths": np.clip(14.5 + 1.5 * rng.standard_normal(n) + 0.3 * traits["autonomic"], 10, 21),
        "night_oxygen": np.clip(94.5 + 1.3 * rng.standard_normal(n) - 0.3 * traits["metabolic"], 87, 98.5),
    }


def _oddities(n: int, days: int, rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """Which streams a person lacks, which oddities the files hold, how long the glucose sensor lasted.

    Oddities fall on different people, and on people who have the streams they show in.
    """
    least = 1 if n >= SMALLEST_WITH_QUIRKS else 0
    band = chosen(n, given.NO_BAND, rng, least)
    missing = {
        f"no_{name}": band | chosen(n, share - given.NO_BAND, rng) for name, share in given.MISSING.items()
    }
    missing["no_glucose"] = chosen(n, given.NO_GLUCOSE, rng, least)
    whole = rng.permutation(np.flatnonzero(~np.any([missing[f"no_{name}"] for name in ODD_IN], axis=0)))
    odd, taken = {}, 0
    for name, share in {**given.ODD, "glucose_failed": given.GLUCOSE_FAILED}.items():
        count = min(len(whole), max(least, round(share * n)))
        odd[name] = np.zeros(n, dtype=bool)
        odd[name][np.take(whole, np.arange(taken, taken + count), mode="wrap")] = True
        taken += count
    early = rng.uniform(2.5, max(2.6, 0.8 * days), n)
    lasted = np.where(odd["glucose_failed"], early, days - rng.uniform(0.05, 0.2, n))
    return {**missing, **odd, "glucose_days": lasted}
