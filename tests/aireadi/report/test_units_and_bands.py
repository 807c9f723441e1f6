"""Units, the five ranges and their goals, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from sensecf_core.aireadi.features.glucose import metrics, no_metrics
from sensecf_core.aireadi.report import units
from sensecf_core.aireadi.report.bands import BANDS, GOALS, band_times


@pytest.mark.parametrize(
    ("mg_dl", "mg_text", "mmol_text"),
    [
        (70.0, "70 mg/dL", "3.9 mmol/L"),
        (180.0, "180 mg/dL", "10.0 mmol/L"),
        (250.0, "250 mg/dL", "13.9 mmol/L"),
        (154.4, "154 mg/dL", "8.6 mmol/L"),
    ],
)
def test_levels_are_written_with_0_and_1_decimals(mg_dl: float, mg_text: str, mmol_text: str) -> None:
    assert units.measure(mg_dl, "mg/dL") == mg_text
    assert units.measure(mg_dl, "mmol/L") == mmol_text


def test_the_bounds_of_the_bands_in_both_units_agree() -> None:
    for band in BANDS:
        pairs = zip(_numbers(band.mg_dl), _numbers(band.mmol_l), strict=True)
        for mg_dl, mmol_l in pairs:
            assert units.in_unit(mg_dl, "mmol/L") == pytest.approx(mmol_l, abs=0.06)


def _numbers(text: str) -> list[float]:
    return [float(piece) for piece in text.replace("above ", "").replace("below ", "").split("–")]


def test_five_bands_of_ten_readings() -> None:
    found = metrics(np.array([53.0, 54, 69, 70, 140, 141, 180, 181, 250, 251]))
    times = band_times(found)
    assert [one.band.name for one in times] == ["very_high", "high", "target", "low", "very_low"]
    assert [one.percent for one in times] == pytest.approx([10, 20, 40, 20, 10])
    assert [one.minutes for one in times] == pytest.approx([144, 288, 576, 288, 144])


@given(arrays(np.float64, st.integers(2, 60), elements=st.floats(39, 401)))
def test_bands_sum_to_the_whole_day(values: np.ndarray) -> None:
    times = band_times(metrics(values))
    assert sum(one.percent for one in times) == pytest.approx(100)
    assert all(one.percent >= 0 for one in times)


def test_goals_are_met_strictly_and_never_without_data() -> None:
    standard = {goal.metric: goal for goal in GOALS["standard"]}
    in_range = metrics(np.array([100.0] * 70 + [200.0] * 30))
    assert in_range.tir == 70
    assert not standard["tir"].met(in_range), "70 % is not more than 70 %"
    assert standard["tbr"].met(in_range) and not standard["tar"].met(in_range)
    assert not any(goal.met(no_metrics()) for goal in GOALS["standard"])
    assert [goal.text for goal in GOALS["older"]] == [
        "below 10 %",
        "below 50 %",
        "above 50 %",
        "below 1 %",
    ]
