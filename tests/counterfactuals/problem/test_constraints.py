from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from sensecf_core.cohorts.encoding import to_codes
from sensecf_core.counterfactuals.problem.constraints import movable_features, resolve_limits
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.request import ExplainRequest

EVERY_MOVABLE = ("bmi", "waist", "carbohydrate", "sugar", "sleep", "smoking", "active", "diet")


def request(**options: object) -> ExplainRequest:
    return ExplainRequest.model_validate({"cohort": "small", "participant_id": "p0000", **options})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frozen": ["bim"]}, "Unknown feature 'bim'; did you mean bmi"),
        ({"frozen": EVERY_MOVABLE}, "Nothing may move"),
        ({"max_changes": 0}, "`max-changes` must be from 1 to 100, got 0"),
        ({"k": 0}, "`k` must be"),
        ({"candidates": 5000}, "`candidates` must be"),
        ({"temperature": 0}, "`temperature` must be above 0"),
        ({"seed": -1}, "`seed` must be 0 or more"),
        ({"max_seconds": 0}, "must be above 0"),
        ({"levels": {"smoking": ["never"]}}, "`smoking` may be suggested as former only, not never"),
        (
            {"ranges": {"bmi": (10, 60)}},
            "10:60 of `bmi` leaves what `intervention` limits may suggest, 18.5 to 35",
        ),
        ({"ranges": {"sugar": (101, 102)}}, "holds no value that may be named; values go in steps of 5"),
        ({"ranges": {"bmi": (30, 20)}}, "must go from low to high"),
        ({"ranges": {"bmi": (math.nan, 20)}}, "must go from low to high"),
        ({"ranges": {"age": (20, 30)}}, "`age` may not move"),
        ({"ranges": {"smoking": (0, 1)}}, "has levels, not a range"),
        ({"levels": {"smoking": ["newer"]}}, "Unknown level of `smoking` 'newer'; did you mean never"),
        ({"levels": {"bmi": ["low"]}}, "takes a range"),
    ],
)
def test_bad_limits_are_refused_with_rule_and_value(
    fitted: FittedCohort, options: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        resolve_limits(request(**options), fitted.cohort, fitted.domain)


def movable(fitted: FittedCohort, row: int, **limits: object) -> dict[str, tuple[float, ...]]:
    codes = to_codes(fitted.schema, fitted.cohort.rows)[row]
    factual = dict(zip(fitted.schema.names, codes.tolist(), strict=True))
    found = movable_features(
        fitted.schema, fitted.domain, factual, Limits.model_validate({"profile": "intervention", **limits})
    )
    return {entry.feature: entry.values for entry in found}


@given(row=st.integers(0, 599), profile=st.sampled_from(["intervention", "contrast"]))
def test_every_open_value_keeps_every_limit(fitted: FittedCohort, row: int, profile: str) -> None:
    codes = dict(zip(fitted.schema.names, to_codes(fitted.schema, fitted.cohort.rows)[row], strict=True))
    for name, values in movable(fitted, row, profile=profile).items():
        feature, before = fitted.schema.feature(name), codes[name]
        assert feature.role != "context"
        assert not math.isnan(before)
        assert list(values) == sorted(set(values))
        assert before not in values
        for value in values:
            if profile == "intervention" and feature.kind != "categorical":
                assert abs(value - before) <= (feature.largest_change or math.inf) + 1e-9
                assert feature.direction != "up" or value > before
                assert feature.direction != "down" or value < before
            if not feature.named and feature.kind != "binary":
                steps = value / feature.grid
                assert math.isclose(steps, round(steps), abs_tol=1e-6)


def test_a_value_outside_suggest_may_move_towards_it_only(fitted: FittedCohort) -> None:
    sleep = fitted.cohort.rows["sleep"].to_numpy()
    short = int((sleep < 5).argmax())
    assert sleep[short] < 5
    values = movable(fitted, short)["sleep"]
    assert min(values) > sleep[short]
    assert max(values) <= sleep[short] + 2


def test_own_range_and_freezing_narrow_what_may_move(fitted: FittedCohort) -> None:
    everything = movable(fitted, 3, profile="contrast")
    narrowed = movable(fitted, 3, profile="contrast", ranges={"carbohydrate": (200, 260)}, frozen=["bmi"])
    assert "bmi" in everything
    assert "bmi" not in narrowed
    assert set(narrowed["carbohydrate"]) <= set(everything["carbohydrate"])
    assert min(narrowed["carbohydrate"]) >= 200
    assert max(narrowed["carbohydrate"]) <= 260


def test_a_current_smoker_may_stop_but_nobody_becomes_a_never_smoker(fitted: FittedCohort) -> None:
    smoking = fitted.cohort.rows["smoking"].to_numpy()
    for row in range(50):
        names = [
            fitted.schema.feature("smoking").levels[int(code)]
            for code in movable(fitted, row).get("smoking", ())
        ]
        assert names == (["former"] if smoking[row] == "current" else [])
