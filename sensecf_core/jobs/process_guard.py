"""Run a command and end it, with all it started, when the one who asked for it is gone.

``python guard.py COMMAND...`` is started in a process group of its own with a pipe as standard input that
nobody writes to. The pipe closes when the server ends, however it ends (also by SIGKILL, where no exit
handler runs); then the whole group is killed. Standard library only, so that it starts in a few
milliseconds and stays small.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Run ``command`` and return its exit code (128 + signal number if a signal ended it).

    A SIGTERM to the group is the command's to answer: it may clean up, and is waited for.
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
