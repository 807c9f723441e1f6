"""Wishes read by a language model that was not trained for it: it is told how in the prompt.

For larger models on this machine and for servers. The answer has the form of
:mod:`~sensecf_core.language.wishes.answer_form`. A model on this machine is held to it by the grammar; what a
server writes is read as strictly, so that neither can name what the schema does not know nor cite what was
not said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.remote.model import RemoteModel
from sensecf_core.language.remote.reading import without_reasoning
from sensecf_core.language.wishes.answer_form import (
    MOST_TOKENS,
    described,
    read_answer,
    spoken,
    wishes_grammar,
)
from sensecf_core.language.wishes.vocabulary import unexplained
from sensecf_core.language.wishes.wish import Understood

if TYPE_CHECKING:
    from sensecf_core.language.local.model import LocalModel

MOST_TOKENS_OF_A_SERVER = 2048
"""Its model may think before it answers."""
INSTRUCTION = """\
Somebody says which changes of a person's values are acceptable. Write it as limits on the features below.
Copy what is said, piece by piece, word for word, in double quotes. After each piece write what it asks for:
NAME=keep  must stay as it is
NAME=up or NAME=down  may only rise, or only fall
NAME=27..30, NAME=27.. or NAME=..30  ends between these, in the unit given
NAME=by 2  moves by at most 2
NAME=LEVEL or NAME=LEVEL|LEVEL  becomes one of the levels given
NAME=only  nothing else may move
*changes=2  at most 2 features change
*goal=cross or *goal=lower  the prediction is to change, or the risk only to fall
*risk=30  the risk is to reach 30 of 100
*limits=behaviour  only behaviours may change
nothing  it asks for nothing, or for something that is not below
Several for one piece, and pieces, are separated by "; ". Write one line and nothing else, such as
"Her pulse is fine, leave it" pulse=keep; "less sugar and salt" sugar=down; salt=down; "at most two changes" \
*changes=2; "she is tired" nothing
Features:"""


def prompt(schema: Schema, sentence: str) -> Prompt:
    """What the model is told: how to answer, the features, and the sentence. No row, no person."""
    features = (described(feature) for feature in schema.features)
    return Prompt("\n".join([INSTRUCTION, *features]), f"Said: {spoken(sentence)}")


def read_all(
    model: LocalModel | RemoteModel,
    schema: Schema,
    sentences: Sequence[str],
    *,
    reader: str,
    cancelled: Callable[[], bool] | None = None,
) -> list[Understood]:
    """Read sentences about one schema, each by the likeliest answer; ``reader`` is who is said to have read.

    Of an answer that cannot be read nothing counts as understood. Raises ``NotReadyError`` for a server that
    does not answer.
    """
    asked = [prompt(schema, sentence) for sentence in sentences]
    if isinstance(model, RemoteModel):
        texts = [_served(model, one, cancelled) for one in asked]
    else:
        grammars = [wishes_grammar(schema, sentence) for sentence in sentences]
        found = model.answer_each(asked, grammars, max_new_tokens=MOST_TOKENS, cancelled=cancelled)
        texts = [text or "" for text in found]
    return [
        next(
            (read for line in _lines(text) if (read := read_answer(schema, sentence, line, reader))),
            Understood(sentence, (), unexplained(sentence, ()), reader),
        )
        for sentence, text in zip(sentences, texts, strict=True)
    ]


def _served(model: RemoteModel, asked: Prompt, cancelled: Callable[[], bool] | None) -> str:
    samples = model.sample(
        asked, n=1, temperature=0.0, max_new_tokens=MOST_TOKENS_OF_A_SERVER, cancelled=cancelled
    )
    return without_reasoning(samples.wholes[0]) if samples.wholes else ""


def _lines(text: str) -> Iterator[str]:
    """The lines that may be the answer, the last first, each from its first quotation on."""
    for line in reversed(text.splitlines()):
        if '"' in line:
            yield line[line.index('"') :].rstrip("` ")
