"""What the generator put into a release, the loader finds in it, in every layout: days, oddities, answers.

Nothing is left out for being missing: who has a value, and who has none, is part of what is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.clinical import items
from sensecf_core.aireadi.synthetic.population import clinical
from sensecf_core.aireadi.synthetic.population.latent import CLINICAL_STREAM
from sensecf_core.aireadi.synthetic.population.settings import LAYOUTS, Settings
from tests.aireadi.synthetic.conftest import Making, Release

FEATURES = {
    "steps": ("steps", ("activity", "heart_rate"), 60.0),
    "active_minutes": ("active_minutes", ("activity", "heart_rate"), 2.0),
    "active_kcal": ("active_kcal", ("calories", "heart_rate"), 1.0),
    "glucose_mean": ("glucose_mean", ("glucose",), 6.0),
    "resting_heart_rate": ("resting_heart_rate", ("heart_rate",), 2.0),
    "stress_daytime": ("stress", ("stress", "heart_rate"), 6.0),
    "respiratory_rate": ("night_breaths", ("respiratory_rate", "sleep"), 0.2),
    "spo2_night": ("night_oxygen", ("oxygen_saturation", "sleep"), 0.5),
}
"""Feature: what it recovers, the streams it needs, how near (unit of the feature)."""

SINGLE = ("heart_rate", "stress", "respiratory_rate", "oxygen_saturation", "calories", "glucose")
BAND = ("heart_rate", "stress", "respiratory_rate")
STREAMS = (*SINGLE, "activity", "sleep")

ITEMS = {
    "hba1c": ("import_hba1c",),
    "ldl": ("import_ldl_cholesterol",),
    "urine_creatinine": ("import_urine_creatinine",),
    "systolic": ("bp1_sysbp_vsorres", "bp2_sysbp_vsorres"),
    "pulse": ("pulse_vsorres", "pulse_vsorres_2"),
    "weight": ("weight_vsorres",),
    "moca": ("moca_total_score",),
    "cesd10": ("cestl",),
    "insulin_treated": ("cmtrt_insln",),
    "type2": ("mhterm_dm2",),
    "smokes_now": ("susmkcdur",),
}
"""Clinical items, and the answers that their values are the means of."""


@dataclass(frozen=True)
class Trip:
    """A release as it was meant, as it was written, and as it was read."""

    made: Release
    built: tables.Tables

    @property
    def people(self) -> pd.DataFrame:
        return self.made.truth.people

    def able(self, streams: tuple[str, ...]) -> pd.Series:
        """Who has these streams, with true readings, in the days of the glucose sensor."""
        odd = [f"no_{stream}" for stream in streams] + ["no_overlap"]
        odd += ["empty"] if "stress" in streams else []
        odd += ["sentinels_only"] if set(streams) & set(BAND) else []
        return ~self.people[odd].any(axis=1)

    def of(self, stream: str) -> pd.DataFrame:
        rows = self.built.quality[self.built.quality["stream"] == stream]
        return rows.set_index("participant_id").loc[self.people.index]

    def marked(self, name: str) -> set[str]:
        return set(self.people.index[self.people[name]])

    def having(self, *streams: str) -> list[str]:
        return [
            person
            for person in self.people.index
            if not self.people.loc[person, [f"no_{s}" for s in streams]].any()
        ]


def those(rows: pd.Series) -> set[str]:
    """Ids of the rows that are true."""
    return set(rows.index[rows])


@pytest.fixture(scope="module", params=LAYOUTS)
def trip(
    request: pytest.FixtureRequest, making: Making, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trip]:
    made = making(Settings(n=16, days=4, seed=5, layout=request.param))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENSECF_VAR", str(tmp_path_factory.mktemp("var")))
        found = locate.find(made.root)
        assert found.synthetic
        yield Trip(made, tables.build(found, jobs=1))


def compared(trip: Trip) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Whole, well worn days inside the window: as they were meant, and as they were computed."""
    truth, days = trip.made.truth.days, trip.built.days
    person, day = truth.index.get_level_values(0), truth.index.get_level_values(1)
    truth = truth.set_axis(pd.MultiIndex.from_arrays([person, day.strftime("%Y-%m-%d")]))
    good = truth["whole"] & (truth["off_minutes"] < 300) & truth["night_worn"]
    good &= ~person.isin(trip.marked("glucose_failed"))
    return truth[good], days.reindex(truth.index[good])


@pytest.mark.parametrize("feature", FEATURES)
def test_features_are_recovered_and_only_for_those_who_have_them(trip: Trip, feature: str) -> None:
    latent, streams, near = FEATURES[feature]
    truth, days = compared(trip)
    has = trip.able(streams)
    expected = has.loc[truth.index.get_level_values(0)].to_numpy()
    assert expected.sum() >= 15
    assert (days[feature].notna().to_numpy() == expected).all()
    apart = (days[feature] - truth[latent])[expected].abs()
    assert apart.max() <= near


def test_sleep_is_recovered_to_the_minute(trip: Trip) -> None:
    truth, days = compared(trip)
    expected = trip.able(("sleep",)).loc[truth.index.get_level_values(0)].to_numpy()
    assert expected.sum() >= 15
    assert (days["sleep_hours"].notna().to_numpy() == expected).all()
    apart = (60 * days["sleep_hours"] - (truth["sleep"] - truth["last_segment"]))[expected].abs()
    assert apart.max() < 1e-6


def test_missing_and_empty_files(trip: Trip) -> None:
    for stream in STREAMS:
        assert those(trip.of(stream)["state"] == "missing") == trip.marked(f"no_{stream}"), stream
    empty = trip.marked("empty") - trip.marked("no_stress")
    assert empty and those(trip.of("stress")["state"] == "empty") == empty


def test_repeated_records_and_the_hour_that_comes_twice(trip: Trip) -> None:
    for stream in SINGLE:
        rows = trip.of(stream)
        for person in trip.having(stream):
            frames = [
                json.dumps(record["effective_time_frame"]) for record in trip.made.records(stream, person)
            ]
            assert rows.loc[person, "records"] == len(frames)
            assert rows.loc[person, "repeated"] == len(frames) - len(set(frames)), (stream, person)
    for stream in (*BAND, "glucose"):
        assert trip.marked("duplicates") <= those(trip.of(stream)["repeated"] > 0)


def test_sentinels_alone_and_a_band_that_was_never_worn_beside_the_sensor(trip: Trip) -> None:
    for stream in BAND:
        rows = trip.of(stream)
        sentinels = (rows["in_window"] > 0) & (rows["not_worn"] == rows["in_window"])
        assert trip.marked("sentinels_only") and those(sentinels) == trip.marked("sentinels_only")
        apart = (rows["records"] > 0) & (rows["in_window"] == 0)
        assert trip.marked("no_overlap") and those(apart) == trip.marked("no_overlap")
    noted = trip.built.people["notes"].str.contains("not in the days that count")
    assert those(noted) == trip.marked("no_overlap")


def test_tails_and_the_year_1991(trip: Trip) -> None:
    stress, breaths = trip.of("stress")["outside_window"], trip.of("respiratory_rate")["outside_window"]
    two_months = those(stress > 6000) - trip.marked("no_overlap")
    assert two_months and two_months == trip.marked("long_tail")
    (early,) = trip.marked("starts_1991")
    assert breaths[early] == stress[early] + 1


def test_literal_nan_unknown_stages_and_words_for_glucose(trip: Trip) -> None:
    odd = trip.marked("literal_nan")
    assert odd and those(trip.of("activity")["not_a_number"] > 0) == odd
    sleep = trip.of("sleep")
    assert those(sleep["valid"] < sleep["in_window"]) == odd
    glucose = trip.of("glucose")
    for person in trip.having("glucose"):
        records = trip.made.records("glucose", person)
        words = [record for record in records if isinstance(record["blood_glucose"]["value"], str)]
        assert glucose.loc[person, "censored"] == len(words)
    assert trip.marked("extremes") and trip.marked("extremes") <= those(glucose["censored"] > 2)


def test_glucose_that_failed_early(trip: Trip) -> None:
    few = trip.marked("glucose_failed") | trip.marked("no_glucose")
    assert trip.marked("glucose_failed") and those(~trip.built.people["enough_glucose"].astype(bool)) == few


def test_every_record_that_a_manifest_counts_is_there(trip: Trip) -> None:
    rows = trip.built.quality[trip.built.quality["manifest_records"].notna()]
    assert set(rows["stream"]) >= {*SINGLE, "sleep"}
    assert (rows["manifest_records"] == rows["records"]).all()
    assert (trip.built.quality["notes"] == "").all()


def test_clinical_values_are_the_answers(trip: Trip) -> None:
    rng = np.random.default_rng((trip.made.settings.seed, CLINICAL_STREAM))
    answers = clinical.values(trip.people, rng)
    read = trip.built.people.loc[trip.people.index]
    for item, keys in ITEMS.items():
        pd.testing.assert_series_equal(read[item], answers[list(keys)].mean(axis=1), check_names=False)
    states = trip.built.clinical.groupby("state").size()
    impossible = {("bmi", 94.6), ("waist", 0.0), ("whr", 0.0)}
    odd = trip.built.clinical[trip.built.clinical["state"] == "out_of_range"]
    assert set(zip(odd["item"], odd["value"], strict=True)) == impossible
    read_keys = {key for item in items() for key in item.keys}
    asked = answers[[key for key in answers if key in read_keys]]
    coded = asked.isin([clinical.DECLINED, clinical.UNKNOWN]).to_numpy().sum()
    assert coded > 0 and states["not_answered"] == coded
