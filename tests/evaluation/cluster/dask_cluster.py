"""A real scheduler and real workers on loopback, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

from sensecf_core.paths import ROOT

PATIENCE = 240.0
"""Seconds, on a busy machine too, after which something that should have happened has failed."""


def until(happened: Callable[[], bool]) -> None:
    """Wait for something; fails if it does not happen."""
    give_up = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def start(kind: str, folder: Path, *options: str, code: Path = ROOT, **settings: str) -> subprocess.Popen:
    """Start a part of Dask; ``code`` is the folder with the program that it runs."""
    command = [sys.executable, "-m", "distributed.cli.dask_" + kind, "--no-dashboard", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **settings}
    with (folder / f"{kind}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=code, env=environment, stdout=log, stderr=log)


@dataclass
class DaskCluster:
    """A scheduler, and the workers that were started for it, by address."""

    address: str
    folder: Path
    client: Client
    process: subprocess.Popen
    workers: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start_workers(
        self, count: int, *, threads: int = 1, code: Path = ROOT, preload: str | None = None
    ) -> list[str]:
        """Start workers without a nanny, which would start a killed one again; returns their addresses."""
        known = set(self.client.nthreads())
        options = (self.address, "--nthreads", str(threads), "--no-nanny", "--host", "127.0.0.1")
        options += ("--death-timeout", "60")  # what a test that was killed left behind
        options += ("--preload", preload) if preload else ()
        started = [start("worker", self.folder, *options, code=code) for _ in range(count)]
        until(lambda: len(set(self.client.nthreads()) - known) == count)
        pids = self.client.run(os.getpid)
        by_pid = {process.pid: process for process in started}
        found = {address: by_pid[pid] for address, pid in pids.items() if pid in by_pid}
        self.workers |= found
        return list(found)

    def kill(self, addresses: Sequence[str]) -> None:
        """SIGKILL."""
        for address in addresses:
            process = self.workers.pop(address)
            process.kill()
            process.wait()
        until(lambda: not set(addresses) & set(self.client.nthreads()))

    def busy(self) -> list[str]:
        """Workers on which a function runs at this moment, wanted or not."""
        return [address for address, count in self.client.run(_running).items() if count]


def _running(dask_worker: object) -> int:
    return len(dask_worker.active_threads)  # type: ignore[attr-defined]


@contextmanager
def scheduler(folder: Path, **settings: str) -> Iterator[DaskCluster]:
    """Start a scheduler; ends it and its workers."""
    file = folder / "scheduler.json"
    process = start(
        "scheduler",
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--scheduler-file",
        str(file),
        "--idle-timeout",
        "10 minutes",
        **settings,
    )
    try:
        until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            cluster = DaskCluster(address, folder, client, process)
            try:
                yield cluster
            finally:
                for worker in cluster.workers.values():
                    worker.kill()
                    worker.wait()
    finally:
        process.kill()
        process.wait()
