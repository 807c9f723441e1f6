"""The worker for long commands (training, evaluation): killable subprocesses at low priority, one at a time.

A command reports its progress as JSON lines on standard output, ``{"fraction": 0.3, "message": "..."}``,
and the answer it stored as ``{"answer_id": "..."}``. If it fails, its last line on standard error says why.
It runs in its own process group, which ends with the server (:mod:`.process_guard`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, ClassVar

import psutil

from sensecf_core.access import people
from sensecf_core.jobs import job_table
from sensecf_core.jobs.job_table import ClaimedJob, JobOutcome, WorkerName
from sensecf_core.jobs.worker import MOST_ATTEMPTS, Progress, Worker, shared
from sensecf_core.paths import ROOT

MOST_WAITING = 16
NICER = 10
"""Added to the niceness of commands, so that pages and answers go first."""
PATIENCE_SECONDS = 0.3
"""How long a cancelled command may clean up before it is killed."""
PATIENCE_OF = {"finetune": 120.0}
"""The same for commands that first write a checkpoint; they end as soon as it is written."""
PROGRAM = (sys.executable, "-m", "sensecf_core")
INTERRUPTED = "Interrupted: the program ended while this ran; start it again."
GOES_ON = "batch"
"""The kind of commands that are simply queued again after a restart: what was answered is not asked again."""
ENDED_TOO_OFTEN = f"The program ended {MOST_ATTEMPTS} times while this ran; ask about fewer people."

_GUARD = Path(__file__).with_name("process_guard.py")
_POLL_SECONDS = 0.1
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class SubprocessWorker(Worker):
    """Runs commands one at a time.

    Parameters
    ----------
    program : the command that each job's arguments are appended to; by default ``python -m sensecf_core``.
    most_waiting : how many jobs of one visitor may wait besides the one that runs.
    """

    name: WorkerName = "process"
    most_seconds: ClassVar[float | None] = None
    """Seconds after which a command is ended; None means never."""

    def __init__(self, program: Sequence[str] = PROGRAM, *, most_waiting: int = MOST_WAITING) -> None:
        self._program = tuple(program)
        super().__init__(most_waiting=most_waiting)

    def start(self, kind: str, argv: Sequence[str], label: str) -> str:
        """Queue a command and return the job's id; the same command that is unfinished is not queued twice.

        Raises ``InputError`` if the queue is full.
        """
        return self._queue(kind=kind, label=label, spec=json.dumps(list(argv)), share=True)

    def _take_over(self) -> None:
        self._queue_again(MOST_ATTEMPTS, ENDED_TOO_OFTEN, kind=GOES_ON)
        job_table.end_orphans(self.name, INTERRUPTED)

    def _run(self, job: ClaimedJob, progress: Progress) -> JobOutcome:
        argv = json.loads(job.spec)
        process = _launch([*self._program, *argv], job.login)
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        errors: deque[str] = deque(maxlen=1)
        answer_ids: deque[str] = deque(maxlen=1)
        readers = [
            threading.Thread(target=_read_reports, args=(process.stdout, progress, answer_ids), daemon=True),
            threading.Thread(target=_keep_last_line, args=(process.stderr, errors), daemon=True),
        ]
        for reader in readers:
            reader.start()
        code = _wait(process, progress.cancelled, _patience(argv), self.most_seconds)
        process.stdin.close()
        for reader in readers:
            reader.join(0.1 if progress.cancelled.is_set() else 1.0)
        if progress.cancelled.is_set():
            return JobOutcome("cancelled")
        if code is None:
            return JobOutcome(
                "failed", error=f"It did not end within {self.most_seconds:g} s, and was ended."
            )
        if code == 0:
            return JobOutcome("done", answer_id=answer_ids[-1] if answer_ids else None)
        return JobOutcome("failed", error=errors[-1] if errors else _silent_end(code))


def _launch(command: list[str], login: str | None) -> subprocess.Popen[str]:
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        env=os.environ
        | {"PYTHONPATH": search, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
        | {people.ON_BEHALF_OF: login or ""},
    )
    niceness = min(os.getpriority(os.PRIO_PROCESS, 0) + NICER, 19)
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PGRP, process.pid, niceness)
    return process


def _patience(argv: Sequence[str]) -> float:
    return PATIENCE_OF.get(argv[0], PATIENCE_SECONDS) if argv else PATIENCE_SECONDS


def _wait(
    process: subprocess.Popen[str], cancelled: threading.Event, patience: float, most_seconds: float | None
) -> int | None:
    """Wait until the command ends, or end it; nothing that it started is left running.

    Returns its exit code, or None if it ran out of time.
    """
    end = time.monotonic() + most_seconds if most_seconds is not None else float("inf")
    while process.poll() is None and not cancelled.wait(_POLL_SECONDS) and time.monotonic() < end:
        pass
    timed_out = process.returncode is None and not cancelled.is_set()
    family = _descendants(process.pid)
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    _signal_group(process.pid, signal.SIGKILL)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    code = process.wait()
    return None if timed_out else code


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _read_reports(lines: IO[str], progress: Progress, answer_ids: deque[str]) -> None:
    """Read progress (objects with a fraction) and answer ids from JSON lines; ignore any other output."""
    with lines:
        for line in lines:
            with suppress(ValueError, TypeError, KeyError):
                report = json.loads(line)
                if isinstance(report, dict) and "answer_id" in report:
                    answer_ids.append(str(report["answer_id"]))
                    continue
                progress(float(report["fraction"]), str(report.get("message") or ""))


def _keep_last_line(lines: IO[str], last: deque[str]) -> None:
    with lines:
        for line in lines:
            text = _TERMINAL_CODES.sub("", line).strip()
            if text:
                last.append(text[:300])


def _silent_end(code: int) -> str:
    number = -code if code < 0 else code - 128
    if number == signal.SIGKILL:
        return "The command was killed, often for want of memory; close other programs and start it again."
    return f"The command ended with exit code {code} and said nothing."


def worker() -> SubprocessWorker:
    """Return this process's worker for commands; the first call starts it."""
    return shared(SubprocessWorker)


def start(kind: str, argv: Sequence[str], label: str) -> str:
    """Queue ``python -m sensecf_core *argv``; see :meth:`SubprocessWorker.start`."""
    return worker().start(kind, argv, label)
