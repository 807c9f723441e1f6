"""Read ``participants.tsv``: one row per person, unknown columns included."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from sensecf_core.aireadi.release.locate import PEOPLE_FILE, Release
from sensecf_core.errors import InputError, unknown

GROUPS = (
    "healthy",
    "pre_diabetes_lifestyle_controlled",
    "oral_medication_and_or_non_insulin_injectable_medication_controlled",
    "insulin_dependent",
)
"""The values of ``study_group``, along the type-2-diabetes spectrum."""

PARTS = ("train", "val", "test")
NOT_GIVEN = frozenset({"", "none", "nan", "na", "n/a", "null"})
"""Texts (lower case) that mean a missing value."""

OLDEST, YOUNGEST = 120, 18


def read(release: Release) -> pd.DataFrame:
    """Read all participants.

    Returns
    -------
    A frame indexed by ``participant_id`` (text) with ``clinical_site``, ``study_group``,
    ``recommended_split`` (text, None if missing or unknown), ``age`` (years, NaN), ``study_visit_date`` (day,
    NaT), and any further column: bool if it holds only TRUE and FALSE (a modality), else text.

    Raises
    ------
    InputError : the file cannot be read, an id is missing, or an id occurs twice.
    """
    raw = _raw(release)
    people = pd.DataFrame(index=pd.Index(raw.pop(release.id_column), name="participant_id"))
    for name in raw.columns:
        text = raw[name].to_numpy(dtype=object)
        cells = np.array([str(cell).strip() for cell in text], dtype=object)
        cells[[cell.lower() in NOT_GIVEN for cell in cells]] = None
        people[name] = cells == "TRUE" if set(cells) <= {"TRUE", "FALSE"} else cells
    for name in ("clinical_site", "study_group", "recommended_split", "age", "study_visit_date"):
        if name not in people:
            people[name] = None
    age = pd.to_numeric(people["age"], errors="coerce").astype(float)
    people["age"] = age.where(age.between(YOUNGEST, OLDEST))
    people["study_visit_date"] = pd.to_datetime(people["study_visit_date"], errors="coerce", format="mixed")
    people["study_group"] = people["study_group"].where(people["study_group"].isin(GROUPS), None)
    people["recommended_split"] = people["recommended_split"].where(
        people["recommended_split"].isin(PARTS), None
    )
    return people


def _raw(release: Release) -> pd.DataFrame:
    path = release.root / PEOPLE_FILE
    try:
        with warnings.catch_warnings():
            # Of rows that end in a tab, the empty last cell is dropped; it would shift every column by one.
            warnings.simplefilter("ignore", pd.errors.ParserWarning)
            raw = pd.read_csv(
                path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
            )
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} cannot be read as tab-separated text.") from error
    raw.columns = [str(name).strip() for name in raw.columns]
    raw[release.id_column] = raw[release.id_column].str.strip()
    ids = raw[release.id_column]
    if (ids == "").any():
        raise InputError(f"{str(path)!r} has {int((ids == '').sum())} row(s) without an id.")
    if repeated := int(ids.duplicated().sum()):
        raise InputError(f"{str(path)!r} has {repeated} id(s) twice.")
    if raw.empty:
        raise InputError(f"{str(path)!r} lists nobody.")
    return raw


def locate(release: Release, people: pd.DataFrame, person: str) -> pd.Series:
    """Return one person's row; raises ``InputError``, which names near matches only if nobody is real."""
    if person in people.index:
        return people.loc[person]
    if release.synthetic:
        raise unknown("participant", person, [str(known_id) for known_id in people.index[:20_000]])
    raise InputError(f"Unknown participant {person!r}; take an id from the release's {PEOPLE_FILE}.")
