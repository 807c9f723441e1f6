from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sensecf_core.datasets import nhanes

TINY = 5.397605346934028e-79


def people(**columns: list[object]) -> pd.DataFrame:
    """A few people of the source file; columns that are not given are harmless."""
    size = len(next(iter(columns.values()))) if columns else 1
    readings = {
        f"{which}BloodPres{o}RdgMmHg": 120.0
        for which in ("Systolic", "Diastolic")
        for o in ("1St", "2Nd", "3Rd")
    }
    days = {f"{column}_DR{day}TOT": 10.0 for column in nhanes.NUTRIENTS.values() for day in (1, 2)}
    base: dict[str, object] = dict.fromkeys(nhanes.COPIED.values(), 1.0) | readings | days
    base |= {"Gender": "Female", "AgeInYearsAtScreening": 50.0, "Glycohemoglobin": 5.0, "SEQN": 93705.0}
    base |= {
        "DoctorToldYouHaveDiabetes": "0",
        "TakingInsulinNow": 0.0,
        "TakeDiabeticPillsToLowerBloodSugar": np.nan,
    }
    base |= {"SmokedAtLeast100CigarettesInLife": 0.0, "DoYouNowSmokeCigarettes": np.nan}
    base |= {"EducationLevelAdults20": "Don't Know", "RacehispanicOriginWNhAsian": "Non-Hispanic Asian"}
    return pd.DataFrame({name: [value] * size for name, value in base.items()} | columns)


def test_the_tiny_number_is_zero() -> None:
    plain = nhanes.plain_numbers(people(AlcoholGm_DR1TOT=[TINY, 5.0], MinutesSedentaryActivity=[TINY, 60.0]))
    assert plain["AlcoholGm_DR1TOT"].tolist() == [0, 5]
    assert plain["MinutesSedentaryActivity"].tolist() == [0, 60]


def test_codes_are_missing_by_item_and_kept_in_measured_values() -> None:
    raw = people(
        MinutesSedentaryActivity=[7777.0, 9999.0, 300.0],
        OfMealsNotHomePrepared=[5555.0, 9999.0, 7.0],
        EnergyKcal_DR1TOT=[7777.0, 9999.0, 99.0],
        SystolicBloodPres1StRdgMmHg=[99.0, 77.0, 120.0],
    )
    plain = nhanes.plain_numbers(raw)
    assert plain["MinutesSedentaryActivity"].isna().tolist() == [True, True, False]
    assert plain["OfMealsNotHomePrepared"].tolist()[0] == nhanes.MORE_THAN_21
    assert np.isnan(plain["OfMealsNotHomePrepared"].tolist()[1])
    assert plain["EnergyKcal_DR1TOT"].tolist() == [7777, 9999, 99]
    assert plain["SystolicBloodPres1StRdgMmHg"].tolist() == [99, 77, 120]


def test_a_diastolic_reading_of_zero_is_missing() -> None:
    raw = people(
        DiastolicBloodPres1StRdgMmHg=[TINY, TINY],
        DiastolicBloodPres2NdRdgMmHg=[70.0, TINY],
        DiastolicBloodPres3RdRdgMmHg=[np.nan, np.nan],
    )
    pressure = nhanes.blood_pressure(nhanes.plain_numbers(raw), "Diastolic")
    assert pressure.tolist()[0] == 70
    assert np.isnan(pressure.tolist()[1])


def test_smoking_uses_both_items() -> None:
    raw = people(
        SmokedAtLeast100CigarettesInLife=[0.0, 1.0, 1.0, 1.0, np.nan, 1.0],
        DoYouNowSmokeCigarettes=[np.nan, "Not at all", "Some days", "Every day", np.nan, np.nan],
    )
    smoking = nhanes.smoking(raw)
    assert smoking.tolist()[:4] == ["never", "former", "current", "current"]
    assert smoking.isna().tolist() == [False, False, False, False, True, True]


def test_diet_is_the_mean_of_the_days_that_were_given() -> None:
    raw = people(EnergyKcal_DR1TOT=[2000.0, 1800.0, np.nan], EnergyKcal_DR2TOT=[1000.0, np.nan, np.nan])
    energy = nhanes.features(raw)["energy"]
    assert energy.tolist()[:2] == [1500, 1800]
    assert np.isnan(energy.tolist()[2])


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"AgeInYearsAtScreening": 19.0}, False),
        ({"AgeInYearsAtScreening": 20.0}, True),
        ({"Glycohemoglobin": np.nan}, False),
        ({"DoctorToldYouHaveDiabetes": "1"}, False),
        ({"DoctorToldYouHaveDiabetes": "Borderline"}, True),
        ({"DoctorToldYouHaveDiabetes": np.nan}, True),
        ({"TakingInsulinNow": 1.0}, False),
        ({"TakeDiabeticPillsToLowerBloodSugar": 1.0}, False),
        ({"WaistCircumferenceCm": np.nan, "EnergyKcal_DR1TOT": np.nan}, True),
    ],
)
def test_who_is_kept(change: dict[str, object], kept: bool) -> None:
    selected, flow = nhanes.select(people(**{name: [value] for name, value in change.items()}))
    assert len(selected) == kept
    assert [step.rows for step in flow] == sorted((step.rows for step in flow), reverse=True)


def test_the_threshold_itself_counts_as_raised() -> None:
    table = nhanes.features(people(Glycohemoglobin=[5.6, 5.7, 6.5]))
    assert table["raised_hba1c"].tolist() == [0, 1, 1]


def test_ages_fall_into_bands_up_to_the_top_code() -> None:
    bands = nhanes.age_band(pd.Series([20.0, 39.0, 40.0, 60.0, 80.0]))
    assert bands.tolist() == ["20 to 39", "20 to 39", "40 to 59", "60 and over", "60 and over"]


def test_ids_are_plain_numbers_as_text() -> None:
    assert nhanes.features(people()).index.tolist() == [("93705", "0")]
