"""Losses of fine-tuning: cross-entropy of accepted answers, or preference over rejected ones.

An objective is called with a model and a batch and returns a sum; ``weight`` is its number of terms, so that
a step made in parts can take the mean. Heavy: uses torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sensecf_core.language.local.attention_masks import additive_mask, trained_attention
from sensecf_core.language.training.batches import IGNORED, Batch, Batches


class Objective(Protocol):
    """A loss over a batch of answer trees."""

    def __call__(self, model: Any, batch: Batch) -> Any:
        """The loss, summed over the terms that :meth:`weight` counts."""
        ...

    def weight(self, batch: Batch) -> float:
        """Number of terms of the sum, by their weight."""
        ...


@dataclass(frozen=True)
class Likelihood:
    """Cross-entropy of the answers' tokens (supervised fine-tuning)."""

    def __call__(self, model: Any, batch: Batch) -> Any:
        """Negative log-probability of all learned tokens, each by its weight."""
        import torch

        tokens = _token_log_probabilities(model, batch)[0]
        weights = [weight for tree in batch.trees for weight in tree.weights]
        return -(torch.tensor(weights, device=tokens.device) * tokens).sum()

    def weight(self, batch: Batch) -> float:
        """Number of learned tokens, each by its weight."""
        return sum(sum(tree.weights) for tree in batch.trees)


@dataclass(frozen=True)
class Preference:
    """Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290).

    Every accepted answer of a prompt against every rejected one, plus the cross-entropy of the accepted
    answers, so that they stay likely.

    Attributes
    ----------
    reference : per tree, each branch's log-probability under the model that training starts from.
    beta : the loss's temperature; smaller values let the model move further from the reference.
    anchor : weight of the accepted answers' mean cross-entropy per token.
    """

    reference: tuple[Any, ...]
    beta: float = 0.1
    anchor: float = 0.2

    @classmethod
    def against(cls, model: Any, batches: Batches, **options: float) -> Preference:
        """Use ``model`` as it is now as the reference."""
        return cls(answer_log_probabilities(model, batches), **options)

    def __call__(self, model: Any, batch: Batch) -> Any:
        """The sum over trees; a tree without rejected answers adds only its anchor."""
        import torch

        total = 0.0
        log_probabilities = _branch_log_probabilities(model, batch)
        for tree, index, current in zip(batch.trees, batch.indices, log_probabilities, strict=True):
            tokens = sum(
                1
                for b, t in zip(tree.branches, tree.targets, strict=True)
                if t != IGNORED and b <= tree.accepted
            )
            total = total - self.anchor * current[: tree.accepted].sum() / tokens
            log_ratio = current - self.reference[index].to(current.device)
            accepted, rejected = log_ratio[: tree.accepted], log_ratio[tree.accepted :]
            if len(rejected):
                margin = self.beta * (accepted[:, None] - rejected[None, :])
                total = total - torch.nn.functional.logsigmoid(margin).mean()
        return total

    def weight(self, batch: Batch) -> float:
        """Number of trees."""
        return len(batch.trees)


def answer_log_probabilities(model: Any, batches: Batches) -> tuple[Any, ...]:
    """Per tree, the log-probability of each of its answers, shape (branches,), accepted ones first."""
    import torch

    found: list[Any] = [None] * len(batches.trees)
    with torch.inference_mode():
        for batch in batches.parts(range(len(batches.trees))):
            with trained_attention(model, batch.tokens.shape[1]):
                log_probabilities = _branch_log_probabilities(model, batch)
            for index, of_tree in zip(batch.indices, log_probabilities, strict=True):
                found[index] = of_tree.clone()
    return tuple(found)


def _token_log_probabilities(model: Any, batch: Batch) -> tuple[Any, Any]:
    """Log-probabilities of the answer tokens, shape (tokens,), and their mask, shape (trees, length).

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
    is_answer = targets != IGNORED
    logits = model.get_output_embeddings()(states[is_answer]).float()
    return -torch.nn.functional.cross_entropy(logits, targets[is_answer], reduction="none"), is_answer


def _branch_log_probabilities(model: Any, batch: Batch) -> list[Any]:
    """Per tree, the log-probability of each of its answers, shape (branches,)."""
    import torch

    tokens, is_answer = _token_log_probabilities(model, batch)
    trees = torch.nonzero(is_answer)[:, 0]
    branches = batch.branches.to(tokens.device)[is_answer] - 1
    log_probabilities = []
    for index, tree in enumerate(batch.trees):
        of_tree = trees == index
        sums = torch.zeros(max(tree.branches), device=tokens.device, dtype=tokens.dtype)
        log_probabilities.append(sums.index_add(0, branches[of_tree], tokens[of_tree]))
    return log_probabilities
