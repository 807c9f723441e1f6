"""How cells of any kind are read: exactly, told with a count, or named once as a problem."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.columns.texts import levels
from sensecf_core.cohorts.own.columns.truths import truths
from sensecf_core.cohorts.own.data_file import Column
from sensecf_core.cohorts.own.folder import check, examine, read
from tests.cohorts.own.made_cohort import as_csv, changed, made_rows, notes, texts, write

ROWS = made_rows()
NBSP = "\u00a0"
styles = st.sampled_from(
    [
        lambda v, d: f"{v:.{d}f}",
        lambda v, d: f"{v:,.{d}f}",
        lambda v, d: f"{v:,.{d}f}".replace(",", NBSP),
        lambda v, d: f"{v:.{d}f}".replace(".", ","),
        lambda v, d: f"{v:,.{d}f}".replace(",", "_").replace(".", ",").replace("_", "."),
        lambda v, d: f"{v:,.{d}f}".replace(",", " ").replace(".", ","),
        lambda v, d: f"{v:.{d}f}".replace("-", "\u2212"),
    ]
)


@given(
    values=st.lists(st.floats(-1e7, 1e7, allow_nan=False), min_size=1, max_size=8),
    decimals=st.integers(0, 4),
    style=styles,
    commas=st.booleans(),
)
def test_a_number_is_read_as_what_it_is_or_not_at_all(
    values: list[float], decimals: int, style: object, commas: bool
) -> None:
    """Whatever the style, no column is ever read as other numbers without a word."""
    spelled = list(dict.fromkeys(style(value, decimals) for value in values))  # type: ignore[operator]
    true = [float(f"{value:.{decimals}f}") for value in values]
    points = any("." in text for text in spelled) and not any("," in text for text in spelled)
    reading = cells.read_numbers(spelled, commas=commas and not points)
    by_text = dict(zip([style(v, decimals) for v in values], true, strict=True))  # type: ignore[operator]
    for text, value, how in zip(spelled, reading.values, reading.how, strict=True):
        ambiguous = decimals == 0 and text.count(".") == 1 and "," not in text  # 7.500 by itself
        if not np.isnan(value) and not ambiguous:
            assert value == pytest.approx(by_text[text]), (text, value)
            assert how or "," not in text


def test_a_column_of_commas_alone_is_read_only_where_one_reading_is_possible() -> None:
    reading = cells.read_numbers(["1,234", "5,678"])
    assert reading.doubt and np.isnan(reading.values).all()
    assert cells.read_numbers(["1,234", "5,678"], span=(0, 10)).values.tolist() == [1.234, 5.678]
    assert cells.read_numbers(["1,234", "5,678"], whole=True).values.tolist() == [1234, 5678]


@pytest.mark.parametrize(
    ("column", "cell", "problem", "mend"),
    [
        ("age", "1957-03-02", "a date", "age in years"),
        ("age", "02.03.1957", "a date", "age in years"),
        ("age", "3-Mar-57", "a date", "age in years"),
        ("age", "19570302", "a date", "age in years"),
        ("bmi", "7:30", "a time", "7.5 hours"),
        ("bmi", "<20", "a bound", "leave the cell empty"),
        ("bmi", "120/80", "two numbers", "two columns"),
        ("bmi", "20-30", "a range", "levels"),
        ("bmi", "52 lb", "something beside it", "in kg/m²"),
        ("bmi", "25.1*", "with a mark", "alone"),
        ("bmi", "Invalid", "not measured", 'missing = ["Invalid"]'),
        ("bmi", "?", "not measured", 'missing = ["?"]'),
        ("age", "TRUE", "a truth value", "binary"),
        ("age", "999", "not measured", "missing = [999]"),
        ("steps", "-9", "not measured", "missing = [-9]"),
        ("steps", "7500.5", "not a whole number", "decimals"),
        ("age", "12345678901234567890", "more digits", "id"),
        ("smoking", "Never", "is not a level", "'never'"),
        ("smoking", "None", "is not a level", "never, former"),
        ("smoking", "ｎｅｖｅｒ", "is not a level", "'never'"),
        ("snack", "9", "is not 0 or 1", "0 or 1"),
        ("bmi", "(25)", "something beside it", "alone"),
        ("bmi", "25.1 (est.)", "something beside it", "in kg/m²"),
        ("bmi", "'25.1'", "a number in quotes", "alone"),
        ("bmi", "-inf", "can be kept", "leave the cell empty"),
        ("smoking", "?", "is not a level", 'missing = ["?"]'),
        ("smoking", "99", "is not a level", "missing = [99]"),
        ("high", "", "target is missing", "leave_out_missing"),
    ],
)
def test_cells_of_one_kind_are_one_problem_with_their_count(
    tmp_path: Path, column: str, cell: str, problem: str, mend: str
) -> None:
    names = ("never", "former", "current") if cell != "None" else ("never", "former", "current", "none")
    rows = changed(ROWS, column, lambda n, v: cell if n % 10 == 3 else v)
    (found,) = check(write(tmp_path, as_csv(rows), names))
    assert (found.column, found.row, found.count) == (column, "5", 7)
    assert problem in found.problem and (mend in found.mend or (cell == "None" and "'none'" in found.mend))


@pytest.mark.parametrize("text", ["NA", "#N/A", "#DIV/0!", "#NV", "#¡VALOR!", ".", "-", "missing", "NULL"])
def test_the_usual_signs_of_a_gap_are_told(tmp_path: Path, text: str) -> None:
    rows = changed(ROWS, "bmi", lambda n, v: text if n < 4 else v)
    examined = examine(write(tmp_path, as_csv(rows)))
    assert examined.cohort is not None and examined.cohort.rows["bmi"].isna().sum() == 4
    assert f"{text!r} read as not measured (4 rows)" in notes(examined)


def test_a_minus_beside_pluses_and_a_name_with_a_hash_are_levels() -> None:
    for distinct in (["-", "+"], ["-", "++", "+++"]):
        assert [cell for cell in distinct if cells.gaps_of(distinct)(cell)] == []
    both = ["--", "-", "+", "++", "NA"]
    assert [cell for cell in both if cells.gaps_of(both)(cell)] == ["NA"]
    assert cells.gaps_of(["-", "--", "1"])("-") and cells.gaps_of(["--", "+"])("--")
    hashes = ["#red", "#blue", "#NAME", "#nv", "#1"]
    assert [cell for cell in hashes if cells.is_missing(cell)] == []


def test_codes_for_gaps_are_declared_for_all_features_or_one(tmp_path: Path) -> None:
    rows = changed(ROWS, "age", lambda n, v: "-9" if n < 3 else v)
    rows = changed(rows, "bmi", lambda n, v: ("99.90", "?", v)[min(n, 2)])
    rows = changed(rows, "smoking", lambda n, v: "-9" if n < 5 else v)
    declared = {"top": 'missing = [-9, "?"]', "bmi": "missing = [99.9]"}
    examined = examine(write(tmp_path, as_csv(rows), **declared))
    assert examined.cohort is not None, texts(examined)
    assert examined.cohort.rows.isna().sum().to_dict() == {
        **dict.fromkeys(("steps", "snack"), 0), "age": 3, "bmi": 2, "smoking": 5
    }  # fmt: skip
    assert "smoking: '-9' read as not measured, as the schema says (5 rows)" in notes(examined)


def test_a_code_is_found_in_the_files_own_way_of_writing_numbers(tmp_path: Path) -> None:
    rows = changed(ROWS, "bmi", lambda n, v: "99,90" if n < 3 else v.replace(".", ","))
    examined = examine(write(tmp_path, as_csv(rows, delimiter=";"), bmi="missing = [99.9]"))
    assert examined.cohort is not None and examined.cohort.rows["bmi"].isna().sum() == 3
    assert "'99,90' read as not measured, as the schema says (3 rows)" in notes(examined)


def test_words_for_0_and_1_are_declared_or_proposed(tmp_path: Path, plain: pd.DataFrame) -> None:
    rows = changed(ROWS, "snack", lambda _, v: str(2 - int(v)))
    (problem,) = check(write(tmp_path, as_csv(rows)))
    assert "which is 0 and which is 1: `words = [1, 2]`" in problem.mend
    rows = changed(rows, "high", lambda _, v: ("benign", "malignant")[int(v)])
    words = {"snack": "words = [2, 1]", "task": 'words = ["benign", "malignant"]'}
    pd.testing.assert_frame_equal(read(write(tmp_path, as_csv(rows), **words)).rows, plain)


def test_a_class_may_be_called_by_a_word_that_elsewhere_is_a_gap(tmp_path: Path) -> None:
    rows = changed(ROWS, "high", lambda n, v: "" if n == 5 else "present" if v == "1" else "none")
    task = 'leave_out_missing = true\nwords = ["none", "present"]'
    examined = examine(write(tmp_path, as_csv(rows), task=task))
    assert examined.cohort is not None, texts(examined)
    assert len(examined.cohort.rows) == 69 and set(examined.cohort.target) == {0, 1}


def test_rounding_is_told(tmp_path: Path) -> None:
    examined = examine(write(tmp_path, as_csv(changed(ROWS, "bmi", lambda _, v: f"{v}49"))))
    assert "rounded to 1 decimal" in notes(examined) and "(70 rows)" in notes(examined)


def column(values: list[object]) -> Column:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return Column("c", made, np.arange(2, len(values) + 2))


names = st.lists(
    st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=6).filter(
        lambda text: text == text.strip() and "|" not in text
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda text: unicodedata.normalize("NFKC", text).casefold(),
)


@settings(max_examples=60)
@given(names=names, form=st.sampled_from(["NFC", "NFD"]))
def test_a_level_is_read_in_either_unicode_form_and_never_taken_for_a_gap(
    names: list[str], form: str
) -> None:
    written = [unicodedata.normalize(form, name) for name in names]
    found = levels(tuple(names), column(list(written)))
    assert found.values.tolist() == names and not found.problems and not found.notes
    upper = [name.swapcase() for name in names]
    others = levels(tuple(names), column([*upper]))
    told = sum(p.count for p in others.problems) + sum(note.count for note in others.notes)
    # None is lost or taken for another one without a word.
    assert told == sum(level != text for level, text in zip(others.values, upper, strict=True))


def test_integer_like_levels_are_read_alike_from_text_and_numbers() -> None:
    for written in (["0", "1", "2"], ["0.0", "1.0", "2.0"], [0.0, 1.0, 2.0], [0, 1, 2]):
        assert levels(("0", "1", "2"), column(list(written))).values.tolist() == ["0", "1", "2"]
    both = levels(("1", "01"), column(["1.0"]))  # it could be either
    assert both.values.tolist() == [None] and both.problems


def test_a_declared_word_in_another_case_is_told_and_many_words_are_one_problem() -> None:
    found = truths(column(["No", "yes", "YES"]), ("no", "yes"))
    assert found.values.tolist() == [0, 1, 1] and len(found.notes) == 2
    (problem,) = truths(column(["low", "mid", "high", "mid"]), None).problems
    assert problem.count == 4 and "neither 0 nor 1" in problem.problem


def test_truths_of_parquet_are_read_without_a_note() -> None:
    found = truths(column([True, False, None, 1, 0.0]), None)
    assert found.values.tolist()[:2] == [1, 0] and np.isnan(found.values[2])
    assert not found.notes and not found.problems
