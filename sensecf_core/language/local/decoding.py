"""Decoding one batch of answers: the rows being written, what the grammar allows them, when to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sensecf_core.language.backend import Stopped
from sensecf_core.language.prompts.grammar import what_is_left

if TYPE_CHECKING:
    import torch

    from sensecf_core.language.local.tree_attention import PackedRows, Scores, States

MOST_PREFIXES = 4
"""Fixed parts of prompts whose keys and values a model keeps (about 46 KB a token for the default one)."""

LEAST_LEFT = 2.0**-30
"""A double has 53 binary digits; when fewer than 23 are left, the row draws a new code."""


class StopError(Exception):
    """Sampling was cancelled, or its time is over."""

    def __init__(self, reason: Stopped) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Decoder:
    """What decoding needs of a loaded model.

    ``states`` as in :class:`sensecf_core.language.local.tree_attention.PackedRows`; ``vocabulary`` is the
    number of logits; ``prefixes`` is the model's own memory of prompt beginnings (tokens → keys and values),
    to which decoding adds; ``text_of`` decodes tokens, ``tokens_of``
    encodes text.
    """

    weights: Any
    states: States | None
    vocabulary: int
    end_tokens: tuple[int, ...]
    prefixes: dict[tuple[int, ...], Any]
    text_of: Callable[[list[int]], str]
    tokens_of: Callable[[str], list[int]]


@dataclass
class Row:
    """One answer being written.

    ``code`` in [0, 1) decides its next tokens; ``left`` is the share of it that no token has used yet.
    ``new_generator`` makes the random numbers for when it is used up.
    """

    new_generator: Callable[[], torch.Generator]
    code: float
    left: float = 1.0
    generator: torch.Generator | None = None
    matcher: Any = None
    tokens: list[int] = field(default_factory=list)
    done: bool = False
    complete: bool = False

    def advance(self, code: float, share: float) -> None:
        """Continue with what a token of probability ``share`` left of the code, or with a new code."""
        import torch

        self.code, self.left = code, self.left * share
        if self.left < LEAST_LEFT:
            self.generator = self.generator or self.new_generator()
            self.code = float(torch.rand(1, generator=self.generator, dtype=torch.float64))
            self.left = 1.0


@dataclass
class Decoding:
    """Answers being decoded behind one prompt.

    ``stop_reason`` is called between forward passes; methods raise :class:`StopError` with what it returns.
    What is left of a ``gap`` is written into answers that count down from it.
    """

    decoder: Decoder
    rows: list[Row]
    temperature: float
    max_new_tokens: int
    stop_reason: Callable[[], Stopped | None]
    progress: Callable[[int, int], None] | None
    gap: int | None = None
    packed: PackedRows | None = None

    def check_stop(self) -> None:
        """Raise :class:`StopError` if decoding has to stop now."""
        if reason := self.stop_reason():
            raise StopError(reason)

    def read_prompt(self, tokens: list[int], fixed: int) -> Scores:
        """Read the prompt and return the scores of every row's first token.

        The first ``fixed`` tokens are the same for every query, so their keys and values are kept for the
        next one.
        """
        from sensecf_core.language.local.tree_attention import PackedRows

        self.packed = PackedRows(self.decoder.weights, self.decoder.states)
        start = self._read_fixed(self.packed, tuple(tokens[: min(fixed, len(tokens) - 1)]))
        for scores in self.packed.read_prompt(tokens[start:]):
            self.check_stop()
            if scores is not None:
                return scores
        raise ValueError("the prompt is empty")

    def _read_fixed(self, packed: PackedRows, tokens: tuple[int, ...]) -> int:
        """Take the fixed part from the model's memory, or read and store it; return its length."""
        prefixes = self.decoder.prefixes
        if not tokens:
            return 0
        if tokens in prefixes:
            packed.restore_prompt(prefixes[tokens])
            return len(tokens)
        for _ in packed.read_prompt(tokens):
            self.check_stop()
        while len(prefixes) >= MOST_PREFIXES:
            del prefixes[next(iter(prefixes))]
        prefixes[tokens] = packed.prompt_state()
        return len(tokens)

    def decode(self, batch: range, first: Scores) -> None:
        """Decode the rows of ``batch`` behind the prompt until all are done."""
        assert self.packed is not None
        self.packed.forget_rows()
        self._write(list(batch), first)

    def decode_behind(self, beginnings: dict[int, list[int]]) -> None:
        """Decode rows of which each has a beginning of its own, to be read behind the shared prompt."""
        assert self.packed is not None
        self.packed.forget_rows()
        self._write(list(beginnings), self.packed.read(beginnings))

    def _write(self, active: list[int], scores: Scores) -> None:
        assert self.packed is not None
        while active:
            self.check_stop()
            new = self._extend(active, scores)
            self._report()
            active = [index for index in active if not self.rows[index].done]
            if active:
                scores = self.packed.read({index: new[index] for index in active})

    def _report(self) -> None:
        if self.progress:
            most = len(self.rows) * self.max_new_tokens
            done = sum(self.max_new_tokens if row.done else len(row.tokens) for row in self.rows)
            self.progress(done, most)

    def _extend(self, active: list[int], scores: Scores) -> dict[int, list[int]]:
        """Sample each active row's next token, and append the tokens that the grammar then forces."""
        import torch

        from sensecf_core.language.local.token_sampling import sample_columns

        rows = [self.rows[index] for index in active]
        allowed, columns = self._allowed(rows)
        logits = scores.of(columns).expand(len(rows), -1)
        codes = torch.tensor([row.code for row in rows], dtype=torch.float64)
        sampled, rest, share = sample_columns(logits, allowed, temperature=self.temperature, codes=codes)
        for row, code, probability in zip(rows, rest.tolist(), share.tolist(), strict=True):
            row.advance(code, probability)
        tokens = (sampled if columns is None else columns[sampled]).tolist()
        return {
            index: self._append(row, token) for index, row, token in zip(active, rows, tokens, strict=True)
        }

    def _allowed(self, rows: list[Row]) -> tuple[Any, Any]:
        """Which tokens the grammar allows each row: (mask over the columns, columns), or (None, None)."""
        if rows[0].matcher is None:
            return None, None
        import numpy as np
        import torch

        size = self.decoder.vocabulary
        packed = np.stack([np.frombuffer(row.matcher.compute_bitmask(), dtype=np.uint8) for row in rows])
        union = np.unpackbits(np.bitwise_or.reduce(packed, axis=0), bitorder="little")[:size]
        columns = np.flatnonzero(union)
        bits = packed[:, columns >> 3] >> (columns & 7).astype(np.uint8) & 1
        return torch.from_numpy(bits.astype(bool)), torch.from_numpy(columns)

    def _append(self, row: Row, token: int) -> list[int]:
        """Append ``token`` and the tokens it forces to the row; return the tokens appended."""
        if token in self.decoder.end_tokens:
            row.done = row.complete = True
            return []
        new = [token]
        if row.matcher is not None:
            row.matcher.consume_token(token)
            new += self._forced(row, [*row.tokens, token])
            row.done = row.complete = row.done or row.matcher.is_stopped()
        row.tokens += new
        if row.matcher is None and "\n" in self.decoder.text_of(row.tokens).lstrip():
            row.done = row.complete = True
        row.done = row.done or len(row.tokens) >= self.max_new_tokens
        return new

    def _forced(self, row: Row, tokens: list[int]) -> list[int]:
        """Take the tokens that must follow ``tokens``: by the grammar, and by what is left of the gap."""
        forced: list[int] = []
        while not (row.done or row.matcher.is_stopped()):
            new = row.matcher.compute_ff_tokens() or self._left(row, tokens + forced)
            if not new:
                break
            row.matcher.consume_tokens(new)
            forced += new
        return forced

    def _left(self, row: Row, tokens: list[int]) -> list[int]:
        """Tokens that say what is left; none where it is not to be said now.

        Where something is left, the answer goes on, or ends if nothing more may change.
        """
        left = None if self.gap is None else what_is_left(self.gap, self.decoder.text_of(tokens))
        if left is None:
            return []
        if left > 0:
            going_on = self.decoder.tokens_of(f"{left};")
            if row.matcher.validate_tokens(going_on) == len(going_on):
                return going_on
        said = self.decoder.tokens_of(str(left))
        if row.matcher.validate_tokens(said) < len(said):
            return []
        after = row.matcher.deep_copy()
        row.done = left > 0 and after.consume_tokens(said) and after.is_accepting()
        return said
