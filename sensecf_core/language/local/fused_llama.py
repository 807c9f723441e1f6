"""The forward pass of a small Llama in fewer and larger steps than the library's (heavy: imports torch).

Behind a prompt only a few tokens are read at a time, and half of such a pass of SmolLM2-135M is spent on
calling some two thousand small operations. Here query, key and value are one product, gate and up another,
and norms one call each; the numbers are the library's but for rounding. docs/language-models.md says what
that saves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import LlamaForCausalLM

from sensecf_core.language.local.int8 import Int8Linear
from sensecf_core.language.local.loading import is_large

Linear = Callable[[Tensor], Tensor]
PLAIN_LAYERS = (nn.Linear, Int8Linear)
"""Layers that are nothing but a product (and a bias): no adapter beside them, no 4-bit weights."""


@dataclass(frozen=True)
class FusedLayer:
    """One block: attention, then the gated layers, each behind its norm."""

    before_attention: Linear
    query_key_value: Linear
    attended: Linear
    before_gate: Linear
    gate_up: Linear
    down: Linear


@dataclass(frozen=True)
class FusedLlama:
    """A Llama's decoder: tokens in, last hidden states out. For answers: no gradient flows."""

    decoder: Any
    layers: tuple[FusedLayer, ...]
    last_norm: Linear
    heads: int
    key_heads: int
    size: int

    @classmethod
    def of(cls, model: Any) -> FusedLlama:
        """Join a model's layers; see :func:`fits`. Its own weights become views of the joined ones."""
        config, decoder = model.config, model.get_decoder()
        return cls(
            decoder,
            tuple(_fused(layer) for layer in decoder.layers),
            _norm(decoder.norm),
            config.num_attention_heads,
            config.num_key_value_heads,
            decoder.layers[0].self_attn.head_dim,
        )

    def __call__(self, tokens: Tensor, positions: Tensor, mask: Tensor | None, cache: Any) -> Tensor:
        """Return the last hidden states, shape (1, new, hidden), and add keys and values to the cache.

        ``tokens`` and ``positions`` have the shape (1, new), the additive ``mask`` (1, 1, new, cached + new);
        None: each token sees all before it.
        """
        new = tokens.shape[1]
        hidden = self.decoder.embed_tokens(tokens)
        cosines, sines = (part[0, :, None] for part in self.decoder.rotary_emb(hidden, positions))
        if mask is None and cache.get_seq_length():
            mask = _causal(new, int(cache.get_seq_length()), hidden)
        for index, layer in enumerate(self.layers):
            joined = layer.query_key_value(layer.before_attention(hidden))
            joined = joined.view(new, self.heads + 2 * self.key_heads, self.size)
            turned, values = torch.split(joined, [self.heads + self.key_heads, self.key_heads], 1)
            turned = turned * cosines + _half_turned(turned) * sines
            parts = (*torch.split(turned, [self.heads, self.key_heads], 1), values)
            queries, keys, values = (part.transpose(0, 1)[None] for part in parts)
            keys, values = cache.update(keys, values, index)
            seen = functional.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask, is_causal=mask is None, enable_gqa=True
            )
            hidden = hidden + layer.attended(seen[0].transpose(0, 1).reshape(1, new, -1))
            gate, up = layer.gate_up(layer.before_gate(hidden)).chunk(2, -1)
            hidden = hidden + layer.down(functional.silu(gate) * up)
        return self.last_norm(hidden)


def fits(model: Any) -> bool:
    """Whether a model can be computed so, and gains by it: a small, plain Llama on a CPU."""
    if type(model) is not LlamaForCausalLM or model.device.type != "cpu" or is_large(model):
        return False
    parts = [part for layer in model.get_decoder().layers for part in (layer.self_attn, layer.mlp)]
    layers = [layer for part in parts for name, layer in part.named_children() if name != "act_fn"]
    return model.config.hidden_act == "silu" and all(type(layer) in PLAIN_LAYERS for layer in layers)


def _fused(layer: Any) -> FusedLayer:
    attention, gated = layer.self_attn, layer.mlp
    return FusedLayer(
        _norm(layer.input_layernorm),
        _joined((attention.q_proj, attention.k_proj, attention.v_proj)),
        attention.o_proj,
        _norm(layer.post_attention_layernorm),
        _joined((gated.gate_proj, gated.up_proj)),
        gated.down_proj,
    )


def _norm(norm: Any) -> Linear:
    weight = norm.weight.detach()
    return partial(
        functional.rms_norm, normalized_shape=weight.shape, weight=weight, eps=norm.variance_epsilon
    )


def _joined(layers: Sequence[Any]) -> Linear:
    """One product in place of several of the same input, outputs side by side; 8-bit layers stay apart."""
    if not all(type(layer) is nn.Linear and layer.bias is None for layer in layers):
        return lambda inputs: torch.cat([layer(inputs) for layer in layers], -1)
    weight = torch.cat([layer.weight.detach() for layer in layers])
    parts = torch.split(weight, [layer.out_features for layer in layers])
    for layer, part in zip(layers, parts, strict=True):
        layer.weight = nn.Parameter(part, requires_grad=False)
    return partial(functional.linear, weight=weight)


def _half_turned(states: Tensor) -> Tensor:
    """The second term of rotary positions (Su et al. 2021, arXiv 2104.09864): halves swapped, one negated."""
    first, second = states.chunk(2, -1)
    return torch.cat((-second, first), -1)


def _causal(new: int, before: int, like: Tensor) -> Tensor:
    mask = torch.full((new, before + new), torch.finfo(like.dtype).min, dtype=like.dtype)
    return mask.triu_(before + 1)[None, None]
