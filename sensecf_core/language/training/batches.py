"""Training examples as token trees: a prompt, with each of its answers as a branch (heavy: uses torch)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAD = "\n"


def continuation_tokens(tokenizer: Any, text: str) -> list[int]:
    """Tokens of ``text`` as a model writes it directly behind its prompt.

    SentencePiece-style tokenizers (Llama 2, Mistral, BioMistral) put a space before any text: ``bmi`` alone
    becomes ``▁bmi``, which no answer may begin with. So the text is tokenized behind a line break, whose
    tokens are removed. With byte-level tokenizers this makes no difference.
    """
    lead = list(tokenizer(LEAD, add_special_tokens=False).input_ids)
    whole = list(tokenizer(LEAD + text, add_special_tokens=False).input_ids)
    if whole[: len(lead)] == lead:
        return whole[len(lead) :]
    return list(tokenizer(text, add_special_tokens=False).input_ids)


IGNORED = -100
"""Target of a token without a loss."""
PROMPT, PADDING = 0, -1
"""Branch numbers of the prompt's tokens and of padding; answers count from 1."""


@dataclass(frozen=True)
class TrainingExample:
    """One rendered prompt (see :func:`sensecf_core.language.prompts.plain.chat_text`) and its answers.

    ``rejected`` answers are used by :class:`sensecf_core.language.training.losses.Preference` only.
    ``estimates`` are beginnings of answers, or further questions behind the prompt, with what has to follow:
    only that is learned, since nobody would choose the beginning. They are not for preferences, and end with
    the tokenizer's end token only where it is written. ``weight`` is that of its answers in the loss,
    beside other examples; estimates always have 1.
    """

    prompt: str
    answers: tuple[str, ...]
    rejected: tuple[str, ...] = ()
    estimates: tuple[tuple[str, str], ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class Tree:
    """A prompt and its answers as one sequence; ``branches`` has the number of each token's answer.

    The first ``accepted`` branches are accepted answers, the others rejected ones. ``weight`` is that of
    :class:`TrainingExample`.
    """

    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    branches: tuple[int, ...]
    targets: tuple[int, ...]
    accepted: int
    weight: float = 1.0

    @property
    def weights(self) -> list[float]:
        """The weight of each token with a loss, in order."""
        learned = zip(self.branches, self.targets, strict=True)
        return [self.weight if b <= self.accepted else 1.0 for b, target in learned if target != IGNORED]

    @property
    def plain_tokens(self) -> int:
        """Number of tokens if the prompt were read again for each answer."""
        answers = max(self.branches, default=0)
        prompt = sum(branch == PROMPT for branch in self.branches)
        return len(self.tokens) + (answers - 1) * prompt


@dataclass(frozen=True)
class Batch:
    """Padded tensors of trees, all of shape (trees, length) but ``mask``, (trees, 1, length, length).

    ``indices`` are the trees' indices in :class:`Batches`.
    """

    tokens: Any
    positions: Any
    branches: Any
    mask: Any
    targets: Any
    trees: tuple[Tree, ...]
    indices: tuple[int, ...]

    @property
    def n_tokens(self) -> int:
        """Number of tokens without padding."""
        return sum(len(tree.tokens) for tree in self.trees)

    @property
    def n_plain_tokens(self) -> int:
        """What :attr:`n_tokens` would be if the prompt were read again for each answer."""
        return sum(tree.plain_tokens for tree in self.trees)


def tree_of(tokenizer: Any, example: TrainingExample) -> Tree | None:
    """Tokenize a training example; None if it has neither an answer nor an estimate.

    The prompt's last token predicts every answer's first token. So it becomes the first token of each branch
    (at the same position) and is left out of the prompt.
    """
    if not (example.answers or example.estimates):
        return None
    special = not getattr(tokenizer, "chat_template", None)
    *prompt, last = tokenizer(example.prompt, add_special_tokens=special).input_ids
    tokens, positions = list(prompt), list(range(len(prompt)))
    branches, targets = [PROMPT] * len(prompt), [IGNORED] * len(prompt)
    learned = [(text, text) for text in (*example.answers, *example.rejected)]
    learned += [(begun + rest, rest) for begun, rest in example.estimates]
    for branch, (answer, rest) in enumerate(learned, start=1):
        whole = continuation_tokens(tokenizer, answer)
        known = len(continuation_tokens(tokenizer, answer.removesuffix(rest))) if rest != answer else 0
        answer_tokens = whole if known else [*whole, tokenizer.eos_token_id]
        tokens += [last, *answer_tokens[:-1]]
        targets += [IGNORED] * known + answer_tokens[known:]
        positions += range(len(prompt), len(prompt) + len(answer_tokens))
        branches += [branch] * len(answer_tokens)
    return Tree(
        tuple(tokens),
        tuple(positions),
        tuple(branches),
        tuple(targets),
        len(example.answers),
        example.weight,
    )


def collate(trees: Sequence[Tree], pad: int, indices: Sequence[int] = ()) -> Batch:
    """Pad trees to one length; a token sees the prompt and the earlier tokens of its own branch."""
    import torch

    length = max(len(tree.tokens) for tree in trees)

    def padded(name: str, filler: int) -> Any:
        rows = [[*getattr(t, name), *[filler] * (length - len(t.tokens))] for t in trees]
        return torch.tensor(rows)

    branches = padded("branches", PADDING)
    order = torch.arange(length)
    sees = (branches[:, None, :] == PROMPT) | (branches[:, None, :] == branches[:, :, None])
    sees &= order[None, None, :] <= order[None, :, None]
    return Batch(
        tokens=padded("tokens", pad),
        positions=padded("positions", 0),
        branches=branches,
        mask=sees[:, None],
        targets=padded("targets", IGNORED),
        trees=tuple(trees),
        indices=tuple(indices),
    )


class Batches:
    """Training examples as trees, divided into steps; the seed decides the order of every epoch.

    A step has about ``batch_tokens`` tokens, and comes in parts of at most ``micro_tokens``. Raises
    ``ValueError`` if no example has an answer.
    """

    def __init__(
        self,
        tokenizer: Any,
        examples: Sequence[TrainingExample],
        *,
        batch_tokens: int,
        micro_tokens: int,
        seed: int,
    ) -> None:
        self.batch_tokens, self.micro_tokens, self.seed = batch_tokens, micro_tokens, seed
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        self.trees = [tree for example in examples if (tree := tree_of(tokenizer, example)) is not None]
        if not self.trees:
            raise ValueError("there is nothing to learn from: no example has an answer")
        learned: list[object] = [tree.tokens for tree in self.trees]
        if any(tree.weight != 1 for tree in self.trees):
            learned.append([tree.weight for tree in self.trees])
        self.digest = hashlib.sha256(repr(learned).encode()).hexdigest()
        self._steps: list[list[int]] = []
        self._epochs = self._shuffled_epochs()

    def at(self, step: int) -> list[Batch]:
        """Build the batch of one step (0, 1, …), in parts that fit into memory one at a time."""
        while len(self._steps) <= step:
            self._steps += next(self._epochs)
        return list(self.parts(self._steps[step]))

    def trees_of(self, steps: int) -> int:
        """How many different trees the first ``steps`` steps read."""
        if steps:
            self.at(steps - 1)
        return len({index for step in self._steps[:steps] for index in step})

    def parts(self, indices: Sequence[int]) -> Iterator[Batch]:
        """Batches of these trees, each of at most ``micro_tokens`` tokens (but at least one tree)."""
        part: list[int] = []
        size = 0
        for index in indices:
            length = len(self.trees[index].tokens)
            if part and size + length > self.micro_tokens:
                yield collate([self.trees[i] for i in part], self.pad, part)
                part, size = [], 0
            part.append(index)
            size += length
        if part:
            yield collate([self.trees[i] for i in part], self.pad, part)

    def _shuffled_epochs(self) -> Iterator[list[list[int]]]:
        """Yield one epoch after the other: shuffled steps, each of trees of similar length."""
        rng = np.random.default_rng(self.seed)
        lengths = np.array([len(tree.tokens) for tree in self.trees])
        per_step = max(1, round(self.batch_tokens / lengths.mean()))
        while True:
            order = rng.permutation(len(self.trees))
            steps = []
            for start in range(0, len(order), 8 * per_step):
                pool = order[start : start + 8 * per_step]
                pool = pool[np.argsort(lengths[pool], kind="stable")]
                steps += [pool[i : i + per_step].tolist() for i in range(0, len(pool), per_step)]
            yield [steps[index] for index in rng.permutation(len(steps))]
