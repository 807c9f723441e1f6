"""Training sentences: split by pattern and schema, repeatable, and true to what they mean."""

from __future__ import annotations

import re

from sensecf_core.cohorts import builtin
from sensecf_core.language.wishes.answer_form import wishes_grammar
from sensecf_core.language.wishes.training_sentences import lessons
from sensecf_core.language.wishes.training_sentences.generator import PARTS, generate, patterns, schemas
from tests.language.prompts.test_grammar import accepts
from tests.language.wishes.test_answer_form import TWO_SIGNS


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


def test_no_lesson_has_a_pattern_or_a_schema_of_what_is_measured() -> None:
    learned = {text for texts in lessons.material().patterns.values() for text in texts}
    measured = [patterns("val"), patterns("test")]
    assert not learned & {text for listed in measured for texts in listed.values() for text in texts}
    assert all(set(texts) <= set(patterns("train")[kind]) for kind, texts in patterns("val").items())
    names = {schema.name for schema in lessons.learned_schemas()}
    assert names and not names & {schema.name for part in PARTS[1:] for schema in schemas(part)}
    assert {schema.name for schema in schemas("val")} < {schema.name for schema in schemas("train")}


def test_a_lesson_tells_the_features_that_its_answers_name_and_hides_words_for_some() -> None:
    made, again = list(lessons.lessons(12, seed=1)), list(lessons.lessons(12, seed=1))
    assert made == again != list(lessons.lessons(12, seed=2))
    known = {f.name: f for schema in lessons.learned_schemas() for f in schema.features}
    hidden, foreign = 0, ""
    listed: set[str] = set()
    for lesson in made:
        own = [f for f in lesson.schema.features if f.name in known]
        hidden += sum(len(f.synonyms) < len(known[f.name].synonyms) for f in own)
        listed |= {f.label.casefold() for f in lesson.schema.features}
        foreign += "".join(said.casefold() for said, answer in lesson.taught if answer.endswith("nothing"))
        for said, answer in lesson.taught:
            assert TWO_SIGNS.search(said) or accepts(wishes_grammar(lesson.schema, said), answer), answer
    assert hidden
    assert any(f" {label}" in foreign for label in listed), "listed in one lesson, foreign in another"


def test_i_and_they_have_verbs_of_their_own() -> None:
    made = [said for lesson in lessons.lessons(40, seed=0) for said, _ in lesson.taught]
    assert any(" I am " in f" {said}" for said in made) and any(said[0].isupper() for said in made)
    assert not any(re.search(r"\b(I|they|you) (is|has|wants|needs|likes)\b", said) for said in made)
