"""What looks odd is told, stops nothing, and is not told of ordinary data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.cohorts.own.folder import examine
from sensecf_core.cohorts.own.looks_odd import auroc, heaps
from tests.cohorts.own.made_cohort import as_csv, changed, made_rows, write

ROWS = made_rows()
HIGH = [row["high"] for row in ROWS]


def odd(folder: Path) -> list[str]:
    examined = examine(folder)
    assert examined.cohort is not None, examined.problems
    return [f"{found.column}: {found.problem}. {found.mend}" for found in examined.odd]


def test_an_ordinary_cohort_has_nothing_odd(tmp_path: Path) -> None:
    assert odd(write(tmp_path, as_csv(ROWS))) == []


@pytest.mark.parametrize(
    ("column", "change", "lines", "told"),
    [
        ("age", lambda n, v: "99" if n % 9 == 0 else v, {}, "age: 99 years stands apart"),
        ("steps", lambda n, v: "59999" if n % 9 == 0 else v, {}, "steps: 59999 stands apart"),
        ("bmi", lambda n, v: "77.7" if n % 9 == 0 else v, {}, "missing = [77.7]"),
        ("snack", lambda n, v: "1", {}, "snack: everybody has 1"),
        ("smoking", lambda n, v: v.replace("former", "never"), {}, "nobody has the level 'former'"),
        ("snack", lambda n, v: HIGH[n], {}, "snack: it gives the answer away"),
        ("smoking", lambda n, v: ("never", "current")[int(HIGH[n])], {}, "smoking: it gives the answer away"),
        (
            "age",
            lambda n, v: v if HIGH[n] == "1" else "",
            {},
            "whether it was measured gives the answer away",
        ),
        ("bmi", lambda n, v: v if n % 5 == 0 else "", {}, "bmi: 80% of the rows have no value"),
        ("age", lambda n, v: "80" if n % 5 == 0 else v, {"valid": "80"}, "upper end of `valid`, 80 (1"),
        (
            "participant_id",
            lambda n, v: str(n // 2) + "0" * 0 if n % 2 else f"0{n // 2}",
            {},
            "ids look alike",
        ),
        ("steps", lambda n, v: v, {"steps": "suggest = [30000, 40000]"}, "lies outside all data"),
        ("high", lambda n, v: str(int(n < 18)), {}, "only 18 of 70 participants have class 1"),
    ],
)
def test_what_looks_odd(
    tmp_path: Path, column: str, change: object, lines: dict[str, str], told: str
) -> None:
    rows = changed(ROWS, column, change)  # type: ignore[arg-type]
    places = {place: line for place, line in lines.items() if place != "valid"}
    folder = write(tmp_path, as_csv(rows), **places)
    if "valid" in lines:
        schema = folder / "schema.toml"
        schema.write_text(schema.read_text("utf-8").replace("[18, 100]", f"[18, {lines['valid']}]"), "utf-8")
    found = odd(folder)
    assert any(told in text for text in found), found


def test_values_in_two_units(tmp_path: Path) -> None:
    folder = write(
        tmp_path, as_csv(changed(ROWS, "bmi", lambda n, v: f"{float(v) / 18:.2f}" if n < 5 else v))
    )
    schema = folder / "schema.toml"
    schema.write_text(schema.read_text("utf-8").replace("[10, 80]", "[0, 80]"), "utf-8")
    assert any("another unit" in text for text in odd(folder))


def test_limits_that_do_not_limit(tmp_path: Path) -> None:
    folder = write(tmp_path, as_csv(ROWS))
    schema = folder / "schema.toml"
    bare = schema.read_text("utf-8").replace("largest_change = 6\n", "").replace('direction = "down"\n', "")
    schema.write_text(bare, "utf-8")
    (text,) = odd(folder)
    assert "bmi has neither `direction` nor `largest_change`" in text
    still = bare.replace('"clinical"', '"context"').replace('"behaviour"', '"context"')
    schema.write_text(still, "utf-8")
    assert any("every feature is context" in text for text in odd(folder))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    code=st.sampled_from([0.0, -9.0, 99.0, 999.0, 8888.0]),
    low=st.floats(20, 50),
)
def test_a_heap_is_found_where_it_was_put_and_nowhere_else(seed: int, code: float, low: float) -> None:
    """Uniform values of an interval that the code lies well outside of."""
    values = np.random.default_rng(seed).uniform(low, low + 25, size=80).round(1)
    assert heaps(values) == []
    assert heaps(np.append(values, [code] * 6)) == [(code, 6)]


def test_the_area_under_the_curve_of_one_feature() -> None:
    target = np.array([0.0, 0.0, 1.0, 1.0])
    assert auroc(np.array([1.0, 2.0, 3.0, 4.0]), target) == auroc(np.array([4.0, 3.0, 2.0, 1.0]), target) == 1
    assert auroc(np.array([1.0, 3.0, 2.0, 4.0]), target) == 0.75
    assert auroc(np.ones(4), target) == 0.5
