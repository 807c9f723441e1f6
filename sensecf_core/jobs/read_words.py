"""Somebody's words, read as limits by a language model in the background; nothing of them is stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.jobs.model_worker import IN_USE
from sensecf_core.language.wishes.wish import Understood

POLL_SECONDS = 0.1


class CancelledReadingError(Exception):
    """Somebody cancelled the reading."""


@dataclass(frozen=True)
class Reading:
    """Words that are being read, or were.

    ``found`` holds what was understood, or the error: ``InputError`` or ``NotReadyError`` of a model that
    cannot be asked, :class:`CancelledReadingError` once it was cancelled.
    """

    cohort: str
    sentence: str
    reader: str
    found: Future[Understood] = field(default_factory=Future)
    cancelled: threading.Event = field(default_factory=threading.Event)


def begin(cohort: Cohort, sentence: str, reader: str) -> Reading:
    """Have a model of the registry read a sentence in the background.

    Raises ``NotAllowedError`` unless whoever is at work may ask.
    """
    rights.require("ask")
    reading = Reading(cohort.schema.name, sentence, reader)
    threading.Thread(target=_read, args=(cohort, reading), name="sensecf-words", daemon=True).start()
    return reading


def _read(cohort: Cohort, reading: Reading) -> None:
    try:
        from sensecf_core.counterfactuals.proposers.resolve_model import wishes_backend
        from sensecf_core.language.wishes import by_prompt

        with _alone(reading.cancelled):
            (understood,) = by_prompt.read_all(
                wishes_backend(reading.reader, cohort),
                cohort.schema,
                [reading.sentence],
                reader=reading.reader,
                cancelled=reading.cancelled.is_set,
            )
        if reading.cancelled.is_set():
            raise CancelledReadingError
    except BaseException as error:
        reading.found.set_exception(error)
    else:
        reading.found.set_result(understood)


@contextmanager
def _alone(cancelled: threading.Event) -> Iterator[None]:
    """Wait until no answer is being made: models on this machine are shared, and take memory."""
    while not IN_USE.acquire(timeout=POLL_SECONDS):
        if cancelled.is_set():
            raise CancelledReadingError
    try:
        yield
    finally:
        IN_USE.release()
