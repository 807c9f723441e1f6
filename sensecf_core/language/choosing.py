"""How one token is drawn from logits, repeatably (heavy: imports torch)."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def row_generator(seed: int, row: int) -> torch.Generator:
    """Random numbers of one row, the same however many rows there are."""
    digest = hashlib.sha256(f"{seed}:{row}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)


def choose(
    logits: Tensor, allowed: Tensor | None, *, temperature: float, top_p: float, uniforms: Tensor
) -> Tensor:
    """Draw one column per row, shape (rows,), by inverting the cumulative distribution.

    ``allowed`` (rows, columns) masks columns (None: all are); at ``temperature`` 0 the likeliest is
    taken. ``top_p`` keeps the smallest set of likeliest columns that holds this much probability.
    ``uniforms`` (rows,) in [0, 1) are all the randomness there is.
    """
    if allowed is not None:
        logits = logits.masked_fill(~allowed, -torch.inf)
    if temperature <= 0:
        return logits.argmax(-1)
    probabilities = torch.softmax(logits.double() / temperature, -1)
    if top_p < 1:
        probabilities = _nucleus(probabilities, top_p)
    cumulative = probabilities.cumsum(-1)
    drawn = torch.searchsorted(cumulative, (uniforms.double() * cumulative[:, -1])[:, None], right=True)[:, 0]
    return drawn.clamp(max=logits.shape[-1] - 1)


def _nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    ranked, order = probabilities.sort(dim=-1, descending=True, stable=True)
    ranked = ranked.masked_fill(ranked.cumsum(-1) - ranked >= top_p, 0.0)
    return torch.zeros_like(probabilities).scatter(-1, order, ranked)
