"""What a fine-tuned model is told, and the pairs it learns from."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts.rules import violations
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_files
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import (
    Pair,
    build,
    draw,
    kind,
)
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.answers import (
    LEAST_ANSWERS,
    MARGINS,
    MOST_ANSWERS,
    PER_FEATURE_SET,
    added_scores,
)
from sensecf_core.counterfactuals.search.effects import (
    FAR_SHARE,
    MOST_CONTEXT,
    MOST_FEATURES,
    estimate_effects,
)
from sensecf_core.language.prompts.fine_tuned import ENOUGH as ENOUGH_TENTHS
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import PromptHints, Query

Told_ = tuple[PromptHints, ...]


@pytest.fixture(scope="module")
def queries(fitted: FittedCohort) -> tuple[Query, ...]:
    rows = fitted.cohort.part("test")
    keys = [(str(p), str(r)) for p, r in rows.index[fitted.classifier.predict(rows) == 1]][:12]
    return make_queries(fitted, keys, 0, Limits(profile="contrast"))


@pytest.fixture(scope="module")
def pairs(fitted: FittedCohort) -> tuple[Pair, ...]:
    return build(fitted, seed=4, variants=2, most_rows=40)


def test_a_target_is_the_line_that_the_gap_is_to(fitted: FittedCohort, queries: tuple[Query, ...]) -> None:
    goal = Goal(kind="target", target=20, asked="target")
    aimed = [query.model_copy(update={"goal": goal}) for query in queries]
    for query, hints, crossing in zip(
        queries, estimate_effects(fitted, aimed), estimate_effects(fitted, queries), strict=True
    ):
        risk, line = query.factual.probability, fitted.classifier.threshold
        # 20 of 100 is the log-odds -ln 4.
        assert hints.gap == pytest.approx(np.log(risk / (1 - risk)) + np.log(4))
        assert crossing.gap == pytest.approx(np.log(risk / (1 - risk)) - np.log(line / (1 - line)))
        assert hints.effects == crossing.effects


def test_levers_name_allowed_changes_the_most_useful_first(
    fitted: FittedCohort, queries: tuple[Query, ...]
) -> None:
    for query, hints in zip(queries, estimate_effects(fitted, queries), strict=True):
        allowed = {entry.feature: entry.values for entry in query.movable}
        best: dict[str, float] = defaultdict(float)
        for effect in hints.effects:
            assert effect.value in allowed[effect.feature]
            best[effect.feature] = max(best[effect.feature], -effect.log_odds)
        assert 1 <= len(best) <= MOST_FEATURES
        gains = list(best.values())
        # Of each feature the nearest value is told that is worth nearly as much as its best one.
        assert all(one >= FAR_SHARE * other for one, other in pairwise(gains))
        assert hints.gap == pytest.approx(
            np.log(query.factual.probability / (1 - query.factual.probability)) - fitted.threshold_margin
        )
        roles = {fitted.schema.feature(name).role for name in hints.context}
        assert roles <= {"context"} and len(hints.context) <= MOST_CONTEXT


def test_levers_from_shap_say_about_what_probes_say(fitted: FittedCohort, queries: tuple[Query, ...]) -> None:
    def worth(hints: Told_) -> dict[tuple[int, str, float], float]:
        return {(n, x.feature, x.value): x.log_odds for n, t in enumerate(hints) for x in t.effects}

    guessed, asked = (
        worth(estimate_effects(fitted, queries)),
        worth(estimate_effects(fitted, queries, "probes")),
    )
    both = sorted(guessed.keys() & asked.keys())
    assert len(both) > len(queries)
    pairs = np.array([(guessed[key], asked[key]) for key in both])
    assert np.corrcoef(pairs.T)[0, 1] > 0.9


def test_levers_never_ask_the_classifier_about_a_changed_row(
    fitted: FittedCohort, queries: tuple[Query, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Classifier, *arguments: object) -> None:
        raise AssertionError("the classifier was asked")

    expected = estimate_effects(fitted, queries)
    for name in ("probability_of_codes", "margin_of_codes", "predict_proba", "margin"):
        monkeypatch.setattr(Classifier, name, refuse)
    assert estimate_effects(fitted, queries) == expected
    with pytest.raises(AssertionError, match="was asked"):
        estimate_effects(fitted, queries, "probes")


def test_no_change_is_told_that_breaks_a_rule_by_itself(
    fitted: FittedCohort, queries: tuple[Query, ...]
) -> None:
    breaking = 0
    for query, hints in zip(queries, estimate_effects(fitted, queries), strict=True):
        space = SearchSpace.of(fitted.schema, query)
        for effect in hints.effects:
            row = space.factual.copy()
            row[fitted.schema.positions[effect.feature]] = effect.value
            assert not violations(fitted.schema, space.factual, row[None]).any()
        for position, values in space.values.items():
            rows = np.repeat(space.factual[None], len(values), axis=0)
            rows[:, position] = values
            breaking += int(violations(fitted.schema, space.factual, rows).any(axis=1).sum())
    assert breaking


def test_no_worth_is_told_without_a_source(fitted: FittedCohort, queries: tuple[Query, ...]) -> None:
    for hints in estimate_effects(fitted, queries, "none"):
        assert hints.effects and not any(effect.log_odds for effect in hints.effects)


def test_every_pair_is_of_the_train_part(fitted: FittedCohort, pairs: tuple[Pair, ...]) -> None:
    train = {(str(p), str(r)) for p, r in fitted.cohort.part("train").index}
    asked = {(pair.query.participant_id, pair.query.row_id) for pair in pairs}
    assert asked <= train
    assert len(asked) > 30
    people = {str(p) for part in ("val", "test") for p, _ in fitted.cohort.part(part).index}
    assert not people & {participant for participant, _ in asked}


def test_answers_obey_what_their_prompt_says_and_have_a_margin(
    fitted: FittedCohort, pairs: tuple[Pair, ...]
) -> None:
    assert sum(len(pair.answers) for pair in pairs) > 100
    for pair in pairs:
        space = SearchSpace.of(fitted.schema, pair.query)
        hints = {(effect.feature, effect.value) for effect in pair.hints.effects}
        assert len(pair.answers) <= MOST_ANSWERS
        assert len({tuple(answer.items()) for answer in pair.answers}) == len(pair.answers)
        for answer in pair.answers:
            codes = space.apply(answer)
            assert 1 <= len(answer) <= pair.query.limits.max_changes
            assert not set(answer) & set(pair.query.limits.frozen)
            assert not violations(fitted.schema, space.factual, codes[None]).any()
            changed = np.flatnonzero(space.changed(codes[None])[0])
            assert {(fitted.schema.names[p], codes[p]) for p in changed} <= hints
            for name, (low, high) in pair.query.limits.ranges.items():
                if name in answer:
                    assert low <= float(answer[name] or 0) <= high
            beyond = fitted.classifier.margin_of_codes(codes[None])[0] - fitted.threshold_margin
            assert (beyond if pair.query.desired else -beyond) >= MARGINS[-1]


def test_no_part_of_an_answer_would_do_with_the_same_margin(
    fitted: FittedCohort, pairs: tuple[Pair, ...]
) -> None:
    seen = 0
    for pair in pairs:
        space = SearchSpace.of(fitted.schema, pair.query)
        sign = 1 if pair.query.desired else -1
        if not pair.answers:
            continue
        all_rows = np.array([space.apply(answer) for answer in pair.answers])
        margins = sign * (fitted.classifier.margin_of_codes(all_rows) - fitted.threshold_margin)
        wanted = next(margin for margin in MARGINS if (margins >= margin - 1e-12).all())
        said, least = added_scores(space, all_rows, pair.hints)
        consistent = bool((said >= ENOUGH_TENTHS).all())
        just = said - least < ENOUGH_TENTHS
        for answer in (a for a, fits in zip(pair.answers, just, strict=True) if fits or not consistent):
            for name in answer if len(answer) > 1 else ():
                part = space.apply({other: value for other, value in answer.items() if other != name})
                if violations(fitted.schema, space.factual, part[None]).any():
                    continue
                if consistent and added_scores(space, part[None], pair.hints)[0][0] < ENOUGH_TENTHS:
                    continue
                beyond = sign * (fitted.classifier.margin_of_codes(part[None])[0] - fitted.threshold_margin)
                assert beyond < wanted
                seen += 1
    assert seen > 20


def test_answers_are_enough_by_what_the_prompt_says_where_any_are(
    fitted: FittedCohort, pairs: tuple[Pair, ...]
) -> None:
    shares, more = [], []
    for pair in pairs:
        if pair.answers:
            space = SearchSpace.of(fitted.schema, pair.query)
            rows = np.array([space.apply(answer) for answer in pair.answers])
            said, least = added_scores(space, rows, pair.hints)
            enough, just = said >= ENOUGH_TENTHS, said - least < ENOUGH_TENTHS
            assert enough.all() or not enough.any()
            assert (just == np.sort(just)[::-1]).all(), "those that are just enough come first"
            assert just.all() or not just.any() or len(pair.answers) <= LEAST_ANSWERS
            shares.append(enough.all())
            sets = Counter(row.tobytes() for row in space.changed(rows))
            assert max(sets.values()) <= PER_FEATURE_SET
            more.append(len(rows) - just.sum() if enough.all() and just.any() else 0)
    assert np.mean(shares) > 0.5
    assert np.count_nonzero(more) > 5, "others are added where few are just enough"


def test_limits_are_varied_and_everything_follows_from_the_seed(
    fitted: FittedCohort, pairs: tuple[Pair, ...]
) -> None:
    varied = [p.query.limits for p in pairs if p.query.limits != Limits(profile=p.query.limits.profile)]
    assert {limits.max_changes for limits in varied} == {1, 2, 3, 4}
    assert sum(bool(limits.frozen) for limits in varied) > len(varied) / 4
    assert sum(bool(limits.ranges) for limits in varied) > len(varied) / 4
    assert build(fitted, seed=4, variants=2, most_rows=40) == pairs
    assert build(fitted, seed=5, variants=2, most_rows=40) != pairs


def test_pairs_are_read_back_as_they_were_and_their_card_counts_them(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = pair_files.load_or_build(fitted, seed=1, most_rows=15)
    monkeypatch.setattr(pair_files.pair_search, "build", lambda *_, **__: pytest.fail("searched again"))
    again, read = pair_files.load_or_build(fitted, seed=1, most_rows=15)
    assert (again, read) == (folder, made)
    card = pair_files.read_card(folder)
    assert card["queries"] == len(made) == sum(group["queries"] for group in card["groups"])
    assert card["answers"] == sum(len(pair.answers) for pair in made)
    assert sum(card["features"].values()) == sum(len(a) for pair in made for a in pair.answers)
    for group in card["groups"]:
        assert sum(group["changes"].values()) == group["answers"]
        assert 0 <= group["unanswered_share"] <= 1
    assert _mode(folder) == 0o700


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_pairs_are_drawn_in_turns_so_that_rare_kinds_are_not_crowded_out(pairs: tuple[Pair, ...]) -> None:
    sizes = Counter(kind(pair) for pair in pairs)
    some = Counter(kind(pair) for pair in draw(pairs, 4 * len(sizes), seed=0))
    assert some == {one: min(size, some[one]) for one, size in sizes.items()}
    left_over = [some[one] for one, size in sizes.items() if size > some[one]]
    assert max(left_over) - min(left_over) <= 1 and min(left_over) >= 4
    everything = draw(pairs, None, seed=0)
    assert len(everything) == len(pairs) and all(pair in everything for pair in pairs[:5])
    assert draw(pairs, 10, seed=0) == everything[:10] != draw(pairs, 10, seed=1)
