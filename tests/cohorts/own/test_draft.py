"""A drafted schema is a valid one, reads its data as they are, and says what nobody but a person can know."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.cohorts.feature import Feature
from sensecf_core.cohorts.own.draft import draft_folder
from sensecf_core.cohorts.own.draft.draft_columns import label_and_unit
from sensecf_core.cohorts.own.folder import examine
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError
from tests.cohorts.own.made_cohort import as_csv, changed, made_rows

ROWS = made_rows()


def drafted(path: Path, **options: str | None) -> Schema:
    return Schema.model_validate(tomllib.loads(draft_folder.draft(path, **options).text))


def saved(folder: Path, content: str | bytes, name: str = "my study.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def by_name(schema: Schema) -> dict[str, Feature]:
    return {feature.name: feature for feature in schema.features}


def test_a_draft_is_a_cohort_without_an_edit(tmp_path: Path) -> None:
    path = saved(tmp_path, as_csv(ROWS, names={"bmi": "BMI [kg/m²]", "high": "Outcome"}))
    draft = draft_folder.draft(path)
    folder = draft_folder.write(path, draft)
    examined = examine(folder)
    assert folder == tmp_path / "my_study" and examined.cohort is not None, examined.problems
    schema = examined.cohort.schema
    features = by_name(schema)
    assert (schema.participant_column, schema.task.target) == ("participant_id", "Outcome")
    assert [f.kind for f in schema.features] == ["integer", "continuous", "integer", "ordinal", "binary"]
    bmi = features["bmi_kg_m"]
    assert (bmi.column, bmi.label, bmi.unit, bmi.decimals) == ("BMI [kg/m²]", "BMI", "kg/m²", 1)
    assert (features["age"].role, features["steps"].role, bmi.role) == ("context", "behaviour", "clinical")
    assert features["smoking"].levels == ("never", "former", "current")  # an order that everybody knows
    assert schema.default_limits == "contrast"  # nothing in a draft is advice
    assert draft.unsure == sum("# check" in line for line in draft.text.splitlines()[2:]) > 5


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = saved(tmp_path, as_csv(ROWS), "data.csv")
    draft = draft_folder.draft(path, target="high")
    assert draft_folder.write(path, draft) == tmp_path
    with pytest.raises(InputError, match="there already"):
        draft_folder.write(path, draft)
    other = saved(tmp_path, as_csv(ROWS), "other.csv")
    (tmp_path / "schema.toml").unlink()
    with pytest.raises(InputError, match=r"data\.csv is there already"):
        draft_folder.write(other, draft, tmp_path)
    assert draft_folder.write(other, draft, tmp_path / "new") == tmp_path / "new"
    assert (tmp_path / "new" / "data.csv").read_text() == other.read_text()


@pytest.mark.parametrize(
    ("column", "change", "expected"),
    [
        ("age", lambda n, v: "999" if n < 5 else v, {"missing": (999,)}),
        ("bmi", lambda n, v: "?" if n < 5 else v, {"missing": ("?",)}),
        (
            "smoking",
            lambda n, v: "?" if n < 5 else v,
            {"missing": ("?",), "levels": ("never", "former", "current")},
        ),
        ("bmi", lambda n, v: "#N/A" if n < 5 else v, {"missing": (), "kind": "continuous"}),
        ("snack", lambda n, v: ("No", "Yes")[int(v)], {"kind": "binary"}),
        ("snack", lambda n, v: ("low", "medium", "high")[n % 3], {"levels": ("low", "medium", "high")}),
        ("age", lambda n, v: f"{int(v) // 20 * 20}-{int(v) // 20 * 20 + 19}", {"kind": "ordinal"}),
        ("bmi", lambda n, v: v.replace(".", ","), {"kind": "continuous", "decimals": 1}),
        ("smoking", lambda n, v: f"{'012'[len(v) % 3]}.0", {"kind": "integer"}),
    ],
)
def test_what_a_column_is_taken_for(
    tmp_path: Path, column: str, change: object, expected: dict[str, object]
) -> None:
    path = saved(tmp_path, as_csv(changed(ROWS, column, change)))  # type: ignore[arg-type]
    feature = by_name(drafted(path, target="high"))[column]
    assert {key: getattr(feature, key) for key in expected} == expected
    assert examine(draft_folder.write(path, draft_folder.draft(path, target="high"))).problems == ()


@pytest.mark.parametrize(
    ("column", "change", "why"),
    [
        ("bmi", lambda n, v: "3.5", "one value only"),
        ("bmi", lambda n, v: "", "no value"),
        ("bmi", lambda n, v: f"19{n:02}-03-02", "dates"),
        ("bmi", lambda n, v: f"remark {n}", "different texts"),
        ("bmi", lambda n, v: str(n), "number of the row"),
        ("smoking", lambda n, v: f"a|{v}", "cannot be shown"),
    ],
)
def test_a_column_that_is_no_feature_is_left_out_with_its_reason(
    tmp_path: Path, column: str, change: object, why: str
) -> None:
    path = saved(tmp_path, as_csv(changed(ROWS, column, change)))  # type: ignore[arg-type]
    draft = draft_folder.draft(path, target="high")
    ((left_out, reason),) = draft.left_out
    assert left_out == column and why in reason and f"#   {column} {reason}" in draft.text
    assert examine(draft_folder.write(path, draft)).problems == ()


def test_a_heap_of_zeros_is_asked_about_and_kept(tmp_path: Path) -> None:
    path = saved(tmp_path, as_csv(changed(ROWS, "bmi", lambda n, v: "0" if n < 9 else v)))
    text = draft_folder.draft(path, target="high").text
    assert "9 zeros stand apart" in text and "missing = [0]" in text
    assert by_name(drafted(path, target="high"))["bmi"].missing == ()


def test_target_people_and_rows(tmp_path: Path) -> None:
    rows = changed(ROWS, "high", lambda n, v: "" if n < 3 else ("benign", "malignant")[int(v)])
    twice = [{**row, "wave": wave} for wave in ("1", "2") for row in rows]
    path = saved(tmp_path, as_csv(twice, names={"participant_id": "PatientID", "high": "diagnosis"}))
    schema = drafted(path)
    assert (schema.participant_column, schema.row_column) == ("PatientID", "wave")
    assert (schema.task.target, schema.task.words) == ("diagnosis", ("benign", "malignant"))
    assert schema.task.leave_out_missing
    bare = [{key: cell for key, cell in row.items() if key != "wave"} for row in twice]
    assert drafted(saved(tmp_path, as_csv(bare)), target="high", participant="participant_id").number_rows


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (as_csv(ROWS), {}, "--target COLUMN: two values have snack, high"),
        (as_csv(ROWS), {"target": "hihg"}, "did you mean high"),
        (as_csv(ROWS), {"target": "smoking"}, "has 3 ("),
        (as_csv(ROWS), {"target": "high", "participant": "who"}, "Unknown column 'who'"),
        (as_csv(ROWS[:1]).partition("\n")[0] + "\n", {"target": "high"}, "no row below"),
        (b"PK\x03\x04", {}, "Excel workbook"),
        ("", {}, "empty"),
        ("high\n1\n0\n", {"target": "high"}, "no column that can be a feature"),
        ("id~high\na~1\nb~0\n", {"target": "high"}, "has one column only, 'id~high'"),
    ],
)
def test_what_cannot_be_drafted_is_one_sentence(
    tmp_path: Path, content: str | bytes, options: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=r".") as error:
        draft_folder.draft(saved(tmp_path, content), **options)
    assert message in str(error.value)


def test_another_encoding_is_guessed_declared_and_marked(tmp_path: Path) -> None:
    rows = changed(ROWS, "smoking", lambda _, v: v.replace("never", "régulier"))
    path = saved(tmp_path, as_csv(rows, delimiter=";").encode("cp1252"))
    draft = draft_folder.draft(path, target="high")
    assert 'encoding = "windows-1252"  # check' in draft.text
    cohort = examine(draft_folder.write(path, draft)).cohort
    assert cohort is not None and "régulier" in set(cohort.rows["smoking"])


def test_levels_that_differ_in_case_are_all_drafted(tmp_path: Path) -> None:
    rows = changed(ROWS, "smoking", lambda n, v: v.title() if n % 2 else v)
    path = saved(tmp_path, as_csv(rows))
    draft = draft_folder.draft(path, target="high")
    assert "differ in case only" in draft.text
    cohort = examine(draft_folder.write(path, draft)).cohort
    assert cohort is not None and {"Never", "never"} <= set(cohort.rows["smoking"])


def test_a_column_of_one_value_says_what_else_was_a_gap(tmp_path: Path) -> None:
    rows = changed(ROWS, "snack", lambda _, v: ("none", "x")[int(v)])
    draft = draft_folder.draft(saved(tmp_path, as_csv(rows)), target="high")
    assert draft.left_out == (("snack", "has one value only, 'x'; 'none' is read as not measured"),)


def test_workbooks_need_a_package_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ImportError

    monkeypatch.setattr(pd, "read_excel", absent)
    with pytest.raises(InputError, match="pip install openpyxl"):
        draft_folder.draft(saved(tmp_path, b"PK", "book.xlsx"))


def test_a_sheet_is_read_with_its_own_row_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pandas hands over of a sheet: typed cells, blank rows, days as time stamps."""
    frame = pd.DataFrame(ROWS).astype({"age": int, "bmi": float, "steps": int, "high": int})
    frame["snack"] = frame["snack"] == "1"
    frame["seen"] = pd.Timestamp("2026-03-05")
    sheet = pd.DataFrame([list(frame.columns), [None] * 8, *frame.astype(object).to_numpy().tolist()])
    monkeypatch.setattr(pd, "read_excel", lambda *_, **__: sheet)
    path = saved(tmp_path, b"PK", "book.xlsx")
    draft = draft_folder.draft(path, target="high")
    assert [name for name, _ in draft.left_out] == ["seen"]
    examined = examine(draft_folder.write(path, draft))
    assert examined.cohort is not None, examined.problems
    assert examined.cohort.rows["age"].tolist() == frame["age"].tolist()
    assert any("row 2" in f"row {note.row}" and "without any value" in note.text for note in examined.notes)


@pytest.mark.parametrize(
    ("header", "label", "unit"),
    [
        ("BMI [kg/m²]", "BMI", "kg/m²"),
        ("Age (years)", "Age", "years"),
        ("weight_kg", "Weight", "kg"),
        ("Group (A or B)", "Group (A or B)", ""),
        ("glucose_mg_dl", "Glucose", "mg/dL"),
        ("bmi", "Bmi", "kg/m²"),
        ("mean.radius", "Mean radius", ""),
    ],
)
def test_units_are_read_off_names(header: str, label: str, unit: str) -> None:
    assert label_and_unit(header)[:2] == (label, unit)


values = {
    "whole": st.integers(-1000, 100_000),
    "real": st.floats(-1e4, 1e6).map(lambda value: round(value, 3)),
    "text": st.sampled_from(["a", "B b", "ü", "日本", '"', "x,y", "1-2", "<5"]),
    "truth": st.sampled_from(["yes", "no"]),
    "code": st.sampled_from([0, 1, 2, 9, 99, -9]),
}


@settings(max_examples=15)
@given(data=st.data())
def test_any_table_is_drafted_into_a_schema_that_reads_it(data: st.DataObject) -> None:
    """Whatever the columns, the drafted schema finds nothing wrong with the very data it was drafted from."""
    kinds = data.draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=4))
    text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
    names = data.draw(st.lists(text, min_size=len(kinds), max_size=len(kinds)))
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    table = {"the id": [f"p{n}" for n in range(60)], "the target": [n % 2 for n in range(60)]}
    for number, (kind, name) in enumerate(zip(kinds, names, strict=True)):
        pool = data.draw(st.lists(values[kind], min_size=3, max_size=12))
        table[f"c{number} {name}"] = [pool[place] for place in rng.integers(len(pool), size=60)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        pd.DataFrame(table).to_csv(path, index=False)
        try:
            draft = draft_folder.draft(path, target="the target", participant="the id")
        except InputError as error:
            assert "no column that can be a feature" in str(error)
            return
        examined = examine(draft_folder.write(path, draft))
    assert examined.cohort is not None, (examined.problems, draft.text)
