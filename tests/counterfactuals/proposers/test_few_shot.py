from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers import few_shot
from sensecf_core.counterfactuals.proposers.few_shot import make_examples, nearest_examples
from sensecf_core.queries.limits import Limits


def query_of(fitted: FittedCohort, person: str, **limits: object):
    return make_queries(fitted, [(person, "0")], 0, Limits.model_validate({"profile": "contrast", **limits}))[
        0
    ]


def test_examples_are_training_people_whose_edits_reach_the_class(fitted: FittedCohort) -> None:
    train = set(fitted.cohort.part("train").index.get_level_values(0))
    made = make_examples(fitted, 0, "contrast", size=30)
    assert len(made) >= 10
    for example in made:
        assert example.query.participant_id in train
        assert example.drivers
        row = SearchSpace.of(fitted.schema, example.query).apply(example.edits)
        assert fitted.reaches(fitted.classifier.probability_of_codes(row[None]), 0)[0]


def test_nobody_is_shown_their_own_answer(fitted: FittedCohort, private_var: Path) -> None:
    for example in make_examples(fitted, 0, "contrast", size=30):
        own = example.query.participant_id
        shown = nearest_examples(fitted, query_of(fitted, own))
        assert len(shown) == 3
        assert own not in [other.query.participant_id for other in shown]


def test_examples_obey_the_limits_of_the_question(fitted: FittedCohort, flagged: list[str]) -> None:
    shown = nearest_examples(fitted, query_of(fitted, flagged[0], frozen=["sugar", "bmi"], max_changes=1))
    assert shown
    for example in shown:
        assert len(example.edits) == 1
        assert not {"sugar", "bmi"} & set(example.edits)


def test_a_cut_short_file_is_made_again(fitted: FittedCohort, flagged: list[str], private_var: Path) -> None:
    query = query_of(fitted, flagged[0])
    few_shot._stored.cache_clear()
    first = nearest_examples(fitted, query)
    few_shot._stored.cache_clear()
    (stored,) = (private_var / "examples").glob("*.json")
    stored.write_text(stored.read_text()[:100])
    assert nearest_examples(fitted, query) == first


def test_making_examples_can_be_cancelled(fitted: FittedCohort) -> None:
    with pytest.raises(CancelledError):
        make_examples(fitted, 0, "contrast", size=30, cancelled=lambda: True)
