"""How a text is tokenized when it goes on from a prompt."""

from __future__ import annotations

from typing import Any

LEAD = "\n"


def continuation_tokens(tokenizer: Any, text: str) -> list[int]:
    """Tokens of ``text`` as a model writes it right behind its prompt.

    SentencePiece-style tokenizers (Llama 2, Mistral, BioMistral) put a space before whatever they are given:
    ``bmi`` alone becomes ``▁bmi``, which no answer may begin with. So the text is tokenized behind a line
    break, which is taken off again. For byte-level tokenizers nothing changes.
    """
    lead = list(tokenizer(LEAD, add_special_tokens=False).input_ids)
    whole = list(tokenizer(LEAD + text, add_special_tokens=False).input_ids)
    if whole[: len(lead)] == lead:
        return whole[len(lead) :]
    return list(tokenizer(text, add_special_tokens=False).input_ids)
