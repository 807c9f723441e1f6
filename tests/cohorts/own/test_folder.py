"""Own cohort folders: the example works, and every problem is told at once, with its mend."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sensecf_core.cohorts.own import data_file
from sensecf_core.cohorts.own.folder import check, read
from sensecf_core.cohorts.own.problems import Problem
from sensecf_core.errors import InputError

EXAMPLE = Path(__file__).parent / "example_own"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "walking"
    shutil.copytree(EXAMPLE, target)
    return target


def edit(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, count), "utf-8")


def set_cells(folder: Path, column: str, value: str, rows: slice) -> None:
    table = pd.read_csv(folder / "data.csv", dtype=str, keep_default_na=False)
    table.loc[table.index[rows], column] = value
    table.to_csv(folder / "data.csv", index=False)


def has(problems: tuple[Problem, ...], column: str | None, row: str | None, text: str) -> bool:
    return any(p.column == column and p.row == row and re.search(text, p.problem) for p in problems)


def test_the_example_is_a_cohort(folder: Path) -> None:
    assert check(folder) == ()
    cohort = read(folder)
    assert cohort.own and cohort.schema.name == "walking"
    assert cohort.rows.index[:3].tolist() == [("001", "baseline"), ("002", "baseline"), ("003", "baseline")]
    assert (cohort.parts.groupby(level=0).nunique() == 1).all()
    assert cohort.rows["smoking"].map(lambda level: level is None or isinstance(level, str)).all()
    assert cohort.rows.isna().any().any()
    assert cohort.flow[0].rows == len(cohort.rows)


def test_reading_twice_gives_the_same_split_and_hashes(folder: Path) -> None:
    first, second = read(folder), read(folder)
    assert (first.data_sha256, first.split_sha256) == (second.data_sha256, second.split_sha256)


def test_parquet_is_read_as_csv_is(folder: Path) -> None:
    from_csv = read(folder)
    table = pd.read_csv(folder / "data.csv", dtype={"person": str})
    table["evening_snack"] = table["evening_snack"].astype(bool)
    table["smoking"] = table["smoking"].astype("category")
    table.to_parquet(folder / "data.parquet", index=False)
    (folder / "data.csv").unlink()
    assert check(folder) == ()
    from_parquet = read(folder)
    pd.testing.assert_frame_equal(from_parquet.rows, from_csv.rows)
    assert from_parquet.data_sha256 == from_csv.data_sha256


def test_numbers_are_rounded_to_what_the_schema_shows(folder: Path) -> None:
    set_cells(folder, "bmi", "27.3456", slice(0, 1))
    assert read(folder).rows["bmi"].iloc[0] == 27.3


@pytest.mark.parametrize("text", ["", "NA", "NaN", "null", " "])
def test_missing_has_several_spellings(folder: Path, text: str) -> None:
    set_cells(folder, "bmi", text, slice(0, 1))
    assert pd.isna(read(folder).rows["bmi"].iloc[0])


@pytest.mark.parametrize(
    ("column", "cell", "problem"),
    [
        ("bmi", "heavy", "'heavy' is not a number"),
        ("bmi", "27,5", "the line has 14 cells"),
        ("bmi", "inf", "not a number"),
        ("bmi", "1e999", "not a number"),
        ("bmi", "=1+2", "'=1\\+2' is a formula"),
        ("bmi", "-1+cmd|' /C calc'!A0", "is a formula"),
        ("bmi", "-3", "outside `valid`, 10 to 80 kg/m²"),
        ("steps", "100.5", "not a whole number"),
        ("evening_snack", "2", "'2' is not 0 or 1"),
        ("evening_snack", "perhaps", "not 0 or 1"),
        ("smoking", "curent", "'curent' is not a level"),
        ("smoking", '=HYPERLINK("http://x")', "is not a level"),
        ("site", "east", "'east' is not a level"),
        ("high_glucose", "", "the target is missing"),
        ("high_glucose", "2", "'2' is not 0 or 1"),
        ("person", "", "the id is missing"),
        ("person", "=1+2", "is a formula"),
        ("visit", "", "the id is missing"),
    ],
)
def test_a_cell_that_cannot_be_used(folder: Path, column: str, cell: str, problem: str) -> None:
    if "cells" in problem:
        edit(folder / "data.csv", ",22.7,", ",22,7,")
        assert has(check(folder), "data.csv", "2", problem)
        return
    set_cells(folder, column, cell, slice(3, 4))
    assert has(check(folder), column, "5", problem)
    with pytest.raises(InputError, match="cohort check"):
        read(folder)


def test_a_cell_that_is_repeated_is_one_problem(folder: Path) -> None:
    set_cells(folder, "bmi", "x", slice(0, 40))
    problems = [p for p in check(folder) if p.column == "bmi"]
    assert [(p.row, p.count) for p in problems] == [("2", 40)]
    assert problems[0].problem.endswith("(40 rows)")


def test_many_different_unknown_levels_stay_a_short_list(folder: Path) -> None:
    table = pd.read_csv(folder / "data.csv", dtype=str)
    table["smoking"] = [f"level {i}" for i in range(len(table))]
    table.to_csv(folder / "data.csv", index=False)
    assert len([p for p in check(folder) if p.column == "smoking"]) < 20


def test_everything_is_told_at_once(folder: Path) -> None:
    schema = folder / "schema.toml"
    edit(schema, 'direction = "down"                      #', 'direction = "sideways" #')
    edit(schema, 'name = "steps"', 'name = "steps"\nsugest = [1, 2]')
    edit(schema, "follows = ", 'folows = "steps"\n#')
    edit(schema, "terms = { sitting = 1, sleep = 60 }", "terms = { siting = 1, smoking = 60 }")
    edit(schema, 'licence = "CC0 1.0"', "")
    set_cells(folder, "age", "old", slice(0, 1))
    table = pd.read_csv(folder / "data.csv", dtype=str, keep_default_na=False)
    pd.concat([table.drop(columns="sleep").assign(colour="red"), table.iloc[[0]].assign(colour="red")]).drop(
        columns="sleep"
    ).to_csv(folder / "data.csv", index=False)
    problems = check(folder)
    assert has(problems, "bmi", None, "`direction`")
    assert has(problems, "steps", None, "the key `sugest` is not known")
    assert any(p.mend == "Did you mean `suggest`?" for p in problems)
    assert has(problems, "sitting_with_steps", None, "the key `follows` is missing")
    assert has(problems, "one_day", None, "`siting`, which is not a feature")
    assert has(problems, "one_day", None, "`smoking`, which has levels")
    assert has(problems, "provenance", None, "the key `licence` is missing")
    assert has(problems, "age", "2", "'old' is not a number")
    assert has(problems, "colour", None, "does not know this column")
    assert has(problems, "sleep", None, "no such column")
    assert has(problems, "person", "82", "has the row 'baseline' twice")
    assert not any(p.column in ("bmi", "steps") and "does not know" in p.problem for p in problems)
    assert all(p.mend.endswith((".", "?")) and not p.problem.endswith(".") for p in problems)


@pytest.mark.parametrize(
    ("edited", "where", "problem"),
    [
        (("[task]", "[task"), ("schema.toml", "12"), "broken TOML"),
        (('name = "walking"', 'name = "Walking Study"'), ("name", None), "pattern"),
        (('name = "sex"', 'name = "age"'), ("age", None), "two features have this name"),
        (('target = "high_glucose"', 'target = "bmi"'), ("bmi", None), "also the `task.target`"),
        (('row_column = "visit"', 'row_column = "person"'), ("person", None), "different columns"),
        (("valid = [10, 80]", "valid = [10, inf]"), ("bmi", None), "finite"),
        (("suggest = [20, 45]", "suggest = [5, 45]"), ("bmi", None), "inside `valid`"),
        (("valid = [10, 80]", 'valid = [10, "x"]'), ("bmi", None), "^`valid`: .*number"),
        (("step = 500", "step = 1"), ("steps", None), "leaves 13,\\d+ values"),
        (("bound = 1440", "bound = 10"), ("one_day", None), "100% of the rows break this rule"),
        (('name = "walking"', 'nonsense = 3\nname = "walking"'), ("schema.toml", None), "`nonsense`"),
    ],
)
def test_a_schema_that_cannot_be_used(
    folder: Path, edited: tuple[str, str], where: tuple[str, str | None], problem: str
) -> None:
    edit(folder / "schema.toml", *edited)
    assert has(check(folder), *where, problem), check(folder)


def test_a_repeated_person_without_a_row_column_says_what_to_do(folder: Path) -> None:
    edit(folder / "schema.toml", 'row_column = "visit"', "#")
    problems = check(folder)
    assert has(problems, "person", "5", "'003' has the row '0' twice")
    assert any("row_column" in p.mend for p in problems)
    assert has(problems, "visit", None, "does not know this column")


def test_too_few_participants_and_one_class(folder: Path) -> None:
    table = pd.read_csv(folder / "data.csv", dtype=str, keep_default_na=False)
    table[table["person"] < "040"].assign(high_glucose="1").to_csv(folder / "data.csv", index=False)
    problems = check(folder)
    assert has(problems, None, None, "39 participants; at least 50")
    assert has(problems, "high_glucose", None, "every row has class 1")


def test_a_class_too_rare_to_split(folder: Path) -> None:
    set_cells(folder, "high_glucose", "0", slice(1, None))
    set_cells(folder, "high_glucose", "1", slice(0, 1))
    assert has(check(folder), "high_glucose", None, "too few participants have visits of")


def test_a_feature_without_any_value(folder: Path) -> None:
    set_cells(folder, "sleep", "", slice(None))
    assert has(check(folder), "sleep", None, "no row has a usable value")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("data.csv", b"", "empty"),
        ("data.csv", b"\n", "has no such column|no row"),
        ("data.csv", b"person,visit\n", "no row below the header"),
        ("data.csv", b"person visit age\n1 2 3\n", "not separated into columns"),
        ("data.csv", b"person,person,\n1,2,3\n", "two columns have this name"),
        ("data.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "a picture"),
        ("data.csv", b"a,b\n1,\x00\n", "binary"),
        ("data.csv", b'a,b\n"1,2\n', "broken CSV"),
        ("data.csv", "grün,b\n1,2\n".encode("utf-16"), "UTF-16"),
        ("data.csv", b"a\n" + b"x" * 200_000, "more than 131,072 characters"),
        ("data.parquet", b"PAR1 not really PAR1", "not a readable Parquet"),
        ("data.parquet", b"", "empty"),
        ("schema.toml", b"", "is missing"),
        ("schema.toml", b"\xff\xfe", "not UTF-8"),
        ("schema.toml", b"a = " + b"[" * 5000, "broken TOML"),
        ("schema.toml", b"a = " + b"9" * 5000, "broken TOML"),
        ("schema.toml", b"#" * 1_000_001, "bytes"),
        ("schema.toml", b"features = 3\nrules = 'x'\ntask = []", "`features`|valid"),
        ("schema.toml", b"name = 5\nfeatures = [1, {name = 3}]\n[[rules]]\nterms = 5", "valid"),
    ],
)
def test_a_file_that_cannot_be_read(folder: Path, name: str, content: bytes, problem: str) -> None:
    if name == "data.parquet":
        (folder / "data.csv").unlink()
    (folder / name).write_bytes(content)
    assert any(re.search(problem, p.problem) for p in check(folder)), check(folder)


def test_a_huge_file_is_refused_before_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder / "data.csv").open("wb") as file:
        file.truncate(2_000_000_000)  # sparse: takes no room
    monkeypatch.setattr(data_file, "read_csv", lambda *given: pytest.fail("it was read"))
    assert has(check(folder), "data.csv", None, "2,000 MB; at most 500")


def test_a_parquet_file_that_unfolds_to_too_much_is_refused(folder: Path) -> None:
    (folder / "data.csv").unlink()
    rows = pa.array([0], pa.int8()).dictionary_encode()
    many = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int8()), rows.dictionary)] * 60
    )
    pq.write_table(pa.table({"a": many}), folder / "data.parquet", compression="zstd")
    assert (folder / "data.parquet").stat().st_size < 1_000_000
    assert has(check(folder), "data.parquet", None, "more than 50,000,000 cells")


def test_missing_folders_and_files(tmp_path: Path, folder: Path) -> None:
    assert has(check(tmp_path / "none"), None, None, "no folder")
    assert has(check(tmp_path), "schema.toml", None, "missing")
    assert has(check(tmp_path), "data", None, "neither")
    (folder / "data.parquet").write_bytes(b"x")
    assert has(check(folder), "data", None, "both")
    (folder / "data.parquet").unlink()
    (folder / "data.csv").unlink()
    (folder / "data.csv").mkdir()
    assert has(check(folder), "data.csv", None, "not a file")
