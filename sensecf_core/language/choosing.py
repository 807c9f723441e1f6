"""How one token is drawn from logits, repeatably (heavy: imports torch)."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def row_generator(seed: int, row: int) -> torch.Generator:
    """Random numbers of one row, the same however many rows there are."""
    digest = hashlib.sha256(f"{seed}:{row}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)


def first_code(seed: int, row: int) -> float:
    """Where in [0, 1) a row's answer lies: the numbers of all rows are spread evenly.

    A van der Corput sequence shifted by the seed: each row by itself is uniform, and of every 2^m rows one
    lies in each 2^m-th part, so that answers with a small share of the probability are not missed while
    those with a large one are drawn again and again.
    """
    shift = float(torch.rand(1, generator=row_generator(seed, -1), dtype=torch.float64))
    place = int(f"{row:032b}"[::-1], 2) / 2**32
    return (shift + place) % 1.0


def choose(
    logits: Tensor, allowed: Tensor | None, *, temperature: float, top_p: float, uniforms: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw one column per row by inverting the cumulative distribution.

    Returns the columns, what each row's number leaves for its next token (where it lies within the chosen
    column's part, again in [0, 1)) and the columns' probabilities; shapes (rows,). To go on with what is left
    is arithmetic sampling (Vilnis et al. 2023, arXiv:2210.15458): a row's first number decides its whole
    answer, and rows with numbers far apart write different ones, each still drawn from the model's own
    distribution.

    ``allowed`` (rows, columns) masks columns (None: all are); at ``temperature`` 0 the likeliest is
    taken. ``top_p`` keeps the smallest set of likeliest columns that holds this much probability.
    ``uniforms`` (rows,) in [0, 1) are all the randomness there is.
    """
    if allowed is not None:
        logits = logits.masked_fill(~allowed, -torch.inf)
    if temperature <= 0:
        return logits.argmax(-1), uniforms, torch.ones_like(uniforms)
    probabilities = torch.softmax(logits.double() / temperature, -1)
    if top_p < 1:
        probabilities = _nucleus(probabilities, top_p)
    cumulative = probabilities.cumsum(-1)
    aims = uniforms.double() * cumulative[:, -1]
    drawn = torch.searchsorted(cumulative, aims[:, None], right=True)[:, 0].clamp(max=logits.shape[-1] - 1)
    size = probabilities.gather(-1, drawn[:, None])[:, 0]
    below = cumulative.gather(-1, drawn[:, None])[:, 0] - size
    return drawn, ((aims - below) / size).clamp(0.0, 1.0 - 2**-53), size


def _nucleus(probabilities: Tensor, top_p: float) -> Tensor:
    ranked, order = probabilities.sort(dim=-1, descending=True, stable=True)
    ranked = ranked.masked_fill(ranked.cumsum(-1) - ranked >= top_p, 0.0)
    return torch.zeros_like(probabilities).scatter(-1, order, ranked)
