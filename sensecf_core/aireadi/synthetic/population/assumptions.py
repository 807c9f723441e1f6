"""Every number that the synthetic cohort is drawn with, and where it comes from.

Four kinds, never mixed:

* **Published**: the calibration targets (:mod:`sensecf_core.aireadi.synthetic.calibration`).
* **Third-party counts** of AI-READI v3.0.0 (public notes, not AI-READI's own and not verified; only their
  total, 2,280, is documented): the cohort's composition (:data:`GROUPS` sizes by split, and sites) and how
  many people lack a stream or have odd files (:data:`MISSING`, :data:`NO_BAND`, :data:`NO_GLUCOSE`,
  :data:`ODD`). They decide who and what is in the files, so that a reader meets every oddity; no measured
  value is drawn with them.
* **Solved**: ``glucose_mean`` of every group and, for the healthy, ``glucose_cv`` and ``glucose_between``:
  the round values at which 500 simulated people meet Framingham 2024. How the published diabetes figure
  divides into oral treatment (50 % of time in 70-140) and insulin (36 %) is assumed.
* **Assumed**: everything else, in round numbers; glucose of treated people varies by a quarter and by 30 %,
  between that of healthy people and the 36 % from which the consensus calls it unstable. No real row was
  used.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """One study group: its composition (third-party counts), and the means that its people are drawn around.

    ``uab``: how many of ``size`` belong to the site in Alabama. Glucose: arithmetic mean over people in
    mg/dL, SD of its logarithm between people, coefficient of variation within a person and its SD. Then means
    over people: age in years, BMI in kg/m2, blood pressure in mmHg, lipids in mg/dL, resting heart rate in
    beats/min, Garmin stress while awake, steps a day, minutes asleep a night, sleep efficiency.
    """

    name: str
    size: int
    split: tuple[int, int, int]
    uab: int
    glucose_mean: float
    glucose_between: float
    glucose_cv: float
    glucose_cv_sd: float
    age: float
    bmi: float
    systolic: float
    diastolic: float
    ldl: float
    hdl: float
    triglycerides: float
    resting_heart_rate: float
    stress: float
    steps: float
    sleep: float
    efficiency: float


HEALTHY = "healthy"
PRE = "pre_diabetes_lifestyle_controlled"
ORAL = "oral_medication_and_or_non_insulin_injectable_medication_controlled"
INSULIN = "insulin_dependent"

GROUPS = (
    Group(
        HEALTHY, 776, (600, 88, 88), 224,
        glucose_mean=114.8, glucose_between=0.085, glucose_cv=0.178, glucose_cv_sd=0.03,
        age=59, bmi=27.5, systolic=125, diastolic=77, ldl=118, hdl=58, triglycerides=105,
        resting_heart_rate=61, stress=30, steps=7600, sleep=408, efficiency=0.88,
    ),
    Group(
        PRE, 560, (384, 88, 88), 162,
        glucose_mean=122.6, glucose_between=0.10, glucose_cv=0.19, glucose_cv_sd=0.035,
        age=60, bmi=30, systolic=129, diastolic=79, ldl=116, hdl=53, triglycerides=125,
        resting_heart_rate=62.5, stress=31, steps=7100, sleep=403, efficiency=0.875,
    ),
    Group(
        ORAL, 686, (487, 109, 90), 277,
        glucose_mean=146.4, glucose_between=0.20, glucose_cv=0.25, glucose_cv_sd=0.05,
        age=61, bmi=32, systolic=132, diastolic=78, ldl=95, hdl=48, triglycerides=145,
        resting_heart_rate=64, stress=32, steps=6500, sleep=399, efficiency=0.865,
    ),
    Group(
        INSULIN, 258, (105, 67, 86), 137,
        glucose_mean=167.6, glucose_between=0.22, glucose_cv=0.30, glucose_cv_sd=0.05,
        age=61, bmi=33, systolic=133, diastolic=76, ldl=90, hdl=47, triglycerides=150,
        resting_heart_rate=65, stress=33, steps=6000, sleep=396, efficiency=0.86,
    ),
)  # fmt: skip
BY_NAME = {group.name: group for group in GROUPS}

WEST_COAST = {"UW": 798, "UCSD": 682}
"""Participants of the two Pacific sites (third-party counts): the ratio for all who are not at UAB."""

# Between people, within a group (assumed).
AGE_SD, AGE_RANGE = 10.0, (40, 89)
BMI_SD, SYSTOLIC_SD, DIASTOLIC_SD = 5.5, 15.0, 9.0
HEIGHT, HEIGHT_SD, HEIGHT_RANGE = 168.0, 10.0, (145.0, 200.0)
"""In cm, for women and men of all groups together; weight follows from height and BMI."""
RESTING_HEART_RATE_SD, STRESS_SD, STEPS_LOG_SD = 7.0, 8.5, 0.42
SLEEP_SD, EFFICIENCY_SD, MIDPOINT_SD = 45.0, 0.035, 50.0

# From day to day, within a person (assumed).
STRESS_DAY_SD, HEART_DAY_SD, SLEEP_DAY_SD, STEPS_DAY_LOG_SD = 6.5, 2.0, 55.0, 0.38
GLUCOSE_DAY_LOG_SD, MIDPOINT_DAY_SD, WEEKEND_LATER = 0.055, 38.0, 25.0
DAY_MEMORY = 0.2
"""Correlation of a day's deviation with that of the day before."""

# Small associations (assumed in size; directions as published: All of Us for steps and glycaemia, JMIR
# Diabetes 2024 e62831 for movement and glucose, medRxiv 2025.01.06.630177 for Garmin stress and heart
# rate). Each is a weight on standard normal draws, so a weight is close to a correlation.
PERSON_LINKS = {
    ("autonomic", "metabolic"): 0.12,
    ("activity", "metabolic"): -0.08,
    ("activity", "autonomic"): -0.06,
    ("sleep", "metabolic"): -0.06,
    ("affect", "metabolic"): 0.08,
    ("affect", "sleep"): -0.20,
    ("affect", "activity"): -0.12,
}
DAY_LINKS = {
    ("activity", "sleep"): 0.08,
    ("meals", "sleep"): -0.08,
    ("strain", "sleep"): -0.22,
    ("strain", "activity"): -0.10,
    ("heart", "strain"): 0.35,
    ("heart", "sleep"): -0.10,
    ("glucose", "meals"): 0.30,
    ("glucose", "activity"): -0.12,
    ("glucose", "sleep"): -0.08,
    ("glucose", "strain"): 0.08,
}
MOVEMENT_ON_GLUCOSE = -0.12
"""Weight of movement 15 minutes ago on the glucose shape within a day."""

# Shares of people with missing streams and oddities, after third-party counts of v3 (see above).
MISSING = {"oxygen_saturation": 0.28, "calories": 0.13, "heart_rate": 0.075, "stress": 0.075}
MISSING |= {"respiratory_rate": 0.075, "sleep": 0.075, "activity": 0.07}
NO_BAND, NO_GLUCOSE = 0.04, 0.015
ODD = {"sentinels_only": 0.05, "long_tail": 0.03, "duplicates": 0.03, "no_overlap": 0.02, "empty": 0.01}
ODD |= {"literal_nan": 0.05, "starts_1991": 0.005, "extremes": 0.03}
GLUCOSE_FAILED = 0.04
OFF_WRIST = 0.11
"""Share of worn minutes without enough data for a stress reading, besides those in motion."""
