"""Wishes read by a language model with an adapter that was trained for it (heavy: imports torch)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters
from sensecf_core.language.models.adapters import Adapter
from sensecf_core.language.wishes.answer_form import (
    MOST_TOKENS,
    nothing_understood,
    prompt,
    read_answer,
    spoken,
    wishes_grammar,
)
from sensecf_core.language.wishes.training_sentences.invented import invented_schemas
from sensecf_core.language.wishes.wish import Understood, Wish
from sensecf_core.provenance import CLI

READER, BOTH = "language model", "rules and language model"
TEMPLATE_SHA256 = hashlib.sha256(prompt(invented_schemas()[0], "less").text.encode()).hexdigest()
"""Hash of the prompt about a fixed schema: an adapter reads the prompt that it was trained on."""


def adapter(name: str, base_sha256: str) -> Adapter:
    """The adapter of this name, if it fits a base model's weights and the prompt.

    Raises ``InputError`` for a name that there is not, and ``NotReadyError`` for one that does not fit.
    """
    found = adapters.of_wishes_by_name(name)
    again = f"run `{CLI} finetune --wishes`"
    if found.card.base_sha256 != base_sha256:
        raise NotReadyError(f"The adapter {name} was trained on other weights of {found.card.base}; {again}.")
    if found.card.template_sha256 != TEMPLATE_SHA256:
        raise NotReadyError(f"The adapter {name} was trained on an older prompt; {again}.")
    return found


def read_all(
    model: LocalModel,
    schema: Schema,
    sentences: Sequence[str],
    *,
    cancelled: Callable[[], bool] | None = None,
) -> list[Understood]:
    """Read sentences about one schema together, each by the likeliest answer that the grammar allows.

    Of an answer that cannot be read nothing counts as understood.
    """
    texts = model.answer_each(
        [prompt(schema, sentence) for sentence in sentences],
        [wishes_grammar(schema, sentence) for sentence in sentences],
        max_new_tokens=MOST_TOKENS,
        cancelled=cancelled,
    )
    return [
        (None if text is None else read_answer(schema, sentence, text, READER))
        or nothing_understood(sentence, READER)
        for sentence, text in zip(sentences, texts, strict=True)
    ]


def completed(by_rules: Understood, by_model: Understood) -> Understood:
    """What rules read, and what a language model reads in words of which the rules made nothing.

    Nothing is added where the rules leave no word, or about a feature, or of a general kind, that they have.
    """
    if not by_rules.unread:
        return by_rules
    said = spoken(by_rules.sentence)
    taken = [_place(said, wish) for wish in by_rules.wishes]
    about = {wish.feature or wish.kind for wish in by_rules.wishes}
    more = []
    for wish in by_model.wishes:
        first, end = _place(said, wish)
        free = all(end <= other_first or other_end <= first for other_first, other_end in taken)
        if free and (wish.feature or wish.kind) not in about:
            more.append(wish)
    if not more:
        return replace(by_rules, reader=BOTH)
    covered = {word for wish in more for word in wish.words.split()}
    unread = tuple(word for word in by_rules.unread if not covered & set(word.split()))
    return Understood(by_rules.sentence, (*by_rules.wishes, *more), unread, BOTH)


def _place(said: str, wish: Wish) -> tuple[int, int]:
    """Where a wish's words stand in the sentence; the whole of it where they are not found as they are."""
    first = said.find(spoken(wish.words))
    return (first, first + len(spoken(wish.words))) if first >= 0 else (0, len(said))
