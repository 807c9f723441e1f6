"""The PDF is read back with another library than the one that wrote it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise

import pypdf
import pytest
from hypothesis import given, strategies as st

from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG
from sensecf_core.errors import InputError
from sensecf_core.records.paper.page import PAPERS, Paper
from sensecf_core.records.paper.pdf import paper_pdf
from sensecf_core.records.paper.risk_bar import spread
from sensecf_core.records.paper.sheet import Sheet, sheet
from tests.records.made_answers import make_answer, make_counterfactual
from tests.records.made_cards import CARD
from tests.small_cohort import SCHEMA

MILLIMETRES = {"a4": (210, 297), "letter": (215.9, 279.4)}


def with_options(count: int) -> Sheet:
    options = tuple(
        make_counterfactual({"sugar": (140, 80), "bmi": (33.5, 30.0), "smoking": ("current", "former")}, "")
        for _ in range(count)
    )
    return sheet(make_answer(counterfactuals=options), SCHEMA, CARD)


def read(pdf: bytes) -> str:
    """The text of the only page, on one line."""
    (page,) = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", page.extract_text())


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_one_page_holds_one_to_four_options(count: int, paper: Paper) -> None:
    page = with_options(count)
    pdf = paper_pdf(page, paper)
    text = read(pdf)
    assert all(f"{part}" in text for part in (page.risk, DISCLAIMER, DISCLAIMER_LONG, page.address))
    for option in page.options:
        assert option.headline in text and option.believed in text
        assert option.sentence in text and option.effort and option.effort in text
    assert "; ".join(page.unchanged) in text
    assert all(line in text for line in (*page.quality, *page.limits, *page.origin))
    box = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].mediabox
    assert [float(side) / 72 * 25.4 for side in (box.width, box.height)] == pytest.approx(
        MILLIMETRES[paper], abs=0.1
    )


def test_the_red_flag_comes_before_the_risk_and_the_options() -> None:
    page = replace(with_options(1), red_flags=("ACT ON THIS FIRST: Sugar 140 g.",))
    text = read(paper_pdf(page))
    assert text.index("ACT ON THIS FIRST") < text.index("The model's risk") < text.index("Option 1:")


def test_the_same_answer_gives_the_same_bytes() -> None:
    assert paper_pdf(with_options(1)) == paper_pdf(with_options(1))
    assert paper_pdf(with_options(1)) != paper_pdf(with_options(2))


def test_nothing_is_in_colour() -> None:
    """Fill and stroke colours are set by g and G (grey) alone."""
    content = pypdf.PdfReader(io.BytesIO(paper_pdf(with_options(2)))).pages[0].get_contents()
    assert content is not None
    operators = [operator for _, operator in content.operations]
    assert not {b"rg", b"RG", b"k", b"K", b"sc", b"scn", b"Do"} & set(operators)
    assert b"re" in operators and b"g" in operators


def test_small_text_makes_room_and_then_unchanged_features_are_counted() -> None:
    many = tuple(f"Measure number {n}: {n} mmol/L" for n in range(400))
    text = read(paper_pdf(replace(with_options(4), unchanged=many)))
    assert "Measure number 11: 11 mmol/L; and 388 more." in text
    assert DISCLAIMER_LONG in text


def test_too_much_for_a_page_is_said() -> None:
    with pytest.raises(InputError, match="40 options with all that has to be said do not fit on one page"):
        paper_pdf(with_options(40))


def test_text_of_any_kind() -> None:
    page = replace(with_options(1), subject="Participant Ж 日本\t\n\x07 ≥ 1\u202f000")
    assert "Participant Ж \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} ≥ 1 000" in read(paper_pdf(page))


@given(st.lists(st.floats(22, 180), max_size=8), st.floats(1, 8))
def test_numbers_below_the_bar_stand_apart_and_in_order(places: list[float], apart: float) -> None:
    moved = spread(sorted(places), apart, 22)
    assert all(after - before >= apart - 1e-9 for before, after in pairwise(moved))
    assert all(place >= 22 for place in moved)
    if len(places) == 1:
        assert moved == places
