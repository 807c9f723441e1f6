"""The real app as its own process, for the browser tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TOKEN = "a-token-for-tests"
ROOT = Path(__file__).resolve().parents[2]


class Server:
    """The program's own server on a free port with its own ``SENSECF_VAR``; can be started again."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.var = folder / "var"
        self._environment = os.environ | {
            "SENSECF_VAR": str(self.var),
            "SENSECF_TOKEN": TOKEN,
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        command = [sys.executable, "-m", "sensecf_core.ui.server", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        until = time.monotonic() + 60
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not start: {self.log.read_text()}")
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(15)
            self._process = None

    def complaints(self) -> list[str]:
        """What must not be in the log: deprecations and tracebacks.

        A browser that goes while the server writes to it leaves a traceback of starlette's own.
        """
        log = self.log.read_text(errors="replace")
        failures = [part[:2000] for part in log.split("Traceback")[1:] if "WebSocketDisconnect" not in part]
        return failures + [line for line in log.splitlines() if "deprecat" in line.lower()]

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as reply:
                return bool(reply.read() == b"ok")
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
