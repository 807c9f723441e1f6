"""The cohorts that come with the program, read from ``data/NAME/`` (made by ``make data``).

A folder holds ``schema.toml`` (written by hand), ``rows.parquet``, ``split.parquet`` and
``provenance.json`` (command, hashes, row flow).
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path

import pandas as pd

from sensecf_core.cohorts.cohort import INDEX_NAMES, Cohort, FlowStep, plain_text, tidy_rows
from sensecf_core.cohorts.fingerprint import frame_sha256
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.provenance import DATA_REMEDY

NAMES = ("nhanes", "heart", "aireadi")
DATA = Path(__file__).resolve().parent / "data"


def read_schema(name: str) -> Schema:
    """Read and validate the hand-written schema of a built-in cohort."""
    return Schema.model_validate(tomllib.loads((DATA / name / "schema.toml").read_text("utf-8")))


@cache
def load(name: str) -> Cohort:
    """Load a built-in cohort and check that its content is what ``make data`` wrote.

    Raises
    ------
    NotReadyError : files missing or damaged.
    """
    folder, schema = DATA / name, read_schema(name)
    try:
        stored = pd.read_parquet(folder / "rows.parquet").set_index(list(INDEX_NAMES))
        parts = pd.read_parquet(folder / "split.parquet").set_index(INDEX_NAMES[0])["part"].astype(object)
        record = json.loads((folder / "provenance.json").read_text("utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise NotReadyError(f"The data of cohort {name!r} cannot be read; {DATA_REMEDY}.") from error
    if (frame_sha256(stored), frame_sha256(parts.to_frame())) != (
        record["rows_sha256"],
        record["split_sha256"],
    ):
        raise NotReadyError(f"The data of cohort {name!r} are not those that were built; {DATA_REMEDY}.")
    people = stored.index.get_level_values(0)
    return Cohort(
        schema=schema,
        rows=tidy_rows(schema, stored),
        target=stored[schema.task.target].astype(int),
        parts=pd.Series(parts.reindex(people).to_numpy(), index=stored.index, name="part", dtype=object),
        subgroups=plain_text(stored[[subgroup.name for subgroup in schema.subgroups]]),
        flow=tuple(FlowStep(step["text"], step["rows"]) for step in record["flow"]),
        data_sha256=record["rows_sha256"],
        split_sha256=record["split_sha256"],
    )
