"""What fine-tuning makes smaller: the surprise of right answers, or also the odds of wrong ones.

An objective is called with a model and a batch and returns a sum; :meth:`weight` says over what, so that a
step made in parts can take the mean. Heavy: uses torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sensecf_core.language.local.attention_masks import additive_mask, trained_attention
from sensecf_core.language.training.batches import IGNORED, Batch, Batches


class Objective(Protocol):
    """A loss over a batch of answer trees."""

    def __call__(self, model: Any, batch: Batch) -> Any:
        """The loss, summed over what :meth:`weight` counts."""
        ...

    def weight(self, batch: Batch) -> int:
        """How many terms the sum has."""
        ...


@dataclass(frozen=True)
class Likelihood:
    """Cross-entropy of the answers' tokens (supervised fine-tuning)."""

    def __call__(self, model: Any, batch: Batch) -> Any:
        """Minus the log-probability of all answer tokens."""
        return -_token_log_probabilities(model, batch)[0].sum()

    def weight(self, batch: Batch) -> int:
        """Answer tokens."""
        return batch.n_answer_tokens


@dataclass(frozen=True)
class Preference:
    """Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290), every accepted answer of a
    prompt against every rejected one, plus the accepted answers' own surprise so that they stay likely.

    Attributes
    ----------
    reference : per tree, each branch's log-probability under the model that training starts from.
    beta : how strongly the model may move away from it.
    anchor : weight of the accepted answers' mean cross-entropy per token.
    """

    reference: tuple[Any, ...]
    beta: float = 0.1
    anchor: float = 0.2

    @classmethod
    def against(cls, model: Any, batches: Batches, **options: float) -> Preference:
        """Take ``model`` as it is now for the reference."""
        import torch

        reference: list[Any] = [None] * len(batches.trees)
        with torch.inference_mode():
            for batch in batches.parts(range(len(batches.trees))):
                with trained_attention(model, batch.tokens.shape[1]):
                    known = _branch_log_probabilities(model, batch)
                for number, found in zip(batch.numbers, known, strict=True):
                    reference[number] = found.clone()
        return cls(tuple(reference), **options)

    def __call__(self, model: Any, batch: Batch) -> Any:
        """The sum over trees; a tree without rejected answers adds its anchor only."""
        import torch

        total = 0.0
        found = _branch_log_probabilities(model, batch)
        for tree, number, now in zip(batch.trees, batch.numbers, found, strict=True):
            tokens = sum(
                1
                for b, t in zip(tree.branches, tree.targets, strict=True)
                if t != IGNORED and b <= tree.accepted
            )
            total = total - self.anchor * now[: tree.accepted].sum() / tokens
            gained = now - self.reference[number].to(now.device)
            better, worse = gained[: tree.accepted], gained[tree.accepted :]
            if len(worse):
                ahead = self.beta * (better[:, None] - worse[None, :])
                total = total - torch.nn.functional.logsigmoid(ahead).mean()
        return total

    def weight(self, batch: Batch) -> int:
        """Trees."""
        return len(batch.trees)


def _token_log_probabilities(model: Any, batch: Batch) -> tuple[Any, Any]:
    """Log-probabilities of the answer tokens (tokens,), and where they stand (trees, length).

    Logits are computed at these positions only.
    """
    import torch

    device = model.device
    states = model.get_decoder()(
        input_ids=batch.tokens.to(device),
        position_ids=batch.positions.to(device),
        attention_mask=additive_mask(batch.mask, model),
        use_cache=False,
    ).last_hidden_state
    targets = batch.targets.to(device)
    where = targets != IGNORED
    logits = model.get_output_embeddings()(states[where]).float()
    return -torch.nn.functional.cross_entropy(logits, targets[where], reduction="none"), where


def _branch_log_probabilities(model: Any, batch: Batch) -> list[Any]:
    """Per tree, the log-probability of each of its answers, shape (branches,)."""
    import torch

    tokens, where = _token_log_probabilities(model, batch)
    trees = torch.nonzero(where)[:, 0]
    branches = batch.branches.to(tokens.device)[where] - 1
    found = []
    for number, tree in enumerate(batch.trees):
        mine = trees == number
        sums = torch.zeros(max(tree.branches), device=tokens.device, dtype=tokens.dtype)
        found.append(sums.index_add(0, branches[mine], tokens[mine]))
    return found
