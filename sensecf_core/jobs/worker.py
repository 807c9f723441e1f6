"""What all workers share: a queue in the database and one daemon thread that runs it; visitors take turns.

Whatever a job raises, also what is no ``Exception`` (``SystemExit``, a panic of a compiled library), fails
that job alone: the thread goes on. Should it end nevertheless, the next look at a job starts another.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from sensecf_core.access import people, rights
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import job_table, visitor
from sensecf_core.jobs.job_table import ClaimedJob, JobOutcome, JobView, WorkerName
from sensecf_core.jobs.liveness import close_owner, open_owner

MODEL_KINDS = ("train", "finetune")
"""Kinds of jobs that change what answers."""
REPORT_SECONDS = 0.25
"""Least time between two writes of a job's progress."""
RETRY_SECONDS = 2.0
"""How long a worker waits before it tries a failed database again."""
MOST_ATTEMPTS = 3
"""How often a job is started that a restart interrupted: it may be what ended the program."""
MOST_WAIT_SECONDS = 600.0
"""How long a worker that has done a job waits for a database that is busy, away or full."""


log = logging.getLogger(__name__)


class Worker(ABC):
    """A queue with one thread, which starts with the object and ends with :meth:`close`.

    ``most_waiting`` is how many jobs of one visitor may wait, ``most_in_all`` how many of all visitors.

    Several workers may share a database (a server, a command, a test). Each runs only the jobs that were
    queued through it, plus those of workers whose process is gone.
    """

    name: WorkerName

    def __init__(self, *, most_waiting: int, most_in_all: int = job_table.MOST_IN_ALL) -> None:
        self._most_waiting = most_waiting
        self._most_in_all = most_in_all
        self._owner = open_owner()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._running: tuple[str, threading.Event] | None = None
        self._waits_for: str | None = None
        self._not_stored: dict[str, str] = {}
        self._restarting = threading.Lock()
        self._take_over()
        self._thread = self._start_thread()

    @property
    def problem(self) -> str | None:
        """Why its queue does not move, in one sentence; None as long as it does."""
        if self._closed.is_set():
            return None
        if not self._thread.is_alive():
            return f"The {self.name} queue stands still: its thread ended; restart the program."
        if self._waits_for is not None:
            return f"The {self.name} queue waits: {self._waits_for}"
        return None

    def view(self, job_id: str) -> JobView | None:
        """Return the current state of the job, or None; a job whose process died is taken over first."""
        self._go_on()
        if job_table.orphaned(job_id):
            self._take_over()
            self._wake.set()
        found = job_table.find(job_id)
        if found is not None and not found.finished and job_id in self._not_stored:
            return replace(found, state="failed", error=self._not_stored[job_id])
        return found

    def cancel(self, job_id: str) -> None:
        """Cancel a queued job at once and stop a running one; finished and unknown jobs stay as they are.

        Raises ``NotAllowedError`` if it is somebody else's.
        """
        job = job_table.find(job_id)
        rights.require_own("cancel", None if job is None else job.login)
        job_table.request_cancel(job_id)
        running = self._running
        if running is not None and running[0] == job_id:
            running[1].set()

    def close(self, timeout: float = 5.0) -> None:
        """Stop the thread as the end of the process would; unfinished jobs are left to the next worker."""
        self._closed.set()
        self._wake.set()
        running = self._running
        if running is not None:
            running[1].set()
        self._thread.join(timeout)
        close_owner(self._owner)

    def _start_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._work, name=f"sensecf-{self.name}-worker", daemon=True)
        thread.start()
        return thread

    def _go_on(self) -> None:
        """Start another thread if the first has ended, and take over the job that it left."""
        with self._restarting:
            if self._thread.is_alive() or self._closed.is_set():
                return
            log.error("the thread of the %s worker had ended and is started again", self.name)
            close_owner(self._owner)
            self._owner, self._running = open_owner(), None
            self._take_over()
            self._thread = self._start_thread()

    def _queue(self, *, kind: str, label: str, spec: str, share: bool) -> str:
        person = rights.require("models" if kind in MODEL_KINDS else "ask")
        self._go_on()
        job_id = job_table.add(
            self.name,
            self._owner,
            kind=kind,
            label=label,
            spec=spec,
            visitor=visitor.current(),
            login=person.login,
            most_waiting=self._most_waiting,
            most_in_all=self._most_in_all,
            share=share,
        )
        self._wake.set()
        return job_id

    def _queue_again(self, most_attempts: int, error: str, *, kind: str | None = None) -> None:
        """Queue orphaned jobs (those of a kind) again, for jobs that can simply be repeated."""
        job_table.adopt_orphans(self.name, self._owner, most_attempts=most_attempts, error=error, kind=kind)

    @abstractmethod
    def _take_over(self) -> None:
        """Requeue or end the unfinished jobs of workers whose process is gone."""

    @abstractmethod
    def _run(self, job: ClaimedJob, progress: Progress) -> JobOutcome:
        """Run the job; ``progress.cancelled`` is set when it has to stop."""

    def _work(self) -> None:
        while True:
            self._wake.clear()
            if self._closed.is_set():
                return
            job = self._claim()
            if job is None:
                self._wake.wait()
            else:
                self._do(job)

    def _do(self, job: ClaimedJob) -> None:
        progress = Progress(job.id)
        self._running = (job.id, progress.cancelled)
        if self._closed.is_set():
            return
        try:
            cancel_requested = job_table.report(job.id, 0.0, "")
            with people.on_behalf_of(job.login):
                outcome = JobOutcome("cancelled") if cancel_requested else self._run(job, progress)
        except BaseException as error:
            outcome = JobOutcome("failed", error=sentence(error))
        finally:
            self._running = None
        self._finish(job, outcome)

    def _claim(self) -> ClaimedJob | None:
        """The next job. Without its database a worker has nothing to do, so it waits for it, and says so."""
        while not self._closed.is_set():
            try:
                job = job_table.claim(self.name, self._owner)
            except BaseException as error:
                self._wait(error)
            else:
                self._waits_for = None
                return job
        return None

    def _finish(self, job: ClaimedJob, outcome: JobOutcome) -> None:
        """Store how a job ended, once the database can be written.

        If waiting does not help, or did not for ``MOST_WAIT_SECONDS``, the job has failed and the next one is
        done. Should not even that be stored, this process still says so (:meth:`view`).
        """
        deadline = time.monotonic() + MOST_WAIT_SECONDS
        while not self._closed.is_set():
            try:
                job_table.finish(job.id, outcome)
            except (NotReadyError, OSError) as error:
                if time.monotonic() < deadline:
                    self._wait(error)
                    continue
                self._not_stored[job.id] = f"How it ended could not be stored. {error}"
            except BaseException as error:  # the same again and again, as of a text that is none
                self._fail(job, f"How it ended could not be stored: {sentence(error)}")
            self._waits_for = None
            return

    def _fail(self, job: ClaimedJob, why: str) -> None:
        text = why.encode("ascii", "backslashreplace").decode()
        try:
            job_table.finish(job.id, JobOutcome("failed", error=text))
        except BaseException as error:
            log.error("that job %s failed could not be stored: %s", job.id, sentence(error))
            self._not_stored[job.id] = text

    def _wait(self, error: BaseException) -> None:
        self._waits_for = sentence(error)
        log.error("the %s worker waits for its database: %s", self.name, self._waits_for)
        self._closed.wait(RETRY_SECONDS)


class Progress:
    """Takes a running job's progress, and knows whether the job has to stop."""

    def __init__(self, job_id: str) -> None:
        self.cancelled = threading.Event()
        self._job_id = job_id
        self._written = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        """Store the progress, unless it was stored a moment ago; ``fraction`` is clipped to 0..1."""
        if self.cancelled.is_set() or time.monotonic() - self._written < REPORT_SECONDS:
            return
        self._written = time.monotonic()
        try:
            cancel_requested = job_table.report(self._job_id, min(max(float(fraction), 0.0), 1.0), message)
        except Exception as error:  # the work itself can go on
            log.warning("progress was not stored: %s", sentence(error))
            return
        if cancel_requested:
            self.cancelled.set()


def sentence(error: BaseException) -> str:
    """Say in one sentence what went wrong; the log gets the stack frames, but no values of any row."""
    if isinstance(error, InputError | NotReadyError):
        return str(error)
    kind = type(error).__name__
    log.error("job failed with %s\n%s", kind, "".join(traceback.format_tb(error.__traceback__)))
    text = " ".join(str(error).split())
    return f"{kind}: {text[:200]}" if text else f"{kind}."


_shared: dict[Callable[[], Worker], Worker] = {}
_shared_lock = threading.Lock()
SomeWorker = TypeVar("SomeWorker", bound=Worker)


def shared(kind: Callable[[], SomeWorker]) -> SomeWorker:
    """This process's only worker of a class; the first call starts it."""
    with _shared_lock:
        if kind not in _shared:
            _shared[kind] = kind()
        return cast("SomeWorker", _shared[kind])


def problems() -> tuple[str, ...]:
    """Why queues of this process do not move, one sentence each; empty as long as all do."""
    return tuple(problem for worker in tuple(_shared.values()) if (problem := worker.problem) is not None)
