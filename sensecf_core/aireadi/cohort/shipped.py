"""The cohort ``aireadi`` that comes with the program: a compact synthetic release, and its people again.

Only tables are shipped. A participant's streams are made when somebody opens them: with the same settings the
generator makes the same person, whoever else is made.
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
class Built:
    """What ``make data`` writes: the rows, and the tables that pages show beside them.

    ``days``: every day that a window touches, columns as in :func:`days.day_table`; ``people``: one row a
    participant; ``quality``: one row per participant and stream.
    """

    rows: StressDays
    days: pd.DataFrame
    people: pd.DataFrame
    quality: pd.DataFrame

    @property
    def source(self) -> dict[str, object]:
        """What provenance says of the origin."""
        return {
            "generator": "sensecf_core.aireadi.synthetic",
            "settings": asdict(SETTINGS),
            "cut": self.rows.cut,
            "cut_quantile_of_training_days": QUANTILE,
            "split": "recommended by the release",
        }


def build() -> Built:
    """Write the release into a temporary folder and read it as any other; takes about three minutes.

    Raises
    ------
    InputError : the schema's texts name another cut than the rows have.
    """
    jobs = min(2, os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="sensecf-aireadi-") as place:
        made = synthetic.write(Path(place) / "release", SETTINGS, jobs=jobs)
        whole = tables.build(locate.find(made.root), jobs=jobs)
        shutil.rmtree(whole.folder)
    schema = builtin.read_schema(NAME)
    rows = stress_days(schema, whole)
    for text in (schema.task.question, schema.task.class_1, schema.task.class_0):
        if f" {rows.cut:g}" not in text:
            raise InputError(f"The cut is {rows.cut:g}; write it into the [task] of {NAME}/schema.toml.")
    return Built(
        rows,
        _short(whole.days),
        _short(whole.people),
        _short(whole.quality),
    )


def _short(table: pd.DataFrame) -> pd.DataFrame:
    """Keep what a page can show: shares to a thousandth, findings as their tables show them, else a tenth."""
    numbers = table.select_dtypes("number")
    shown = {one.item: one.decimals for one in findings.asked()}
    decimals = {
        name: 3 if numbers[name].abs().max() <= 1 else max(1, shown.get(str(name), 1)) for name in numbers
    }
    return table.round(decimals)


@cache
def shipped() -> Tables:
    """Read the tables beside the rows; raises ``NotReadyError`` where they cannot be read.

    There are no clinical records, only each participant's items (columns of ``people``).
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
    """Make the streams of one participant, as a release of one person that is kept in ``var/``.

    Raises
    ------
    InputError : no such participant.
    """
    if not participant.isdecimal():
        raise synthetic.nobody(participant, SETTINGS)
    place = var("aireadi-synthetic", _generator_sha256()[:16], participant)
    with file_lock(place.with_name("making.lock")):
        if not place.is_dir():
            synthetic.write_one(place, SETTINGS, participant)
            place.chmod(0o700)
    return locate.find(place)


@cache
def _generator_sha256() -> str:
    """Hash of settings and generator, code and tables: others may make other people."""
    tables = sorted(Path(synthetic.__file__).parent.rglob("*.csv"))
    made = f"{SETTINGS!r}{code_sha256(synthetic.__name__)}{files_sha256(tables)}"
    return hashlib.sha256(made.encode()).hexdigest()


def cut() -> float:
    """Garmin stress above which a day of the shipped cohort is a high-stress day."""
    record = json.loads((builtin.DATA / NAME / "provenance.json").read_text("utf-8"))
    return float(record["source"]["cut"])
