"""What a model that is told nothing of changes is taught, and by whose rows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from sensecf_core.classifiers.calibration import log_odds
from sensecf_core.cohorts.encoding import from_values
from sensecf_core.counterfactuals.checks.grades import grade_rows
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_files, profile_pairs
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair, kind
from sensecf_core.counterfactuals.fine_tuning.pairs.synthetic import SYNTHETIC_ID, synthetic_codes
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.proposal import ProposalRequest
from sensecf_core.counterfactuals.proposers import tuned_prompt as tuned_prompt_module
from sensecf_core.counterfactuals.proposers.profile import ProfileProposer
from sensecf_core.counterfactuals.proposers.tuned_prompt import ProfilePrompt, scale_of, tuned_prompt
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.types import NO_CALLBACKS


@pytest.fixture(scope="module")
def lessons(fitted: FittedCohort) -> tuple[Pair, ...]:
    return profile_pairs.build(fitted, seed=3, per_group=30, synthetic=60)


def test_only_training_rows_feed_the_factuals(fitted: FittedCohort, lessons: tuple[Pair, ...]) -> None:
    parts = fitted.cohort.parts
    train = {str(person) for person, _ in parts.index[parts.eq("train")]}
    people = {pair.query.participant_id for pair in lessons}
    assert SYNTHETIC_ID in people and people - {SYNTHETIC_ID} <= train
    # Every value of a synthetic factual stands in a training row; mark one of another row and it never comes.
    known = [set(column[~np.isnan(column)]) for column in fitted.train_codes.T]
    for pair in lessons:
        codes = from_values(fitted.schema, pair.query.factual.features)
        assert all(np.isnan(code) or code in column for code, column in zip(codes, known, strict=True))
    with pytest.raises(ValueError, match="training rows"):
        profile_pairs.build(fitted, part="test", synthetic=1)


def test_synthetic_factuals_exchange_some_features_with_a_near_row(fitted: FittedCohort) -> None:
    rows = synthetic_codes(fitted, 50, np.random.default_rng(0))
    same = (rows[:, None] == fitted.train_codes[None]) | (
        np.isnan(rows[:, None]) & np.isnan(fitted.train_codes)
    )
    shared = same.sum(axis=2).max(axis=1) / rows.shape[1]
    assert len(rows) > 25 and shared.mean() > 0.5 and (shared < 1).any()
    again = synthetic_codes(fitted, 50, np.random.default_rng(0))
    assert np.array_equal(rows, again, equal_nan=True)
    assert (
        len(synthetic_codes(replace(fitted, train_codes=fitted.train_codes[:1]), 9, np.random.default_rng(0)))
        == 0
    )


def test_answers_pass_the_checks_have_the_grade_and_need_every_change(
    fitted: FittedCohort, lessons: tuple[Pair, ...]
) -> None:
    grades = set()
    for pair in lessons[::7]:
        problem = Problem.of(fitted, pair.query)
        rows = np.array([problem.space.apply(answer) for answer in pair.answers])
        assert verify(problem, rows).passed.all()
        assert set(grade_rows(problem, rows, complete=False).grades) == {pair.grade}
        grades.add(pair.grade)
        sign = 1 if pair.query.desired else -1
        for answer, row in zip(pair.answers, rows, strict=True):
            for name in answer:
                without = problem.space.apply({k: v for k, v in answer.items() if k != name})
                nearer = fitted.classifier.margin_of_codes(np.array([row, without]))
                assert sign * (nearer[0] - nearer[1]) > 0.029
    assert "solid" in grades


def test_an_answer_says_what_the_classifier_says_of_each_change(
    fitted: FittedCohort, lessons: tuple[Pair, ...]
) -> None:
    prompt = tuned_prompt(fitted, "profile")
    assert isinstance(prompt, ProfilePrompt)
    for pair in lessons[::11]:
        texts = prompt.answers(pair.query, pair.hints, pair.answers)
        assert texts and len(texts) <= len(pair.answers)
        problem = Problem.of(fitted, pair.query)
        sign = 1 if pair.query.desired else -1
        for text in texts:
            edits = read_edits(fitted.schema, prompt.scale.in_units(pair.query, text))
            assert edits in pair.answers
            row = problem.space.apply(edits)
            beyond = sign * (
                fitted.classifier.margin_of_codes(row[None])[0] - log_odds(fitted.classifier.threshold)
            )
            assert int(re.findall(r"=(-?\d+)$", text)[0]) == max(-99, round(-20 * float(beyond)))


def test_features_stand_in_the_order_of_their_importance_without_those_that_hardly_matter(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    importance = np.abs(fitted.train_shap_values).mean(axis=0)
    order = scale_of(fitted).order
    ranked = [importance[fitted.schema.positions[name]] for name in order]
    assert ranked == sorted(ranked, reverse=True)
    left_out = importance.sum() - sum(ranked)
    assert left_out <= tuned_prompt_module.HARDLY_MATTERS * importance.sum()
    monkeypatch.setattr(tuned_prompt_module, "HARDLY_MATTERS", 0.4)
    fewer = scale_of(fitted).order
    assert 0 < len(fewer) < len(order) and order[: len(fewer)] == fewer


def test_pairs_are_read_back_synthetic_ones_too(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"seed": 3, "source": "profile", "per_group": 30, "synthetic": 60}
    folder, made = pair_files.load_or_build(fitted, **options)
    monkeypatch.setattr(profile_pairs, "build", lambda *_, **__: pytest.fail("searched again"))
    again, read = pair_files.load_or_build(fitted, **options)
    assert (again, read) == (folder, made)
    card = pair_files.read_card(folder)
    assert 0 < card["synthetic"] < card["queries"] == len(made)
    assert {kind(pair)[:2] for pair in made} == {
        ("intervention", 0),
        ("contrast", 0),
        ("contrast", 1),
        ("intervention", 1),
    }
    assert not any("unanswered_share" in group for group in card["groups"]), "only answered ones are kept"
    assert sum(sum(group["grades"].values()) for group in card["groups"]) == len(made)


def test_where_only_left_out_features_may_move_nothing_is_proposed_and_it_is_said(
    fitted: FittedCohort, lessons: tuple[Pair, ...]
) -> None:
    scale = replace(scale_of(fitted), order=())
    run = ProposalRequest(4, 0, 1.0, float("inf"), NO_CALLBACKS)
    proposal = ProfileProposer(scale, lambda _: pytest.fail("asked"), None).propose(lessons[0].query, run)  # type: ignore[arg-type]
    assert proposal.texts == () and "Another method" in proposal.notes[0]
