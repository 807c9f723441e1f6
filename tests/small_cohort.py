"""A small synthetic cohort with every kind of feature, missing values, rules and a coupling (tests only)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sensecf_core.cohorts.cohort import INDEX_NAMES, Cohort, FlowStep
from sensecf_core.cohorts.schema import Schema

SCHEMA = Schema.model_validate(
    {
        "name": "small",
        "title": "Small synthetic cohort",
        "summary": "Made up for tests.",
        "task": {
            "target": "flag",
            "question": "Is the flag raised?",
            "label": "raised flag",
            "class_1": "flag raised",
            "class_0": "flag not raised",
            "desired": 0,
        },
        "provenance": {
            "title": "Synthetic",
            "source": "tests/small_cohort.py",
            "licence": "none",
            "real": False,
            "public": True,
        },
        "features": [
            {
                "name": "age",
                "label": "Age",
                "unit": "years",
                "kind": "integer",
                "role": "context",
                "valid": [18, 90],
                "headline": True,
            },
            {
                "name": "bmi",
                "label": "Body mass index",
                "unit": "kg/m²",
                "kind": "continuous",
                "role": "clinical",
                "decimals": 1,
                "step": 0.5,
                "valid": [10, 80],
                "suggest": [18.5, 35],
                "direction": "down",
                "largest_change": 4,
                "headline": True,
            },
            {
                "name": "waist",
                "label": "Waist",
                "unit": "cm",
                "kind": "continuous",
                "role": "clinical",
                "decimals": 1,
                "step": 1,
                "valid": [40, 200],
                "suggest": [60, 120],
                "direction": "down",
                "largest_change": 12,
            },
            {
                "name": "carbohydrate",
                "label": "Carbohydrate",
                "unit": "g/day",
                "kind": "integer",
                "role": "behaviour",
                "step": 5,
                "valid": [0, 900],
                "suggest": [100, 400],
                "largest_change": 150,
            },
            {
                "name": "sugar",
                "label": "Sugar",
                "unit": "g/day",
                "kind": "integer",
                "role": "behaviour",
                "step": 5,
                "valid": [0, 700],
                "suggest": [20, 200],
                "direction": "down",
                "largest_change": 100,
            },
            {
                "name": "sleep",
                "label": "Sleep",
                "unit": "h/night",
                "kind": "continuous",
                "role": "behaviour",
                "decimals": 1,
                "step": 0.5,
                "valid": [0, 16],
                "suggest": [6, 9],
                "largest_change": 2,
            },
            {
                "name": "smoking",
                "label": "Smoking",
                "kind": "ordinal",
                "role": "behaviour",
                "levels": ["never", "former", "current"],
                "suggest_levels": ["former"],
                "direction": "down",
                "largest_change": 1,
            },
            {
                "name": "active",
                "label": "Active at leisure",
                "kind": "binary",
                "role": "behaviour",
                "direction": "up",
            },
            {
                "name": "diet",
                "label": "Diet",
                "kind": "categorical",
                "role": "behaviour",
                "levels": ["mixed", "vegetarian", "low carb"],
                "suggest_levels": ["mixed", "vegetarian", "low carb"],
            },
            {
                "name": "sex",
                "label": "Sex",
                "kind": "categorical",
                "role": "context",
                "levels": ["female", "male"],
                "headline": True,
            },
        ],
        "rules": [
            {
                "name": "sugar_in_carbohydrate",
                "text": "Sugar cannot exceed carbohydrate",
                "terms": {"sugar": 1, "carbohydrate": -1},
            }
        ],
        "couplings": [
            {
                "name": "waist_with_bmi",
                "text": "Waist moves with BMI",
                "feature": "waist",
                "follows": "bmi",
                "slope": 2.3,
                "tolerance": 7,
            }
        ],
        "subgroups": [{"name": "region", "label": "Region", "levels": ["north", "south"]}],
    }
)


def make(n: int = 600, seed: int = 0) -> Cohort:
    """Draw ``n`` people; the flag depends on bmi, waist, sugar, sleep, smoking, activity and age."""
    rng = np.random.default_rng(seed)
    bmi = rng.normal(28, 5, n).clip(16, 50)
    waist = 96 + 2.3 * (bmi - 28) + rng.normal(0, 6, n)
    carbohydrate = rng.normal(250, 60, n).clip(60, 600).round()
    sugar = (carbohydrate * rng.uniform(0.2, 0.7, n)).round()
    sleep = (rng.normal(7, 1.2, n).clip(3, 12) * 2).round() / 2
    smoking = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    active = rng.integers(0, 2, n).astype(float)
    age = rng.integers(20, 80, n).astype(float)
    diet = rng.choice(3, n)
    score = (
        0.18 * (bmi - 28)
        + 0.05 * (waist - 96)
        + 0.015 * (sugar - 110)
        - 0.5 * (sleep - 7)
        + 0.6 * smoking
        - 0.8 * active
        + 0.03 * (age - 50)
        - 0.4 * (diet == 2)
    )
    flag = (score + rng.logistic(0, 1, n) > 0.4).astype(int)
    names = {f.name: f for f in SCHEMA.features}
    rows = pd.DataFrame(
        {
            "age": age,
            "bmi": bmi.round(1),
            "waist": waist.round(1),
            "carbohydrate": carbohydrate,
            "sugar": sugar,
            "sleep": sleep,
            "smoking": np.array(names["smoking"].levels, dtype=object)[smoking],
            "active": active,
            "diet": np.array(names["diet"].levels, dtype=object)[diet],
            "sex": np.array(["female", "male"], dtype=object)[rng.integers(0, 2, n)],
        },
        index=pd.MultiIndex.from_arrays([[f"p{i:04d}" for i in range(n)], ["0"] * n], names=INDEX_NAMES),
    )
    for name in ("waist", "sleep", "smoking", "sugar"):
        rows.loc[rng.random(n) < 0.06, name] = None if names[name].named else np.nan
    parts = pd.Series(rng.choice(["train", "val", "test"], n, p=[0.6, 0.2, 0.2]), index=rows.index)
    subgroups = pd.DataFrame({"region": rng.choice(["north", "south"], n)}, index=rows.index)
    return Cohort(
        SCHEMA,
        rows,
        pd.Series(flag, index=rows.index),
        parts,
        subgroups,
        (FlowStep("drawn", n),),
        "0" * 64,
        "1" * 64,
    )
