from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from sensecf_core.errors import InputError
from sensecf_core.queries.goal import Goal
from sensecf_core.queries.limits import Limits
from sensecf_core.records.kept_options import kept_options
from tests.records.made_answers import make_answer, make_counterfactual

OWN = (make_counterfactual({"bmi": (33.5, 30.0)}), make_counterfactual({"sugar": (140, 80)}))
BESIDE = (make_counterfactual({"sugar": (140, 80)}), make_counterfactual({"sleep": (5.5, 7.0)}))


def test_behaviours_go_on_counting_and_are_said_once() -> None:
    behaviours = make_answer(
        "b1", counterfactuals=BESIDE, limits=Limits(profile="behaviour"), goal=Goal(kind="lower")
    )
    options = kept_options(make_answer(counterfactuals=OWN, behaviours=behaviours), None)
    assert [(one.number, one.answer.answer_id, *one.option.changes) for one in options] == [
        (1, "a1", "bmi"),
        (2, "a1", "sugar"),
        (3, "b1", "sleep"),
    ]


@given(st.lists(st.integers(-1, 4)))
def test_what_was_kept_is_there_in_order_or_refused(kept: list[int]) -> None:
    answer = make_answer(counterfactuals=OWN)
    if set(kept) <= {1, 2}:
        assert [one.number for one in kept_options(answer, kept)] == sorted(set(kept))
    else:
        with pytest.raises(InputError, match="answer a1 has options 1 to 2"):
            kept_options(answer, kept)


def test_of_none_and_of_one() -> None:
    with pytest.raises(InputError, match="answer a1 has no options"):
        kept_options(make_answer(counterfactuals=()), (1,))
    with pytest.raises(InputError, match="answer a1 has option 1 alone"):
        kept_options(make_answer(counterfactuals=OWN[:1]), (2,))
