"""One participant, from their days to their files: what a worker process does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.files import documents, manifests
from sensecf_core.aireadi.synthetic.files.manifests import Row
from sensecf_core.aireadi.synthetic.population.latent import MINUTES_STREAM
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.aireadi.synthetic.signals.clock import HEADER_NAMES, Stream
from sensecf_core.aireadi.synthetic.signals.minutes import Signals, signals
from sensecf_core.aireadi.synthetic.signals.streams import streams
from sensecf_core.aireadi.synthetic.summary import summary

CREATED_AFTER = np.timedelta64(60, "D")
"""Files say they were made this long after the visit: a date that depends on nothing else."""


@dataclass(frozen=True)
class Task:
    """One participant: place in the cohort, id, row of ``Latent.people``, days in order, wrist and hand."""

    place: int
    participant: str
    person: pd.Series
    days: pd.DataFrame
    wrist: float
    hand: float


@dataclass(frozen=True)
class Written:
    """What the release's own tables need to know of a participant's files."""

    place: int
    participant: str
    band: Row
    glucose: Row | None
    measures: dict[str, float]
    bytes: int


def make(task: Task, settings: Settings) -> tuple[Signals, dict[str, Stream]]:
    """Make one participant's minutes and streams; the same whoever else is made, before or beside."""
    rng = np.random.default_rng((settings.seed, MINUTES_STREAM, task.place))
    minutes = signals(task.person, task.days, rng)
    return minutes, streams(minutes, task.person, task.days, settings.sampling, rng)


def write(task: Task, settings: Settings, root: Path) -> Written:
    """Write one participant's files below ``root``."""
    made = make(task, settings)[1]
    created = np.datetime_as_string(np.datetime64(task.person["visit"], "s") + CREATED_AFTER) + "Z"
    size = 0
    for name, stream in made.items():
        path = root / documents.path(name, task.participant)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = documents.write(
            name,
            stream,
            participant=task.participant,
            zone=HEADER_NAMES[str(task.person["clinical_site"])],
            created=created,
            layout=settings.layout,
            indent=settings.sampling.indent,
        ).encode()
        path.write_bytes(text)
        size += len(text)
    glucose = made.get("glucose")
    return Written(
        task.place,
        task.participant,
        manifests.band_row(task.participant, made, task.wrist, task.hand, settings.layout),
        None if glucose is None else manifests.glucose_row(task.participant, glucose, settings.layout),
        summary(task.person, made),
        size,
    )
