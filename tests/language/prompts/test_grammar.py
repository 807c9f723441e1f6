from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings, strategies as st
from llguidance import LLMatcher, LLTokenizer

from sensecf_core.cohorts.encoding import to_code, to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.prompts.grammar import (
    NAMED,
    EffectScores,
    edits_grammar,
    level_texts,
    longest_answer,
    read_edits,
    value_text,
    write_edits,
)
from sensecf_core.language.prompts.sums_grammar import ENOUGH, sums_grammar
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.limits import Movable
from sensecf_core.queries.query import Query
from tests.language.cases import BASE, questions

BYTES = LLTokenizer("byte")
MANY = settings(max_examples=150)


def accepts(grammar: str, text: str) -> bool:
    matcher = LLMatcher(BYTES, grammar)
    assert not matcher.is_error(), matcher.get_error()
    tokens = list(text.encode())
    return bool(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())


def walk(grammar: str, rng: random.Random) -> str:
    """Draw a text by choosing any allowed byte until the grammar stops."""
    matcher = LLMatcher(BYTES, grammar)
    written = bytearray()
    while not matcher.is_stopped():
        mask = matcher.compute_bitmask()
        allowed = [token for token in range(256) if mask[token >> 3] >> (token & 7) & 1]
        if not allowed or (matcher.is_accepting() and rng.random() < 0.3):
            assert matcher.is_accepting()
            break
        token = rng.choice(allowed)
        assert matcher.consume_token(token)
        written.append(token)
    return written.decode()


@MANY
@given(questions(), st.randoms(use_true_random=False))
def test_every_answer_of_the_grammar_reads_back_within_the_limits(question, rng) -> None:
    schema, movable, most = question
    text = walk(edits_grammar(schema, movable, most), rng)
    named = walk(edits_grammar(schema, movable, most, names_first=True), rng)
    assert read_edits(schema, named.partition(NAMED)[2]) is not None
    assert len(named.encode()) <= len(longest_answer(schema, movable, most, names_first=True).encode())
    edits = read_edits(schema, text)
    assert edits is not None, text
    assert 1 <= len(edits) <= most
    assert list(edits) == sorted(edits, key=schema.names.index)
    open_values = {item.feature: item.values for item in movable}
    for name, value in edits.items():
        feature = schema.feature(name)
        assert to_code(feature, value) in {to_code(feature, to_value(feature, v)) for v in open_values[name]}
    assert write_edits(schema, edits) == text


@MANY
@given(questions(), st.randoms(use_true_random=False))
def test_every_written_answer_is_accepted_and_none_is_longer_than_the_longest(question, rng) -> None:
    schema, movable, most = question
    grammar = edits_grammar(schema, movable, most)
    chosen = rng.sample(movable, rng.randint(1, min(most, len(movable))))
    edits = {m.feature: to_value(schema.feature(m.feature), rng.choice(m.values)) for m in chosen}
    text = write_edits(schema, edits)
    longest = longest_answer(schema, movable, most)
    assert accepts(grammar, text)
    assert accepts(grammar, longest)
    assert len(text.encode()) <= len(longest.encode())
    assert read_edits(schema, text) == {name: edits[name] for name in schema.names if name in edits}


@MANY
@given(st.text(alphabet="bmi=sugar;0123.- \n\tactive", max_size=60))
def test_reading_never_fails_and_what_it_reads_can_be_written_or_is_off_the_grid(text: str) -> None:
    from tests.small_cohort import SCHEMA

    edits = read_edits(SCHEMA, text)
    assert edits is None or (edits and set(edits) <= set(SCHEMA.names))


@pytest.mark.parametrize(
    "text",
    [
        "sugar=60; bmi=28.0",  # not in schema order
        "bmi=28.0; bmi=29.0",  # twice
        "bmi=28.3",  # not on the grid that is open
        "bmi=31.2",  # the factual's own value
        "age=40",  # may not move
        "bmi=28.0; waist=95.0; sugar=60; active=1",  # four edits
        "smoking=never",  # not an allowed level
        "",
        "bmi=28.0;sugar=60",
    ],
)
def test_grammar_refuses_what_the_query_does_not_allow(schema: Schema, query: Query, text: str) -> None:
    assert not accepts(edits_grammar(schema, query.movable, 3), text)


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("bmi=28.0; sugar=60", {"bmi": 28.0, "sugar": 60}),
        ("  sugar = 60 ;\n\n BMI=28 ", {"bmi": 28.0, "sugar": 60}),
        ("bmi=28.5 kg/m²\nsugar=60 g/day", {"bmi": 28.5, "sugar": 60}),
        ("diet=Low  Carb; active=yes", {"diet": "low carb", "active": 1}),
        ("bmi=28.37", {"bmi": 28.37}),
        ("sugar=60.0;", {"sugar": 60}),
    ],
)
def test_reader_tolerates_form(schema: Schema, text: str, edits: dict[str, object]) -> None:
    assert read_edits(schema, text) == edits


@pytest.mark.parametrize(
    "text",
    [
        "", " ; ", "hello", "bmi", "bmi=", "bmi=low", "bmi=28 g/day", "bmi=28 to 29", "bmi=nan",
        "bmi=" + "9" * 400, "salt=3; bmi=28.0", "bmi=28.0; bmi=28.0", "diet=keto", "smoking=1",
        "bmi=28.0, sugar=60", "sugar=60.5", "active=0.4", "bmi=2.8e1", "bmi=1,200",
    ],
)  # fmt: skip
def test_reader_refuses_unreadable_meaning(schema: Schema, text: str) -> None:
    assert read_edits(schema, text) is None


def test_levels_that_look_like_syntax_are_distinguished() -> None:
    feature = Schema.model_validate(
        {
            **BASE,
            "features": [
                {
                    "name": "odd",
                    "label": "",
                    "kind": "categorical",
                    "role": "behaviour",
                    "levels": ["a; b", "a, b", "A,  B", ";", "x=y", "x#4", "3; odd=a", 'q"\\'],
                }
            ],
        }
    ).features[0]
    texts = [text.casefold() for text in level_texts(feature)]
    assert len(set(texts)) == len(feature.levels)
    assert all(text and ";" not in text and "\n" not in text for text in texts)


def test_numbers_keep_their_decimals_and_have_no_minus_zero(schema: Schema) -> None:
    assert value_text(schema.feature("bmi"), 28.0) == "28.0"
    assert value_text(schema.feature("bmi"), -0.04) == "0.0"
    assert value_text(schema.feature("sugar"), 60.0) == "60"
    assert value_text(schema.feature("active"), 1.0) == "1"


def test_editing_to_not_measured_is_refused(schema: Schema) -> None:
    with pytest.raises(ValueError, match="cannot be edited"):
        write_edits(schema, {"bmi": None})


def test_nothing_to_move_is_refused(schema: Schema) -> None:
    with pytest.raises(ValueError, match="at least one"):
        edits_grammar(schema, (), 3)


def test_twenty_features_of_150_values_build_fast_and_any_number_of_changes() -> None:
    names = [f"feature_{letter}" for letter in "abcdefghijklmnopqrst"]
    numeric = {"label": "", "kind": "continuous", "role": "behaviour", "decimals": 1, "valid": (0, 999)}
    schema = Schema.model_validate({**BASE, "features": [{"name": name, **numeric} for name in names]})
    movable = [Movable(feature=name, values=tuple(20 + i / 10 for i in range(150))) for name in names]
    begun = time.perf_counter()
    grammar = edits_grammar(schema, movable, 100)
    matcher = LLMatcher(BYTES, grammar)
    seconds = time.perf_counter() - begun
    assert not matcher.is_error(), matcher.get_error()
    assert accepts(grammar, "; ".join(f"{name}=34.9" for name in names))
    assert seconds < 1, "it takes 0.03 s on an idle machine"


def random_scores(
    schema: Schema, movable: list[Movable] | tuple[Movable, ...], rng: random.Random
) -> EffectScores:
    """Scores of some values, as in a prompt."""
    return {
        item.feature: {
            value_text(schema.feature(item.feature), code): rng.randint(-10, 10) for code in item.values[:2]
        }
        for item in movable
    }


@MANY
@given(questions(), st.randoms(use_true_random=False))
def test_an_answer_with_sums_adds_up_and_ends_only_where_it_may(question, rng) -> None:
    schema, movable, most = question
    scores = random_scores(schema, movable, rng)
    order = [item.feature for item in movable]
    rng.shuffle(order)
    text = walk(sums_grammar(schema, movable, most, order, scores), rng)
    edits = read_edits(schema, text)
    assert edits is not None and 1 <= len(edits) <= most, text
    assert len(text.encode()) <= len(longest_answer(schema, movable, most, with_sums=True).encode())
    assert text == write_edits(schema, edits, order, scores), "every sum is true"
    total = int(text.rsplit("=", 1)[1])
    last = max(order.index(name) for name in edits)
    left = [name for name in order[last + 1 :] if max(scores[name].values()) > 0]
    assert total >= ENOUGH or len(edits) == min(most, len(order)) or not left


def test_only_told_values_are_offered_and_none_is_an_error(schema: Schema) -> None:
    movable = [Movable(feature="bmi", values=(25.0, 27.5)), Movable(feature="sugar", values=(60.0,))]
    grammar = sums_grammar(schema, movable, 2, (), {"bmi": {"27.5": 12}})
    assert accepts(grammar, "bmi=27.5+12=12") and not accepts(grammar, "sugar=60+0=0")
    with pytest.raises(ValueError, match="told change"):
        sums_grammar(schema, movable, 2, (), {"waist": {"90.0": 3}})


def test_the_sum_so_far_is_what_the_scores_add_up_to(schema: Schema) -> None:
    edits: Edits = {"bmi": 27.5, "sugar": 60, "active": 1}
    text = write_edits(schema, edits, ("sugar",), {"sugar": {"60": 4}, "bmi": {"27.5": -1}})
    assert text == "sugar=60+4=4; bmi=27.5-1=3; active=1+0=3"
    assert read_edits(schema, text) == edits


@pytest.mark.parametrize("text", ["bmi=27.5+4", "bmi=27.5=4", "bmi=+4=4", "bmi=27.5+4=x"])
def test_half_a_score_and_sum_is_no_answer(schema: Schema, text: str) -> None:
    assert read_edits(schema, text) is None
