"""What the columns of the participant-day table mean.

The cohort's schema (``cohorts/data/aireadi/schema.toml``) says which of them are features, and within which
limits. Glucose: Dexcom G6 on a five-minute grid, metrics as in Battelino et
al. 2019 (doi 10.2337/dci19-0028); movement, heart, sleep and breathing: Garmin Vivosmart 5.
"""

from __future__ import annotations

FEATURES = {
    "age": "Age, years: age at the study visit",
    "study_group": "Study group: group of the type-2-diabetes spectrum that the study put the person in",
    "weekend": "Weekend: the day is a Saturday or Sunday",
    "bmi": "Body mass index, kg/m²: measured at the study visit",
    "systolic": "Systolic blood pressure, mmHg: mean of up to two readings at the study visit",
    "diastolic": "Diastolic blood pressure, mmHg: mean of up to two readings at the study visit",
    "hba1c": "Glycated haemoglobin (HbA1c), %: laboratory value at the study visit",
    "hdl": "HDL cholesterol, mg/dL: laboratory value at the study visit",
    "ldl": "LDL cholesterol, mg/dL: laboratory value at the study visit",
    "triglycerides": "Triglycerides, mg/dL: laboratory value at the study visit, mostly not fasting",
    "glucose_mean": "Mean glucose, mg/dL: mean of the day",
    "glucose_sd": "Glucose SD, mg/dL: standard deviation within the day",
    "glucose_cv": "Glucose CV, %: 100 SD / mean of the day",
    "glucose_tir": "Time in range 70–180, %: share of the day at 70 to 180 mg/dL",
    "glucose_titr": "Time in tight range 70–140, %: share of the day at 70 to 140 mg/dL",
    "glucose_tar": "Time above 180, %: share of the day above 180 mg/dL",
    "glucose_tar2": "Time above 250, %: share of the day above 250 mg/dL; part of time above 180",
    "glucose_tbr": "Time below 70, %: share of the day below 70 mg/dL",
    "glucose_tbr2": "Time below 54, %: share of the day below 54 mg/dL; part of time below 70",
    "glucose_gmi": (
        "Glucose management indicator, %: 3.31 + 0.02392 mean; of a single day it says no more than the "
        "mean (Bergenstal et al. 2018, doi 10.2337/dc18-1581)"
    ),
    "glucose_night_mean": "Mean glucose at night, mg/dL: mean from 0 to 6 o'clock, local",
    "glucose_mage": (
        "Glucose excursions (MAGE), mg/dL: mean amplitude of rises and falls beyond one SD of the day "
        "(Service et al. 1970, doi 10.2337/diab.19.9.644)"
    ),
    "steps": (
        "Steps, steps/day: sum over the local day. The release's own pipeline fills this field from the "
        "band's activity intensity and calls it steps"
    ),
    "active_minutes": "Active minutes, min/day: minutes that the band calls walking or running",
    "sedentary_minutes": (
        "Sedentary minutes, min/day: minutes that the band calls sedentary, outside recorded sleep; "
        "missing where no night was recorded"
    ),
    "active_kcal": "Active energy, kcal/day: rises of the band's counter, which is set back daily",
    "resting_heart_rate": "Resting heart rate, beats/min: 5th percentile of the day's heart rate",
    "heart_rate_mean": "Mean heart rate, beats/min: mean of the day's valid readings",
    "sleep_hours": (
        "Sleep, h: light, deep and REM sleep of the night that ended on this day; the release loses each "
        "night's last segment, so a little short"
    ),
    "sleep_efficiency": "Sleep efficiency, %: sleep / time from first to last segment",
    "sleep_light": "Light sleep, %: share of sleep",
    "sleep_deep": "Deep sleep, %: share of sleep",
    "sleep_rem": "REM sleep, %: share of sleep",
    "sleep_awake_minutes": (
        "Awake after falling asleep, min: minutes awake between falling asleep and waking up"
    ),
    "sleep_midpoint": (
        "Sleep midpoint, h after midnight: half way between falling asleep and waking up, hours after the"
        " local midnight of the day of waking"
    ),
    "sleep_midpoint_shift": (
        "Shift of the sleep midpoint, min: distance of the midpoint from the person's median: regularity "
        "of the single night"
    ),
    "sleep_midpoint_sd": (
        "Irregularity of sleep, min: SD of the midpoint over the person's nights (three or more); one "
        "value a person"
    ),
    "respiratory_rate": "Respiratory rate in sleep, breaths/min: mean of the recorded night",
    "spo2_night": "Oxygen saturation in sleep, %: mean of the recorded night; a quarter of people have none",
    "spo2_below_90": "Oxygen saturation below 90, %: share of the recorded night",
}
"""Columns that may be features, in display order."""

OUTCOMES = {
    "stress_daytime": "mean of Garmin stress (0-100) from 8 to 22 o'clock, local: what the task cuts",
    "stress_mean": "mean of Garmin stress (0-100) over the day",
    "stress_high": "percent of the day's valid stress minutes that are high (76-100)",
    "stress_raised": "percent of the day's valid stress minutes above 50 (medium and high)",
    "stress_rest": "percent of the day's valid stress minutes that are rest (0-25)",
}
"""Columns made from stress: targets, never features of the stress task."""
