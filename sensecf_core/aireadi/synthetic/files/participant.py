"""Generate and write one participant: what a worker process does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.calibration import measures_of
from sensecf_core.aireadi.synthetic.files import documents, manifests
from sensecf_core.aireadi.synthetic.files.manifests import Row
from sensecf_core.aireadi.synthetic.population.latent import MINUTES_STREAM
from sensecf_core.aireadi.synthetic.population.settings import Settings
from sensecf_core.aireadi.synthetic.signals.clock import HEADER_NAMES, Stream
from sensecf_core.aireadi.synthetic.signals.minutes import Signals, signals
from sensecf_core.aireadi.synthetic.signals.streams import streams

CREATED_AFTER = np.timedelta64(60, "D")
"""Creation date in the files, counted from the visit: a date that depends on nothing else."""


@dataclass(frozen=True)
class Task:
    """One participant: position in the cohort, id, row of ``Latent.people``, days, wrist and hand."""

    position: int
    participant: str
    person: pd.Series
    days: pd.DataFrame
    wrist: float
    hand: float


@dataclass(frozen=True)
class Written:
    """What the release's tables contain about a participant's files."""

    position: int
    participant: str
    band: Row
    glucose: Row | None
    measures: dict[str, float]
    bytes: int


def make(task: Task, settings: Settings) -> tuple[Signals, dict[str, Stream]]:
    """Generate one participant's minutes and streams; independent of who else is generated."""
    rng = np.random.default_rng((settings.seed, MINUTES_STREAM, task.position))
    minutes = signals(task.person, task.days, rng)
    return minutes, streams(minutes, task.person, task.days, settings.sampling, rng)


def write(task: Task, settings: Settings, root: Path) -> Written:
    """Write one participant's files below ``root``."""
    recorded = make(task, settings)[1]
    created = np.datetime_as_string(np.datetime64(task.person["visit"], "s") + CREATED_AFTER) + "Z"
    size = 0
    for name, stream in recorded.items():
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
    glucose = recorded.get("glucose")
    return Written(
        task.position,
        task.participant,
        manifests.band_row(task.participant, recorded, task.wrist, task.hand, settings.layout),
        None if glucose is None else manifests.glucose_row(task.participant, glucose, settings.layout),
        measures_of(task.person, recorded),
        size,
    )
