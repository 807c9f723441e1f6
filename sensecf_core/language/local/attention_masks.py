"""Attention masks, and how attention is computed where rows or answers share one prompt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PLAIN_ATTENTION = 768
"""Tokens of the longest tree trained with unfused attention, which keeps its weights: 1.6 GB in
SmolLM2-135M's 30 layers."""


def additive_mask(sees: Any, model: Any) -> Any:
    """Mask to add to attention scores: 0 where ``sees`` (bool, any shape), else the dtype's lowest number."""
    import torch

    mask = torch.zeros(sees.shape, dtype=model.dtype)
    return mask.masked_fill_(~sees, torch.finfo(model.dtype).min).to(model.device)


@contextmanager
def trained_attention(model: Any, length: int) -> Iterator[None]:
    """On a CPU, compute attention as plain matrix products: torch's fused kernel has a slow gradient there.

    A training step is 1.1 to 1.3 times as fast (SmolLM2-135M, bfloat16, AVX-512 BF16). Longer trees use the
    fused kernel, whose memory does not grow with the square of ``length`` (tokens). Keep the context open
    until the gradient is computed: checkpointed layers run again for it.
    """
    default = model.config._attn_implementation
    if model.device.type == "cpu" and length <= PLAIN_ATTENTION:
        model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(default)
