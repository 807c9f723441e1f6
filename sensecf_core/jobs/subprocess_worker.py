"""The lane for long commands (training, evaluation): killable subprocesses at low priority, one at a time.

A command tells its progress in JSON lines on standard output, ``{"fraction": 0.3, "message": "..."}``,
and which answer it kept, ``{"answer_id": "..."}``; the last line it wrote to standard error says why it
failed. It runs in a process group of its own, which ends with the server (:mod:`.process_guard`).
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

from sensecf_core.jobs import job_table
from sensecf_core.jobs.job_table import Claimed, JobOutcome, WorkerName
from sensecf_core.jobs.worker import Progress, Worker, shared
from sensecf_core.paths import ROOT

MOST_WAITING = 16
NICER = 10
"""How much nicer than this process the commands run: pages and answers go first."""
PATIENCE_SECONDS = 0.3
"""How long a cancelled command may clean up before it is killed."""
PATIENCE_OF = {"finetune": 120.0}
"""The same for commands that write a checkpoint first; they end as soon as it is written."""
PROGRAM = (sys.executable, "-m", "sensecf_core")
INTERRUPTED = "Interrupted: the program ended while this ran; start it again."

_GUARD = Path(__file__).with_name("process_guard.py")
_LOOK_SECONDS = 0.1
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class SubprocessWorker(Worker):
    """Runs commands one at a time.

    Parameters
    ----------
    program : what stands before each job's own arguments; the default is ``python -m sensecf_core``.
    most_waiting : how many jobs may wait besides the one that runs.
    """

    name: WorkerName = "process"
    most_seconds: ClassVar[float | None] = None
    """After how long a command is ended that did not end by itself; None: never."""

    def __init__(self, program: Sequence[str] = PROGRAM, *, most_waiting: int = MOST_WAITING) -> None:
        self._program = tuple(program)
        super().__init__(most_waiting=most_waiting)

    def start(self, kind: str, argv: Sequence[str], label: str) -> str:
        """Queue a command and return the job's id; one that waits or runs already is returned instead.

        Raises ``InputError`` when the queue is full.
        """
        return self._queue(kind=kind, label=label, spec=json.dumps(list(argv)), share=True)

    def _take_over(self) -> None:
        job_table.end_orphans(self.name, INTERRUPTED)

    def _run(self, job: Claimed, progress: Progress) -> JobOutcome:
        argv = json.loads(job.spec)
        process = _launch([*self._program, *argv])
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        errors: deque[str] = deque(maxlen=1)
        kept: deque[str] = deque(maxlen=1)
        readers = [
            threading.Thread(target=_read_told, args=(process.stdout, progress, kept), daemon=True),
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
            return JobOutcome("done", answer_id=kept[-1] if kept else None)
        return JobOutcome("failed", error=errors[-1] if errors else _silent_end(code))


def _launch(command: list[str]) -> subprocess.Popen[str]:
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": search, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
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
    """Wait for the command's end, or bring it about; nothing that it started is left running.

    Returns its exit code, or None where it had to be ended because its time was over.
    """
    end = time.monotonic() + most_seconds if most_seconds is not None else float("inf")
    while process.poll() is None and not cancelled.wait(_LOOK_SECONDS) and time.monotonic() < end:
        pass
    late = process.returncode is None and not cancelled.is_set()
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
    return None if late else code


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _read_told(lines: IO[str], progress: Progress, kept: deque[str]) -> None:
    """Take JSON objects with a fraction as progress, with an answer's id as kept; other output is no word."""
    with lines:
        for line in lines:
            with suppress(ValueError, TypeError, KeyError):
                told = json.loads(line)
                if isinstance(told, dict) and "answer_id" in told:
                    kept.append(str(told["answer_id"]))
                    continue
                progress(float(told["fraction"]), str(told.get("message") or ""))


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
    """Return this process's lane for commands; the first call starts it."""
    return shared(SubprocessWorker)


def start(kind: str, argv: Sequence[str], label: str) -> str:
    """Queue ``python -m sensecf_core *argv``; see :meth:`SubprocessWorker.start`."""
    return worker().start(kind, argv, label)
