from __future__ import annotations

import re

import numpy as np
import pytest

from sensecf_core.ui.common import charts, drawings
from sensecf_core.ui.common.charts import Contribution
from sensecf_core.ui.participants.profile import BINS, bars
from tests.small_cohort import SCHEMA


@pytest.mark.parametrize("filled", [0, 1, 62, 100])
def test_icon_array_fills_as_many_of_100(filled: int) -> None:
    svg = drawings.icon_array(filled / 100)
    assert svg.count("<circle") == 100
    assert svg.count('fill="none"') == 100 - filled


@pytest.mark.parametrize(
    ("before", "after", "colour"),
    [(0.4, 0.1, drawings.DOWN), (0.1, 0.4, drawings.UP), (0.2, 0.2, drawings.DOWN)],
)
def test_a_change_of_risk_is_filled_to_the_lower_one_and_hatched_to_the_higher(
    before: float, after: float, colour: str
) -> None:
    svg = drawings.risk_change(before, after, 0.35)
    low, high = (220 * risk for risk in sorted((before, after)))
    filled, hatched = re.findall(r'<rect x="([\d.]+)" y="5.0" width="([\d.]+)"', svg)[:2]
    assert (float(filled[0]), float(filled[1])) == pytest.approx((1, low), abs=0.1)
    assert (float(hatched[0]), float(hatched[1])) == pytest.approx((1 + low, high - low), abs=0.1)
    assert colour in svg and ({drawings.UP, drawings.DOWN} - {colour}).pop() not in svg
    assert f'x="{220 * 0.35 - 0.5:.1f}"' in svg, "the decision line"


def test_a_number_falls_into_its_own_bar_and_every_row_is_counted() -> None:
    column = np.sort(np.random.default_rng(0).normal(30, 5, 500))
    counts, own = bars(SCHEMA.feature("bmi"), column, 30.0)
    assert sum(counts) == 500 and len(counts) == BINS
    assert own is not None and 8 < own < 16
    assert bars(SCHEMA.feature("bmi"), column, 99.0)[1] == BINS - 1
    assert bars(SCHEMA.feature("bmi"), column, float("nan"))[1] is None


def test_named_features_have_a_bar_a_level() -> None:
    counts, own = bars(SCHEMA.feature("smoking"), np.array([0.0, 0.0, 1.0]), 1.0)
    assert (counts, own) == ([2, 1, 0], 1)


def test_one_value_for_all_still_draws() -> None:
    counts, own = bars(SCHEMA.feature("bmi"), np.full(9, 25.0), 25.0)
    assert sum(counts) == 9 and own is not None and counts[own] == 9


def test_waterfall_runs_from_the_base_to_the_sum() -> None:
    figure = charts.waterfall(-1.0, [Contribution("a", 0.5), Contribution("b", -0.2)], "x").figure
    spans = {
        y: (b, b + x) for trace in figure.data for y, x, b in zip(trace.y, trace.x, trace.base, strict=True)
    }
    assert spans["a"] == pytest.approx((-1.0, -0.5)), "rises from the base"
    assert spans["b"] == pytest.approx((-0.7, -0.5)), "falls from where the one before ended"
