"""Speed of the language model in tokens: prefill of a prompt and decoding, without a grammar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sensecf_core.language.local.model import LocalModel

SENTENCE = "A profile of a person with many values. "


@dataclass(frozen=True)
class Timing:
    """One call: tokens of the prompt, new tokens of all rows, and the duration of each part.

    ``computed`` counts the new tokens that went through the model: a common beginning of several rows is
    computed once here, but by llama.cpp for every row.
    """

    prompt_tokens: int
    prefill_seconds: float
    new_tokens: int
    decode_seconds: float
    computed: int

    @property
    def prefill(self) -> float:
        """Prompt tokens per second."""
        return self.prompt_tokens / self.prefill_seconds

    @property
    def decode(self) -> float:
        """New tokens per second, all rows together."""
        return self.new_tokens / self.decode_seconds


class FullLength(LocalModel):
    """A model whose answers always have the maximum length, so that all rows are equally long.

    An end token or line break does not end an answer; it is written like any other token.
    """

    rows: list[Any]

    @classmethod
    def of(cls, model: LocalModel) -> FullLength:
        """Return such a model that shares the weights of ``model``."""
        full_length = cls(model.model, model.tokenizer, model.folder, model.adapter)
        full_length.end_tokens = ()
        return full_length

    def text_of(self, tokens: list[int], one_line: bool) -> str:
        """Decode as usual, with line breaks as spaces."""
        return super().text_of(tokens, one_line).replace("\n", " ")

    def _rows(self, n: int, seed: int, grammar: str | None) -> list[Any]:
        self.rows = super()._rows(n, seed, grammar)
        return self.rows


def prompt_of(model: LocalModel, tokens: int) -> str:
    """Return a text of about ``tokens`` tokens."""
    once, twice = (len(model.prompt_tokens(SENTENCE * times)) for times in (1, 2))
    return SENTENCE * max(1, round((tokens - once) / (twice - once)) + 1)


def timed(model: FullLength, text: str, rows: int, new_tokens: int) -> Timing:
    """Prefill ``text`` and decode ``rows`` answers of ``new_tokens`` tokens, sampled at temperature 1."""
    samples = model.sample(text, n=rows, max_new_tokens=new_tokens)
    distinct = {tuple(row.tokens[:end]) for row in model.rows for end in range(1, len(row.tokens) + 1)}
    return Timing(
        prompt_tokens=samples.prompt_tokens,
        prefill_seconds=samples.prefill_seconds,
        new_tokens=sum(samples.tokens),
        decode_seconds=samples.decode_seconds,
        computed=len(distinct),
    )
