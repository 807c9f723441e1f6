"""Client of llama.cpp for `make bench-peers`: one process per GGUF file, driven by lines of JSON."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from sensecf_core.paths import ROOT
from tools.peers.token_speed import Timing

PYTHON = ROOT / ".venv-peers/bin/python"
SCRIPT = ROOT / "tools/peers/llama_cpp_speed.py"
PATIENCE = 30.0


class PeerError(RuntimeError):
    """llama.cpp failed; the message says why."""


def command(file: Path, *, threads: int, rows: int, context: int) -> list[str]:
    """The command line of the process for one file."""
    numbers = {"threads": threads, "rows": rows, "context": context}
    options = [word for name, number in numbers.items() for word in (f"--{name}", str(number))]
    return [str(PYTHON), str(SCRIPT), str(file), *options]


class LlamaCpp:
    """A running process with its description in ``about``; a context manager."""

    def __init__(self, argv: list[str]) -> None:
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        try:
            self.about = self._answer()
        except PeerError:
            self.close()
            raise

    def __enter__(self) -> LlamaCpp:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE)

    def timed(self, text: str, rows: int, new_tokens: int) -> Timing:
        """Like :func:`tools.peers.token_speed.timed`."""
        return Timing(**self._ask({"timed": text, "rows": rows, "new_tokens": new_tokens}))

    def follow(self, text: str, answer: list[int]) -> dict[str, list[int]]:
        """Most likely tokens after ``text``: ``greedy`` continues its own, ``given`` those of ``answer``."""
        return self._ask({"follow": text, "answer": answer})

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # why it ended is in the answer, or in its exit code
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"llama.cpp ended with exit code {self._process.wait(PATIENCE)}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(str(answer["error"]))
        return answer
