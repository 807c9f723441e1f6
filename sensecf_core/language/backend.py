"""What a language model gives back, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stopped = Literal["cancelled", "deadline"]


def first_line(text: str) -> str:
    """Cut a text at the first line break behind its first word."""
    begun = text.lstrip()
    return begun.partition("\n")[0]


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
