"""Writing a whole release: people in several processes, the tables at the end, and all of it or nothing.

Everything is written into a hidden folder beside the place asked for and moved there when it is whole;
``participants.tsv``, without which no reader takes a folder for a release, is written last.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from sensecf_core import __version__, provenance
from sensecf_core.aireadi.synthetic import calibration
from sensecf_core.aireadi.synthetic.calibration import Line
from sensecf_core.aireadi.synthetic.files import dataset_texts, manifests, omop, participant as persons
from sensecf_core.aireadi.synthetic.files.participant import Task, Written
from sensecf_core.aireadi.synthetic.population import clinical
from sensecf_core.aireadi.synthetic.population.latent import CLINICAL_STREAM, latent
from sensecf_core.aireadi.synthetic.population.people import FIRST_ID
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.errors import InputError
from sensecf_core.processes import parallel_map
from sensecf_core.types import Progress


@dataclass(frozen=True)
class Made:
    """A written release: where, how large, and how it compares with the published figures."""

    root: Path
    people: int
    bytes: int
    report: list[Line]
    assumed: pd.DataFrame


def write(
    out: Path,
    settings: Settings,
    tell: Progress = lambda *_: None,
    *,
    jobs: int = 1,
) -> Made:
    """Write a release to ``out``, which must not exist or be an empty folder.

    Equal settings make equal bytes, whatever ``jobs`` (processes) is. ``tell`` gets the share done (0 to 1)
    and words; what it raises, as what Ctrl-C raises, leaves nothing behind.

    Raises
    ------
    InputError : ``out`` cannot be written to.
    """
    out = out.absolute()
    check(out, settings)
    try:
        return _write(out, settings, tell, jobs)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror or error}).") from error


def write_one(out: Path, settings: Settings, participant: str) -> None:
    """Write one participant of a release to ``out`` as a release of its own: their files are the same bytes.

    Raises
    ------
    InputError : no such participant, or ``out`` cannot be written to.
    """
    out = out.absolute()
    check(out, replace(settings, n=1))
    people, days = _drawn(settings)
    if participant not in people.index:
        raise unknown_participant(participant, settings)
    values = clinical.values(people, np.random.default_rng((settings.seed, CLINICAL_STREAM)))
    task = _task(int(people.index.get_loc(participant)), people, days, values)
    with _beside(out) as root:
        written = persons.write(task, settings, root)
        _tables(root, people.loc[[participant]], values.loc[[participant]], [written], replace(settings, n=1))
        _move(root, out)


def unknown_participant(participant: str, settings: Settings) -> InputError:
    """Build the error for a participant whom a release does not have."""
    last = FIRST_ID + settings.n - 1
    return InputError(f"Unknown participant {participant!r}; the ids are {FIRST_ID} to {last}.")


def _write(out: Path, settings: Settings, tell: Progress, jobs: int) -> Made:
    with _beside(out) as root:
        people, days = _drawn(settings)
        values = clinical.values(people, np.random.default_rng((settings.seed, CLINICAL_STREAM)))
        tasks = [_task(place, people, days, values) for place in range(settings.n)]
        written: list[Written] = []
        with closing(
            parallel_map(partial(persons.write, settings=settings, root=root), tasks, jobs)
        ) as results:
            for one in results:
                written.append(one)
                tell(len(written) / settings.n, f"{len(written):,} of {settings.n:,} participants")
        written.sort(key=lambda one: one.place)
        size = sum(one.bytes for one in written) + _tables(root, people, values, written, settings)
        _move(root, out)
    measures = pd.DataFrame({one.participant: one.measures for one in written}).T
    groups = people["study_group"]
    report = calibration.report(groups, measures)
    return Made(out, settings.n, size, report, calibration.assumed(groups, measures))


def check(out: Path, settings: Settings) -> None:
    """Refuse a place that cannot take the release, in one sentence."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder that does not exist yet.")
    try:
        if out.is_dir() and any(out.iterdir()):
            raise InputError(f"{out} is not empty; name a folder that is empty or does not exist yet.")
        out.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out.parent).free / 1e6
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror or error}).") from error
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"{out} cannot be written (no permission for {out.parent}).")
    if free < 1.1 * settings.megabytes:
        raise InputError(
            f"{out} needs about {settings.megabytes:,.0f} MB, but only {free:,.0f} MB are free there."
        )


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix=f".{out.name}.unfinished-", dir=out.parent))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _move(root: Path, out: Path) -> None:
    if out.exists():
        out.rmdir()
    root.chmod(0o755)
    root.rename(out)


def _drawn(settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    truth = latent(settings.seed, settings.n, settings.days)
    people = truth.people.copy()
    people["day_text"] = people["visit"].dt.strftime("%Y-%m-%d")
    return people, truth.days


def _task(place: int, people: pd.DataFrame, days: pd.DataFrame, values: pd.DataFrame) -> Task:
    participant = str(people.index[place])
    per_person = len(days) // len(people)
    mine = days.iloc[place * per_person : (place + 1) * per_person].reset_index(drop=True)
    wrist, hand = (float(values[name].iloc[place]) for name in ("dvamwenhand", "dvamwendhand"))
    return Task(place, participant, people.iloc[place], mine, wrist, hand)


def _tables(
    root: Path, people: pd.DataFrame, values: pd.DataFrame, written: Sequence[Written], settings: Settings
) -> int:
    """Write everything but the participants' own files; return its size in bytes."""
    origin = {"program": "SenseCF", "version": __version__, "commit": provenance.commit()}
    texts = dict(dataset_texts.files(settings, origin))
    for name, frame in omop.tables(people, values, settings.layout).items():
        texts[f"clinical_data/{name}.csv"] = frame.to_csv(index=False, lineterminator="\n")
    glucose = [one for one in written if one.glucose is not None]
    worn = {one.participant for one in written if any(path.endswith(".json") for path in one.band.values())}
    texts["wearable_activity_monitor/manifest.tsv"] = _tsv(pd.DataFrame([one.band for one in written]))
    texts["wearable_blood_glucose/manifest.tsv"] = _tsv(pd.DataFrame([one.glucose for one in glucose]))
    listed = manifests.participants(
        people,
        {
            "wearable_activity_monitor": worn,
            "wearable_blood_glucose": {one.participant for one in glucose},
        },
        settings.layout,
    )
    # The pipeline writes this one with csv.writer's own line ends. Last: it makes the folder a release.
    texts["participants.tsv"] = _tsv(listed, "\r\n")
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return sum(len(text.encode()) for text in texts.values())


def _tsv(frame: pd.DataFrame, end: str = "\n") -> str:
    text: str = frame.to_csv(index=False, sep="\t", lineterminator=end)
    return text
