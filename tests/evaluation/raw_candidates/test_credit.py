"""Credit: a model's rate minus that of the best control that knows as much, paired by query."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from sensecf_core.cli.commands.experiments.trace import _as_text
from sensecf_core.evaluation.raw_candidates.credit import QueryKey, credit
from sensecf_core.evaluation.raw_candidates.files import as_csv, card_rows
from sensecf_core.evaluation.raw_candidates.table import summarise
from sensecf_core.ui.benchmarks.tables import credit as shown_credit

KEYS: tuple[QueryKey, ...] = (("a", "0"), ("b", "0"), ("c", "0"), ("d", "0"))
PEOPLE = {key: key[0] for key in KEYS}


def rates(*values: float) -> dict[QueryKey, float]:
    return dict(zip(KEYS, values, strict=True))


OURS = rates(0.8, 0.6, 1.0, 0.0)  # mean 0.6
DRAWS = rates(0.2, 0.2, 0.0, 0.0)  # mean 0.1
COPIES = rates(0.6, 0.6, 0.4, 0.4)  # mean 0.5


def test_the_best_control_is_subtracted_query_by_query() -> None:
    found = credit(OURS, {"random": DRAWS, "nearest-pair": COPIES}, PEOPLE)
    assert found is not None and found.control == "nearest-pair"
    # Differences 0.2, 0, 0.6, -0.4: mean 0.1. Unpaired it would be the same mean, but not this interval:
    # the mean of four draws of these numbers lies between -0.3 and 0.4 in 95 of 100 (256 draws, by hand).
    assert found.interval.value == pytest.approx(0.1)
    assert found.interval.n == 4
    assert (found.interval.low, found.interval.high) == _percentiles([0.2, 0.0, 0.6, -0.4])


def _percentiles(differences: list[float]) -> tuple[Any, Any]:
    """2.5 % and 97.5 % of the mean over all 4^4 draws with replacement, instead of 2,000 of them."""
    grid = np.array(np.meshgrid(*[differences] * 4)).reshape(4, -1).mean(axis=0)
    low, high = np.quantile(grid, [0.025, 0.975])
    return pytest.approx(low, abs=0.051), pytest.approx(high, abs=0.051)


def test_a_model_that_adds_nothing_has_none_and_one_that_is_worse_has_less() -> None:
    same = credit(COPIES, {"nearest-pair": COPIES}, PEOPLE)
    assert same is not None and (same.interval.value, same.interval.low, same.interval.high) == (0, 0, 0)
    worse = credit(DRAWS, {"random": DRAWS, "nearest-pair": COPIES}, PEOPLE)
    assert worse is not None and worse.interval.value == pytest.approx(-0.4)


def test_a_control_that_lacks_a_query_leaves_it_unknown() -> None:
    few = {key: rate for key, rate in COPIES.items() if key != KEYS[0]}
    assert credit(OURS, {"random": DRAWS, "nearest-pair": few}, PEOPLE) is None
    more = {**DRAWS, ("e", "0"): 1.0}
    found = credit(OURS, {"random": more}, PEOPLE)
    assert found is not None and found.interval.value == pytest.approx(0.5), "others do not count"
    assert credit(OURS, {}, PEOPLE) is None
    assert credit({}, {"random": DRAWS}, PEOPLE) is None


def test_people_are_resampled_with_all_their_queries() -> None:
    one_person = dict.fromkeys(KEYS, "a")
    found = credit(OURS, {"random": DRAWS}, one_person)
    assert found is not None and np.isnan(found.interval.low) and found.interval.value == pytest.approx(0.5)


shares = st.integers(0, 16).map(lambda valid: valid / 16)
tables = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[st.lists(shares, min_size=n, max_size=n) for _ in range(3)])
)


@given(tables)
def test_it_is_the_smallest_difference_of_means_and_within_its_interval(
    columns: tuple[list[float], list[float], list[float]],
) -> None:
    ours, first, second = ({(f"p{n}",): rate for n, rate in enumerate(column)} for column in columns)
    people = {key: key[0] for key in ours}
    found = credit(ours, {"random": first, "nearest-pair": second}, people)
    assert found is not None
    means = [float(np.mean(column)) for column in columns]
    assert found.interval.value == pytest.approx(means[0] - max(means[1:]))
    assert -1 <= found.interval.low <= found.interval.high <= 1
    assert found.interval.low - 1e-9 <= found.interval.value <= found.interval.high + 1e-9
    turned = credit(ours, {"nearest-pair": second, "random": first}, people)
    assert turned is not None and turned.interval.value == pytest.approx(found.interval.value)


def record(method: str, person: str, valid: int, *, answerable: bool = True) -> dict[str, Any]:
    return {
        "direction": "1→0", "limits": "contrast", "goal": "cross", "method": method,
        "participant_id": person, "row_id": "0", "proposed": 10, "readable": 10,
        "within_limits": 10, "valid": valid, "plausible": 0, "shown": 0,
        "seconds": 1.0, "unique": 5, "changed": 2.0, "gower": 0.1, "final_violations": 0, "control_valid": 1,
        "askings": 1, "answerable": answerable, "second_valid": 0, "third_valid": 0, "final_changed": None,
    }  # fmt: skip


def records(method: str, *valid: int) -> list[dict[str, Any]]:
    """Of the people a, b, c, …; the last one's query cannot be answered."""
    return [
        record(method, "abcdefgh"[n], count, answerable=n < len(valid) - 1) for n, count in enumerate(valid)
    ]


TRACED = [
    *records("lm-guided", 9, 7, 8, 0),
    *records("lm-few-shot", 5, 3, 4, 0),
    *records("random", 1, 2, 0, 0),
    *records("nearest-pair", 4, 4, 4, 0),
    *records("effects", 8, 8, 8, 0),
]


def test_rows_have_the_credit_over_the_controls_that_know_as_much() -> None:
    rows = {row["method"]: row for row in summarise(TRACED)}
    tuned, shown = rows["lm-guided"], rows["lm-few-shot"]
    assert (tuned["credit_over"], shown["credit_over"]) == ("effects", "nearest-pair")
    # Over a, b and c: 0.1, -0.1, 0 and 0.1, -0.1, 0; the unanswerable fourth counts for nobody.
    assert tuned["credit"]["mean"] == pytest.approx(0.0) == shown["credit"]["mean"]
    assert tuned["credit"]["low"] < 0 < tuned["credit"]["high"]
    for control in ("random", "nearest-pair", "effects"):
        assert rows[control]["credit"]["mean"] is None and rows[control]["credit_over"] == ""


def test_without_one_of_these_controls_there_is_no_credit() -> None:
    rows = {row["method"]: row for row in summarise([r for r in TRACED if r["method"] != "effects"])}
    assert rows["lm-guided"]["credit"]["mean"] is None
    assert rows["lm-few-shot"]["credit_over"] == "nearest-pair"
    cut = [r for r in TRACED if (r["method"], r["participant_id"]) != ("random", "a")]
    assert {row["credit_over"] for row in summarise(cut)} == {""}


def test_a_named_model_has_its_credit_too() -> None:
    named = [{**r, "method": r["method"].replace("few-shot", "few-shot@big")} for r in TRACED]
    rows = {row["method"]: row for row in summarise(named)}
    assert rows["lm-few-shot@big"]["credit_over"] == "nearest-pair"


def test_it_is_printed_written_shown_and_put_on_the_card() -> None:
    summary = summarise(TRACED)
    printed = dict(zip((row["method"] for row in summary), _as_text(summary).splitlines()[1:], strict=True))
    assert printed["lm-guided"].endswith("  +0.00 (-0.10 to +0.10) over effects")
    assert printed["random"].endswith("-")
    lines = {line["method"]: line for line in csv.DictReader(io.StringIO(as_csv(summary)))}
    assert lines["lm-guided"]["credit_over"] == "effects"
    assert float(lines["lm-guided"]["credit_high"]) == pytest.approx(0.1)
    assert lines["random"]["credit"] == lines["random"]["credit_over"] == ""
    (row,) = card_rows(summary, "lm-guided", 1.0, "trace")
    assert row["effects_valid"]["value"] == pytest.approx(0.8)
    assert row["nearest_pair_valid"]["value"] == pytest.approx(0.4)
    assert row["random_valid"]["value"] == pytest.approx(0.1)
    assert row["credit"]["value"] == pytest.approx(0.0) and row["credit_over"] == "effects"
    assert shown_credit(summary[0]) == "+0.00 (−0.10 to +0.10) over Added effects"
    assert shown_credit(summary[2]) == "–" == shown_credit({"valid": {"mean": 0.5}})
