"""How attention is masked and computed where rows or answers share one reading of a prompt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PLAIN_ATTENTION = 512
"""Tokens of the longest tree whose attention weights are kept: 0.7 GB in SmolLM2-135M's 30 layers."""


def additive_mask(sees: Any, model: Any) -> Any:
    """What is added to attention scores: 0 where ``sees`` (bool, any shape), else the least number."""
    import torch

    mask = torch.zeros(sees.shape, dtype=model.dtype)
    return mask.masked_fill_(~sees, torch.finfo(model.dtype).min).to(model.device)


@contextmanager
def trained_attention(model: Any, length: int) -> Iterator[None]:
    """On a CPU, attention as plain matrix products: what torch fuses there is slow to differentiate.

    A training step is 1.1 to 1.3 times as fast (SmolLM2-135M, bfloat16, AVX-512 BF16). Longer trees are left
    to the fused form, which keeps no square of their ``length`` (tokens). It must hold until the gradient is
    there: layers that are checkpointed run again for it.
    """
    usual = model.config._attn_implementation
    if model.device.type == "cpu" and length <= PLAIN_ATTENTION:
        model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(usual)
