"""Time and query one GGUF file in llama.cpp; runs in the venv that `make bench-peers` makes.

    .venv-peers/bin/python tools/peers/llama_cpp_speed.py FILE --threads 2 --rows 16 --context 2048

The first line on stdout describes what was loaded. Then every line on stdin is a request that is answered by
one line, both JSON:

    {"timed": TEXT, "rows": 16, "new_tokens": 32}       like ``token_speed.timed``, without a grammar
    {"follow": TEXT, "answer": [TOKENS]}                the most likely tokens after a text

Nothing of SenseCF is imported here: this Python has only llama-cpp-python.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
import time
from pathlib import Path
from typing import Any

import llama_cpp

ERROR_LEVEL = 4


@llama_cpp.llama_log_callback
def log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """Print only the errors that llama.cpp logs."""
    if level == ERROR_LEVEL:
        sys.stderr.write(text.decode(errors="replace"))


class Session:
    """A loaded model with room for ``rows`` sequences that share the cells of their prompt."""

    def __init__(self, file: Path, threads: int, rows: int, context: int) -> None:
        llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(
            str(file).encode(), llama_cpp.llama_model_default_params()
        )
        if not self.model:
            raise RuntimeError(f"llama.cpp could not load {file.name}")
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx, settings.n_seq_max = context, rows
        settings.n_threads = settings.n_threads_batch = threads
        settings.kv_unified = True  # what llama.cpp advises for sequences that share a long prompt
        self.context = llama_cpp.llama_init_from_model(self.model, settings)
        if not self.context:
            raise RuntimeError("llama.cpp could not make a context")
        self.settings = settings
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.batch = llama_cpp.llama_batch_init(context, 0, 1)

    def about(self) -> dict[str, Any]:
        """Version, model and settings."""
        described = ctypes.create_string_buffer(256)
        llama_cpp.llama_model_desc(self.model, described, 256)
        names = ("n_ctx", "n_batch", "n_ubatch", "n_threads", "n_threads_batch", "n_seq_max", "kv_unified")
        return {
            "llama_cpp_python": llama_cpp.__version__,
            "llama_cpp": llama_cpp.llama_version().decode(),
            "model": described.value.decode(),
            "settings": {name: getattr(self.settings, name) for name in names},
            "system": llama_cpp.llama_print_system_info().decode().strip(),
        }

    def tokens_of(self, text: str) -> list[int]:
        """Tokens of a rendered text; special tokens of a chat template are recognised."""
        raw = text.encode()
        buffer = (llama_cpp.llama_token * (len(raw) + 8))()
        count = llama_cpp.llama_tokenize(self.vocabulary, raw, len(raw), buffer, len(buffer), False, True)
        return list(buffer[:count])

    def read(self, tokens: list[int], position: int, *, rows: bool = False, scored: int = 1) -> None:
        """Decode tokens of sequence 0 from ``position`` on, or with ``rows`` one token per sequence at it.

        Logits are computed for the last ``scored`` tokens.
        """
        batch = self.batch
        batch.n_tokens = len(tokens)
        for number, token in enumerate(tokens):
            batch.token[number] = token
            batch.pos[number] = position if rows else position + number
            batch.n_seq_id[number] = 1
            batch.seq_id[number][0] = number if rows else 0
            batch.logits[number] = number >= len(tokens) - scored
        if code := llama_cpp.llama_decode(self.context, batch):
            raise RuntimeError(f"llama_decode failed with {code}")
        llama_cpp.llama_synchronize(self.context)

    def timed(self, text: str, rows: int, new_tokens: int) -> dict[str, Any]:
        """Prefill a prompt once, share it among ``rows`` sequences, and decode one token of each per step.

        Tokens are drawn at temperature 1 from the whole vocabulary; none ends a sequence.
        """
        llama_cpp.llama_memory_clear(self.memory, False)
        samplers = [llama_cpp.llama_sampler_init_dist(row) for row in range(rows)]
        started = time.perf_counter()
        prompt = self.tokens_of(text)
        self.read(prompt, 0)
        prefilled = time.perf_counter()
        for row in range(1, rows):
            llama_cpp.llama_memory_seq_cp(self.memory, 0, row, -1, -1)
        new = [llama_cpp.llama_sampler_sample(sampler, self.context, -1) for sampler in samplers]
        for step in range(new_tokens - 1):
            self.read(new, len(prompt) + step, rows=True, scored=rows)
            new = [llama_cpp.llama_sampler_sample(s, self.context, row) for row, s in enumerate(samplers)]
        ended = time.perf_counter()
        for sampler in samplers:
            llama_cpp.llama_sampler_free(sampler)
        return {
            "prompt_tokens": len(prompt),
            "prefill_seconds": prefilled - started,
            "new_tokens": rows * new_tokens,
            "decode_seconds": ended - prefilled,
            "computed": rows * new_tokens,
        }

    def follow(self, text: str, answer: list[int]) -> dict[str, Any]:
        """The most likely tokens after ``text``.

        ``greedy`` continues its own tokens, ``given`` those of ``answer``.
        """
        prompt = self.tokens_of(text)
        sampler = llama_cpp.llama_sampler_init_greedy()

        def most_likely(position: int) -> int:
            return int(llama_cpp.llama_sampler_sample(sampler, self.context, position))

        llama_cpp.llama_memory_clear(self.memory, False)
        self.read(prompt, 0)
        greedy = [most_likely(-1)]
        while len(greedy) < len(answer):
            self.read(greedy[-1:], len(prompt) + len(greedy) - 1)
            greedy.append(most_likely(-1))
        llama_cpp.llama_memory_clear(self.memory, False)
        self.read(prompt + answer[:-1], 0, scored=len(answer))
        given = [most_likely(len(prompt) - 1 + number) for number in range(len(answer))]
        llama_cpp.llama_sampler_free(sampler)
        return {"prompt": prompt, "greedy": greedy, "given": given}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer one request."""
        if "timed" in question:
            return self.timed(question["timed"], question["rows"], question["new_tokens"])
        return self.follow(question["follow"], question["answer"])


def main(argv: list[str]) -> int:
    """Load, then answer until stdin ends; an error is answered as ``{"error": ...}`` and ends the process."""
    parser = argparse.ArgumentParser(description="Time one GGUF file in llama.cpp.")
    parser.add_argument("file", type=Path)
    for name in ("threads", "rows", "context"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args(argv)
    try:
        session = Session(options.file, options.threads, options.rows, options.context)
        print(json.dumps(session.about()), flush=True)
        for line in sys.stdin:
            print(json.dumps(session.answer(json.loads(line))), flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
