"""Wishes read by a language model that was not trained for it: it is told how in the prompt.

For larger models on this machine and for servers. The answer has the form of
:mod:`~sensecf_core.language.wishes.answer_form`: a model on this machine is held to it by the grammar, a
server by a JSON schema where it takes one. Whatever comes is read strictly, so that no answer can name what
the schema does not know, or cite what was not said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.remote.model import RemoteModel
from sensecf_core.language.remote.reading import without_reasoning
from sensecf_core.language.wishes.answer_form import (
    described,
    json_form,
    read_answer,
    spoken,
    wishes_grammar,
)
from sensecf_core.language.wishes.wish import SEPARATOR, Understood

if TYPE_CHECKING:
    from sensecf_core.language.local.model import LocalModel

MOST_TOKENS, MOST_TOKENS_OF_A_SERVER = 512, 2048
"""A server's model may think before it answers."""
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
Several for one piece, and pieces, are separated by "; ". Write one line and nothing else. With another list
of features, "Her pulse is fine, leave it; less sugar and salt, at most two changes, she is tired" would be
"Her pulse is fine, leave it" pulse=keep; "less sugar and salt" sugar=down; salt=down; "at most two changes" \
*changes=2; "she is tired" nothing
NAME is one of these:"""


def prompt(schema: Schema, sentence: str) -> Prompt:
    """What the model is told: how to answer, the features, and the sentence. No row, no person."""
    features = (described(feature) for feature in schema.features)
    return Prompt("\n".join([INSTRUCTION, *features]), f"Said: {spoken(sentence)}")


def read(
    model: LocalModel | RemoteModel,
    schema: Schema,
    sentence: str,
    *,
    reader: str,
    cancelled: Callable[[], bool] | None = None,
) -> Understood:
    """Read one sentence; ``reader`` is who is said to have read it.

    Raises ``InputError`` for an answer that cannot be read, ``NotReadyError`` for a server without one.
    """
    (found,) = read_all(model, schema, [sentence], reader=reader, cancelled=cancelled)
    if found is None:
        raise InputError(
            f"What {reader} answered cannot be read as limits. Say it in shorter sentences, or let the rules "
            "read it."
        )
    return found


def read_all(
    model: LocalModel | RemoteModel,
    schema: Schema,
    sentences: Sequence[str],
    *,
    reader: str,
    cancelled: Callable[[], bool] | None = None,
) -> list[Understood | None]:
    """Read sentences about one schema, each by the likeliest answer; None for one that cannot be read."""
    asked = [prompt(schema, sentence) for sentence in sentences]
    if isinstance(model, RemoteModel):
        form = json_form(schema)
        texts = [_served(model, one, form, cancelled) for one in asked]
    else:
        grammars = [wishes_grammar(schema, sentence) for sentence in sentences]
        texts = model.answer_each(asked, grammars, max_new_tokens=MOST_TOKENS, cancelled=cancelled)
    return [
        None if text is None else _in(text, schema, sentence, reader)
        for sentence, text in zip(sentences, texts, strict=True)
    ]


def _served(
    model: RemoteModel, asked: Prompt, form: dict[str, Any], cancelled: Callable[[], bool] | None
) -> str | None:
    """What a server wrote behind its reasoning; None for an answer that was cut short."""
    samples = model.sample(
        asked,
        n=1,
        temperature=0.0,
        max_new_tokens=MOST_TOKENS_OF_A_SERVER,
        cancelled=cancelled,
        json_schema=form,
    )
    if not samples.wholes or not samples.complete[0]:
        return None
    text = without_reasoning(samples.wholes[0])
    return None if text.lstrip().lower().startswith(_THINKING) else text


_THINKING = ("<think", "<reason", "<thought", "[think", "◁think")
"""Reasoning that began and did not end."""


def _in(text: str, schema: Schema, sentence: str, reader: str) -> Understood | None:
    """The wishes in all lines of a text that are of the form; None where there is no such line."""
    lines = [line for line in _lines(text) if read_answer(schema, sentence, line, reader) is not None]
    return read_answer(schema, sentence, SEPARATOR.join(lines), reader) if lines else None


def _lines(text: str) -> Iterator[str]:
    """The lines that may be of the form, each from its first quotation on."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("line"), str):
        text = answer["line"]
    for line in (text if '"' in text else text.translate(_QUOTES)).splitlines():
        if '"' in line:
            yield line[line.index('"') :].rstrip("`*.; ")


_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"'})
