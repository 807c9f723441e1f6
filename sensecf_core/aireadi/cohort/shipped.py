"""The cohort ``aireadi`` that comes with the program, made from a compact synthetic release.

Only its tables are shipped. A participant's streams are generated when somebody opens them: with the same
settings the generator makes the same person, whoever else is generated.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.cohort.stress_task import QUANTILE, StressDays, stress_days
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.locate import Release
from sensecf_core.aireadi.report import findings
from sensecf_core.aireadi.synthetic.files import release as synthetic
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.aireadi.tables import Tables
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.fingerprint import files_sha256
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.paths import file_lock, var
from sensecf_core.provenance import DATA_REMEDY, code_sha256

NAME = "aireadi"
SETTINGS = Settings(n=500, days=10, seed=0, layout="v3", compact=True)


@dataclass(frozen=True)
class ShippedData:
    """What ``make data`` writes: the rows, and the tables that pages show beside them.

    ``days``, ``people`` and ``quality`` are rounded; their columns are those of :class:`Tables`.
    """

    rows: StressDays
    days: pd.DataFrame
    people: pd.DataFrame
    quality: pd.DataFrame

    @property
    def source(self) -> dict[str, object]:
        """The rows' origin, for the provenance file."""
        return {
            "generator": "sensecf_core.aireadi.synthetic",
            "settings": asdict(SETTINGS),
            "cut": self.rows.cut,
            "cut_quantile_of_training_days": QUANTILE,
            "split": "recommended by the release",
        }


def build() -> ShippedData:
    """Write the release into a temporary folder and read it like any other; takes about three minutes.

    Raises
    ------
    InputError : the schema's texts name another cut-off than the rows have.
    """
    jobs = min(2, os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="sensecf-aireadi-") as folder:
        written = synthetic.write(Path(folder) / "release", SETTINGS, jobs=jobs)
        built = tables.build(locate.find(written.root), jobs=jobs)
        shutil.rmtree(built.folder)
    schema = builtin.read_schema(NAME)
    rows = stress_days(schema, built)
    for text in (schema.task.question, schema.task.class_1, schema.task.class_0):
        if f" {rows.cut:g}" not in text:
            raise InputError(f"The cut is {rows.cut:g}; write it into the [task] of {NAME}/schema.toml.")
    return ShippedData(
        rows,
        _rounded(built.days),
        _rounded(built.people),
        _rounded(built.quality),
    )


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Round to what a page can show: shares to 0.001, findings to their own decimals, the rest to 0.1."""
    numbers = table.select_dtypes("number")
    shown_decimals = {spec.item: spec.decimals for spec in findings.finding_specs()}
    decimals = {
        name: 3 if numbers[name].abs().max() <= 1 else max(1, shown_decimals.get(str(name), 1))
        for name in numbers
    }
    return table.round(decimals)


@cache
def load_tables() -> Tables:
    """Read the tables beside the rows; raises ``NotReadyError`` if they cannot be read.

    They hold no clinical records, only each participant's items (columns of ``people``).
    """
    folder = builtin.DATA / NAME
    try:
        days, people, quality = (
            pd.read_parquet(folder / f"{name}.parquet") for name in ("days", "people", "quality")
        )
    except (OSError, ValueError) as error:
        raise NotReadyError(f"The data of cohort {NAME!r} cannot be read; {DATA_REMEDY}.") from error
    return Tables(
        days=days.set_index(["participant_id", "day"]),
        people=people.set_index("participant_id"),
        quality=quality,
        clinical=pd.DataFrame(),
        key="",
        folder=folder,
        read_mb=0.0,
        from_cache=True,
        replaced=(),
    )


def release_of(participant: str) -> Release:
    """Generate the streams of one participant, as a release of one person that is cached in ``var/``.

    Raises
    ------
    InputError : no such participant.
    """
    if not participant.isdecimal():
        raise synthetic.unknown_participant(participant, SETTINGS)
    folder = var("aireadi-synthetic", _generator_sha256()[:16], participant)
    with file_lock(folder.with_name("making.lock")):
        if not folder.is_dir():
            synthetic.write_one(folder, SETTINGS, participant)
            folder.chmod(0o700)
    return locate.find(folder)


@cache
def _generator_sha256() -> str:
    """Hash of the settings and of the generator's code and tables, which decide what it generates."""
    tables = sorted(Path(synthetic.__file__).parent.rglob("*.csv"))
    content = f"{SETTINGS!r}{code_sha256(synthetic.__name__)}{files_sha256(tables)}"
    return hashlib.sha256(content.encode()).hexdigest()


def cut() -> float:
    """Cut-off of the shipped cohort: Garmin stress above which a day is a high-stress day."""
    record = json.loads((builtin.DATA / NAME / "provenance.json").read_text("utf-8"))
    return float(record["source"]["cut"])
