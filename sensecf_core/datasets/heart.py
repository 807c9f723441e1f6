"""UCI Heart Disease, Cleveland: 303 patients referred for coronary angiography.

The source is ``heart_disease.tab`` inside the PyPI wheel ``orange3`` 3.40.0, a tab-separated table with
three header lines (names, types, roles); ``?`` is missing.
"""

from __future__ import annotations

import io

import pandas as pd

from sensecf_core.cohorts.cohort import INDEX_NAMES, FlowStep
from sensecf_core.datasets.sources import Source

SOURCE = Source(
    package="orange3",
    version="3.40.0",
    member="Orange/datasets/heart_disease.tab",
    member_sha256="954e44e3d93a97682b5466c7ea166e16f376f8dd93deef5855f511734e4d6224",
    wheel_sha256="1c24dc6df818be26710d6d8d7595a8a50682e3c99e6e3bdabe14591e26f5a85b",
    platform=(
        *("--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"),
        *("--platform", "manylinux_2_28_x86_64"),
    ),
)

NUMBERS = {
    "age": "age",
    "resting_systolic": "rest SBP",
    "cholesterol": "cholesterol",
    "max_heart_rate": "max HR",
    "st_depression": "ST by exercise",
}
LEVELS: dict[str, tuple[str, dict[str, str]]] = {
    "sex": ("gender", {"female": "female", "male": "male"}),
    "chest_pain": (
        "chest pain",
        {
            "typical ang": "typical angina",
            "atypical ang": "atypical angina",
            "non-anginal": "non-anginal pain",
            "asymptomatic": "asymptomatic",
        },
    ),
    "fasting_sugar": (
        "fasting blood sugar > 120",
        {"0": "120 mg/dL or less", "1": "above 120 mg/dL"},
    ),
    "resting_ecg": (
        "rest ECG",
        {
            "normal": "normal",
            "ST-T abnormal": "ST-T abnormality",
            "left vent hypertrophy": "left ventricular hypertrophy",
        },
    ),
    "exercise_angina": ("exerc ind ang", {"0": "no", "1": "yes"}),
    "st_slope": (
        "slope peak exc ST",
        {"upsloping": "upsloping", "flat": "flat", "downsloping": "downsloping"},
    ),
    "vessels": ("major vessels colored", {"0": "0", "1": "1", "2": "2", "3": "3"}),
    "thallium": (
        "thal",
        {"normal": "normal", "fixed defect": "fixed defect", "reversable defect": "reversible defect"},
    ),
}
"""Feature → its source column, and the level name of each value in that column."""

TARGET = ("narrowed", "diameter narrowing")
AGE_BANDS = {"under 50": (0, 49), "50 to 59": (50, 59), "60 and over": (60, 120)}


def build(content: bytes) -> tuple[pd.DataFrame, tuple[FlowStep, ...]]:
    """Make the cohort's table from the source file; participants are numbered in file order from 1.

    Returns
    -------
    DataFrame indexed by (participant_id, row_id) with features, target and subgroups, and the row flow.
    """
    raw = pd.read_csv(
        io.BytesIO(content), sep="\t", skiprows=[1, 2], dtype=str, na_values=["?"], keep_default_na=False
    )
    table: dict[str, pd.Series] = {name: raw[column].astype(float) for name, column in NUMBERS.items()}
    for name, (column, levels) in LEVELS.items():
        table[name] = raw[column].map(levels)
    table[TARGET[0]] = raw[TARGET[1]].astype(int)
    bands = pd.Series(None, index=raw.index, dtype=object)
    for name, (low, high) in AGE_BANDS.items():
        bands = bands.mask(table["age"].between(low, high), name)
    table["age_band"] = bands
    ids = [str(number) for number in range(1, len(raw) + 1)]
    index = pd.MultiIndex.from_arrays([ids, ["0"] * len(ids)], names=INDEX_NAMES)
    frame = pd.DataFrame({name: values.to_numpy() for name, values in table.items()}, index=index)
    return frame, (FlowStep("patients of the Cleveland file, all kept", len(frame)),)
