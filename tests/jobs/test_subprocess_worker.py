from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from sensecf_core.access import people
from sensecf_core.access.people import Person
from sensecf_core.errors import InputError
from sensecf_core.jobs import job_table
from sensecf_core.jobs.subprocess_worker import INTERRUPTED, NICER, SubprocessWorker
from tests.jobs.conftest import until

PYTHON = (sys.executable, "-c")
SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def worker(open_worker: Callable[..., Any]) -> SubprocessWorker:
    subprocess_worker: SubprocessWorker = open_worker(SubprocessWorker, PYTHON)
    return subprocess_worker


def gone(pid: int, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def read_number(path: Path, within: float = 5.0) -> int:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().endswith("\n"):
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def test_a_command_reports_progress_and_ends(worker: SubprocessWorker, tmp_path: Path) -> None:
    go = tmp_path / "go"
    code = (
        "import json, os, time\n"
        "print('loading libraries')\n"
        "print(json.dumps({'fraction': 0.3, 'message': 'Fold 1 of 3'}))\n"
        "print('[1, 2]'); print('{}'); print('{\"fraction\": null}')\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
    )
    job = worker.start("train", [code], "Train small")
    deadline = time.monotonic() + 5
    while (view := worker.view(job)) is not None and view.fraction == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert view is not None
    assert (view.state, view.fraction, view.message) == ("running", 0.3, "Fold 1 of 3")
    assert (view.kind, view.label, view.lane) == ("train", "Train small", "process")
    go.touch()
    assert until(job, "done").fraction == 1.0


def test_commands_run_one_after_the_other(worker: SubprocessWorker, tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import sys, time\n"
        "def note(what): open({log!r}, 'a').write(what + '{name}\\n')\n"
        "note('begin '); time.sleep(0.4); note('end ')\n"
    )
    first, second = (worker.start("train", [code.format(log=str(log), name=name)], name) for name in "ab")
    until(first, "running")
    assert until(second, "queued").position == 1
    for job in (first, second):
        until(job, "done")
    assert log.read_text().splitlines() == ["begin a", "end a", "begin b", "end b"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import sys; print('first', file=sys.stderr); sys.exit('Unknown cohort.')", "Unknown cohort."),
        ("raise ValueError('no rows')", "ValueError: no rows"),
        ("import sys; sys.exit('\\x1b[31mRed.\\x1b[0m\\n\\n')", "Red."),
        ("import sys; sys.exit(7)", "The command ended with exit code 7 and said nothing."),
        ("import os; os.kill(os.getpid(), 9)", "often for want of memory"),
    ],
)
def test_a_failed_command_says_why_and_the_next_one_runs(
    worker: SubprocessWorker, code: str, error: str
) -> None:
    bad, good = worker.start("train", [code], ""), worker.start("train", ["pass"], "")
    assert error in (until(bad, "failed").error or "")
    until(good, "done")


def test_much_output_does_not_block_a_command(worker: SubprocessWorker) -> None:
    code = "import sys\nfor _ in range(20000): print('x' * 50); print('y' * 50, file=sys.stderr)"
    until(worker.start("train", [code], ""), "done", within=20)


def test_a_command_says_which_answer_it_kept(worker: SubprocessWorker) -> None:
    code = "import json; print(json.dumps({'fraction': 0.9})); print(json.dumps({'answer_id': 'a1'}))"
    assert until(worker.start("explain", [code], ""), "done").answer_id == "a1"
    assert until(worker.start("train", ["pass"], ""), "done").answer_id is None


def test_a_command_that_does_not_end_in_time_is_ended(
    open_worker: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SubprocessWorker, "most_seconds", 3.0)
    worker = open_worker(SubprocessWorker, PYTHON)
    code = (
        f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
    )
    hanging = worker.start("explain", [code], "")
    assert "did not end within 3 s" in (until(hanging, "failed").error or "")
    assert gone(read_number(tmp_path / "pid"), 0.5)


def test_cancel_ends_a_command_and_everything_it_started_within_a_second(
    worker: SubprocessWorker, tmp_path: Path
) -> None:
    """The child ignores SIGTERM; one grandchild shares its group, another has a session of its own."""
    files = [tmp_path / name for name in ("child", "grandchild", "runaway")]
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"sleep = [sys.executable, '-c', {SLEEP!r}]\n"
        "pids = [os.getpid(), subprocess.Popen(sleep).pid]\n"
        "pids.append(subprocess.Popen(sleep, start_new_session=True).pid)\n"
        f"names = {[str(file) for file in files]!r}\n"
        "for pid, name in zip(pids, names): open(name, 'w').write(f'{pid}\\n')\n"
        "time.sleep(60)\n"
    )
    job = worker.start("train", [code], "")
    pids = [read_number(file) for file in files]
    worker.cancel(job)
    assert until(job, "cancelled").error is None  # none of them ends by itself
    assert all(gone(pid, 5.0) for pid in pids)


def test_cancelling_a_queued_command_never_starts_it(worker: SubprocessWorker, tmp_path: Path) -> None:
    first = worker.start("train", [SLEEP], "")
    second = worker.start("train", [f"open({str(tmp_path / 'ran')!r}, 'w')"], "")
    worker.cancel(second)
    assert worker.view(second).state == "cancelled"  # type: ignore[union-attr]
    worker.cancel(first)
    until(worker.start("train", ["pass"], ""), "done")
    assert not (tmp_path / "ran").exists()


def test_what_a_finished_command_left_running_is_ended(worker: SubprocessWorker, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        f"pid = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(f'{{pid}}\\n')\n"
    )
    until(worker.start("train", [code], ""), "done")
    assert gone(read_number(tmp_path / "pid"), 0.5)


def test_the_same_unfinished_command_is_not_started_twice(worker: SubprocessWorker) -> None:
    first = worker.start("train", [SLEEP], "")
    assert worker.start("train", [SLEEP], "again") == first
    assert worker.start("bench", [SLEEP], "") != first
    worker.cancel(first)
    until(first, "cancelled")
    assert worker.start("train", [SLEEP], "") != first


def test_a_command_that_is_being_cancelled_or_was_left_by_a_dead_worker_is_started_anew(
    open_worker: Callable[..., Any],
) -> None:
    first, second = open_worker(SubprocessWorker, PYTHON), open_worker(SubprocessWorker, PYTHON)
    job = first.start("train", [SLEEP], "")
    until(job, "running")
    assert second.start("train", [SLEEP], "") == job  # one is enough, whichever worker runs it
    job_table.request_cancel(job)
    again = first.start("train", [SLEEP], "")
    assert again != job
    first.close()
    assert second.start("train", [SLEEP], "") not in (job, again)


def test_a_full_queue_is_refused(open_worker: Callable[..., Any]) -> None:
    worker = open_worker(SubprocessWorker, PYTHON, most_waiting=1)
    until(worker.start("train", [SLEEP], ""), "running")
    worker.start("train", ["pass"], "")
    with pytest.raises(InputError, match="busy: 1 waiting"):
        worker.start("train", ["1"], "")


def test_commands_run_at_low_priority_without_input(worker: SubprocessWorker) -> None:
    code = "import os, sys; sys.exit(f'{os.getpriority(os.PRIO_PROCESS, 0)} {sys.stdin.read()!r}')"
    expected = min(os.getpriority(os.PRIO_PROCESS, 0) + NICER, 19)
    assert until(worker.start("train", [code], ""), "failed").error == f"{expected} ''"


def test_commands_find_the_program_from_any_folder(
    open_worker: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    worker = open_worker(SubprocessWorker, (sys.executable, "-m"))
    assert until(worker.start("train", ["sensecf_core.errors"], ""), "done", within=20)


def test_after_a_restart_unfinished_commands_say_that_they_were_interrupted(
    open_worker: Callable[..., Any], tmp_path: Path
) -> None:
    before = open_worker(SubprocessWorker, PYTHON)
    code = f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}}\\n'); {SLEEP}"
    running, queued = before.start("train", [code], ""), before.start("train", ["pass"], "")
    pid = read_number(tmp_path / "pid")
    before.close()
    assert gone(pid, 1.0)
    worker = open_worker(SubprocessWorker, PYTHON)
    assert [worker.view(job).error for job in (running, queued)] == [INTERRUPTED, INTERRUPTED]
    again = worker.start("train", ["pass"], "")
    assert again != queued
    until(again, "done")


def test_killing_the_server_ends_its_commands(open_worker: Callable[..., Any], tmp_path: Path) -> None:
    """SIGKILL, so no exit handler can help; the next server sees the job as interrupted."""
    file = tmp_path / "pids"
    inner = (
        "import os, subprocess, sys, time\n"
        f"pid = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid\n"
        f"open({str(file)!r}, 'w').write(json.dumps([os.getpid(), pid]))\n"
        "time.sleep(60)\n"
    )
    server = (
        "import sys, time\n"
        "from sensecf_core.jobs.subprocess_worker import SubprocessWorker\n"
        f"worker = SubprocessWorker((sys.executable, '-c'))\n"
        f"print(worker.start('train', [{'import json' + chr(10) + inner!r}], ''), flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        job = process.stdout.readline().strip()
        deadline = time.monotonic() + 10
        while not (file.exists() and file.read_text().endswith("]")) and time.monotonic() < deadline:
            time.sleep(0.01)
        pids = json.loads(file.read_text())
        assert not any(gone(pid, 0.05) for pid in pids)
    finally:
        process.kill()
        process.communicate()
    assert all(gone(pid, 1.0) for pid in pids)
    assert open_worker(SubprocessWorker, PYTHON).view(job).error == INTERRUPTED


@pytest.mark.parametrize(("command", "written"), [("finetune", True), ("train", False)])
def test_a_cancelled_fine_tuning_may_write_its_checkpoint_first(
    open_worker: Callable[..., Any], tmp_path: Path, command: str, written: bool
) -> None:
    """The command needs a second to answer SIGTERM, as a training step does."""
    started, checkpoint = tmp_path / "started", tmp_path / "checkpoint"
    code = (
        "import signal, sys, time\n"
        "def end(*_): time.sleep(1); open(sys.argv[3], 'w').close(); sys.exit(2)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open(sys.argv[2], 'w').close()\n"
        "time.sleep(60)\n"
    )
    worker = open_worker(SubprocessWorker, (sys.executable, "-c", code))
    job = worker.start("finetune", [command, str(started), str(checkpoint)], "")
    for _ in range(1000):
        if started.exists():
            break
        time.sleep(0.02)
    assert started.exists()
    worker.cancel(job)
    until(job, "cancelled")
    assert checkpoint.exists() is written


def test_recent_jobs_of_a_kind_come_newest_first_with_what_was_asked(worker: SubprocessWorker) -> None:
    first, other, second = (
        worker.start(kind, [code], "") for kind, code in (("a", "pass"), ("b", "pass"), ("a", "1"))
    )
    until(second, "done")
    assert [job.id for job in job_table.recent("process", "a")] == [second, first]
    assert [json.loads(job.spec) for job in job_table.recent("process", "b")] == [["pass"]]
    assert other not in {job.id for job in job_table.recent("process", "a")}


def test_a_command_knows_for_whom_it_works(worker: SubprocessWorker) -> None:
    people.find_by(lambda: Person("anna@hospital.example", "admin"))
    try:
        code = "import json, os; print(json.dumps({'answer_id': os.environ['SENSECF_ON_BEHALF_OF']}))"
        job = worker.start("train", [code], "Train")
    finally:
        people.find_by(lambda: None)
    assert until(job, "done").answer_id == "anna@hospital.example"
