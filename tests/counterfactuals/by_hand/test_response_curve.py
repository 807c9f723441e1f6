"""What is offered along a feature, what of it is allowed or breaks a rule, and which features come first."""

from __future__ import annotations

import numpy as np
import pytest

from sensecf_core.counterfactuals.by_hand.response_curve import (
    response_curve,
    strongest,
    values_along,
    zones,
)
from sensecf_core.counterfactuals.by_hand.trial import Trial
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort


@pytest.fixture(scope="module")
def trial(fitted: FittedCohort, flagged: list[str]) -> Trial:
    """Somebody who is flagged and was measured completely."""
    rows = fitted.cohort.rows
    someone = next(person for person in flagged if not rows.loc[(person, "0")].isna().any())
    return Trial.of(fitted, (someone, "0"))


def test_numbers_run_over_the_cohort_and_hold_what_was_measured_and_is_tried(trial: Trial) -> None:
    domain, position = trial.problem.fitted.domain, trial.schema.positions["bmi"]
    codes = values_along(trial, {"bmi": 71.3}, "bmi")
    assert codes[0] <= domain.low[position] and codes[-1] == 71.5, "up to the next half"
    assert trial.factual[position] in codes and 71.3 in codes
    on_grid = [code for code in codes if code not in (71.3, trial.factual[position])]
    assert np.allclose(np.array(on_grid) % 0.5, 0)
    assert codes[-1] <= 80, "never beyond what is possible"
    assert values_along(trial, {"bmi": 80.0}, "bmi")[-1] == 80
    assert list(values_along(trial, {}, "smoking")) == [0, 1, 2]
    assert list(values_along(trial, {}, "active")) == [0, 1]


def test_zones_are_what_the_checks_allow_alone(trial: Trial) -> None:
    """Every value in a zone passes the checks of limits, and those outside do not."""
    curve = response_curve(trial, {}, "bmi")
    (zone,) = zones(trial, "bmi")
    own = float(trial.factual[trial.schema.positions["bmi"]])
    assert zone[1] < own and own - zone[0] <= 4, "down only, by at most 4"
    for code, allowed in zip(curve.codes, curve.allowed, strict=True):
        broken = trial.judge({"bmi": float(code)}).violations
        about_bmi = [text for text in broken if "`bmi`" in text]
        assert allowed == (not about_bmi), (code, broken)
    levels = response_curve(trial, {}, "smoking")
    now = int(trial.factual[trial.schema.positions["smoking"]])
    assert levels.zones == () and levels.allowed[now]


def test_the_curve_is_the_risk_with_everything_else_that_is_tried(trial: Trial) -> None:
    edits = {"sleep": 9.0, "sugar": 60}
    curve = response_curve(trial, edits, "bmi")
    for place in (0, len(curve.codes) // 2, -1):
        alone = trial.judge(edits | {"bmi": float(curve.codes[place])})
        assert curve.risks[place] == pytest.approx(alone.probability)
    assert curve.risks.max() > curve.risks.min()


def test_values_that_break_a_rule_are_marked(trial: Trial) -> None:
    """Sugar cannot exceed carbohydrate, as it is tried now."""
    curve = response_curve(trial, {"carbohydrate": 120}, "sugar")
    own = trial.factual[trial.schema.positions["sugar"]]
    before = max(own - trial.factual[trial.schema.positions["carbohydrate"]], 0)
    assert np.array_equal(curve.broken, curve.codes - 120 > before)
    assert curve.broken.any() and not curve.broken.all()


def test_the_strongest_move_the_risk_most_within_the_limits(trial: Trial) -> None:
    order = strongest(trial)
    assert set(order) == set(trial.tried) and "age" not in order and "sex" not in order

    def reach(name: str) -> float:
        values = trial.problem.space.values.get(trial.schema.positions[name], ())
        space, codes = trial.problem.space, []
        for value in values:
            row = space.factual.copy()
            row[trial.schema.positions[name]] = value
            codes.append(row)
        risks = trial.problem.fitted.classifier.probability_of_codes(np.array(codes))
        return float(space.query.factual.probability - risks.min())

    free = [name for name in order if trial.schema.positions[name] in trial.problem.space.values]
    assert order[: len(free)] == tuple(free), "what may move comes first"
    reaches = [reach(name) for name in free]
    assert reaches == sorted(reaches, reverse=True) and reaches[0] > reaches[-1]


def test_what_was_not_measured_is_not_tried(fitted: FittedCohort) -> None:
    rows = fitted.cohort.rows
    person = str(rows.index[rows["sleep"].isna()][0][0])
    trial = Trial.of(fitted, (person, "0"))
    assert "sleep" in trial.missing and "sleep" not in strongest(trial)
