"""Somebody's words, read as limits by a language model in the background; nothing of them is stored."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.jobs.model_worker import CancelledWaitError, alone
from sensecf_core.jobs.worker import sentence as in_a_sentence
from sensecf_core.language.wishes.wish import Understood

CANCELLED = "Cancelled."


@dataclass(frozen=True)
class Reading:
    """Words that are being read, or were.

    ``found`` holds what was understood; or one sentence that says why nothing was, :data:`CANCELLED` where
    somebody cancelled it.
    """

    cohort: str
    sentence: str
    reader: str
    found: Future[Understood | str] = field(default_factory=Future)
    cancelled: threading.Event = field(default_factory=threading.Event)


def begin(cohort: Cohort, sentence: str, reader: str) -> Reading:
    """Have a model of the registry read a sentence in the background.

    Raises ``NotAllowedError`` unless whoever is at work may ask.
    """
    rights.require("ask")
    reading = Reading(cohort.schema.name, sentence, reader)
    threading.Thread(target=_run, args=(cohort, reading), name="sensecf-words", daemon=True).start()
    return reading


def _run(cohort: Cohort, reading: Reading) -> None:
    try:
        found: Understood | str = _read(cohort, reading)
    except CancelledWaitError:
        found = CANCELLED
    except BaseException as error:
        found = in_a_sentence(error)
    reading.found.set_result(CANCELLED if reading.cancelled.is_set() else found)


def _read(cohort: Cohort, reading: Reading) -> Understood:
    from sensecf_core.counterfactuals.proposers.resolve_model import restricted, wishes_backend
    from sensecf_core.language.models import registry
    from sensecf_core.language.wishes import by_prompt

    cancelled = reading.cancelled.is_set
    # A server answers beside this machine's models; those are shared, and take memory.
    with nullcontext() if registry.spec(reading.reader).is_remote else alone(cancelled):
        model = wishes_backend(reading.reader, cohort.schema.name, restricted=restricted(cohort))
        return by_prompt.read(
            model, cohort.schema, reading.sentence, reader=reading.reader, cancelled=cancelled
        )
