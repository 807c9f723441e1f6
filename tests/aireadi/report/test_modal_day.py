"""The 24-hour profile: percentiles by the time of day, and how many days stand behind them."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.aireadi.features.glucose import Trace
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.release.timestamps import CENTRAL
from sensecf_core.aireadi.report.modal_day import modal_day
from sensecf_core.aireadi.report.periods import recorded, trace_of
from tests.aireadi.report.test_periods import levels


def test_percentiles_over_days_at_each_time() -> None:
    """Five days at 100, 110, 120, 130 and 140 all day: the same five numbers in every piece of the day."""
    profile = modal_day(levels(100, 110, 120, 130, 140).trace, levels(100).zone)
    assert profile.minutes[[0, -1]].tolist() == [15, 24 * 60 - 15]
    assert set(profile.days.tolist()) == {5}
    # 30 readings in order, six of each: the 5th percentile is at place 1.45, the 95th at 27.55.
    np.testing.assert_allclose(profile.levels[:, 7], [100, 110, 120, 130, 140])


def test_a_piece_with_fewer_than_three_days_is_left_blank() -> None:
    worn = levels(100, 110, 120)
    before_noon = worn.trace.between(worn.trace.times[0], worn.trace.times[2 * 288 + 144])
    profile = modal_day(before_noon, worn.zone)
    assert profile.days.tolist() == [3] * 24 + [2] * 24
    assert np.isfinite(profile.levels[:, :24]).all() and np.isnan(profile.levels[:, 24:]).all()
    assert profile.known


def test_days_are_told_by_the_clock_on_the_wall(cas: OpenPerson) -> None:
    """On 2024-03-10 the clocks skip from 2 to 3 o'clock."""
    period = recorded(cas.worn)
    assert period is not None
    profile = modal_day(trace_of(cas.worn, period), cas.worn.zone)
    assert profile.days[4:6].tolist() == [1, 1], "2 to 3 o'clock is there on one day of the two"
    assert profile.days[2] == 2 and profile.days[6] == 2


def test_nothing_recorded_is_a_profile_of_nothing() -> None:
    empty = Trace(np.array([], dtype="datetime64[s]"), np.zeros(0), np.zeros(0, dtype=bool))
    profile = modal_day(empty, CENTRAL)
    assert not profile.known and set(profile.days.tolist()) == {0}


def test_a_width_that_does_not_divide_the_day_is_refused() -> None:
    with pytest.raises(ValueError, match="must divide 1,440"):
        modal_day(levels(100).trace, CENTRAL, width=7)
