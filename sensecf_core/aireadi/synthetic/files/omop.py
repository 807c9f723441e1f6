"""The OMOP tables of a release (docs/aireadi.md, "Clinical tables"), from one value per person and item.

Items and concepts: AI-READI documentation (docs.aireadi.org, CC BY 4.0), in ``items.csv`` beside this file;
``old_name`` is the heading of a laboratory item in v1 and v2 (four are documented; the others are assumed to
follow their pattern).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.population.clinical import CENSORED

LONGEST_SOURCE_VALUE = 49
SURVEY, LABORATORY, MOCA = 32862, 32856, 32880
EQUALS, LESS = 4172703, 4171756
EMPTY = ""

VISITS = ("pacmpdat, Date Assessment Performed --- Populated", "lbdattim2, Date & Time Draw Performed")
DEVICE_CONCEPT, DEVICE_GIVEN = 4260905, "dvamwstdat, Date device given to participant"


@cache
def items() -> pd.DataFrame:
    """The items that are written, indexed by key; columns as in ``items.csv``."""
    path = Path(__file__).with_name("items.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False, index_col="key")


def tables(people: pd.DataFrame, values: pd.DataFrame, layout: str) -> dict[str, pd.DataFrame]:
    """Make the six tables by name; ``values`` has one column per item (see ``clinical``)."""
    long = values.stack().dropna().rename("value").rename_axis(["participant_id", "key"]).reset_index()
    long = long.join(items(), on="key").join(people[["visit", "day_text"]], on="participant_id")
    position = pd.Series(np.arange(len(people)), index=people.index)
    long["visit_id"] = 2 * long["participant_id"].map(position) + 1 + long["key"].str.startswith("import_")
    long["source_value"] = _source_values(long, layout)
    measured, observed = long["table"] == "measurement", long["table"] == "observation"
    return {
        "person": _person(people),
        "visit_occurrence": _visits(people),
        "measurement": _measurement(long[measured].reset_index(drop=True)),
        "observation": _observation(long[observed].reset_index(drop=True), layout),
        "condition_occurrence": _conditions(long[observed & long["key"].str.startswith("mh")]),
        "procedure_occurrence": _procedures(people),
    }


def _source_values(long: pd.DataFrame, layout: str) -> pd.Series:
    """Source values in a layout: v3 names items by REDCap variable, v1 and v2 laboratory items by heading."""
    names = long["source_value"]
    if layout in ("v1", "v2"):
        names = names.where(long["old_name"] == "", long["old_name"])
    if layout == "v1":
        names = names.where(long["key"] != "bmi_vsorres", "BMI")
    return names.str.slice(0, LONGEST_SOURCE_VALUE)


@cache
def columns(table: str) -> tuple[str, ...]:
    """Columns of an OMOP table in file order (``omop_columns.csv``)."""
    listed = pd.read_csv(Path(__file__).with_name("omop_columns.csv"))
    return tuple(listed.loc[listed["table"] == table, "column"])


def _framed(table: str, filled: dict[str, object], index: pd.Index) -> pd.DataFrame:
    """Make a table with its columns in order; columns that are not filled are empty."""
    return pd.DataFrame({name: filled.get(name, EMPTY) for name in columns(table)}, index=index)


def _number(values: pd.Series) -> pd.Series:
    """Format numbers as in the files: with a decimal point, without superfluous digits."""
    return values.map(lambda value: repr(float(value)))


def _measurement(long: pd.DataFrame) -> pd.DataFrame:
    limits = long["key"].map(CENSORED)
    below = long["value"] < limits
    value = long["value"].where(~below, limits)
    kind = np.where(long["key"].str.startswith(("import_", "lbscat")), LABORATORY, SURVEY)
    kind = np.where(long["key"] == "moca_total_score", MOCA, kind)
    filled = {
        "measurement_id": np.arange(1, len(long) + 1),
        "person_id": long["participant_id"],
        "measurement_concept_id": long["concept_id"],
        "measurement_date": long["day_text"],
        "measurement_datetime": long["day_text"] + " 09:30:00",
        "measurement_type_concept_id": kind,
        "operator_concept_id": np.where(below, LESS, np.where(kind == LABORATORY, EQUALS, 0)),
        "value_as_number": _number(value),
        "value_as_concept_id": 0,
        "unit_concept_id": 0,
        "visit_occurrence_id": long["visit_id"],
        "measurement_source_value": long["source_value"],
        "measurement_source_concept_id": 0,
        "unit_source_value": long["unit"],
        "value_source_value": np.where(below, "<", "") + _number(value),
    }
    frame = _framed("measurement", filled, long.index)
    frame.insert(0, "X", np.arange(1, len(frame) + 1))
    frame.insert(0, "", np.arange(len(frame)))
    return frame


def _observation(long: pd.DataFrame, layout: str) -> pd.DataFrame:
    """v3 dates are written M/D/YY (as one public audit reports; readers must accept both formats)."""
    day = pd.to_datetime(long["day_text"])
    american = day.dt.month.astype(str) + "/" + day.dt.day.astype(str) + "/" + day.dt.strftime("%y")
    filled = {
        "observation_id": np.arange(1, len(long) + 1),
        "person_id": long["participant_id"],
        "observation_concept_id": long["concept_id"],
        "observation_date": american if layout in ("v3", "mini") else long["day_text"],
        "observation_datetime": long["day_text"] + " 09:30:00",
        "observation_type_concept_id": SURVEY,
        "value_as_number": _number(long["value"]),
        "value_as_concept_id": 0,
        "qualifier_concept_id": long["qualifier_concept_id"],
        "visit_occurrence_id": long["visit_id"],
        "observation_source_value": long["source_value"],
        "observation_source_concept_id": 0,
        "qualifier_source_value": long["qualifier"],
        "value_source_value": _number(long["value"]),
    }
    return _framed("observation", filled, long.index)


def _conditions(long: pd.DataFrame) -> pd.DataFrame:
    """Self-reported histories answered yes."""
    reported = long[long["value"] == 1].reset_index(drop=True)
    filled = {
        "condition_occurrence_id": np.arange(1, len(reported) + 1),
        "person_id": reported["participant_id"],
        "condition_concept_id": reported["qualifier_concept_id"],
        "condition_start_date": reported["day_text"],
        "condition_start_datetime": reported["day_text"] + " 09:30:00",
        "condition_type_concept_id": SURVEY,
        "condition_status_concept_id": 0,
        "visit_occurrence_id": reported["visit_id"],
        "condition_source_value": reported["source_value"],
        "condition_source_concept_id": 0,
    }
    return _framed("condition_occurrence", filled, reported.index)


def _procedures(people: pd.DataFrame) -> pd.DataFrame:
    filled = {
        "procedure_occurrence_id": np.arange(1, len(people) + 1),
        "person_id": people.index,
        "procedure_concept_id": DEVICE_CONCEPT,
        "procedure_date": people["day_text"].to_numpy(),
        "procedure_datetime": (people["day_text"] + " 09:30:00").to_numpy(),
        "procedure_type_concept_id": SURVEY,
        "modifier_concept_id": 0,
        "quantity": 1,
        "visit_occurrence_id": 2 * np.arange(len(people)) + 1,
        "procedure_source_value": DEVICE_GIVEN,
        "procedure_source_concept_id": 0,
    }
    return _framed("procedure_occurrence", filled, pd.RangeIndex(len(people)))


def _person(people: pd.DataFrame) -> pd.DataFrame:
    year = people["visit"].dt.year - people["age"].astype(int)
    zeros = ("gender_concept_id", "month_of_birth", "day_of_birth", "race_concept_id", "ethnicity_concept_id")
    filled = {
        **dict.fromkeys(zeros, 0),
        "person_id": people.index,
        "year_of_birth": year.to_numpy(),
        "birth_datetime": "1970-01-01 00:00:00",
        "person_source_value": "SYNTHETIC-" + people.index.to_series().to_numpy(dtype=object),
        "gender_source_value": " ",
    }
    return _framed("person", filled, pd.RangeIndex(len(people)))


def _visits(people: pd.DataFrame) -> pd.DataFrame:
    """Two visits a person on one day: the assessment and the blood draw."""
    twice = people.loc[people.index.repeat(2)]
    when = twice["day_text"].to_numpy(dtype=object)
    clock = np.tile(np.array([" 09:00:00", " 10:00:00"], dtype=object), len(people))
    filled = {
        "visit_occurrence_id": np.arange(1, len(twice) + 1),
        "person_id": twice.index,
        "visit_concept_id": 9202,
        "visit_start_date": when,
        "visit_start_datetime": when + clock,
        "visit_end_date": when,
        "visit_end_datetime": when + clock,
        "visit_type_concept_id": SURVEY,
        "care_site_id": twice["clinical_site"].to_numpy(),
        "visit_source_value": np.tile(VISITS, len(people)),
        "visit_source_concept_id": 0,
    }
    return _framed("visit_occurrence", filled, pd.RangeIndex(len(twice)))
