"""What the clinic measured and asked: one value per person and item, keyed as REDCap names items.

Every distribution is an assumption (group means in ``assumptions``; the cut at 10 of CES-D-10 and the ADA
bands are published, how many people are above is not used). Sex is drawn for creatinine alone and not kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population import assumptions as given
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
"""Below this the laboratory says only "less than"."""

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
"""Share who say yes, by group from healthy to insulin: round numbers that rise along the spectrum."""


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
    made: dict[str, npt.ArrayLike] = {
        "height_vsorres": height.round(1),
        "weight_vsorres": (bmi * (height / 100) ** 2).round(1),
        "pulse_vsorres": pulse.round(),
        "pulse_vsorres_2": (pulse + 2 * rng.standard_normal(n)).round(),
    }
    for number in (1, 2):
        made[f"bp{number}_sysbp_vsorres"] = (people["systolic"] + 4 * rng.standard_normal(n)).round()
        made[f"bp{number}_diabp_vsorres"] = (people["diastolic"] + 3 * rng.standard_normal(n)).round()
    bmi = bmi.round(2)
    if n >= SMALLEST_WITH_QUIRKS:
        typo = rng.choice(n, 2, replace=False)
        waist[typo[0]], bmi[typo[1]] = 0.0, 94.6
    made |= {"bmi_vsorres": bmi, "waist_vsorres": waist.round(1), "hip_vsorres": hip.round(1)}
    return made | {"whr_vsorres": (waist / hip).round(3)}


def _laboratory(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, npt.ArrayLike]:
    n = len(people)
    made: dict[str, npt.ArrayLike] = {}
    for key, (median, spread, decimals) in LABS.items():
        made[key] = (median * np.exp(spread * rng.standard_normal(n))).round(decimals)
    low_hdl = _of_group(people, "hdl") * np.exp(0.22 * rng.standard_normal(n))
    ldl = np.clip(_of_group(people, "ldl") + 30 * rng.standard_normal(n), 25, 250)
    fat = _of_group(people, "triglycerides") * np.exp(0.42 * rng.standard_normal(n) - 0.09)
    man = rng.random(n) < 0.5
    made |= {
        "import_hba1c": people["hba1c"].round(1),
        "import_glucose": (people["glucose_mean"] * np.exp(0.16 * rng.standard_normal(n)) * 0.93).round(),
        "import_insulin": (11 * np.exp(0.03 * (people["bmi"] - 29) + 0.55 * rng.standard_normal(n))).round(1),
        "import_hdl_cholesterol": low_hdl.round(),
        "import_ldl_cholesterol": ldl.round(),
        "import_triglycerides": fat.round(),
        "import_total_cholesterol": (low_hdl + ldl + fat / 5).round(),
        "import_creatinine": (np.where(man, 0.95, 0.75) * np.exp(0.2 * rng.standard_normal(n))).round(2),
    }
    drawn = rng.random(n) >= 0.015
    return {key: np.where(drawn, one, np.nan) for key, one in made.items()}


def _history(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, npt.ArrayLike]:
    n, group = len(people), people["study_group"]
    order = {name: place for place, name in enumerate((HEALTHY, PRE, ORAL, INSULIN))}
    place = group.map(order).to_numpy(dtype=int)
    made: dict[str, Floats] = {}
    for key, shares in HISTORY.items():
        made[key] = (rng.random(n) < np.array(shares)[place]).astype(float)
    made["mhterm_dm2"] = (place >= 2).astype(float)
    made["mhterm_predm"] = (place == 1).astype(float)
    made["mh_a1c"] = (rng.random(n) < np.array([0.05, 0.75, 0.92, 0.92])[place]).astype(float)
    made["cmtrt_insln"] = (place == 3).astype(float)
    made["cmtrt_a1c"] = np.where(place == 2, rng.random(n) < 0.93, (place == 3) & (rng.random(n) < 0.6)) * 1.0
    made["cmtrt_glcs"] = (
        (place >= 2) & ((rng.random(n) < 0.3) | (made["cmtrt_a1c"] + (place == 3) == 0))
    ) * 1.0
    made["cmtrt_lfst"] = (rng.random(n) < np.array([0.1, 0.8, 0.7, 0.65])[place]).astype(float)
    for key, share in (("fh_dm2pt", 0.42), ("fh_dm2sb", 0.30), ("susmkncf", 0.38), ("sualckncf", 0.88)):
        made[key] = (rng.random(n) < share).astype(float)
    made["susmkcdur"] = np.where(made["susmkncf"] == 1, (rng.random(n) < 0.2) * 1.0, np.nan)
    coded = {key: rng.random(n) < CODED_ANSWERS for key in made if key.startswith(("mhoccur", "fh_", "su"))}
    for key, where in coded.items():
        made[key][where & ~np.isnan(made[key])] = UNKNOWN if key == "fh_dm2pt" else DECLINED
    return {**made}


def _questionnaires(people: pd.DataFrame, rng: np.random.Generator) -> dict[str, npt.ArrayLike]:
    n = len(people)
    mood = people["affect"].to_numpy(dtype=float)
    made: dict[str, npt.ArrayLike] = {}
    answers = [_answer(mood, 0.55, rng, steps=(0.35, 1.25, 2.1)) for _ in range(10)]
    made |= {f"ces{number + 1}": answer for number, answer in enumerate(answers)}
    made["cestl"] = np.sum(answers, axis=0)
    diabetic = people["study_group"].isin((ORAL, INSULIN)).to_numpy()
    worries = [
        np.where(diabetic, _answer(mood, 0.5, rng, steps=(0.3, 1.1, 1.8, 2.4)), np.nan) for _ in range(5)
    ]
    names = ("paid_scrd", "paid_dpr", "paid_wr", "paid_eng", "paid_cml")
    made |= dict(zip(names, worries, strict=True))
    # The REDCap formula counts paid_dpr twice and leaves nothing out.
    made["paidscore"] = np.sum([*worries, worries[1]], axis=0)
    activity = np.log(people["steps"].to_numpy(dtype=float) / 7000) / given.STEPS_LOG_SD
    for key in ("dmlact", "dmlvex"):
        made[key] = 10 - 5 * _answer(-activity, 0.5, rng, steps=(-0.3, 0.9))
    made["dietscore"] = np.clip(np.round(7 + 2.5 * rng.standard_normal(n)), 0, 18)
    made["moca_total_score"] = np.clip(np.round(26 + 2.5 * rng.standard_normal(n)), 10, 30)
    made["paate"] = np.round(np.clip(rng.gamma(2.2, 2.0, n), 0.5, 16) * 2) / 2
    made["dvamwenhand"] = np.where(
        rng.random(n) < 0.03, np.nan, rng.choice([1, 2, 3], n, p=[0.25, 0.7, 0.05])
    )
    made["dvamwendhand"] = rng.choice([1, 2, 4, 3], n, p=[0.85, 0.10, 0.03, 0.02])
    return made


def _answer(trait: Floats, weight: float, rng: np.random.Generator, steps: tuple[float, ...]) -> Floats:
    """Answer one item: how many of ``steps`` the trait, with noise of its own, is above."""
    level = weight * trait + np.sqrt(1 - weight**2) * rng.standard_normal(len(trait))
    return np.asarray((level[:, None] > np.array(steps)).sum(axis=1), dtype=float)
