"""One run of sampling: rows under way, what the grammar allows them, when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sensecf_core.language.backend import Stopped

if TYPE_CHECKING:
    import torch

    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.local.tree_attention import PackedRows, Scores

MOST_PREFIXES = 4
"""Fixed parts of prompts whose keys and values a model keeps (about 46 KB a token for the default one)."""

LEAST_LEFT = 2.0**-30
"""A double has 53 binary digits; with fewer than 23 left the next token is drawn with a new number."""


class StopError(Exception):
    """Sampling has to end before its time."""

    def __init__(self, why: Stopped) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class Row:
    """One answer being written.

    ``code`` in [0, 1) decides its next tokens; ``left`` is the share of it that no token has used yet.
    """

    renewal: Callable[[], torch.Generator]
    """Makes the random numbers of a code that is used up."""
    code: float
    left: float = 1.0
    generator: torch.Generator | None = None
    matcher: Any = None
    tokens: list[int] = field(default_factory=list)
    done: bool = False
    complete: bool = False

    def go_on(self, code: float, share: float) -> None:
        """Take what a token with this ``share`` of the probability left of the code, or a new code."""
        import torch

        self.code, self.left = code, self.left * share
        if self.left < LEAST_LEFT:
            self.generator = self.generator or self.renewal()
            self.code = float(torch.rand(1, generator=self.generator, dtype=torch.float64))
            self.left = 1.0


@dataclass
class Decoding:
    """One call of :meth:`LocalModel.sample` under way."""

    owner: LocalModel
    rows: list[Row]
    temperature: float
    max_new_tokens: int
    watch: Callable[[], None]
    progress: Callable[[int, int], None] | None
    packed: PackedRows | None = None

    def read_prompt(self, tokens: list[int], fixed: int) -> Scores:
        """Read the prompt; returns the scores of every row's first token.

        The first ``fixed`` tokens are the same for every query: what was computed of them is kept.
        """
        from sensecf_core.language.local.tree_attention import PackedRows

        self.packed = PackedRows(self.owner.model, plain_head=self.owner.plain_head)
        start = self._read_fixed(self.packed, tuple(tokens[: min(fixed, len(tokens) - 1)]))
        for scores in self.packed.read_prompt(tokens[start:]):
            self.watch()
            if scores is not None:
                return scores
        raise ValueError("the prompt is empty")

    def _read_fixed(self, packed: PackedRows, tokens: tuple[int, ...]) -> int:
        """Take the fixed part from the model's memory, or read it and keep it; returns its length."""
        kept = self.owner.prefixes
        if not tokens:
            return 0
        if tokens in kept:
            packed.take_prompt(kept[tokens])
            return len(tokens)
        for _ in packed.read_prompt(tokens):
            self.watch()
        while len(kept) >= MOST_PREFIXES:
            del kept[next(iter(kept))]
        kept[tokens] = packed.prompt_state()
        return len(tokens)

    def decode(self, numbers: range, first: Scores) -> None:
        """Decode the rows ``numbers`` behind the prompt, until all are done."""
        assert self.packed is not None
        self.packed.forget_rows()
        active = list(numbers)
        scores = first
        while active:
            self.watch()
            new = self._extend(active, scores)
            self._report()
            active = [number for number in active if not self.rows[number].done]
            if active:
                scores = self.packed.read({number: new[number] for number in active})

    def _report(self) -> None:
        if self.progress:
            most = len(self.rows) * self.max_new_tokens
            done = sum(self.max_new_tokens if row.done else len(row.tokens) for row in self.rows)
            self.progress(done, most)

    def _extend(self, active: list[int], scores: Scores) -> dict[int, list[int]]:
        """Choose each active row's next token, and take what the grammar then forces."""
        import torch

        from sensecf_core.language.local.token_sampling import choose

        rows = [self.rows[number] for number in active]
        allowed, columns = self._allowed(rows)
        logits = scores.of(columns).expand(len(rows), -1)
        codes = torch.tensor([row.code for row in rows], dtype=torch.float64)
        drawn, rest, size = choose(logits, allowed, temperature=self.temperature, uniforms=codes)
        for row, code, share in zip(rows, rest.tolist(), size.tolist(), strict=True):
            row.go_on(code, share)
        tokens = (drawn if columns is None else columns[drawn]).tolist()
        return {
            number: self._accept(row, token) for number, row, token in zip(active, rows, tokens, strict=True)
        }

    def _allowed(self, rows: list[Row]) -> tuple[Any, Any]:
        """Which tokens the grammar allows each row: (mask over the columns, columns), or (None, None)."""
        if rows[0].matcher is None:
            return None, None
        import numpy as np
        import torch

        size = self.owner.vocabulary
        packed = np.stack([np.frombuffer(row.matcher.compute_bitmask(), dtype=np.uint8) for row in rows])
        union = np.unpackbits(np.bitwise_or.reduce(packed, axis=0), bitorder="little")[:size]
        columns = np.flatnonzero(union)
        bits = packed[:, columns >> 3] >> (columns & 7).astype(np.uint8) & 1
        return torch.from_numpy(bits.astype(bool)), torch.from_numpy(columns)

    def _accept(self, row: Row, token: int) -> list[int]:
        """Append ``token`` (and tokens forced by it) to the row; returns the tokens appended."""
        if token in self.owner.end_tokens:
            row.done = row.complete = True
            return []
        new = [token]
        if row.matcher is not None:
            row.matcher.consume_token(token)
            if not row.matcher.is_stopped():
                forced = row.matcher.compute_ff_tokens()
                row.matcher.consume_tokens(forced)
                new += forced
            row.done = row.complete = row.matcher.is_stopped()
        row.tokens += new
        if row.matcher is None and "\n" in self.owner.text_of(row.tokens, False).lstrip():
            row.done = row.complete = True
        row.done = row.done or len(row.tokens) >= self.max_new_tokens
        return new


def watch_for(cancelled: Callable[[], bool] | None, deadline: float | None) -> Callable[[], None]:
    """Build the check that is made between passes."""
    until = None if deadline is None else time.monotonic() + deadline

    def watch() -> None:
        if cancelled is not None and cancelled():
            raise StopError("cancelled")
        if until is not None and time.monotonic() >= until:
            raise StopError("deadline")

    return watch
