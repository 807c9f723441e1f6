"""The lane for methods that need no language model: one answer at a time, each in a killable subprocess.

It is a queue of its own beside the lane for long commands, so that whoever compares methods does not wait
for somebody's training. A search that hangs is ended with its process. A job's spec is its command, so a
job that a restart interrupted is simply queued again.
"""

from __future__ import annotations

from sensecf_core.jobs.model_worker import ENDED_TOO_OFTEN, KIND, MOST_ATTEMPTS, job_label
from sensecf_core.jobs.subprocess_worker import SubprocessWorker
from sensecf_core.jobs.worker import shared
from sensecf_core.queries.request import ExplainRequest

COMMAND = "answer"
"""``python -m sensecf_core answer REQUEST`` answers one request and keeps the answer."""
MOST_SECONDS = 300.0
"""A request's own stop is at 120 s; starting, fitting the checks and checking take the rest."""


class MethodWorker(SubprocessWorker):
    """Answers requests in subprocesses, which keep their answers; see :class:`SubprocessWorker`."""

    name = "method"
    most_seconds = MOST_SECONDS

    def submit(self, request: ExplainRequest) -> str:
        """Queue ``request`` and return the job's id; raises ``InputError`` when the queue is full."""
        return self.start(KIND, [COMMAND, request.model_dump_json()], job_label(request))

    def _take_over(self) -> None:
        self._queue_again(MOST_ATTEMPTS, ENDED_TOO_OFTEN)


def worker() -> MethodWorker:
    """Return this process's lane for methods; the first call starts it."""
    return shared(MethodWorker)
