"""The short prompt of fine-tuned models, and the order of answers."""

from __future__ import annotations

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.backend import Constraint
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.prompts.fine_tuned import answer_order, answer_text, build, effect_scores
from sensecf_core.language.prompts.grammar import read_edits, write_edits
from sensecf_core.language.prompts.sums_grammar import sums_grammar
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import FeatureEffect, PromptHints, Query
from tests.language.prompts.test_grammar import accepts

HINTS = PromptHints(
    gap=0.45,
    effects=(
        FeatureEffect(feature="sugar", value=60, log_odds=-0.5),
        FeatureEffect(feature="bmi", value=30.0, log_odds=-0.1),
        FeatureEffect(feature="bmi", value=27.5, log_odds=-0.2),
        FeatureEffect(feature="smoking", value=1, log_odds=-9.0),
    ),
    context=("age", "sex"),
)


def test_scores_are_tenths_of_the_way(schema: Schema, query: Query) -> None:
    prompt = build(schema, query, HINTS)
    assert prompt.user.splitlines() == [
        "age=54; sex=male",
        "sugar=120:60+8",
        "bmi=31.2:30.0+2,27.5+3",
        "smoking=current:former+10",
        "Risk 62, wanted lower, at most 3.",
    ]


def test_signs_change_with_the_desired_class(schema: Schema, query: Query) -> None:
    away = query.model_copy(update={"desired": 1})
    assert "sugar=120:60-8" in build(schema, away, HINTS).user
    assert "wanted higher" in build(schema, away, HINTS).user


def test_no_effect_has_no_score(schema: Schema, query: Query) -> None:
    hints = PromptHints(gap=0.4, effects=(FeatureEffect(feature="sugar", value=60, log_odds=0.0),))
    assert build(schema, query, hints).user.splitlines()[0] == "sugar=120:60"


def test_answers_name_features_in_the_order_of_the_prompt(
    schema: Schema, query: Query, tiny_model: LocalModel
) -> None:
    order = answer_order(HINTS)
    assert order == ("sugar", "bmi", "smoking")
    assert (
        write_edits(schema, {"bmi": 30.0, "waist": 95.0, "sugar": 60}, order)
        == "sugar=60; bmi=30.0; waist=95.0"
    )
    constraint = Constraint(schema, query.movable, 3, order)
    answers = tiny_model.sample("x", n=40, constraint=constraint, seed=1).texts
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys((*order, *schema.names)))}
    several = 0
    for answer in answers:
        named = [part.partition("=")[0].strip() for part in answer.split(";")]
        assert named == sorted(named, key=ranks.__getitem__)
        assert read_edits(schema, answer)
        several += len(named) > 1
    assert several


def test_an_answer_has_scores_and_sums_in_the_order_of_the_prompt(schema: Schema, query: Query) -> None:
    edits: Edits = {"bmi": 27.5, "waist": 95.0, "sugar": 60}
    text = answer_text(schema, query, HINTS, edits)
    assert text == "sugar=60+8=8; bmi=27.5+3=11; waist=95.0+0=11"
    assert read_edits(schema, text) == edits
    scores = effect_scores(schema, query, HINTS)
    assert scores is not None
    grammar = sums_grammar(schema, query.movable, 3, answer_order(HINTS), scores)
    assert accepts(grammar, "sugar=60+8=8; bmi=27.5+3=11")
    assert not accepts(grammar, "sugar=60+8=8; bmi=27.5+3=12"), "no sum is false"
    assert not accepts(grammar, "sugar=60+8=8"), "it is not enough, and there is more"
    assert not accepts(grammar, "sugar=60+8=8; bmi=27.5+3=11; waist=95.0+0=11"), "nobody told of 95"


def test_without_scores_an_answer_has_no_sums(schema: Schema, query: Query) -> None:
    hints = PromptHints(gap=0.4, effects=(FeatureEffect(feature="sugar", value=60, log_odds=0.0),))
    assert effect_scores(schema, query, hints) is None
    assert answer_text(schema, query, hints, {"sugar": 60}) == "sugar=60"
