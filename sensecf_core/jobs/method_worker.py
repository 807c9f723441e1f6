"""The worker for methods without a language model: one answer at a time, each in a killable subprocess.

Its queue is separate from that of long commands, so that nobody who compares methods waits for somebody
else's training. A search that hangs is ended with its process. A job's spec is its command, so a job that
a restart interrupted is simply queued again.
"""

from __future__ import annotations

from sensecf_core.jobs.model_worker import ENDED_TOO_OFTEN, KIND, job_label
from sensecf_core.jobs.subprocess_worker import SubprocessWorker
from sensecf_core.jobs.worker import MOST_ATTEMPTS, shared
from sensecf_core.queries.request import ExplainRequest

COMMAND = "answer"
"""``python -m sensecf_core answer REQUEST`` answers one request and stores the answer."""
MOST_SECONDS = 300.0
"""A request stops its search after 120 s; starting the process and the checks need the rest."""


class MethodWorker(SubprocessWorker):
    """Answers requests in subprocesses, which store their answers; see :class:`SubprocessWorker`."""

    name = "method"
    most_seconds = MOST_SECONDS

    def submit(self, request: ExplainRequest) -> str:
        """Queue ``request`` and return the job's id; raises ``InputError`` when the queue is full."""
        return self.start(KIND, [COMMAND, request.model_dump_json()], job_label(request))

    def _take_over(self) -> None:
        self._queue_again(MOST_ATTEMPTS, ENDED_TOO_OFTEN)


def worker() -> MethodWorker:
    """Return this process's worker for methods; the first call starts it."""
    return shared(MethodWorker)
