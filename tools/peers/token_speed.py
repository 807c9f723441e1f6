"""How fast the language model reads a prompt and writes behind it, in tokens, without a grammar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sensecf_core.language.local.model import LocalModel

SENTENCE = "A profile of a person with many values. "


@dataclass(frozen=True)
class Timing:
    """One call: tokens of the prompt, tokens written in all rows, and how long each part took.

    ``computed`` are the tokens written that went through the model: what several rows begin with is read
    once here, and by llama.cpp as often as it is written.
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
        """Written tokens per second, all rows together."""
        return self.new_tokens / self.decode_seconds


class FullLength(LocalModel):
    """A model whose answers go on until their last allowed token, so that every row is as long as the next.

    Whatever would end one earlier (an end token, a line break) is written like any other token.
    """

    rows: list[Any]

    @classmethod
    def of(cls, model: LocalModel) -> FullLength:
        """Such a model with the weights of ``model``, which are not copied."""
        made = cls(model.model, model.tokenizer, model.folder, model.adapter)
        made.end_tokens = ()
        return made

    def text_of(self, tokens: list[int], one_line: bool) -> str:
        """Decode as every model does, line breaks as spaces."""
        return super().text_of(tokens, one_line).replace("\n", " ")

    def _rows(self, n: int, seed: int, grammar: str | None) -> list[Any]:
        self.rows = super()._rows(n, seed, grammar)
        return self.rows


def prompt_of(model: LocalModel, tokens: int) -> str:
    """A text of about so many tokens."""
    one, two = (len(model.prompt_tokens(SENTENCE * times)) for times in (1, 2))
    return SENTENCE * max(1, round((tokens - one) / (two - one)) + 1)


def timed(model: FullLength, text: str, rows: int, new_tokens: int) -> Timing:
    """Read ``text`` and write ``rows`` answers of ``new_tokens`` behind it, drawn at temperature 1."""
    found = model.sample(text, n=rows, max_new_tokens=new_tokens)
    distinct = {tuple(row.tokens[:end]) for row in model.rows for end in range(1, len(row.tokens) + 1)}
    return Timing(
        prompt_tokens=found.prompt_tokens,
        prefill_seconds=found.prefill_seconds,
        new_tokens=sum(found.tokens),
        decode_seconds=found.decode_seconds,
        computed=len(distinct),
    )
