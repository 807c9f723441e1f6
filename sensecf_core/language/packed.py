"""One forward pass for many rows that share a prompt (heavy: imports torch and transformers).

All rows are packed behind the prompt into a *single* sequence. A token sees the prompt and the earlier
tokens of its own row (a tree-shaped attention mask), its position is counted within its own row. So the
prompt's key/value cache is stored and read once, however many rows there are; rows may bring different
numbers of tokens to one pass without padding; and a finished row brings none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

CHUNK = 96
"""Most prompt tokens per forward pass, so that a cancel is seen between passes."""


@dataclass(frozen=True)
class Scores:
    """What a pass says about each row's next token: hidden states and head, or whole logits."""

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
    """The growing sequence: the prompt, then the tokens of every row as they come.

    ``plain_head`` says that the model's logits are its output embedding applied to the last hidden
    state and nothing more (see :func:`has_plain_head`), so that columns can be left out.
    """

    def __init__(self, model: Any, *, plain_head: bool) -> None:
        self.model = model
        self.plain_head = plain_head
        self.cache = DynamicCache(config=model.config)
        self.prompt_length = 0
        self.owners = torch.empty(0, dtype=torch.long)
        self.lengths: dict[int, int] = {}

    @torch.inference_mode()
    def read_prompt(self, tokens: Sequence[int]) -> Iterator[Scores | None]:
        """Append to the prompt in chunks; yields None after each but the last, then the next token's scores.

        The scores have one row, which holds for every row to come.
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
        """Append each row's new tokens; returns scores of the next token, rows in the dict's order."""
        flat = torch.tensor([[token for row in tokens.values() for token in row]])
        owners = torch.tensor([row for row, new in tokens.items() for _ in new])
        positions = [
            self.prompt_length + self.lengths.get(r, 0) + i for r in tokens for i in range(len(tokens[r]))
        ]
        self.owners = torch.cat([self.owners, owners])
        last, end = [], -1
        for row, new in tokens.items():
            end += len(new)
            last.append(end)
            self.lengths[row] = self.lengths.get(row, 0) + len(new)
        return self._forward(flat, torch.tensor([positions]), self._mask(owners), last)

    def prompt_state(self) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the prompt as read so far, per layer (no rows may have been added)."""
        return [(layer.keys, layer.values) for layer in self.cache.layers]

    def take_prompt(self, state: list[tuple[Tensor, Tensor]]) -> None:
        """Begin with a prompt that was read before."""
        for number, (keys, values) in enumerate(state):
            self.cache.update(keys, values, number)
        self.prompt_length = int(state[0][0].shape[-2])

    def forget_rows(self) -> None:
        """Drop every row and keep the prompt."""
        if len(self.owners):
            self.cache.crop(-len(self.owners))
        self.owners = self.owners[:0]
        self.lengths = {}

    def _mask(self, owners: Tensor) -> Tensor:
        """Additive mask of the newest tokens, shape (1, 1, new, prompt + all row tokens)."""
        total, new = len(self.owners), len(owners)
        order = torch.arange(total)
        sees = (self.owners[None] == owners[:, None]) & (order[None] <= order[total - new :, None])
        mask = torch.zeros(1, 1, new, self.prompt_length + total, dtype=self.model.dtype)
        mask[0, 0, :, self.prompt_length :].masked_fill_(~sees, torch.finfo(self.model.dtype).min)
        return mask

    def _forward(self, tokens: Tensor, positions: Tensor, mask: Tensor | None, last: list[int]) -> Scores:
        device = self.model.device
        inputs = {
            "input_ids": tokens.to(device),
            "position_ids": positions.to(device),
            "attention_mask": None if mask is None else mask.to(device),
            "past_key_values": self.cache,
            "use_cache": True,
        }
        index = torch.tensor(last, device=device)
        if self.plain_head:
            states = self.model.get_decoder()(**inputs).last_hidden_state[0, index]
            return Scores(states, self.model.get_output_embeddings())
        return Scores(self.model(**inputs, logits_to_keep=index).logits[0], None)


@torch.inference_mode()
def has_plain_head(model: Any) -> bool:
    """Probe whether the logits are the output embedding of the last hidden state, unscaled and uncapped."""
    probe = torch.tensor([[1, 2, 3]], device=model.device)
    head = model.get_output_embeddings()
    if head is None or not hasattr(head, "weight"):
        return False
    whole = model(input_ids=probe, use_cache=False).logits
    states = model.get_decoder()(input_ids=probe, use_cache=False).last_hidden_state
    return bool(torch.allclose(whole.float(), head(states).float(), rtol=1e-3, atol=1e-3))
