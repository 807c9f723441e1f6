"""Run a command, and end it with everything it started when the server that asked for it is gone.

``python process_guard.py COMMAND...`` is started in its own process group, with a pipe as standard input
that nobody writes to. The pipe closes when the server ends, even by SIGKILL, where no exit handler runs;
then the whole group is killed. It uses only the standard library, so that it starts in a few milliseconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Run ``command`` and return its exit code (128 + signal number if a signal ended it).

    This process ignores SIGTERM and leaves it to the command, which may clean up first.
    """
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=_end_group_with_server, daemon=True).start()
    code = subprocess.call(command, stdin=subprocess.DEVNULL)
    return code if code >= 0 else 128 - code


def _end_group_with_server() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
