"""Clinical measurements and answers: one value per person and item, keyed by REDCap's item names.

Every distribution is an assumption (group means in ``assumptions``; the cut-off 10 of CES-D-10 and the ADA
bands are published, but not used to decide how many people exceed them). Sex is drawn for creatinine only and
not stored.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions
from sensecf_core.aireadi.synthetic.population.assumptions import BY_NAME, HEALTHY, INSULIN, ORAL, PRE
from sensecf_core.aireadi.synthetic.population.people import SMALLEST_WITH_QUIRKS
from sensecf_core.types import Floats

DECLINED, UNKNOWN = 777, 555
CODED_ANSWERS = 0.01
"""Share of yes / no answers that are "prefer not to say" (for a parent's diabetes: "unknown")."""

LABS = {
    "import_c_peptide": (2.4, 0.4, 1),
    "import_crp_hs": (2.0, 0.9, 1),
    "import_bun": (15.5, 0.25, 1),
    "import_sodium": (140, 0.015, 0),
    "import_potassium": (4.3, 0.08, 1),
    "import_chloride": (103, 0.025, 0),
    "import_carbon_dioxide_total": (25.5, 0.09, 0),
    "import_calcium": (9.5, 0.04, 1),
    "import_alt_got": (24, 0.45, 0),
    "import_ast_got": (22, 0.35, 0),
    "import_alkaline_phosphatase": (76, 0.28, 0),
    "import_bilirubin_total": (0.55, 0.4, 1),
    "import_albumin": (4.4, 0.06, 1),
    "import_protein_total": (7.1, 0.06, 1),
    "import_nt_probnp": (70, 0.9, 0),
    "import_troponin_t": (9, 0.5, 0),
    "import_urine_albumin": (1.2, 1.2, 1),
    "import_urine_creatinine": (0.95, 0.55, 2),
    "lbscat_a1c": (13.8, 0.09, 1),
    "lbscat_hct": (41.5, 0.08, 1),
}
"""Median, SD of the logarithm, decimals."""

CENSORED = {"import_nt_probnp": 36.0, "import_troponin_t": 6.0, "import_crp_hs": 0.3}
"""Below this limit the laboratory reports only "less than"."""

HISTORY = {
    "mhoccur_hbp": (0.30, 0.40, 0.60, 0.70),
    "mhoccur_clsh": (0.30, 0.40, 0.50, 0.60),
    "mhoccur_obs": (0.20, 0.40, 0.50, 0.60),
    "mhoccur_ra": (0.20, 0.25, 0.30, 0.30),
    "mhoccur_ded": (0.15, 0.15, 0.20, 0.20),
    "mhoccur_crt": (0.20, 0.20, 0.25, 0.30),
    "mhoccur_mi": (0.02, 0.03, 0.05, 0.10),
    "mhoccur_strk": (0.02, 0.03, 0.05, 0.10),
    "mhoccur_rnl": (0.02, 0.05, 0.10, 0.20),
}
"""Share of answers "yes" by group, from healthy to insulin: round numbers that rise along the spectrum."""


def values(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw every item; columns are item keys, NaN where an item was not asked or not measured."""
    columns: dict[str, npt.ArrayLike] = {}
    for part in (_body, _laboratory, _history, _questionnaires):
        columns |= part(people, rng)
    return pd.DataFrame(columns, index=people.index)


def _of_group(people: pd.DataFrame, field: str) -> Floats:
    return np.array([float(getattr(BY_NAME[name], field)) for name in people["study_group"]])


def _body(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, npt.ArrayLike]:
    n = len(people)
    bmi, height = people["bmi"].to_numpy(), people["height"].to_numpy()
    waist = 96 + 2.1 * (bmi - 29) + 5 * rng.standard_normal(n)
    hip = 107 + 1.9 * (bmi - 29) + 4 * rng.standard_normal(n)
    pulse = people["resting_heart_rate"].to_numpy() + 8 + 5 * rng.standard_normal(n)
    columns: dict[str, npt.ArrayLike] = {
        "height_vsorres": height.round(1),
        "weight_vsorres": (bmi * (height / 100) ** 2).round(1),
        "pulse_vsorres": pulse.round(),
        "pulse_vsorres_2": (pulse + 2 * rng.standard_normal(n)).round(),
    }
    for number in (1, 2):
        columns[f"bp{number}_sysbp_vsorres"] = (people["systolic"] + 4 * rng.standard_normal(n)).round()
        columns[f"bp{number}_diabp_vsorres"] = (people["diastolic"] + 3 * rng.standard_normal(n)).round()
    bmi = bmi.round(2)
    if n >= SMALLEST_WITH_QUIRKS:
        typos = rng.choice(n, 2, replace=False)
        waist[typos[0]], bmi[typos[1]] = 0.0, 94.6
    columns |= {"bmi_vsorres": bmi, "waist_vsorres": waist.round(1), "hip_vsorres": hip.round(1)}
    return columns | {"whr_vsorres": (waist / hip).round(3)}


def _laboratory(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, npt.ArrayLike]:
    n = len(people)
    columns: dict[str, npt.ArrayLike] = {}
    for key, (median, spread, decimals) in LABS.items():
        columns[key] = (median * np.exp(spread * rng.standard_normal(n))).round(decimals)
    hdl = _of_group(people, "hdl") * np.exp(0.22 * rng.standard_normal(n))
    ldl = np.clip(_of_group(people, "ldl") + 30 * rng.standard_normal(n), 25, 250)
    triglycerides = _of_group(people, "triglycerides") * np.exp(0.42 * rng.standard_normal(n) - 0.09)
    man = rng.random(n) < 0.5
    columns |= {
        "import_hba1c": people["hba1c"].round(1),
        "import_glucose": (people["glucose_mean"] * np.exp(0.16 * rng.standard_normal(n)) * 0.93).round(),
        "import_insulin": (11 * np.exp(0.03 * (people["bmi"] - 29) + 0.55 * rng.standard_normal(n))).round(1),
        "import_hdl_cholesterol": hdl.round(),
        "import_ldl_cholesterol": ldl.round(),
        "import_triglycerides": triglycerides.round(),
        "import_total_cholesterol": (hdl + ldl + triglycerides / 5).round(),
        "import_creatinine": (np.where(man, 0.95, 0.75) * np.exp(0.2 * rng.standard_normal(n))).round(2),
    }
    measured = rng.random(n) >= 0.015
    return {key: np.where(measured, drawn_values, np.nan) for key, drawn_values in columns.items()}


def _history(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, npt.ArrayLike]:
    n, group = len(people), people["study_group"]
    order = {name: group_index for group_index, name in enumerate((HEALTHY, PRE, ORAL, INSULIN))}
    group_index = group.map(order).to_numpy(dtype=int)
    columns: dict[str, Floats] = {}
    for key, shares in HISTORY.items():
        columns[key] = (rng.random(n) < np.array(shares)[group_index]).astype(float)
    columns["mhterm_dm2"] = (group_index >= 2).astype(float)
    columns["mhterm_predm"] = (group_index == 1).astype(float)
    columns["mh_a1c"] = (rng.random(n) < np.array([0.05, 0.75, 0.92, 0.92])[group_index]).astype(float)
    columns["cmtrt_insln"] = (group_index == 3).astype(float)
    columns["cmtrt_a1c"] = (
        np.where(group_index == 2, rng.random(n) < 0.93, (group_index == 3) & (rng.random(n) < 0.6)) * 1.0
    )
    columns["cmtrt_glcs"] = (
        (group_index >= 2) & ((rng.random(n) < 0.3) | (columns["cmtrt_a1c"] + (group_index == 3) == 0))
    ) * 1.0
    columns["cmtrt_lfst"] = (rng.random(n) < np.array([0.1, 0.8, 0.7, 0.65])[group_index]).astype(float)
    for key, share in (("fh_dm2pt", 0.42), ("fh_dm2sb", 0.30), ("susmkncf", 0.38), ("sualckncf", 0.88)):
        columns[key] = (rng.random(n) < share).astype(float)
    columns["susmkcdur"] = np.where(columns["susmkncf"] == 1, (rng.random(n) < 0.2) * 1.0, np.nan)
    coded = {
        key: rng.random(n) < CODED_ANSWERS for key in columns if key.startswith(("mhoccur", "fh_", "su"))
    }
    for key, declined in coded.items():
        columns[key][declined & ~np.isnan(columns[key])] = UNKNOWN if key == "fh_dm2pt" else DECLINED
    return {**columns}


def _questionnaires(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, npt.ArrayLike]:
    n = len(people)
    mood = people["affect"].to_numpy(dtype=float)
    columns: dict[str, npt.ArrayLike] = {}
    answers = [_answer(mood, 0.55, rng, steps=(0.35, 1.25, 2.1)) for _ in range(10)]
    columns |= {f"ces{number + 1}": answer for number, answer in enumerate(answers)}
    columns["cestl"] = np.sum(answers, axis=0)
    diabetic = people["study_group"].isin((ORAL, INSULIN)).to_numpy()
    worries = [
        np.where(diabetic, _answer(mood, 0.5, rng, steps=(0.3, 1.1, 1.8, 2.4)), np.nan) for _ in range(5)
    ]
    names = ("paid_scrd", "paid_dpr", "paid_wr", "paid_eng", "paid_cml")
    columns |= dict(zip(names, worries, strict=True))
    # The REDCap formula counts paid_dpr twice and omits nothing.
    columns["paidscore"] = np.sum([*worries, worries[1]], axis=0)
    activity = np.log(people["steps"].to_numpy(dtype=float) / 7000) / assumptions.STEPS_LOG_SD
    for key in ("dmlact", "dmlvex"):
        columns[key] = 10 - 5 * _answer(-activity, 0.5, rng, steps=(-0.3, 0.9))
    columns["dietscore"] = np.clip(np.round(7 + 2.5 * rng.standard_normal(n)), 0, 18)
    columns["moca_total_score"] = np.clip(np.round(26 + 2.5 * rng.standard_normal(n)), 10, 30)
    columns["paate"] = np.round(np.clip(rng.gamma(2.2, 2.0, n), 0.5, 16) * 2) / 2
    columns["dvamwenhand"] = np.where(
        rng.random(n) < 0.03, np.nan, rng.choice([1, 2, 3], n, p=[0.25, 0.7, 0.05])
    )
    columns["dvamwendhand"] = rng.choice([1, 2, 4, 3], n, p=[0.85, 0.10, 0.03, 0.02])
    return columns


def _answer(trait: Floats, weight: float, rng: np.random.Generator, steps: tuple[float, ...]) -> Floats:
    """Answer one item: the number of ``steps`` that the trait, with noise, exceeds."""
    level = weight * trait + np.sqrt(1 - weight**2) * rng.standard_normal(len(trait))
    return np.asarray((level[:, None] > np.array(steps)).sum(axis=1), dtype=float)
