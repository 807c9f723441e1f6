"""Twenty visitors ask at once, the program is killed in between, and every question has to be answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sensecf_core.datasets import registry
from sensecf_core.jobs import job_table, model_worker, visitor
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import database_files

COHORT = "heart"
MOST_SECONDS = 600.0


@dataclass(frozen=True)
class Lost:
    """What came of the questions: accepted, answered, and how often the program was killed meanwhile."""

    asked: int
    accepted: int
    answered: int
    kills: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether all were accepted and answered, and the database is whole."""
        return self.asked == self.accepted == self.answered and not self.problems


def ask(visitors: int, each: int, kills: int) -> Lost:
    """Let ``visitors`` ask ``each`` questions at once; kill the program ``kills`` times while it answers."""
    people = [
        str(participant) for participant in registry.load(COHORT).part("test").index.get_level_values(0)
    ]
    program = _start(visitors, each, people)
    assert program.stdout is not None
    jobs: list[str] = json.loads(program.stdout.readline())
    for number in range(kills):
        _wait(jobs, (number + 1) * len(jobs) // (kills + 2))
        program.send_signal(signal.SIGKILL)
        program.communicate()
        program = _start(0, 0, ())
    _wait(jobs, len(jobs))
    program.kill()
    program.communicate()
    answered = sum(view.state == "done" for job in jobs if (view := job_table.find(job)) is not None)
    return Lost(visitors * each, len(jobs), answered, kills, database_files.check().problems)


def _start(visitors: int, each: int, people: Sequence[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tools.soak.queue", json.dumps([visitors, each, list(people)])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)


def _wait(jobs: Sequence[str], many: int) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while sum(view.finished for job in jobs if (view := job_table.find(job)) is not None) < many:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{many} of {len(jobs)} questions were not answered in {MOST_SECONDS:g} s")
        time.sleep(0.1)


def serve(visitors: int, each: int, people: Sequence[str]) -> None:
    """The killed program: its queue runs; its visitors ask at once, each from a thread of their own."""
    threads_visitor = threading.local()
    visitor.find_by(lambda: getattr(threads_visitor, "name", None))
    worker = model_worker.worker()
    jobs: list[str] = []

    def ask_all(number: int) -> None:
        threads_visitor.name = f"visitor {number}"
        for question in range(each):
            person = people[(number * each + question) % len(people)]
            request = ExplainRequest(cohort=COHORT, participant_id=person, method="random", seed=question)
            jobs.append(worker.submit(request))

    threads = [threading.Thread(target=ask_all, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(jobs), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    serve(*json.loads(sys.argv[1]))
