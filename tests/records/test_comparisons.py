from __future__ import annotations

import pytest

from sensecf_core.errors import InputError
from sensecf_core.jobs import job_table
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, comparisons, found
from sensecf_core.records.comparisons import Comparison, Member
from sensecf_core.records.storage.database import transaction
from tests.records.made_answers import make_answer

REQUEST = ExplainRequest(cohort="small", participant_id="p1", row_id="0", ranges={"bmi": (24.0, 30.0)})


def make_comparison(**request: object) -> Comparison:
    members = (Member(method="random", job_id="j1"), Member(method="lm-few-shot", answer_id="a1"))
    return comparisons.new(REQUEST.model_copy(update=request), members)


def test_a_comparison_comes_back_as_it_was_kept() -> None:
    comparison = make_comparison()
    assert comparisons.save(comparison) == comparison.comparison_id
    assert comparisons.find(comparison.comparison_id) == comparison
    assert comparisons.find("nosuch") is None


def test_kept_again_it_replaces_the_first() -> None:
    comparison = make_comparison()
    comparisons.save(comparison)
    comparisons.save(comparison.model_copy(update={"members": comparison.members[:1]}))
    (stored,) = comparisons.recent("small", "p1", "0")
    assert stored.members == comparison.members[:1]


def test_recent_is_about_one_row_newest_first() -> None:
    first, second = make_comparison(), make_comparison()
    for comparison in (
        first,
        second,
        make_comparison(row_id="1"),
        make_comparison(participant_id="p2"),
        make_comparison(cohort="other"),
    ):
        comparisons.save(comparison)
    ids = [comparison.comparison_id for comparison in comparisons.recent("small", "p1", "0")]
    assert ids == [second.comparison_id, first.comparison_id]
    assert len(comparisons.recent("small", "p1", "0", limit=1)) == 1


def test_one_of_another_version_is_named_and_does_not_hide_the_others() -> None:
    old, new = make_comparison(), make_comparison()
    comparisons.save(old)
    comparisons.save(new)
    with transaction() as database:
        database.execute("UPDATE comparisons SET body = '{}' WHERE comparison_id = ?", (old.comparison_id,))
    assert [comparison.comparison_id for comparison in comparisons.recent("small", "p1", "0")] == [
        new.comparison_id
    ]
    with pytest.raises(InputError, match="another version"):
        comparisons.find(old.comparison_id)


def test_what_a_comparison_alone_asked_for_stands_behind_everything_else() -> None:
    key = ("p0001", "0")

    def stands() -> str:
        in_list, everybody = found.of_cohort("small")[key].answer_id, answers.newest_of_people("small")
        first = answers.standing("small", *key)[0].answer_id
        assert [in_list, *(one.answer_id for one in everybody)] == [first, first]
        return first

    def compare(answer_id: str, **changed: object) -> None:
        job = job_table.add("method", "me", kind="explain", label="", spec="{}", most_waiting=9)
        answers.save(make_answer(answer_id, **changed))
        job_table.finish(job, job_table.JobOutcome("done", answer_id=answer_id))
        members = (Member(method="random", job_id=job),)
        comparisons.save(comparisons.new(REQUEST.model_copy(update={"participant_id": key[0]}), members))

    compare("first", method="dice-random")
    compare("compared", method="random")
    assert stands() == "compared"  # nothing else was asked
    assert answers.standing("small", *key, of_method="dice-random")[0].answer_id == "first"
    answers.save(make_answer("asked"))
    compare("later", method="nice-sparsity")
    assert stands() == "asked"
    assert {one.answer_id for one in answers.standing("small", *key)} == {
        "first",
        "compared",
        "asked",
        "later",
    }
    for number in range(answers.MOST_STANDING):
        compare(f"again{number}", method="random")
    assert stands() == "asked"  # however many a comparison asked for since
    answers.save(make_answer("later", method="nice-sparsity"))  # asked again, and not by a comparison
    assert stands() == "later"


def test_a_comparison_is_about_one_row() -> None:
    with pytest.raises(ValueError, match="one row"):
        make_comparison(row_id=None)
