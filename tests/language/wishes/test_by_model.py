"""What rules read of a sentence, completed by what a language model reads in the rest."""

from __future__ import annotations

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.language.wishes import rules
from sensecf_core.language.wishes.answer_form import read_answer
from sensecf_core.language.wishes.by_model import BOTH, completed
from sensecf_core.language.wishes.wish import write_wish

NHANES = builtin.read_schema("nhanes")
SAID = "Leave her pulse alone. Pudding is what she lives for."


@pytest.mark.parametrize(
    ("answer", "read", "unread"),
    [
        ('"Pudding is what she lives for" sugar=keep', ["pulse=keep", "sugar=keep"], False),
        ('"Pudding is what she lives for" pulse=down', ["pulse=keep"], True),
        ('"Leave her pulse alone" sleep=keep; "Pudding" nothing', ["pulse=keep"], True),
        ('"Leave her pulse alone. Pudding is what she lives for" sugar=keep', ["pulse=keep"], True),
    ],
)
def test_only_words_that_the_rules_left_are_read_by_the_model(
    answer: str, read: list[str], unread: bool
) -> None:
    by_model = read_answer(NHANES, SAID, answer, "a model")
    assert by_model is not None
    both = completed(rules.read(NHANES, SAID), by_model)
    assert [write_wish(NHANES, wish) for wish in both.wishes] == read
    assert ("Pudding" in both.unread) == unread
    assert (both.reader, both.sentence) == (BOTH, SAID)
