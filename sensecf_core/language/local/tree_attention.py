"""One forward pass for many rows that share a prompt (heavy: imports torch and transformers).

All rows are packed behind the prompt into a *single* sequence. A token sees the prompt and the earlier
tokens of its own row (a tree-shaped attention mask), and its position is counted within its own row. So the
prompt's key/value cache is stored and read once, however many rows there are. The same holds for a
beginning that several rows share. Rows may add different numbers of tokens in one pass without padding, and
a finished row adds none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from sensecf_core.language.local.attention_masks import additive_mask

States = Callable[[Tensor, Tensor, Any, Any], Tensor]
"""Tokens, positions, mask and cache to the last hidden states; see :func:`states_of`."""
CHUNK = 96
"""Most prompt tokens per forward pass, so that a cancel takes effect between passes."""


@dataclass(frozen=True)
class Scores:
    """The outcome of a pass for each row's next token: hidden states and output head, or whole logits."""

    states: Tensor
    head: Any | None

    @torch.inference_mode()
    def of(self, tokens: Tensor | None = None) -> Tensor:
        """Logits, shape (rows, vocabulary), or only the columns ``tokens``; float32 on the CPU."""
        if self.head is None:
            logits = self.states if tokens is None else self.states[:, tokens.to(self.states.device)]
        elif tokens is None:
            logits = self.head(self.states)
        else:
            tokens = tokens.to(self.states.device)
            bias = None if self.head.bias is None else self.head.bias[tokens]
            logits = torch.nn.functional.linear(self.states, self.head.weight[tokens], bias)
        return logits.float().cpu()


class PackedRows:
    """The growing sequence: the prompt, then the tokens of every row as they are sampled.

    ``states`` computes the model's last hidden states (:func:`states_of`), None where its logits are more
    than the output embedding of these. Otherwise columns can be left out.
    """

    def __init__(self, model: Any, states: States | None) -> None:
        self.model = model
        self.states = states
        # Made without the config, so that no layer drops what leaves its sliding window: in a packed
        # sequence that is not what leaves a row's own window. The masks enforce the window instead.
        self.cache = DynamicCache()
        self.prompt_length = 0
        self.positions = torch.empty(0, dtype=torch.long)
        self._root: list[int] = []
        self.paths: dict[int, list[int]] = {}
        """Each row's tokens as indices into the packed sequence; rows with equal tokens share the list."""

    @torch.inference_mode()
    def read_prompt(self, tokens: Sequence[int]) -> Iterator[Scores | None]:
        """Append to the prompt in chunks; yield None after each but the last, then the next token's scores.

        The scores have one row, which every row starts from.
        """
        before, end = self.prompt_length, self.prompt_length + len(tokens)
        size = math.ceil(len(tokens) / math.ceil(len(tokens) / CHUNK)) if tokens else 1
        for start in range(0, len(tokens), size):
            chunk = torch.tensor([tokens[start : start + size]])
            positions = torch.arange(before + start, before + start + chunk.shape[1])[None]
            scores = self._forward(chunk, positions, None, [chunk.shape[1] - 1])
            self.prompt_length += chunk.shape[1]
            yield scores if self.prompt_length == end else None

    @torch.inference_mode()
    def read(self, tokens: dict[int, list[int]]) -> Scores:
        """Append each row's new tokens; return scores of the next token, rows in the dict's order.

        Rows with the same tokens so far and the same new tokens are read once.
        """
        before = len(self.positions)
        flat: list[int] = []
        seen: list[list[int]] = []
        branches: dict[tuple[int, tuple[int, ...]], tuple[list[int], int]] = {}
        last = []
        for row, new in tokens.items():
            path = self.paths.get(row, self._root)
            branch = (id(path), tuple(new))
            if branch not in branches:
                grown = path
                for token in new:
                    grown = [*grown, before + len(flat)]
                    flat.append(token)
                    seen.append(grown)
                branches[branch] = grown, len(flat) - 1
            self.paths[row], end = branches[branch]
            last.append(end)
        positions = torch.tensor([self.prompt_length + len(path) - 1 for path in seen])
        self.positions = torch.cat([self.positions, positions])
        return self._forward(torch.tensor([flat]), positions[None], self._masks(seen), last)

    def prompt_state(self) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the prompt read so far, per layer (no rows may have been added)."""
        return [(layer.keys, layer.values) for layer in self.cache.layers]

    def restore_prompt(self, state: list[tuple[Tensor, Tensor]]) -> None:
        """Start from the keys and values of a prompt that was read before (:meth:`prompt_state`)."""
        for layer, (keys, values) in enumerate(state):
            self.cache.update(keys, values, layer)
        self.prompt_length = int(state[0][0].shape[-2])

    def forget_rows(self) -> None:
        """Drop every row and keep the prompt."""
        if len(self.positions):
            self.cache.crop(-len(self.positions))
        self.positions = self.positions[:0]
        self.paths = {}

    def _masks(self, seen: list[list[int]]) -> Tensor | dict[str, Tensor]:
        """Additive mask of the newest tokens, shape (1, 1, new, prompt + all row tokens).

        ``seen`` are the row tokens that each may see. One mask for all layers, or one per layer type for
        models that mix layers with and without a sliding window.
        """
        total, new = len(self.positions), len(seen)
        own = torch.zeros(new, total, dtype=torch.bool)
        new_token = torch.tensor([index for index, path in enumerate(seen) for _ in path])
        own[new_token, torch.tensor(list(chain.from_iterable(seen)))] = True
        sees = torch.cat([torch.ones(new, self.prompt_length, dtype=torch.bool), own], dim=1)
        window = getattr(self.model.config, "sliding_window", None)
        layer_types = set(getattr(self.model.config, "layer_types", None) or ["sliding_attention"])
        if window is None or "sliding_attention" not in layer_types:
            return self._additive(sees)
        positions = torch.cat([torch.arange(self.prompt_length), self.positions])
        windowed = self._additive(sees & (positions[None] > self.positions[total - new :, None] - window))
        if layer_types == {"sliding_attention"}:
            return windowed
        return {"full_attention": self._additive(sees), "sliding_attention": windowed}

    def _additive(self, sees: Tensor) -> Tensor:
        mask: Tensor = additive_mask(sees[None, None], self.model)
        return mask

    def _forward(
        self, tokens: Tensor, positions: Tensor, mask: Tensor | dict[str, Tensor] | None, last: list[int]
    ) -> Scores:
        device = self.model.device
        asked = tokens.to(device), positions.to(device), mask, self.cache
        index = torch.tensor(last, device=device)
        if self.states is not None:
            return Scores(self.states(*asked)[0, index], self.model.get_output_embeddings())
        return Scores(self.model(**_inputs(*asked), logits_to_keep=index).logits[0], None)


def _inputs(tokens: Tensor, positions: Tensor, mask: Any, cache: Any) -> dict[str, Any]:
    return {
        "input_ids": tokens,
        "position_ids": positions,
        "attention_mask": mask,
        "past_key_values": cache,
        "use_cache": True,
    }


def _states_by_library(model: Any, *asked: Any) -> Tensor:
    states: Tensor = model.get_decoder()(**_inputs(*asked)).last_hidden_state
    return states


def states_of(model: Any, *, answers_only: bool) -> States | None:
    """How a model's last hidden states are computed; None where more than a product makes logits of them.

    ``answers_only``: the model will not be trained, so that :class:`.FusedLlama` may take its place.
    """
    from sensecf_core.language.local.fused_llama import FusedLlama, fits

    if not has_plain_head(model):
        return None
    return FusedLlama.of(model) if answers_only and fits(model) else partial(_states_by_library, model)


@torch.inference_mode()
def has_plain_head(model: Any) -> bool:
    """Test whether the logits are the output embedding of the last hidden state, unscaled and uncapped."""
    tokens = torch.tensor([[1, 2, 3]], device=model.device)
    head = model.get_output_embeddings()
    if head is None or not hasattr(head, "weight"):
        return False
    logits = model(input_ids=tokens, use_cache=False).logits
    states = model.get_decoder()(input_ids=tokens, use_cache=False).last_hidden_state
    return bool(torch.allclose(logits.float(), head(states).float(), rtol=1e-3, atol=1e-3))
