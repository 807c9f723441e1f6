"""Training examples as token trees, tokenized, padded and dealt into batches (imports torch).

A tree is a prompt that is read once, with each of its answers as a branch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

IGNORED = -100
"""Target of a token that is not trained on."""
TRUNK, PADDING = 0, -1
"""Branch numbers of the prompt's tokens and of padding; answers count from 1."""

LEAD = "\n"


@dataclass(frozen=True)
class TrainingExample:
    """One rendered prompt (see ``prompts.chat_text``) with accepted and rejected answers.

    Rejected ones are used by :class:`sensecf_core.language.training.losses.Preference` only.
    """

    prompt: str
    answers: tuple[str, ...]
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tree:
    """A prompt and its answers as one sequence; ``branches`` numbers each token's answer.

    The first ``accepted`` branches are accepted answers, the others rejected ones.
    """

    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    branches: tuple[int, ...]
    targets: tuple[int, ...]
    accepted: int

    @property
    def plain_tokens(self) -> int:
        """Tokens that a trainer would read with a separate sequence for every (prompt, answer)."""
        answers = max(self.branches, default=0)
        trunk = sum(branch == TRUNK for branch in self.branches)
        return len(self.tokens) + (answers - 1) * trunk


@dataclass(frozen=True)
class Batch:
    """Padded tensors of some trees, all of shape (trees, length) but ``mask``, (trees, 1, length, length).

    ``numbers`` are the indices of these trees.
    """

    tokens: Any
    positions: Any
    branches: Any
    mask: Any
    targets: Any
    trees: tuple[Tree, ...]
    numbers: tuple[int, ...]

    @property
    def n_tokens(self) -> int:
        """Tokens that are read, without padding."""
        return sum(len(tree.tokens) for tree in self.trees)

    @property
    def n_plain_tokens(self) -> int:
        """What :attr:`n_tokens` would be if the prompt were read again for each answer."""
        return sum(tree.plain_tokens for tree in self.trees)

    @property
    def n_answer_tokens(self) -> int:
        """Tokens that are trained on (or, in rejected answers, against)."""
        return sum(target != IGNORED for tree in self.trees for target in tree.targets)


class Batches:
    """Examples as trees, dealt into steps; the order of every epoch follows from the seed.

    A step reads about ``batch_tokens`` tokens, each of its parts at most about ``micro_tokens``. Raises
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
            raise ValueError("there is nothing to learn from: no lesson has an answer")
        self.digest = hashlib.sha256(repr([tree.tokens for tree in self.trees]).encode()).hexdigest()
        self._dealt: list[list[int]] = []
        self._epochs = self._deal()

    def at(self, step: int) -> list[Batch]:
        """Build the batch of one step (0, 1, …), in parts that fit into memory one at a time."""
        while len(self._dealt) <= step:
            self._dealt += next(self._epochs)
        return list(self.parts(self._dealt[step]))

    def parts(self, numbers: Sequence[int]) -> Iterator[Batch]:
        """Batches of the trees ``numbers``, each of at most ``micro_tokens`` (one tree at least)."""
        part: list[int] = []
        size = 0
        for number in numbers:
            length = len(self.trees[number].tokens)
            if part and size + length > self.micro_tokens:
                yield collate([self.trees[n] for n in part], self.pad, part)
                part, size = [], 0
            part.append(number)
            size += length
        if part:
            yield collate([self.trees[n] for n in part], self.pad, part)

    def _deal(self) -> Iterator[list[list[int]]]:
        """Yield one epoch after the other: steps of examples of about the same length, shuffled."""
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


def tree_of(tokenizer: Any, example: TrainingExample) -> Tree | None:
    """Tokenize an example; None if it has no answer.

    The prompt's last token predicts every answer's first token, so it is the first token of each branch (at
    the same position) instead of the trunk's last one.
    """
    if not example.answers:
        return None
    special = not getattr(tokenizer, "chat_template", None)
    prompt = list(tokenizer(example.prompt, add_special_tokens=special).input_ids)
    trunk, last = prompt[:-1], prompt[-1]
    tokens, positions = list(trunk), list(range(len(trunk)))
    branches, targets = [TRUNK] * len(trunk), [IGNORED] * len(trunk)
    for number, answer in enumerate((*example.answers, *example.rejected), start=1):
        answer_tokens = [*continuation_tokens(tokenizer, answer), tokenizer.eos_token_id]
        tokens += [last, *answer_tokens[:-1]]
        targets += answer_tokens
        positions += range(len(trunk), len(trunk) + len(answer_tokens))
        branches += [number] * len(answer_tokens)
    return Tree(tuple(tokens), tuple(positions), tuple(branches), tuple(targets), len(example.answers))


def continuation_tokens(tokenizer: Any, text: str) -> list[int]:
    """Tokens of ``text`` as a model writes it right after its prompt.

    SentencePiece-style tokenizers (Llama 2, Mistral, BioMistral) put a space before any text: ``bmi`` alone
    becomes ``▁bmi``, with which no answer may begin. So the text is tokenized after a line break, whose
    tokens are then removed. For byte-level tokenizers nothing changes.
    """
    lead = list(tokenizer(LEAD, add_special_tokens=False).input_ids)
    whole = list(tokenizer(LEAD + text, add_special_tokens=False).input_ids)
    if whole[: len(lead)] == lead:
        return whole[len(lead) :]
    return list(tokenizer(text, add_special_tokens=False).input_ids)


def collate(trees: Sequence[Tree], pad: int, numbers: Sequence[int] = ()) -> Batch:
    """Pad trees to one length; a token attends to the trunk and to the earlier tokens of its own branch."""
    import torch

    length = max(len(tree.tokens) for tree in trees)

    def padded(name: str, filler: int) -> Any:
        rows = [[*getattr(t, name), *[filler] * (length - len(t.tokens))] for t in trees]
        return torch.tensor(rows)

    branches = padded("branches", PADDING)
    order = torch.arange(length)
    sees = (branches[:, None, :] == TRUNK) | (branches[:, None, :] == branches[:, :, None])
    sees &= order[None, None, :] <= order[None, :, None]
    return Batch(
        tokens=padded("tokens", pad),
        positions=padded("positions", 0),
        branches=branches,
        mask=sees[:, None],
        targets=padded("targets", IGNORED),
        trees=tuple(trees),
        numbers=tuple(numbers),
    )
