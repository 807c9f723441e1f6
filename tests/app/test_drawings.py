from __future__ import annotations

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from sensecf_core.ui.common import charts, drawings
from sensecf_core.ui.common.charts import Contribution
from sensecf_core.ui.participants.distributions import BINS, bars
from tests.small_cohort import SCHEMA


@pytest.mark.parametrize("filled", [0, 1, 62, 100])
def test_icon_array_fills_as_many_of_100(filled: int) -> None:
    svg = drawings.icon_array(filled / 100)
    assert svg.count("<circle") == 100
    assert svg.count('fill="none"') == 100 - filled


@pytest.mark.parametrize(
    ("before", "after", "colour"),
    [(0.4, 0.1, drawings.DOWN), (0.1, 0.4, drawings.UP), (0.2, 0.2, drawings.DOWN), (0.4, 0.4, drawings.UP)],
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


def test_charts_are_written_in_a_colour_that_can_be_read() -> None:
    figure = go.Figure(go.Bar(x=[1], y=["a"])).update_xaxes(title="Score", tickfont_color="#123456")
    readable = charts.readable(figure)
    for font in (readable.layout.font, readable.layout.yaxis.tickfont, readable.layout.xaxis.title.font):
        assert font.color == charts.INK
    assert readable.layout.xaxis.tickfont.color == "#123456"  # a chart's own choice stays
    assert contrast(charts.INK, "#ffffff") > 4.5 and contrast(charts.INK_ON_DARK, "#12161b") > 4.5


def contrast(one: str, other: str) -> float:
    """Contrast of two colours (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_risk_bar_has_its_line_and_its_colour_by_the_side() -> None:
    flagged, other = drawings.risk_bar(0.5, 0.35), drawings.risk_bar(0.2, 0.35)
    assert f'width="60.0" height="10" rx="2" fill="{drawings.UP}"' in flagged
    assert f'width="24.0" height="10" rx="2" fill="{drawings.DOWN}"' in other
    assert all(
        f'x="46.5" y="0.5" width="3" height="19" fill="{drawings.INK}"' in bar for bar in (flagged, other)
    )


def test_a_gauge_has_the_risk_its_interval_and_the_line_to_scale() -> None:
    """From 8 to 568: a risk of 50 ends at 288, an interval spans 148 to 428, the line is at 120."""
    svg = drawings.gauge(0.5, (0.25, 0.75), 0.2)
    assert f'width="280.0" height="24" rx="3" fill="{drawings.UP}"' in svg
    assert "M148.0 14 v-8 H428.0 v8" in svg and '<rect x="118.0"' in svg
    assert drawings.DOWN in drawings.gauge(0.1, (0.05, 0.2), 0.2)


def test_the_scale_of_a_slider_draws_what_there_is() -> None:
    """600 wide: what is seen from 60 to 540, the reference to 150, what may be suggested from 240 to 300."""
    svg = drawings.scale(0.5, (0.1, 0.9), (0.0, 0.25), [(0.4, 0.5)])
    spans = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    assert spans == [("0.0", "150.0"), ("60.0", "480.0"), ("240.0", "60.0")]
    assert 'cx="300.0"' in svg
    assert drawings.scale(0.5, (0.1, 0.9), None, []).count("<rect") == 1
