"""How one token is drawn from logits, repeatably (heavy: imports torch)."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

SHIFT = -1
"""Stands for no row: what moves all rows' places together."""


def seeded(seed: int, row: int) -> torch.Generator:
    """Random numbers of one row, independent of those of all others."""
    digest = hashlib.sha256(f"{seed}:{row}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)


def first_codes(seed: int, n: int) -> list[float]:
    """Where in [0, 1) the answers of ``n`` rows lie: spread evenly, a row's place whatever ``n``.

    A van der Corput sequence shifted by the seed: each row by itself is uniform, and of every 2^m rows one
    lies in each 2^m-th part, so that answers with a small share of the probability are not missed while
    those with a large one are drawn again and again.
    """
    shift = float(torch.rand(1, generator=seeded(seed, SHIFT), dtype=torch.float64))
    return [(shift + int(f"{row:032b}"[::-1], 2) / 2**32) % 1.0 for row in range(n)]


def choose(
    logits: Tensor, allowed: Tensor | None, *, temperature: float, uniforms: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw one column per row by inverting the cumulative distribution.

    Returns the columns, what each row's number leaves for its next token (where it lies within the chosen
    column's part, again in [0, 1)) and the columns' probabilities; shapes (rows,). To go on with what is left
    is arithmetic sampling (Vilnis et al. 2023, arXiv:2210.15458): a row's first number decides its whole
    answer, and rows with numbers far apart write different ones, each still drawn from the model's own
    distribution.

    ``allowed`` (rows, columns) masks columns (None: all are); at ``temperature`` 0 the likeliest is
    taken. ``uniforms`` (rows,) in [0, 1) are all the randomness there is.
    """
    if allowed is not None:
        logits = logits.masked_fill(~allowed, -torch.inf)
    if temperature <= 0:
        return logits.argmax(-1), uniforms, torch.ones_like(uniforms)
    probabilities = torch.softmax(logits.double() / temperature, -1)
    cumulative = probabilities.cumsum(-1)
    aims = uniforms.double() * cumulative[:, -1]
    drawn = torch.searchsorted(cumulative, aims[:, None], right=True)[:, 0].clamp(max=logits.shape[-1] - 1)
    size = probabilities.gather(-1, drawn[:, None])[:, 0]
    below = cumulative.gather(-1, drawn[:, None])[:, 0] - size
    return drawn, ((aims - below) / size).clamp(0.0, 1.0 - 2**-53), size
