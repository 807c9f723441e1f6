"""Which methods are compared, and what of an answer each of their two rows scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.errors import InputError
from sensecf_core.evaluation.benchmark.entries import Entry, parse, scored
from sensecf_core.queries.answer import Answer, Candidate, Edits
from sensecf_core.queries.methods import METHODS
from sensecf_core.queries.request import ExplainRequest

SEARCHER = Entry("nice-none")


def test_all_is_every_method_there_is_and_names_are_kept_once() -> None:
    assert [entry.name for entry in parse(["all", "random"])] == list(METHODS)
    assert parse(["random", "lm-few-shot@gpt-4o", "random"]) == (
        Entry("random"),
        Entry("lm-few-shot", "gpt-4o"),
    )
    assert Entry("lm-few-shot", "gpt-4o").name == "lm-few-shot@gpt-4o"
    assert Entry("lm-few-shot", grammar=False).name != Entry("lm-few-shot").name


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "^No method is named"),
        (["randm"], "random"),
        (["lm-few-shot@gpt-5o"], "gpt-4o"),
        (["random@gpt-4o"], "asks no language model"),
    ],
)
def test_names_that_cannot_be(names: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(names)


def test_methods_that_search_are_in_use_as_they_return_and_samplers_refined() -> None:
    assert (
        SEARCHER.reported_variant,
        Entry("random").reported_variant,
        Entry("lm-few-shot").reported_variant,
    ) == (
        "returned",
        "refined",
        "refined",
    )
    assert SEARCHER.row("returned") == "nice-none"
    assert SEARCHER.row("refined") == "nice-none + refine"


@pytest.fixture(scope="module")
def drawn(fitted: FittedCohort, flagged: Sequence[str]) -> Answer:
    request = ExplainRequest(cohort="small", participant_id=flagged[0], method="random", candidates=60)
    found = answer(fitted, request)
    assert found.status == "found"
    return found


@pytest.fixture(scope="module")
def space(fitted: FittedCohort, flagged: Sequence[str]) -> SearchSpace:
    from sensecf_core.counterfactuals.problem.make_queries import make_queries
    from sensecf_core.queries.limits import Limits

    return SearchSpace.of(
        fitted.schema, make_queries(fitted, [(flagged[0], "0")], 0, Limits(profile="intervention"))[0]
    )


def with_candidates(found: Answer, *edits: Edits | None) -> Answer:
    """The answer with these candidates instead, an edit repeated marked as such, nothing of them valid."""
    seen: list[Edits | None] = []
    candidates = []
    for edit in edits:
        first = seen.index(edit) if edit in seen else None
        candidates.append(
            Candidate(text="", edits=edit, readable=edit is not None, duplicate_of=first if edit else None)
        )
        seen.append(edit)
    return found.model_copy(
        update={"trace": found.trace.model_copy(update={"candidates": tuple(candidates)})}
    )


def test_a_search_is_scored_on_its_first_different_rows_whatever_the_checks_say(
    fitted: FittedCohort, space: SearchSpace, drawn: Answer
) -> None:
    made = with_candidates(drawn, {"bmi": 28.0}, None, {"bmi": 28.0}, {"sugar": 60}, {"sleep": 8.0})
    rows = scored(fitted, space, made, SEARCHER, k=2).codes["returned"]
    expected = np.array([space.apply({"bmi": 28.0}), space.apply({"sugar": 60})])
    assert np.array_equal(rows, expected, equal_nan=True)


def test_what_a_search_found_is_refined_by_the_same_steps(
    fitted: FittedCohort, space: SearchSpace, drawn: Answer
) -> None:
    as_search = scored(fitted, space, drawn, SEARCHER, k=4)
    as_draws = scored(fitted, space, drawn, Entry("random"), k=4)
    assert np.array_equal(as_search.codes["refined"], as_draws.codes["refined"], equal_nan=True)
    assert as_search.model_rows > 0
    none = scored(fitted, space, with_candidates(drawn, {"sugar": 60}), SEARCHER, k=4)
    assert (len(none.codes["returned"]), len(none.codes["refined"])) == (1, 0)


def test_samples_that_fail_a_check_are_not_returned(
    fitted: FittedCohort, space: SearchSpace, drawn: Answer
) -> None:
    made = with_candidates(drawn, {"bmi": 28.0}, {"sugar": 60})
    assert scored(fitted, space, made, Entry("random"), k=4).codes["returned"].shape == (0, 10)


def test_samples_are_returned_unrefined_and_refined_ones_are_what_is_shown(
    fitted: FittedCohort, space: SearchSpace, drawn: Answer
) -> None:
    found = scored(fitted, space, drawn, Entry("random"), k=4)
    assert (found.model_rows, found.seconds) == (0, 0)
    rows = found.codes
    passed = [space.apply(c.edits or {}) for c in drawn.trace.candidates if c.valid and c.plausible]
    assert 1 <= len(rows["returned"]) <= 4
    for row in rows["returned"]:
        assert any(np.array_equal(row, one, equal_nan=True) for one in passed)
    shown = [space.changes(row) for row in rows["refined"]]
    assert shown == [found.changes for found in drawn.counterfactuals]
    gower = {name: fitted.distances.gower(space.factual, found).mean() for name, found in rows.items()}
    assert gower["refined"] < gower["returned"]
