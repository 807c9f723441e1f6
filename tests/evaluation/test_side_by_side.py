from __future__ import annotations

from sensecf_core.evaluation import side_by_side
from sensecf_core.queries.answer import Answer, Candidate
from tests.records.made_answers import make_answer, make_counterfactual
from tests.small_cohort import SCHEMA

FIRST = make_answer(
    method="first",
    counterfactuals=(
        make_counterfactual({"bmi": (33.5, 30.0), "diet": ("mixed", "plants")}),
        make_counterfactual({"bmi": (33.5, 31.0), "sleep": (5.5, 7.0)}),
    ),
)
SECOND = make_answer(
    method="second",
    counterfactuals=(
        make_counterfactual({"sleep": (5.5, 6.0), "active": (0, 1)}),
        make_counterfactual({"bmi": (33.5, 32.0), "sleep": (5.5, 5.0)}),
    ),
)
NOTHING = make_answer(method="third", status="none", counterfactuals=())
ALL = (FIRST, SECOND, NOTHING)


def test_only_methods_with_options_are_compared_and_the_best_is_the_first() -> None:
    assert {name: len(some) for name, some in side_by_side.options(ALL, best_only=False).items()} == {
        "first": 2,
        "second": 2,
    }
    best = side_by_side.options(ALL, best_only=True)
    assert best == {"first": FIRST.counterfactuals[:1], "second": SECOND.counterfactuals[:1]}


def test_features_are_those_that_any_option_changes_in_schema_order() -> None:
    names = [f.name for f in side_by_side.features(SCHEMA, side_by_side.options(ALL, best_only=False))]
    assert names == ["bmi", "sleep", "active", "diet"]
    best = side_by_side.features(SCHEMA, side_by_side.options((FIRST,), best_only=True))
    assert [f.name for f in best] == ["bmi", "diet"]


def test_changes_of_a_feature_are_named_once_each() -> None:
    twice = (*FIRST.counterfactuals, *FIRST.counterfactuals)
    assert [change.after for change in side_by_side.changes(twice, "bmi")] == [30.0, 31.0]
    assert side_by_side.changes(twice, "smoking") == ()


def test_agreement_counts_methods_and_says_which_way() -> None:
    agreed = side_by_side.agreement(SCHEMA, side_by_side.options(ALL, best_only=False))
    assert [(one.feature, dict(one.ways)) for one in agreed] == [
        ("bmi", {"first": "down", "second": "down"}),
        ("sleep", {"first": "up", "second": "other"}),
        ("active", {"second": "up"}),
        ("diet", {"first": "other"}),
    ]


def with_candidates(*candidates: Candidate, readable: int, within: int) -> Answer:
    answer = make_answer()
    trace = answer.trace.model_copy(
        update={
            "proposed": len(candidates),
            "readable": readable,
            "within_limits": within,
            "candidates": candidates,
        }
    )
    return answer.model_copy(update={"trace": trace})


def candidate(*violations: str) -> Candidate:
    return Candidate(text="x", edits={}, readable=True, within_limits=not violations, violations=violations)


def test_what_candidates_broke_is_counted_in_words() -> None:
    found = side_by_side.broken(
        with_candidates(
            candidate("`bmi` may only go down", "One day has 24 hours"),
            candidate("`bmi` may only go down"),
            candidate(),
            Candidate(text="nonsense", edits=None, readable=False),
            readable=3,
            within=1,
        )
    )
    assert (found.readable, found.unreadable, found.candidates) == (3, 1, 2)
    assert found.phrases == (("`bmi` may only go down", 2), ("One day has 24 hours", 1))
