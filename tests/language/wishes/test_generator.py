"""Training sentences: split by pattern and schema, repeatable, and true to what they mean."""

from __future__ import annotations

from sensecf_core.cohorts import builtin
from sensecf_core.language.wishes.training_sentences.generator import generate, patterns, schemas


def test_the_parts_share_no_pattern_and_no_schema() -> None:
    train, test = patterns("train"), patterns("test")
    assert set(train) == set(test)
    for kind in train:
        assert train[kind] and test[kind] and not set(train[kind]) & set(test[kind]), kind
    named = [{schema.name for schema in schemas(part)} for part in ("train", "test")]
    assert all(named) and not named[0] & named[1]
    assert {*builtin.NAMES} <= named[0] | named[1]


def test_the_same_seed_makes_the_same_sentences() -> None:
    once, again = generate("train", 30, seed=5), generate("train", 30, seed=5)
    assert once == again
    assert [entry.text for entry in once] != [entry.text for entry in generate("train", 30, seed=6)]


def test_sentences_are_what_they_say() -> None:
    """Wishes cite the sentence, contradict each other nowhere, and name what their schema has."""
    made = [*generate("train", 400, seed=0), *generate("test", 200, seed=0)]
    kinds = {kind for sentence in made for kind in sentence.kinds}
    assert kinds == set(patterns("train"))
    for sentence in made:
        keys = [(wish.kind, wish.feature) for wish in sentence.meant]
        assert len(set(keys)) == len(keys), sentence.text
        for wish in sentence.meant:
            assert wish.words and wish.words in sentence.text
            assert not wish.feature or sentence.schema.feature(wish.feature).role != "context"
        assert all(word in sentence.text for word in sentence.unread)
    assert any(not sentence.meant for sentence in made)
    assert any(len(sentence.meant) > 2 for sentence in made)
