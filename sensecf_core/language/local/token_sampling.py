"""How one token is sampled from logits, repeatably (heavy: imports torch)."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

SHIFT = -1
"""Row number of the generator that shifts all rows' codes together."""


def row_generator(seed: int, row: int) -> torch.Generator:
    """Random numbers of one row, independent of those of all others."""
    digest = hashlib.sha256(f"{seed}:{row}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)


def initial_codes(seed: int, n: int) -> list[float]:
    """Evenly spread codes in [0, 1) of ``n`` rows; a row's code does not depend on ``n``.

    A van der Corput sequence shifted by the seed: each row by itself is uniform, and of every 2^m rows one
    lies in each 2^m-th part. So answers with a small share of the probability are not missed while those
    with a large one are sampled again and again.
    """
    shift = float(torch.rand(1, generator=row_generator(seed, SHIFT), dtype=torch.float64))
    return [(shift + int(f"{row:032b}"[::-1], 2) / 2**32) % 1.0 for row in range(n)]


def sample_columns(
    logits: Tensor, allowed: Tensor | None, *, temperature: float, codes: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Sample one column per row by inverting the cumulative distribution at the row's code.

    Arithmetic sampling (Vilnis et al. 2023, arXiv:2210.15458): what a column leaves of the code decides the
    next token, so a row's first code decides its whole answer. Rows with codes far apart write different
    answers, each still sampled from the model's own distribution.

    Parameters
    ----------
    logits : shape (rows, columns).
    allowed : mask of the same shape; None allows every column.
    temperature : 0 takes the likeliest column.
    codes : numbers in [0, 1), shape (rows,); there is no other randomness.

    Returns
    -------
    The columns, the codes for the next token (where each code lies within its column's part, scaled to
    [0, 1)), and the columns' probabilities; each of shape (rows,).
    """
    if allowed is not None:
        logits = logits.masked_fill(~allowed, -torch.inf)
    if temperature <= 0:
        return logits.argmax(-1), codes, torch.ones_like(codes)
    probabilities = torch.softmax(logits.double() / temperature, -1)
    cumulative = probabilities.cumsum(-1)
    targets = codes.double() * cumulative[:, -1]
    columns = torch.searchsorted(cumulative, targets[:, None], right=True)[:, 0]
    columns = columns.clamp(max=logits.shape[-1] - 1)
    share = probabilities.gather(-1, columns[:, None])[:, 0]
    below = cumulative.gather(-1, columns[:, None])[:, 0] - share
    return columns, ((targets - below) / share).clamp(0.0, 1.0 - 2**-53), share
