"""The held-out sentences, and files of sentences."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.errors import InputError
from sensecf_core.language.wishes.sentences import read_file
from sensecf_core.language.wishes.training_sentences.generator import generate, schemas

HELD_OUT = Path(__file__).parent / "sentences.toml"


def test_the_held_out_sentences_are_many_and_of_every_kind() -> None:
    held_out = read_file(HELD_OUT)
    by_schema = Counter(sentence.schema.name for sentence in held_out)
    assert len(held_out) >= 140 and len(by_schema) >= 4
    assert len(set(by_schema) - set(builtin.NAMES)) >= 2
    kinds = Counter(kind for sentence in held_out for kind in sentence.kinds)
    assert min(kinds.values()) >= 5 and len(kinds) >= 15
    assert all(sentence.unread for sentence in held_out if "nothing" in sentence.kinds)


def test_no_held_out_sentence_and_no_schema_beside_them_is_trained_on() -> None:
    held_out = read_file(HELD_OUT)
    trained = {sentence.text.casefold() for sentence in generate("train", 3000, seed=0)}
    assert not trained & {sentence.text.casefold() for sentence in held_out}
    invented = {sentence.schema.name for sentence in held_out} - set(builtin.NAMES)
    assert not invented & {schema.name for part in ("train", "test") for schema in schemas(part)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nhanes = [", "cannot be read as a file of sentences"),
        ("nowhere = []", "is not built in, and .* is none"),
        ("nhanes = 3", "must be a list"),
        ("nhanes = [{ text = 'a' }]", "sentence 1 of `nhanes` is not right"),
        ("nhanes = [{ text = 'a', meant = 'salt=keep' }]", "'salt=keep' is no wish"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "sentences.toml"
    file.write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        read_file(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_file(tmp_path / "none.toml")
