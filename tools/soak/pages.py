"""Load pages over and over as a browser's websocket does, and look at the server's descriptors and memory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from sensecf_core import paths
from sensecf_core.ui.page.navigation import HOME, TITLES

NAMES = (HOME, *TITLES)
"""Every page, as its address names it."""
START_SECONDS = 120.0
PAGE_SECONDS = 120.0


@dataclass(frozen=True)
class Held:
    """What the server held after so many page loads."""

    loads: int
    descriptors: int
    megabytes: int


def visit(loads: int) -> tuple[Held, ...]:
    """Load every page in turn, ``loads`` in all, each in a session of its own that then goes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sensecf_core.ui.server", "--port", str(port)]
    server = subprocess.Popen(
        command, cwd=paths.ROOT, env=os.environ | {"SENSECF_TOKEN": "off"}, stdout=subprocess.DEVNULL
    )
    try:
        _until_healthy(port)
        held = []
        for number in range(loads):
            _load(port, NAMES[number % len(NAMES)])
            if (number + 1) % max(loads // 8, 1) == 0:
                process = psutil.Process(server.pid)
                held.append(Held(number + 1, process.num_fds(), process.memory_info().rss // 2**20))
        return tuple(held)
    finally:
        server.terminate()
        server.wait(30)


def _until_healthy(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not start")


def _load(port: int, page: str) -> None:
    """Open a session, run a page to its end, and go."""
    address, origin = f"ws://127.0.0.1:{port}/_stcore/stream", f"http://127.0.0.1:{port}"
    with connect(address, subprotocols=["streamlit"], origin=origin, max_size=None) as session:  # type: ignore[arg-type, list-item]
        asked = BackMsg()
        asked.rerun_script.query_string = "cohort=heart"
        asked.rerun_script.page_name = "" if page == "Home" else page
        session.send(asked.SerializeToString())
        deadline = time.monotonic() + PAGE_SECONDS
        while time.monotonic() < deadline:
            said = ForwardMsg()
            said.ParseFromString(bytes(session.recv(timeout=PAGE_SECONDS)))  # type: ignore[arg-type]
            if said.WhichOneof("type") == "script_finished":
                return
    raise TimeoutError(f"the page {page} did not end within {PAGE_SECONDS:g} s")


def grown(held: Sequence[Held]) -> int:
    """By how many descriptors the last half of the loads grew."""
    return held[-1].descriptors - held[len(held) // 2 - 1].descriptors
