"""The prompt in percentiles: what it tells, and what its answers mean."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import numpy as np
from hypothesis import given, strategies as st

from sensecf_core.language.prompts.grammar import MOST_LEFT, edits_grammar, read_edits, what_is_left
from sensecf_core.language.prompts.plain import reference_case
from sensecf_core.language.prompts.profile import PercentileScale, Writing, build
from sensecf_core.queries.goal import Goal
from tests.language.prompts.test_grammar import MANY, accepts, walk

SCHEMA, QUERY, _ = reference_case()
COLUMNS = (np.arange(10.0), np.array([1.0, 1, 1, 2, 3, 4, 5, 6, 7, 9]), *[np.array([0.0, 1.0])] * 3)
SCALE = PercentileScale(SCHEMA, COLUMNS, ("count", "number", "flag", "level", "missing"), 0.5)


def test_the_prompt_tells_the_person_in_percentiles_and_nothing_of_changes() -> None:
    lines = build(SCALE, QUERY).user.split("\n")
    # p = 0.62 lies ln(0.62 / 0.38) = 0.49 log-odds above an even chance: ten twentieths.
    assert lines[0] == "risk=62 line=50 gap=10 wanted=lower most=3"
    # Of 1 1 1 2 3 4 5 6 7 9: 4.5 of 10 lie up to half of 3; of the allowed 1, 2, 4, 5, from 15 to 65.
    assert lines[1] == "count=45>15-65"
    # 8.0 is the ninth of 0 … 9: 8.5 of 10 lie up to half of it. From 2.0 (25) to 4.0 (45) is allowed.
    assert lines[2] == "number=85>25-45"
    assert lines[3:] == ["flag=0>1", "level=b,", "missing=?"]


def test_from_the_other_side_the_gap_is_as_long() -> None:
    below = QUERY.factual.model_copy(update={"probability": 0.38, "predicted": 0})
    other = QUERY.model_copy(update={"desired": 1, "factual": below})
    assert SCALE.gap(other) == SCALE.gap(QUERY) == 10


def test_a_target_is_told_as_the_line() -> None:
    aimed = QUERY.model_copy(update={"goal": Goal(kind="target", target=38, asked="target")})
    # p = 0.38 lies as far below an even chance as 0.62 lies above: twenty twentieths.
    assert build(SCALE, aimed).user.startswith("risk=62 line=38 gap=20 wanted=lower")


def test_an_answer_counts_down_and_reads_back_in_units() -> None:
    edits = {"number": 2.0, "flag": 1, "count": 5}
    text = SCALE.text(QUERY, edits, (7, 2, -3))
    assert text == "count=65-3=7; number=25-5=2; flag=1-5=-3"
    assert read_edits(SCHEMA, SCALE.in_units(QUERY, text)) == edits


def test_a_percentile_that_is_not_allowed_is_never_taken_for_a_value() -> None:
    for text in ("count=30-1=9", "count=1-1=9", "missing=50-1=9", "count", ""):
        assert SCALE.in_units(QUERY, text) == ""


def test_of_several_values_of_a_percentile_the_middle_one_is_meant() -> None:
    same = QUERY.movable[0].model_copy(update={"values": (2.0, 2.1, 2.2, 2.3, 2.4, 3.0)})
    # Between 2 and 3 no row of the column lies: 2.1 to 2.4 are all at 30, as good as each other.
    assert SCALE.values(same) == {25: 2.0, 30: 2.2, 35: 3.0}


def test_each_way_of_writing_changes_one_thing() -> None:
    usual = build(SCALE, QUERY).user.split("\n")
    in_units = replace(SCALE, writing=Writing(percentiles=False))
    # The same people and the same allowed values, as they stand in the table.
    assert build(in_units, QUERY).user.split("\n") == [
        usual[0], "count=3>1-5", "number=8.0>2.0-4.0", *usual[3:]
    ]  # fmt: skip
    both = build(replace(SCALE, writing=Writing(units=True)), QUERY).user.split("\n")
    assert [line.replace(" (3)", "").replace(" (8.0)", "") for line in both] == usual != both
    edits = {"number": 2.0, "flag": 1, "count": 5}
    text = in_units.text(QUERY, edits, (7, 2, -3))
    assert text == "count=5-3=7; number=2.0-5=2; flag=1-5=-3"
    assert read_edits(SCHEMA, in_units.in_units(QUERY, text)) == edits
    assert in_units.in_units(QUERY, "number=2.05-3=7") == ""
    plain = replace(SCALE, writing=Writing(counts_down=False))
    assert build(plain, QUERY) == build(SCALE, QUERY)
    assert plain.text(QUERY, edits, (7, 2, -3)) == "count=65; number=25; flag=1"
    assert read_edits(SCHEMA, plain.in_units(QUERY, "count=65; number=25; flag=1")) == edits
    named = replace(SCALE, writing=Writing(names_first=True))
    assert build(named, QUERY) == build(SCALE, QUERY)
    text = named.text(QUERY, edits, (7, 2, -3))
    assert text == "count number flag: count=65-3=7; number=25-5=2; flag=1-5=-3"
    assert read_edits(SCHEMA, named.in_units(QUERY, text)) == edits


def test_of_shap_values_the_sign_alone_is_told_and_only_of_what_may_change() -> None:
    pushes = {"count": 0.8, "number": -0.01, "flag": 2.0, "level": 1.0, "missing": 1.0}
    lines = build(SCALE, QUERY, pushes).user.split("\n")
    assert lines[1:] == [
        "count=45 up >15-65",
        "number=85 down >25-45",
        "flag=0 up >1",
        "level=b,",
        "missing=?",
    ]


@MANY
@given(st.randoms(use_true_random=False))
def test_an_answer_of_the_grammar_ends_only_where_nothing_is_left_or_no_change(rng: random.Random) -> None:
    grammar = edits_grammar(SCALE.coded, SCALE.movable(QUERY), 2, SCALE.order, counts_down=True)
    text = walk(grammar, rng)
    edits = read_edits(SCHEMA, SCALE.in_units(QUERY, text))
    assert edits is not None and set(edits) <= {"count", "number", "flag"}
    left = [int(part) for part in re.findall(r"=(-?\d+)(?:;|$)", text)]
    assert left[-1] <= 0 or len(edits) == 2 or "flag" in edits


def test_the_grammar_lets_an_answer_begin_with_names_and_then_with_any_change() -> None:
    asked = (SCALE.coded, SCALE.movable(QUERY), 2, SCALE.order)
    grammar = edits_grammar(*asked, counts_down=True, names_first=True)
    assert accepts(grammar, "count flag: count=15-3=7; flag=1-9=-2") and accepts(
        grammar, "flag: count=15-12=-2"
    )
    for text in ("count=15-12=-2", ": count=15-12=-2", "flag count: count=15-12=-2", "count: count=15-3=7"):
        assert not accepts(grammar, text), text
    assert not accepts(grammar, "count number flag: count=15-12=-2"), "more names than changes are allowed"


def test_an_answer_with_something_left_goes_on() -> None:
    grammar = edits_grammar(SCALE.coded, SCALE.movable(QUERY), 2, SCALE.order, counts_down=True)
    assert not accepts(grammar, "count=15-3=7")
    assert accepts(grammar, "count=15-3=7; number=25-9=-2") and accepts(
        grammar, "count=15-3=7; number=25-2=5"
    )
    assert accepts(grammar, "count=15-12=-2") and accepts(grammar, "count=15-10=0; flag=1-1=-1")
    assert not accepts(grammar, "count=16-12=-2")


def test_what_is_left_is_worked_out_where_it_is_to_be_said() -> None:
    assert what_is_left(12, "sleep=22-4=") == 8
    assert what_is_left(12, "sleep=22-4=8; bmi=31+1=") == 9
    assert what_is_left(12, "sleep=22-4=8; bmi=31-11=-3; fibre=40-2=") == -5, "from what is left, not the gap"
    assert what_is_left(90, "sleep=22+30=") == MOST_LEFT and what_is_left(-90, "sleep=22-30=") == -MOST_LEFT
    for elsewhere in ("", "sleep=", "sleep=22", "sleep=22-4", "sleep=22-4=8", "sleep=22-4=8; bmi="):
        assert what_is_left(12, elsewhere) is None
