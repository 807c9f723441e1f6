"""A causal language model on this machine, and sampling many answers to one prompt at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sensecf_core.language.backend import Constraint, Provenance, Samples, Stopped, first_line, stop_reason
from sensecf_core.language.local.decoding import Decoder, Decoding, Row, StopError
from sensecf_core.language.local.loading import Precision, load_weights, precision_of
from sensecf_core.language.local.lora import with_adapter
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.prompts.grammar import edits_grammar, longest_answer
from sensecf_core.language.prompts.plain import Prompt, chat_text
from sensecf_core.language.prompts.sums_grammar import sums_grammar

MOST_ROWS = 64
"""Rows decoded in one batch; more are decoded in turns behind the same prompt."""
MOST_QUESTIONS = 16
"""Prompts that are answered in one batch."""
FREE_TEXT_TOKENS = 96
"""Most tokens of an answer without a constraint: about twice what three edits with scores and sums need."""


class LocalModel:
    """A loaded model with its tokenizer: a :class:`sensecf_core.language.backend.Backend`.

    Not for use by two threads at once.
    """

    status_texts = ("The language model reads the profile", "The language model writes its candidates")
    seed_per_query = True

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        folder: Path,
        adapter: Path | None = None,
        *,
        answers_only: bool = False,
    ) -> None:
        from sensecf_core.language.local.tree_attention import states_of

        self.model = model
        self.tokenizer = tokenizer
        self.folder = folder
        self.adapter = adapter
        self.states = states_of(model, answers_only=answers_only)
        self.prefixes: dict[tuple[int, ...], Any] = {}
        self._fixed: dict[str, list[int]] = {}
        self.end_tokens = _end_tokens(model, tokenizer)

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        precision: Precision = "auto",
        device: str | None = None,
        *,
        adapter: Path | None = None,
        answers_only: bool = False,
    ) -> LocalModel:
        """Load a transformers folder; by default the default model, which must have been fetched.

        ``precision`` and ``device`` are those of :func:`.loading.load_weights`. ``adapter`` is the folder of
        a LoRA adapter made for these weights; it is merged into them, or kept beside 4-bit ones. With
        ``answers_only`` (it will not be trained) ``auto`` means 8-bit weights where that pays
        (:func:`.int8.pays`), and a small Llama is computed by
        :class:`.FusedLlama`. Raises like ``load_weights``, and ``NotReadyError`` with the command to run if
        the default model is missing or damaged.
        """
        from sensecf_core.language.local import int8

        folder = default_model.require() if folder is None else Path(folder)
        model, tokenizer = load_weights(folder, precision, device)
        if adapter is not None:
            model = with_adapter(model, adapter)
        if precision == "int8" or (answers_only and precision == "auto" and int8.pays(model)):
            model = int8.quantise(model)
        return cls(model, tokenizer, folder, adapter, answers_only=answers_only)

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
            "precision": precision_of(self.model),
            "device": str(self.model.device),
            "threads": torch.get_num_threads(),
        }

    def provenance(self, samples: Samples | None = None) -> Provenance:
        """:meth:`settings` as text, and the sha256 of the weights as ``base_model`` (and ``adapter``).

        The same for all ``samples`` of this model.
        """
        hashes = [("base_model", default_model.weights_sha256(self.folder))]
        if self.adapter is not None:
            hashes.append(("adapter", adapters.weights_sha256(self.adapter)))
        return (*hashes, *((name, str(value)) for name, value in self.settings().items()))

    def _fixed_tokens(self, system: str) -> list[int]:
        """Tokens of a prompt that has only this system text."""
        if system not in self._fixed:
            self._fixed[system] = self.prompt_tokens(Prompt(system, ""))
        return self._fixed[system]

    def prompt_tokens(self, prompt: Prompt | str) -> list[int]:
        """Tokens of a prompt as they are fed to the model (a ``str`` is fed as it is)."""
        text = prompt if isinstance(prompt, str) else chat_text(self.tokenizer, prompt)
        special = not getattr(self.tokenizer, "chat_template", None)
        return list(self.tokenizer(text, add_special_tokens=special).input_ids)

    def sample(
        self,
        prompt: Prompt | str,
        *,
        n: int,
        constraint: Constraint | None = None,
        temperature: float = 1.0,
        seed: int = 0,
        max_new_tokens: int | None = None,
        cancelled: Callable[[], bool] | None = None,
        deadline: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Samples:
        """Sample ``n`` answers, see :meth:`sensecf_core.language.backend.Backend.sample`.

        Every answer obeys the constraint, whose longest answer always fits.
        """
        return self.decode(
            prompt,
            n=n,
            grammar=None if constraint is None else _grammar(constraint),
            gap=None if constraint is None else constraint.gap,
            temperature=temperature,
            seed=seed,
            max_new_tokens=_most_tokens(constraint) if max_new_tokens is None else max_new_tokens,
            cancelled=cancelled,
            deadline=deadline,
            progress=progress,
        )

    def decode(
        self,
        prompt: Prompt | str,
        *,
        n: int,
        grammar: str | None,
        gap: int | None = None,
        max_new_tokens: int,
        temperature: float = 1.0,
        seed: int = 0,
        cancelled: Callable[[], bool] | None = None,
        deadline: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Samples:
        """Read the prompt once and decode ``n`` answers together behind it.

        Parameters
        ----------
        prompt : a ``str`` is fed to the model as it is.
        grammar : Lark text for llguidance that every answer obeys; tokens it forces are not sampled
            one by one. Without it an answer ends at the model's end token or its first line break.
        gap : what the grammar's answers count down from; what is left of it is not sampled but worked out.
        max_new_tokens : most tokens an answer may have; with a grammar, one more than the bytes of
            its longest answer always suffices.
        temperature : 0 takes the likeliest token.
        seed : the same seed gives the same texts (same machine, threads and dtype); row i's random
            numbers do not depend on ``n``.
        cancelled : called between forward passes (each well under a second).
        deadline : seconds from now after which sampling stops.
        progress : called with (tokens so far, most tokens there can be).

        Raises
        ------
        ValueError
            If the grammar is not valid.
        """
        started = time.perf_counter()
        rows = self._rows(n, seed, grammar)
        decoding = Decoding(
            self._decoder(),
            rows,
            temperature,
            max_new_tokens,
            stop_reason(cancelled, deadline),
            progress,
            gap,
        )
        text = prompt if isinstance(prompt, str) else chat_text(self.tokenizer, prompt)
        tokens = self.prompt_tokens(text)
        fixed = 0 if isinstance(prompt, str) else common_prefix(tokens, self._fixed_tokens(prompt.system))
        stopped: Stopped | None = None
        prefilled: float | None = None
        try:
            decoding.check_stop()
            first = decoding.read_prompt(tokens, fixed)
            prefilled = time.perf_counter()
            for start in range(0, n, MOST_ROWS):
                decoding.decode(range(start, min(start + MOST_ROWS, n)), first)
        except StopError as stop:
            stopped = stop.reason
        ended = time.perf_counter()
        prefilled = prefilled or ended
        begun = [row for row in rows if row.done or row.tokens]
        return Samples(
            texts=tuple(self.text_of(row.tokens, grammar is None) for row in begun),
            tokens=tuple(len(row.tokens) for row in begun),
            complete=tuple(row.complete for row in begun),
            prompt=text,
            form="text",
            prompt_tokens=len(tokens),
            prefill_seconds=prefilled - started,
            decode_seconds=ended - prefilled,
            stopped=stopped,
        )

    def answer_each(
        self,
        prompts: Sequence[Prompt],
        grammars: Sequence[str],
        *,
        max_new_tokens: int,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[str | None]:
        """Take the likeliest answer to each of several prompts that have the same system text.

        The system text is read once, and :data:`MOST_QUESTIONS` answers are decoded together. An answer obeys
        the grammar at its place. None where it was cut off at ``max_new_tokens``, or not begun when
        ``cancelled``. Raises ``ValueError`` for a grammar that is not valid.
        """
        texts: list[str | None] = []
        for start in range(0, len(prompts), MOST_QUESTIONS):
            asked = [self.prompt_tokens(prompt) for prompt in prompts[start : start + MOST_QUESTIONS]]
            fixed = self._fixed_tokens(prompts[start].system)
            shared = min(common_prefix(tokens, fixed) for tokens in asked)
            rows = [self._rows(1, 0, grammar)[0] for grammar in grammars[start : start + MOST_QUESTIONS]]
            stop = stop_reason(cancelled, None)
            decoding = Decoding(self._decoder(), rows, 0.0, max_new_tokens, stop, None)
            with suppress(StopError):
                decoding.read_prompt(fixed[:shared], shared)
                decoding.decode_behind({row: tokens[shared:] for row, tokens in enumerate(asked)})
            texts += [self.text_of(row.tokens, False) if row.complete else None for row in rows]
        return texts

    def _decoder(self) -> Decoder:
        return Decoder(
            weights=self.model,
            states=self.states,
            vocabulary=self.vocabulary,
            end_tokens=self.end_tokens,
            prefixes=self.prefixes,
            text_of=partial(self.text_of, one_line=False),
            tokens_of=partial(self.tokenizer.encode, add_special_tokens=False),
        )

    def _rows(self, n: int, seed: int, grammar: str | None) -> list[Row]:
        from sensecf_core.language.local.token_sampling import initial_codes, row_generator

        rows = [
            Row(partial(row_generator, seed, row), code) for row, code in enumerate(initial_codes(seed, n))
        ]
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


def _grammar(constraint: Constraint) -> str:
    asked = (constraint.schema, constraint.movable, constraint.max_changes, constraint.order)
    if constraint.scores is not None:
        return sums_grammar(*asked, constraint.scores)
    return edits_grammar(*asked, counts_down=constraint.gap is not None, names_first=constraint.names_first)


def _most_tokens(constraint: Constraint | None) -> int:
    if constraint is None:
        return FREE_TEXT_TOKENS
    with_sums = constraint.scores is not None or constraint.gap is not None
    longest = longest_answer(
        constraint.schema,
        constraint.movable,
        constraint.max_changes,
        with_sums=with_sums,
        names_first=constraint.names_first,
    )
    return len(longest.encode()) + 1


def common_prefix(first: list[int], second: list[int]) -> int:
    """Length of the longest common prefix of two token lists."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def _end_tokens(model: Any, tokenizer: Any) -> tuple[int, ...]:
    configured = getattr(model.generation_config, "eos_token_id", None)
    tokens = configured if isinstance(configured, list) else [configured]
    return tuple(sorted({token for token in (*tokens, tokenizer.eos_token_id) if token is not None}))


MOST_SHARED = 2
"""Models kept loaded at once: the base model and one adapter merged into a copy of it."""

_shared: dict[tuple[Path, str | None, Precision, str | None], LocalModel] = {}
_shared_lock = threading.Lock()


def shared_model(
    folder: Path | None = None,
    adapter: Path | None = None,
    precision: Precision = "auto",
    device: str | None = None,
) -> LocalModel:
    """A model of this process, loaded at its first use; raises ``NotReadyError`` like ``load``.

    The one used longest ago is dropped when there are more than :data:`MOST_SHARED`.
    """
    folder = (folder or default_model.default_folder()).resolve()
    version = None if adapter is None else adapters.weights_sha256(adapter)
    key = (folder, version, precision, device)
    with _shared_lock:
        model = _shared.pop(key, None)
        if model is None:
            while len(_shared) >= MOST_SHARED:
                del _shared[next(iter(_shared))]
            is_default = folder == default_model.default_folder().resolve()
            model = LocalModel.load(
                None if is_default else folder, precision, device, adapter=adapter, answers_only=True
            )
        _shared[key] = model
        return model
