"""A causal language model on this machine, and sampling many answers to one prompt at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensecf_core.language import weights
from sensecf_core.language.prompts import Prompt, chat_text
from sensecf_core.language.sampling import Row, Run, StopError, Stopped, first_line, watch_for

if TYPE_CHECKING:
    import torch


MOST_ROWS = 64
"""Rows decoded in one batch; more are decoded in turns behind the same prompt."""
DEFAULT_NEW_TOKENS = 128


@dataclass(frozen=True)
class Samples:
    """Texts sampled for one prompt, in row order.

    ``tokens`` counts each text's tokens, the one that ends it not included. ``complete`` is False for
    a text cut short by a stop or by ``max_new_tokens``; after a stop, rows not begun are left out.
    Seconds are wall time.
    """

    texts: tuple[str, ...]
    tokens: tuple[int, ...]
    complete: tuple[bool, ...]
    prompt_tokens: int
    prefill_seconds: float
    decode_seconds: float
    stopped: Stopped | None


class LocalModel:
    """A loaded model with its tokenizer. Not for use by two threads at once."""

    def __init__(self, model: Any, tokenizer: Any, folder: Path) -> None:
        from sensecf_core.language.packed import has_plain_head

        self.model = model
        self.tokenizer = tokenizer
        self.folder = folder
        self.plain_head = has_plain_head(model)
        self.end_tokens = _end_tokens(model, tokenizer)

    @classmethod
    def load(cls, folder: Path | None = None, dtype: torch.dtype | None = None) -> LocalModel:
        """Load a transformers folder; by default the default model, which must have been fetched.

        ``dtype`` of None is chosen by the machine, see :func:`best_dtype`. Raises ``NotReadyError``
        with the command to run if the default model is missing or damaged.
        """
        folder = weights.require() if folder is None else folder
        transformers = weights.offline_transformers()
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=dtype or best_dtype()
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(model.to(device).eval(), tokenizer, Path(folder))

    @cached_property
    def grammar_tokenizer(self) -> Any:
        """The tokenizer as llguidance needs it (made once, about half a second)."""
        import llguidance.hf

        return llguidance.hf.from_tokenizer(
            self.tokenizer, n_vocab=self.vocabulary, eos_token=list(self.end_tokens)
        )

    @property
    def vocabulary(self) -> int:
        """Columns of the logits."""
        return int(self.model.get_output_embeddings().weight.shape[0])

    def settings(self) -> dict[str, Any]:
        """What decides an answer besides prompt and seed, for provenance."""
        import torch

        return {
            "model": self.folder.name,
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "device": str(self.model.device),
            "threads": torch.get_num_threads(),
        }

    def provenance(self) -> tuple[tuple[str, str], ...]:
        """:meth:`settings` as text, and the sha256 of the weights as ``base_model``."""
        settings = ((name, str(value)) for name, value in self.settings().items())
        return (("base_model", weights.weights_sha256(self.folder)), *settings)

    def prompt_tokens(self, prompt: Prompt | str) -> list[int]:
        """Tokens of a prompt as they are fed to the model (a ``str`` is taken as already rendered)."""
        text = prompt if isinstance(prompt, str) else chat_text(self.tokenizer, prompt)
        special = not getattr(self.tokenizer, "chat_template", None)
        return list(self.tokenizer(text, add_special_tokens=special).input_ids)

    def sample(
        self,
        prompt: Prompt | str,
        *,
        n: int,
        grammar: str | None = None,
        temperature: float = 1.0,
        top_p: float = 1.0,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_NEW_TOKENS,
        cancelled: Callable[[], bool] | None = None,
        deadline: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Samples:
        """Sample ``n`` answers: one pass over the prompt, all answers decoded together behind it.

        Parameters
        ----------
        grammar : Lark text for llguidance that every answer obeys; tokens it forces are not sampled
            one by one. Without it an answer ends at the model's end token or its first line break.
        temperature, top_p : 0 takes the likeliest token; ``top_p`` cuts the unlikely tail.
        seed : the same seed gives the same texts (same machine, threads and dtype); row i's random
            numbers do not depend on ``n``.
        max_new_tokens : most tokens an answer may have; with a grammar, one more than the bytes of
            its longest answer always suffices.
        cancelled : asked between forward passes (each well under a second).
        deadline : seconds from now after which sampling stops.
        progress : told (tokens so far, most tokens there can be).

        Raises
        ------
        ValueError
            If the grammar is not valid.
        """
        begun = time.perf_counter()
        rows = self._rows(n, seed, grammar)
        run = Run(self, rows, temperature, top_p, max_new_tokens, watch_for(cancelled, deadline), progress)
        tokens = self.prompt_tokens(prompt)
        stopped: Stopped | None = None
        prefilled: float | None = None
        try:
            run.watch()
            first = run.read_prompt(tokens)
            prefilled = time.perf_counter()
            for start in range(0, n, MOST_ROWS):
                run.decode(range(start, min(start + MOST_ROWS, n)), first)
        except StopError as stop:
            stopped = stop.why
        ended = time.perf_counter()
        prefilled = prefilled or ended
        kept = [row for row in rows if row.done or row.tokens]
        return Samples(
            texts=tuple(self.text_of(row.tokens, grammar is None) for row in kept),
            tokens=tuple(len(row.tokens) for row in kept),
            complete=tuple(row.complete for row in kept),
            prompt_tokens=len(tokens),
            prefill_seconds=prefilled - begun,
            decode_seconds=ended - prefilled,
            stopped=stopped,
        )

    def _rows(self, n: int, seed: int, grammar: str | None) -> list[Row]:
        from sensecf_core.language.choosing import row_generator

        rows = [Row(row_generator(seed, row)) for row in range(n)]
        if grammar is not None:
            import llguidance

            matcher = llguidance.LLMatcher(self.grammar_tokenizer, grammar)
            if matcher.is_error():
                raise ValueError(f"the grammar is not valid: {matcher.get_error()}")
            for row in rows:
                row.matcher = matcher.deep_copy()
        return rows

    def text_of(self, tokens: list[int], one_line: bool) -> str:
        """Decode an answer's tokens, special ones left out; ``one_line`` cuts at the first line break."""
        text = str(self.tokenizer.decode(tokens, skip_special_tokens=True))
        return first_line(text) if one_line else text


def best_dtype() -> torch.dtype:
    """Choose bfloat16 where the machine computes in it natively (CUDA, AVX-512 BF16, AMX), else float32."""
    import torch

    if torch.cuda.is_available() and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        flags = ""
    return torch.bfloat16 if "avx512_bf16" in flags or "amx_bf16" in flags else torch.float32


def _end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...]:
    configured = getattr(model.generation_config, "eos_token_id", None)
    found = configured if isinstance(configured, list) else [configured]
    return tuple(sorted({token for token in (*found, tokenizer.eos_token_id) if token is not None}))


_shared: dict[Path, LocalModel] = {}
_shared_lock = threading.Lock()


def shared_model(folder: Path | None = None) -> LocalModel:
    """The model of this process, loaded at its first use; raises ``NotReadyError`` like ``load``."""
    folder = (folder or weights.default_folder()).resolve()
    with _shared_lock:
        if folder not in _shared:
            is_default = folder == weights.default_folder().resolve()
            _shared[folder] = LocalModel.load(None if is_default else folder)
        return _shared[folder]
