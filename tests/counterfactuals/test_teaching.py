"""What is decided from measured rates."""

from __future__ import annotations

from typing import Any

import pytest

from sensecf_core.counterfactuals import teaching
from sensecf_core.counterfactuals.raw_rates import RawRates


def rates(valid: float, distinct: float, queries: int) -> RawRates:
    return RawRates(1.0, 1.0, valid, 1.0, distinct, 2.0, 0.01, 1.0, queries)


@pytest.mark.parametrize(
    ("distinct_of_twelve", "chosen"),
    [({1.0: 0.7, 0.8: 0.55, 0.6: 0.45}, 0.8), (dict.fromkeys((1.0, 0.8, 0.6), 0.3), 1.0)],
)
def test_the_temperature_is_the_best_that_still_gives_different_answers_over_all_queries(
    monkeypatch: pytest.MonkeyPatch, distinct_of_twelve: dict[float, float], chosen: float
) -> None:
    """Two queries with few answers do not outweigh twelve; where none is varied enough, the first stays."""

    def measured(*args: Any, temperature: float, **more: Any) -> dict[Any, RawRates]:
        return {
            ("intervention", 0): rates(1.0, 0.3, 2),
            ("contrast", 0): rates(1.1 - temperature / 2, distinct_of_twelve[temperature], 12),
        }

    monkeypatch.setattr(teaching, "measure", measured)
    found, rows = teaching.choose_temperature(None, None, None)  # type: ignore[arg-type]
    assert found == chosen
    assert [row["temperature"] for row in rows] == [t for t in teaching.TEMPERATURES for _ in range(2)]
