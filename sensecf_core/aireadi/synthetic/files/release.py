"""Write a whole release or nothing: people in several processes, then the tables.

Everything is written into a hidden folder beside the target, which is renamed once it is complete.
``participants.tsv``, without which no reader recognises a release, is written last.
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
class WrittenRelease:
    """A written release: its root, its size, and the comparison with the published figures."""

    root: Path
    people: int
    bytes: int
    report: list[Line]
    assumed: pd.DataFrame


def write(
    out: Path,
    settings: Settings,
    progress: Progress = lambda *_: None,
    *,
    jobs: int = 1,
) -> WrittenRelease:
    """Write a release to ``out``, which must not exist or be an empty folder.

    Equal settings make equal bytes, whatever ``jobs`` (processes) is. ``progress`` gets the share done (0 to
    1) and a message; if it raises, or after Ctrl-C, nothing is left behind.

    Raises
    ------
    InputError : ``out`` cannot be written to.
    """
    out = out.absolute()
    check(out, settings)
    try:
        return _write(out, settings, progress, jobs)
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error.strerror or error}).") from error


def write_one(out: Path, settings: Settings, participant: str) -> None:
    """Write one participant of a release to ``out`` as a release of one person, with the same bytes.

    Raises
    ------
    InputError : no such participant, or ``out`` cannot be written to.
    """
    out = out.absolute()
    check(out, replace(settings, n=1))
    people, days = _draw_population(settings)
    if participant not in people.index:
        raise unknown_participant(participant, settings)
    values = clinical.values(people, np.random.default_rng((settings.seed, CLINICAL_STREAM)))
    task = _task(int(people.index.get_loc(participant)), people, days, values)
    with _unfinished(out) as root:
        written = persons.write(task, settings, root)
        _tables(root, people.loc[[participant]], values.loc[[participant]], [written], replace(settings, n=1))
        _publish(root, out)


def unknown_participant(participant: str, settings: Settings) -> InputError:
    """Build the error for an id that a release does not have."""
    last = FIRST_ID + settings.n - 1
    return InputError(f"Unknown participant {participant!r}; the ids are {FIRST_ID} to {last}.")


def _write(out: Path, settings: Settings, progress: Progress, jobs: int) -> WrittenRelease:
    with _unfinished(out) as root:
        people, days = _draw_population(settings)
        values = clinical.values(people, np.random.default_rng((settings.seed, CLINICAL_STREAM)))
        tasks = [_task(position, people, days, values) for position in range(settings.n)]
        written: list[Written] = []
        with closing(
            parallel_map(partial(persons.write, settings=settings, root=root), tasks, jobs)
        ) as results:
            for person in results:
                written.append(person)
                progress(len(written) / settings.n, f"{len(written):,} of {settings.n:,} participants")
        written.sort(key=lambda person: person.position)
        size = sum(person.bytes for person in written) + _tables(root, people, values, written, settings)
        _publish(root, out)
    measures = pd.DataFrame({person.participant: person.measures for person in written}).T
    groups = people["study_group"]
    report = calibration.report(groups, measures)
    return WrittenRelease(out, settings.n, size, report, calibration.assumed(groups, measures))


def check(out: Path, settings: Settings) -> None:
    """Refuse a folder that the release cannot be written to; raises ``InputError``."""
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
def _unfinished(out: Path) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix=f".{out.name}.unfinished-", dir=out.parent))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _publish(root: Path, out: Path) -> None:
    if out.exists():
        out.rmdir()
    root.chmod(0o755)
    root.rename(out)


def _draw_population(settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    population = latent(settings.seed, settings.n, settings.days)
    people = population.people.copy()
    people["day_text"] = people["visit"].dt.strftime("%Y-%m-%d")
    return people, population.days


def _task(position: int, people: pd.DataFrame, days: pd.DataFrame, values: pd.DataFrame) -> Task:
    participant = str(people.index[position])
    per_person = len(days) // len(people)
    own_days = days.iloc[position * per_person : (position + 1) * per_person].reset_index(drop=True)
    wrist, hand = (float(values[name].iloc[position]) for name in ("dvamwenhand", "dvamwendhand"))
    return Task(position, participant, people.iloc[position], own_days, wrist, hand)


def _tables(
    root: Path, people: pd.DataFrame, values: pd.DataFrame, written: Sequence[Written], settings: Settings
) -> int:
    """Write everything except the participants' own files; return its size in bytes."""
    origin = {"program": "SenseCF", "version": __version__, "commit": provenance.commit()}
    texts = dict(dataset_texts.files(settings, origin))
    for name, frame in omop.tables(people, values, settings.layout).items():
        texts[f"clinical_data/{name}.csv"] = frame.to_csv(index=False, lineterminator="\n")
    glucose = [person for person in written if person.glucose is not None]
    with_band = {
        person.participant
        for person in written
        if any(path.endswith(".json") for path in person.band.values())
    }
    texts["wearable_activity_monitor/manifest.tsv"] = _tsv(pd.DataFrame([person.band for person in written]))
    texts["wearable_blood_glucose/manifest.tsv"] = _tsv(pd.DataFrame([person.glucose for person in glucose]))
    participants_table = manifests.participants(
        people,
        {
            "wearable_activity_monitor": with_band,
            "wearable_blood_glucose": {person.participant for person in glucose},
        },
        settings.layout,
    )
    # The real pipeline writes this one with csv.writer's line ends. Last: it makes the folder a release.
    texts["participants.tsv"] = _tsv(participants_table, "\r\n")
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return sum(len(text.encode()) for text in texts.values())


def _tsv(frame: pd.DataFrame, end: str = "\n") -> str:
    text: str = frame.to_csv(index=False, sep="\t", lineterminator=end)
    return text
