"""Read one participant's stream from its file, in any version's format."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

from sensecf_core import collector
from sensecf_core.aireadi.release import documents
from sensecf_core.aireadi.release.files import Located
from sensecf_core.aireadi.release.intervals import Intervals, intervals, no_intervals
from sensecf_core.aireadi.release.readings import Points, no_points, points
from sensecf_core.aireadi.release.streams import Stream
from sensecf_core.paths import file_lock, var

State = Literal["read", "missing", "empty", "unreadable"]

HUGE = 40_000_000
"""Bytes: three times the size for a participant who took the band off in time."""

OTHER_COUNT = "the manifest counts other records than the file has"


@dataclass(frozen=True)
class Recording:
    """One participant's stream as read from its file.

    Attributes
    ----------
    state : "missing" (no file), "unreadable" (a file that cannot be used; ``notes`` says why), "empty"
        (a file without records) or "read".
    zone_name : see :func:`documents.zone_name`.
    notes : what is odd, without ids.
    """

    file: Located
    state: State
    data: Points | Intervals
    zone_name: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def stream(self) -> Stream:
        """The stream that was read."""
        return self.file.stream

    @property
    def points(self) -> Points:
        """The readings; of a stream of intervals, none."""
        return self.data if isinstance(self.data, Points) else no_points()

    @property
    def intervals(self) -> Intervals:
        """The intervals; of a stream of points, none."""
        return self.data if isinstance(self.data, Intervals) else no_intervals()


def read(file: Located) -> Recording:
    """Read one stream of one participant. Never raises because of what the file contains.

    All processes of this user together read one huge file at a time: parsed, it takes up to ten times its
    size.
    """
    lock = file_lock(var("aireadi", "huge.lock")) if file.size > HUGE else nullcontext()
    with lock, collector.paused():  # it would walk the records again and again; they have no cycles
        return _read(file)


def _read(file: Located) -> Recording:
    stream, notes = file.stream, [file.note] if file.note else []
    no_data = no_points() if stream.shape == "points" else no_intervals()
    if file.path is None:
        return Recording(file, "missing", no_data, notes=tuple(notes))
    try:
        document = documents.load(file.path)
    except documents.UnreadableFileError as error:
        return Recording(file, "unreadable", no_data, notes=(*notes, str(error)))
    records = documents.records(document, stream.body)
    parse = points if stream.shape == "points" else intervals
    data = parse(stream, records)
    if file.listed and file.listed.records is not None and file.listed.records != len(records):
        notes.append(OTHER_COUNT)
    notes += data.notes
    state: State = "read" if records else "empty"
    return Recording(file, state, data, documents.zone_name(document), tuple(notes))
