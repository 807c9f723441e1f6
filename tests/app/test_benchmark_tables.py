"""The page Benchmarks: what its tables and charts say, by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from sensecf_core.ui.benchmarks import charts, summary_view, tables as bench
from sensecf_core.ui.common import widgets


def test_better_numbers_have_the_stronger_colour() -> None:
    shades = summary_view._shades(pd.Series([0.2, None, 0.6, 1.0]), higher=True)
    assert [shade.rpartition(",")[2] for shade in shades] == ["0)", "", "0.175)", "0.35)"]
    assert summary_view._shades(pd.Series([3.0, 1.0]), higher=False)[1].endswith("0.35)")
    assert summary_view._shades(pd.Series([1.0, 1.0]), higher=True) == ["", ""]


def made_row(name: str, gower: float | None, believed: float | None) -> dict[str, Any]:
    measures = {"gower": {"value": gower}, "unseen_validity": {"value": believed}}
    return {"row": name, "method": "random", "measures": measures}


def test_leaders_by_hand() -> None:
    rows = [
        made_row("near", 0.1, 0.4),
        made_row("far", 0.3, 0.9),
        made_row("between", 0.2, 0.3),  # farther than "near", and less believed
        made_row("twin of far", 0.3, 0.9),
        made_row("as near, less believed", 0.1, 0.2),
        made_row("no distance", None, 1.0),
        made_row("no belief", 0.0, None),
    ]
    assert [row["row"] for row in bench.leaders(rows, "unseen_validity")] == ["near", "far", "twin of far"]
    assert bench.leaders([], "unseen_validity") == []
    *dots, front = charts.belief_and_distance(rows, "unseen_validity", "").figure.data
    assert [dot.name for dot in dots][:2] == ["1 near", "2 as near, less believed"] and len(dots) == 5
    assert (list(front.x), list(front.y)) == ([0.1, 0.3, 0.3], [0.4, 0.9, 0.9])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_whoever_does_not_lead_is_beaten_by_a_leader(points: list[tuple[int, int]]) -> None:
    rows = [made_row(str(number), *point) for number, point in enumerate(points)]
    front = bench.leaders(rows, "unseen_validity")
    found = [points[int(row["row"])] for row in front]
    assert found == sorted(found)
    for near, believed in points:
        leads = (near, believed) in found
        beaten = any(n <= near and b >= believed and (n, b) != (near, believed) for n, b in found)
        assert leads != beaten


def test_a_csv_is_marked_as_utf_8_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[Any] = []
    monkeypatch.setattr(widgets.st, "download_button", lambda *arguments, **_: offered.extend(arguments))
    calls: list[str] = []
    widgets.csv_button(lambda: calls.append("asked") or "a,→\n", "table.csv", key="k")
    label, make, *rest = offered
    assert (label, rest) == ("Download CSV", ["table.csv", "text/csv"]) and not calls, (
        "nothing is made before a click"
    )
    assert make().decode("utf-8") == "\ufeffa,→\n"


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("random", "Random draws"),
        ("nearest-pair + refine", "Nearest answer + refine"),
        ("lm-few-shot + refine", "LM with examples + refine"),
        ("nice-sparsity", "NICE sparsity"),
        ("cfnow-random-sequential + refine", "CFNOW random + refine"),
        ("treecf", "treecf"),
        ("lm-few-shot@biomistral-7b", "LM with examples (biomistral-7b)"),
        ("lm-few-shot, no grammar", "LM with examples, no grammar"),
    ],
)
def test_names_are_short(row: str, shown: str) -> None:
    assert bench.title(row) == shown


def test_numbers_have_as_many_digits_as_they_need() -> None:
    def cell(measure: str, value: float | None, low: float | None = None, high: float | None = None) -> str:
        text = bench.cell(measure, {"value": value, "low": low, "high": high})
        return text.replace("\u00a0", " ").replace("\u2060", "")

    assert cell("validity", 0.98765, 0.9, 1.0) == "0.99 (0.90–1.00)"
    assert cell("gower", 0.04567) == "0.046"
    assert cell("seconds", 0.012345, 0.01, 0.02) == "0.012 (0.01–0.02)"
    assert cell("seconds", 123.4) == "123"
    assert cell("gower", -0.25) == "−0.250"
    assert cell("gower", None) == "–"
    assert bench.heading("seconds") == "Time, s ↓"
