"""Wishes read by a language model with an adapter that was trained for it (heavy: imports torch)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.wishes.answer_form import MOST_TOKENS, prompt, read_answer, wishes_grammar
from sensecf_core.language.wishes.training_sentences.invented import invented_schemas
from sensecf_core.language.wishes.vocabulary import unexplained
from sensecf_core.language.wishes.wish import Understood

READER = "language model"
TEMPLATE_SHA256 = hashlib.sha256(prompt(invented_schemas()[0], "less").text.encode()).hexdigest()
"""Hash of the prompt about a fixed schema: an adapter reads the prompt that it was trained on."""


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
        or Understood(sentence, (), unexplained(sentence, ()), READER)
        for sentence, text in zip(sentences, texts, strict=True)
    ]
