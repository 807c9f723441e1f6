"""How files of any kind are read: as the same rows, or with one problem that names the cause."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sensecf_core.cohorts.enough import too_small
from sensecf_core.cohorts.own import cells
from sensecf_core.cohorts.own.folder import check, examine, read
from tests.cohorts.own.made_cohort import as_csv, changed, made_rows, notes, texts, write

ROWS = made_rows()
NBSP, NARROW = "\u00a0", "\u202f"
HEADER, BELOW = as_csv(ROWS).split("\n", 1)
UNITS_ROW = f"{HEADER}\n,years,kg/m²,steps/day,,,\n{BELOW}"
TWO_ROWS = (
    f"{HEADER}\nID,Age,Body mass index,Steps,Smoking,Snack,High\nid,int,float,int,text,int,int\n{BELOW}"
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (as_csv(ROWS, delimiter="\t"), "separated by tabs"),
        (as_csv(ROWS, delimiter="|", lineterminator="\r\n"), "vertical bars"),
        ("sep=;\n" + as_csv(ROWS, delimiter=";"), "semicolons"),
        (
            as_csv(changed(ROWS, "bmi", lambda _, v: v.replace(".", ",")), delimiter=";"),
            "a comma for decimals",
        ),
        (as_csv(changed(ROWS, "bmi", lambda _, v: v.replace(".", ","))), "a comma for decimals"),
        ("\ufeff" + as_csv(ROWS, quoting=csv.QUOTE_ALL), ""),
        (as_csv(ROWS).replace("\n", ",\n"), "empty column without a name"),
        (as_csv(ROWS).replace("\n", ",\n").replace(",\n", "\n", 1), ""),
        (as_csv(ROWS) + ",,,,,,\n" * 9, "without any value is left out (9 rows)"),
        (as_csv([{"": str(n), **row} for n, row in enumerate(ROWS)]), "names the rows"),
        (as_csv(changed(ROWS, "steps", lambda _, v: f"{int(v):,}")), "commas between thousands"),
        (as_csv(changed(ROWS, "steps", lambda _, v: f"{int(v):,}".replace(",", NARROW))), "spaces between"),
        (as_csv(changed(ROWS, "steps", lambda _, v: f"{int(v):,}".replace(",", "'"))), "apostrophes between"),
        (as_csv(changed(ROWS, "bmi", lambda _, v: f"{v} kg/m²")), "the unit behind the number"),
        (as_csv(changed(ROWS, "age", lambda _, v: f"{v}.0")), ""),
        (as_csv(changed(ROWS, "snack", lambda _, v: ("Nein", "Ja")[int(v)])), "'Ja' read as 1"),
        (as_csv(changed(ROWS, "high", lambda _, v: ("FALSE", "TRUE")[int(v)])), "'TRUE' read as 1"),
        (as_csv(changed(ROWS, "smoking", lambda n, v: f" {v}{NBSP}" if n % 2 else v)), ""),
        (as_csv(ROWS, names={"age": " age ", "bmi": "bmi\u200b"}), ""),
        (as_csv(changed(ROWS, "bmi", lambda n, v: f"\u202a{v}\u200e" if n % 2 else f"{v}\u00ad")), ""),
        (as_csv(changed(ROWS, "smoking", lambda n, v: f"\u200b{v}\ufeff" if n % 2 else v)), ""),
        (as_csv(changed(ROWS, "snack", lambda _, v: "-+"[int(v)])), "'-' read as 0"),
        (as_csv(changed(ROWS, "high", lambda _, v: "-+"[int(v)])), "'+' read as 1"),
        (as_csv(ROWS, quoting=csv.QUOTE_ALL).replace('","', '", "'), ""),
        (as_csv(ROWS, quoting=csv.QUOTE_ALL, quotechar="'"), "in single quotes"),
        (as_csv(ROWS) + "\x1a", ""),
        (as_csv(ROWS) + "\0" * 40, ""),
    ],
)
def test_the_same_rows_in_another_dialect(
    tmp_path: Path, plain: pd.DataFrame, content: str, told: str
) -> None:
    examined = examine(write(tmp_path, content))
    assert examined.cohort is not None, texts(examined)
    pd.testing.assert_frame_equal(examined.cohort.rows, plain)
    assert told in notes(examined) and (told or not examined.notes)


def test_decimal_commas_and_points_between_thousands_in_one_file(tmp_path: Path, plain: pd.DataFrame) -> None:
    """Steps as 7.500 alone are seven and a half; beside a column with decimal commas they are thousands."""
    rows = changed(ROWS, "steps", lambda _, v: f"{int(v):,}".replace(",", "."))
    german = changed(rows, "bmi", lambda _, v: v.replace(".", ","))
    examined = examine(write(tmp_path, as_csv(german, delimiter=";")))
    assert examined.cohort is not None
    pd.testing.assert_frame_equal(examined.cohort.rows, plain)
    assert "points between thousands" in notes(examined)
    (problem,) = check(write(tmp_path, as_csv(rows)))
    assert problem.column == "steps" and "whole number" in problem.problem


@pytest.mark.parametrize(
    ("content", "row", "problem", "mend"),
    [
        (as_csv(ROWS).encode("utf-16"), None, "UTF-16", 'encoding = "utf-16"'),
        (as_csv(ROWS).encode("utf-16-be"), None, "UTF-16-BE", "UTF-8"),
        (as_csv(ROWS).replace("never", "régulier").encode("cp1252"), None, "'régulier'", '"windows-1252"'),
        (as_csv(ROWS).replace("never", "никогда").encode("cp1251"), None, "'никогда'", '"windows-1251"'),
        (as_csv(ROWS).replace("never", "ない").encode("shift_jis"), None, "'ない'", '"shift_jis"'),
        (as_csv(ROWS).replace("never", "książę").encode("cp1250"), None, "'książę'", '"windows-1250"'),
        (as_csv(ROWS).replace("never", "książę").encode("iso8859-2"), None, "'książę'", '"iso8859-2"'),
        (as_csv(ROWS).replace("never", "régulier").encode("cp850"), None, "'régulier'", '"cp850"'),
        (as_csv(ROWS).replace("never", "régulier").encode("mac_roman"), None, "'régulier'", '"mac_roman"'),
        (b"PK\x03\x04 and so on", None, "Excel workbook", "data.xlsx"),
        (b"SQLite format 3\0" + b"\0" * 40, None, "an SQLite database", "CSV"),
        (b"<TABLE><tr><td>1</td></tr></TABLE>", None, "a web page", "CSV"),
        (b'[\n  {"age": 3}\n]', None, "JSON", "CSV"),
        (UNITS_ROW, "2", "line 2 holds 'years', 'kg/m²' above numbers", "Remove it"),
        (TWO_ROWS, "2", "lines 2 to 3 hold 'Age', 'Body mass index'", "Remove them"),
        (
            as_csv(ROWS).replace("never", "n" * 200_000, 1),
            "3",
            "more than 131,072 characters",
            "never closed",
        ),
        (b'[{"age": 3}]', None, "JSON", "CSV"),
        ("Study X, as of May\n\n" + as_csv(ROWS), "1", "'Study X, as of May'|'Study X'", "Remove the lines"),
        (as_csv(ROWS).partition("\n")[2], "1", "looks like data", "names of the columns"),
        (
            as_csv(ROWS).replace(".", ","),
            "2",
            "header has 7 names, but 70 of 70 lines have 8 cells",
            "semicolons",
        ),
        (as_csv(ROWS) + "Total,44,,,,,\n", "72", "'Total'", "Remove it"),
        (as_csv(ROWS) + "n = 70\n", "72", "'n = 70'", "Remove it"),
        (as_csv(ROWS) + as_csv(ROWS[:1]).partition("\n")[0] + "\n", "72", "repeats the names", "Remove it"),
        (as_csv(ROWS).replace("never", '"never', 1), None, "broken CSV", "quote"),
    ],
)
def test_a_file_that_is_not_read_is_one_problem(
    tmp_path: Path, content: str | bytes, row: str | None, problem: str, mend: str
) -> None:
    """The cause is named, and everything that follows from it held back."""
    (found,) = check(write(tmp_path, content))
    assert any(part in found.problem for part in problem.split("|")), found
    assert mend in found.mend
    assert row is None or found.row == row


def test_an_encoding_can_be_declared(tmp_path: Path) -> None:
    content = as_csv(ROWS).replace("never", "régulier").encode("cp1252")
    names = ("régulier", "former", "current")
    examined = examine(write(tmp_path, content, names, top='encoding = "windows-1252"'))
    assert examined.cohort is not None and "régulier" in set(examined.cohort.rows["smoking"])
    (problem,) = check(write(tmp_path, content, names, top='encoding = "klingon"'))[:1]
    assert "klingon" in problem.problem


def test_a_person_of_whom_nothing_is_known_is_no_second_header(tmp_path: Path) -> None:
    rows = changed(ROWS, "high", lambda _, v: ("benign", "malignant")[int(v)])
    for name in ("age", "steps", "snack"):
        rows = changed(rows, name, lambda n, v: "unfilled" if n == 0 else v)
    rows = changed(rows, "bmi", lambda n, v: "not taken" if n == 0 else v)
    codes = {"top": 'missing = ["unfilled"]', "bmi": 'missing = ["not taken"]'}
    codes["task"] = 'words = ["benign", "malignant"]'
    examined = examine(write(tmp_path, as_csv(rows), **codes))
    assert examined.cohort is not None, texts(examined)
    assert examined.cohort.rows.iloc[0][["age", "bmi", "steps", "snack"]].isna().all()
    assert "Remove it." in check(write(tmp_path, as_csv(rows)))[0].mend


def test_a_quote_behind_a_space_may_be_the_cells_own(tmp_path: Path) -> None:
    level = '"n" x'
    rows = changed(ROWS, "smoking", lambda _, v: f" {level}" if v == "never" else v)
    content = as_csv(rows, quoting=csv.QUOTE_NONE, quotechar=None)
    examined = examine(write(tmp_path, content, (level, "former", "current")))
    assert examined.cohort is not None and level in set(examined.cohort.rows["smoking"])
    padded = as_csv(ROWS, quoting=csv.QUOTE_ALL).replace('","', '", "')
    (problem,) = check(write(tmp_path, padded.replace('"never"', '"ne"ver"', 1)))
    assert "broken CSV" in problem.problem


def test_indian_thousands_and_rows_that_are_the_same_in_every_column(tmp_path: Path) -> None:
    assert cells.read_numbers(["1,23,456", "12,34,567.5"]).values.tolist() == [123456, 1234567.5]
    assert np.isnan(cells.read_numbers(["1,2,3"]).values).all()
    (problem,) = check(write(tmp_path, as_csv([*ROWS, *ROWS[:9]])))
    assert "all are the same in every column" in problem.problem and "Remove" in problem.mend


def test_ids_that_are_no_ids_or_were_cut_look_odd(tmp_path: Path) -> None:
    rows = changed(ROWS, "participant_id", lambda n, v: "NA" if n == 5 else f"1.{n:05}E+11" if n > 60 else v)
    examined = examine(write(tmp_path, as_csv(rows)))
    said = [odd.problem for odd in examined.odd if odd.column == "participant_id"]
    assert any("1 id means “not measured” elsewhere, such as 'NA'" in one for one in said)
    assert any("9 ids are cut, such as '1.00061E+11'" in one for one in said)


def test_columns_are_named_by_the_schema(tmp_path: Path, plain: pd.DataFrame) -> None:
    names = {"bmi": "BMI [kg/m²]", "age": 'Age, "years"', "participant_id": "Study ID", "high": "High?"}
    wanted = {"bmi": "column = 'BMI [kg/m²]'", "age": "column = 'Age, \"years\"'"}
    content = as_csv(ROWS, names=names)
    folder = write(tmp_path, content, top='participant_column = "Study ID"', **wanted)
    schema = folder / "schema.toml"
    schema.write_text(schema.read_text("utf-8").replace('target = "high"', 'target = "High?"'), "utf-8")
    pd.testing.assert_frame_equal(read(folder).rows, plain)
    problems = check(write(tmp_path, content))
    mends = "\n".join(problem.mend for problem in problems)
    assert len(problems) == 4  # a column and its near match are one problem
    assert 'column = "BMI [kg/m²]"' in mends and 'target = "High?"' in mends
    assert 'participant_column = "Study ID"' in mends


def test_columns_that_nobody_needs_are_one_problem_or_one_line(tmp_path: Path) -> None:
    rows = [row | {f"note{number}": "x" for number in range(40)} for row in ROWS]
    (problem,) = check(write(tmp_path, as_csv(rows)))
    assert "40 columns" in problem.problem and "ignore_other_columns" in problem.mend
    examined = examine(write(tmp_path, as_csv(rows), top="ignore_other_columns = true"))
    assert examined.cohort is not None and "40 other columns are left out" in notes(examined)


def test_a_file_without_ids_numbers_its_rows_unless_a_column_looks_like_ids(tmp_path: Path) -> None:
    bare = [{name: cell for name, cell in row.items() if name != "participant_id"} for row in ROWS]
    assert read(write(tmp_path, as_csv(bare))).rows.index[0] == ("1", "0")
    renamed = as_csv(ROWS, names={"participant_id": "PatientID"})
    (problem,) = check(write(tmp_path, renamed, top="ignore_other_columns = true"))
    assert 'participant_column = "PatientID"' in problem.mend


def test_several_rows_a_person_and_rows_without_a_target(tmp_path: Path) -> None:
    rows = changed([*ROWS, *ROWS[:9]], "high", lambda n, v: "" if n in (1, 5) else v)
    first, second = check(write(tmp_path, as_csv(rows)))
    assert (first.count, second.count) == (9, 2)
    assert "number_rows" in first.mend and "leave_out_missing" in second.mend
    examined = examine(
        write(tmp_path, as_csv(rows), top="number_rows = true", task="leave_out_missing = true")
    )
    assert examined.cohort is not None, texts(examined)
    assert len(examined.cohort.rows) == 77 and ("P000", "2") in examined.cohort.rows.index
    assert "a row without a target is left out (2 rows)" in notes(examined)


def test_check_and_train_decide_by_the_same_rule_what_is_enough(tmp_path: Path) -> None:
    rows = changed(ROWS, "high", lambda n, _: str(int(n < 6)))
    (problem,) = check(write(tmp_path, as_csv(rows)))
    assert "10 of each are needed" in problem.problem
    enough = read(write(tmp_path, as_csv(changed(ROWS, "high", lambda n, _: str(int(n < 20))))))
    assert too_small(enough) is None
