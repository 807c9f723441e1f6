"""Glucose metrics: the grid, values worked out by hand, and what must hold for any trace."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.aireadi.features import glucose as cgm
from sensecf_core.aireadi.release.readings import Points, points
from sensecf_core.aireadi.release.streams import GLUCOSE

START = np.datetime64("2025-03-05T08:00:00")


def readings(minutes: list[int], values: list[object]) -> Points:
    stamps = [f"{START + np.timedelta64(minute, 'm')}Z" for minute in minutes]
    frames = [{"time_interval": {"start_date_time": stamp}} for stamp in stamps]
    pairs = zip(frames, values, strict=True)
    return points(GLUCOSE, [{"blood_glucose": {"value": v}, "effective_time_frame": f} for f, v in pairs])


def test_gaps_of_fifteen_minutes_are_filled_longer_ones_are_not() -> None:
    trace = cgm.trace(readings([0, 5, 20, 40, 45], [100, 110, 140, 100, 100]))
    expected = [100, 110, 120, 130, 140, math.nan, math.nan, math.nan, 100, 100]
    np.testing.assert_array_equal(trace.values, expected)
    assert trace.measured.tolist() == [True, True, False, False, True, False, False, False, True, True]


def test_two_readings_of_a_slot_are_averaged() -> None:
    assert cgm.trace(readings([0, 2, 5], [100, 120, 130])).values.tolist() == [110, 130]


def test_between_two_instants() -> None:
    trace = cgm.trace(readings([0, 5, 10], [100, 110, 120]))
    part = trace.between(START + np.timedelta64(5, "m"), START + np.timedelta64(10, "m"))
    assert part.values.tolist() == [110]


def test_the_bounds_of_the_ranges_belong_to_them() -> None:
    found = cgm.metrics(np.array([53.0, 54, 69, 70, 140, 141, 180, 181, 250, 251]))
    assert (found.tbr2, found.tbr, found.tir, found.titr, found.tar, found.tar2) == (10, 30, 40, 20, 30, 10)


def test_gmi_of_bergenstal() -> None:
    """Table 1 of the paper: 150 mg/dL is 6.9 %, 250 mg/dL is 9.3 %."""
    assert round(cgm.gmi(150), 1) == 6.9
    assert round(cgm.gmi(250), 1) == 9.3


def test_mage_averages_rises_and_falls_beyond_one_sd() -> None:
    values = np.array([100.0, 150, 100, 160, 155, 100, 105, 100])
    assert cgm.mage(values, 20) == pytest.approx((50 + 50 + 60 + 60) / 4)
    assert cgm.mage(values, 55) == pytest.approx(60)
    assert math.isnan(cgm.mage(values, 100))


def test_too_little_gives_nothing() -> None:
    assert all(math.isnan(value) for value in cgm.metrics(np.array([100.0, math.nan])).as_columns().values())
    assert len(cgm.trace(readings([], [])).values) == 0


traces = st.lists(st.one_of(st.integers(39, 401), st.none()), min_size=2, max_size=60).map(
    lambda values: np.array([math.nan if value is None else value for value in values], dtype=float)
)


@settings(deadline=None, max_examples=60)
@given(traces)
def test_what_holds_for_every_trace(values: np.ndarray) -> None:
    found = cgm.metrics(values)
    known = values[~np.isnan(values)]
    if len(known) < 2:
        assert math.isnan(found.mean)
        return
    assert found.tir + found.tar + found.tbr == pytest.approx(100)
    assert 0 <= found.titr <= found.tir
    assert 0 <= found.tar2 <= found.tar
    assert 0 <= found.tbr2 <= found.tbr
    assert known.min() - 1e-9 <= found.mean <= known.max() + 1e-9
    assert found.cv == pytest.approx(100 * found.sd / found.mean)
    if not math.isnan(found.mage):
        assert found.sd < found.mage <= np.ptp(known)


@settings(deadline=None, max_examples=60)
@given(traces, st.floats(1.1, 3))
def test_scaling_a_trace_scales_its_spread(values: np.ndarray, factor: float) -> None:
    found, scaled = cgm.metrics(values), cgm.metrics(values * factor)
    np.testing.assert_allclose(scaled.mean, factor * found.mean, equal_nan=True)
    np.testing.assert_allclose(scaled.sd, factor * found.sd, equal_nan=True, atol=1e-9)
    np.testing.assert_allclose(scaled.cv, found.cv, equal_nan=True, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(traces)
def test_turning_points_go_up_and_down_by_more_than_the_threshold(values: np.ndarray) -> None:
    known = values[~np.isnan(values)]
    if not len(known):
        return
    steps = np.diff(cgm.turning_points(known, 20.0))
    assert (np.abs(steps) > 20).all()
    assert (np.sign(steps[1:]) == -np.sign(steps[:-1])).all()


@settings(deadline=None, max_examples=60)
@given(traces)
def test_time_reversed_a_trace_has_the_same_metrics(values: np.ndarray) -> None:
    forth, back = cgm.metrics(values).as_columns(), cgm.metrics(values[::-1]).as_columns()
    for name in set(forth) - {"glucose_mage"}:
        np.testing.assert_allclose(forth[name], back[name], equal_nan=True, atol=1e-9)
