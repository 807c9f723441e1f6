"""Nothing too small is proposed or kept; nothing within its reference range is moved further."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.baselines.exact_distance import OptimalityProof, prove
from sensecf_core.counterfactuals.baselines.movable_table import MovableTable
from sensecf_core.counterfactuals.checks.refine import refine
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.constraints import held_by_reference, movable_features
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.search.beam_search import search
from sensecf_core.language.prompts.plain import allowed_text
from sensecf_core.queries.limits import Limits, Movable
from sensecf_core.queries.request import ExplainRequest
from tests.counterfactuals.every_row import by_hand
from tests.small_cohort import SCHEMA

LEAST = {"bmi": 1.2, "waist": 3, "carbohydrate": 20, "sugar": 12, "sleep": 1}
REFERENCES = {"bmi": (None, 24.9), "sugar": (None, 90), "sleep": (7, None), "carbohydrate": (130, None)}


def schema_with(*, least: bool = True, references: bool = False) -> Schema:
    values = SCHEMA.model_dump()
    for feature in values["features"]:
        name = feature["name"]
        if least and name in LEAST:
            feature["meaningful_change"] = {"value": LEAST[name], "source": "tests"}
        if references and name in REFERENCES:
            low, high = REFERENCES[name]
            feature["reference"] = {"text": "usual", "source": "tests", "low": low, "high": high}
    return Schema.model_validate(values)


def fit(fitted: FittedCohort, schema: Schema) -> FittedCohort:
    return FittedCohort.fit(replace(fitted.cohort, schema=schema), fitted.classifier)


@pytest.fixture(scope="module")
def coarse(fitted: FittedCohort) -> FittedCohort:
    """The small cohort, whose changes have to be large enough."""
    return fit(fitted, schema_with())


@pytest.fixture(scope="module")
def normal(fitted: FittedCohort) -> FittedCohort:
    """The small cohort with reference ranges, and no smallest change."""
    return fit(fitted, schema_with(least=False, references=True))


def question(fitted: FittedCohort, person: str, **limits: Any) -> SearchSpace:
    asked = Limits.model_validate({"profile": "intervention", **limits})
    return SearchSpace.of(fitted.schema, make_queries(fitted, [(person, "0")], 0, asked)[0])


PERSON = {"age": 50, "bmi": 24, "waist": 90, "carbohydrate": 250, "sugar": 80, "sleep": 7.0}


def movable(fitted: FittedCohort, change: dict[str, float], **limits: Any) -> dict[str, tuple[float, ...]]:
    factual = dict.fromkeys(fitted.schema.names, 0.0) | PERSON | change
    asked = Limits.model_validate({"profile": "intervention", **limits})
    found = movable_features(fitted.schema, fitted.domain, factual, asked)
    return {entry.feature: entry.values for entry in found}


class TestMeaningfulChange:
    def test_values_nearer_than_it_are_left_out(self, coarse: FittedCohort) -> None:
        values = movable(coarse, {"bmi": 30, "sugar": 80, "sleep": 7.2})
        assert values["bmi"] == (26.0, 26.5, 27.0, 27.5, 28.0, 28.5)  # at most 4, at least 1.2 lower
        assert max(values["sugar"]) == 65  # 80 - 12 is 68
        assert values["sleep"] == (6.0, 8.5, 9.0)  # 7.2 ± 1 leaves out 6.5, 7, 7.5 and 8

    def test_one_that_is_exactly_reached_counts(self, coarse: FittedCohort) -> None:
        assert movable(coarse, {"sleep": 7.5})["sleep"] == (6.0, 6.5, 8.5, 9.0)
        assert max(movable(coarse, {"waist": 90})["waist"]) == 87

    @pytest.mark.parametrize("profile", ["behaviour", "intervention", "contrast"])
    def test_under_every_profile(self, coarse: FittedCohort, flagged: list[str], profile: str) -> None:
        for person in flagged[:10]:
            space = question(coarse, person, profile=profile)
            for position, values in space.values.items():
                least = LEAST.get(coarse.schema.features[position].name, 0)
                assert (np.abs(values - space.factual[position]) >= least - 1e-9).all()

    def test_a_feature_without_room_for_it_stays(self, coarse: FittedCohort) -> None:
        assert "sugar" not in movable(coarse, {"sugar": 30})  # 20 is the least that may be suggested
        assert "sugar" in movable(coarse, {"sugar": 32})

    def test_a_smaller_change_breaks_a_limit_and_says_so(
        self, coarse: FittedCohort, flagged: list[str]
    ) -> None:
        space = next(s for s in (question(coarse, p) for p in flagged) if self._moves(s, "sugar", "sleep"))
        sugar, sleep = (coarse.schema.positions[name] for name in ("sugar", "sleep"))
        rows = np.tile(space.factual, (4, 1))
        rows[0, sugar] -= 5
        rows[1, sleep] += 0.5
        rows[2, sugar] = space.values[sugar][0]
        checks = verify(Problem.of(coarse, space.query), rows[:3])
        assert checks.violations[0] == (
            "`sugar` moves by less than 12 g/day, the smallest change that means anything",
        )
        assert checks.violations[1] == (
            "`sleep` moves by less than 1 h/night, the smallest change that means anything",
        )
        assert checks.within_limits.tolist() == [False, False, True]

    @staticmethod
    def _moves(space: SearchSpace, *names: str) -> bool:
        return all(len(space.values.get(space.schema.positions[name], ())) for name in names)

    def test_refine_keeps_nothing_smaller(self, coarse: FittedCohort, flagged: list[str]) -> None:
        spaces = [question(coarse, person) for person in flagged]
        found = 0
        for space in spaces:
            far = space.factual.copy()
            for position, values in list(space.values.items())[:3]:
                far[position] = values[np.abs(values - space.factual[position]).argmax()]
            problem = Problem.of(coarse, space.query)
            if not verify(problem, far[None]).valid[0]:
                continue
            (row,) = refine(problem, far[None])
            found += 1
            for position in np.flatnonzero(space.changed(row[None])[0]):
                least = LEAST.get(coarse.schema.features[position].name, 0)
                assert abs(row[position] - space.factual[position]) >= least - 1e-9
        assert found > 5

    @pytest.mark.parametrize("method", ["random", "dice-random", "nice-sparsity", "treecf"])
    def test_no_method_answers_with_a_smaller_one(
        self, coarse: FittedCohort, flagged: list[str], method: str
    ) -> None:
        changed = 0
        for person in flagged[:12:3]:
            asked = ExplainRequest(cohort="small", participant_id=person, method=method, max_changes=4)
            for option in answer(coarse, asked).counterfactuals:
                for name, change in option.changes.items():
                    if name in LEAST:
                        changed += 1
                        assert abs(change.after - change.before) >= LEAST[name] - 1e-9  # type: ignore[operator]
        assert changed

    def test_the_search_finds_nothing_smaller(self, coarse: FittedCohort, flagged: list[str]) -> None:
        spaces = [question(coarse, person) for person in flagged]
        rows = search(coarse, spaces, Problem.of(coarse, spaces[0].query).budget)
        found = [(space, row) for space, row in zip(spaces, rows, strict=True) if row is not None]
        assert found
        for space, row in found:
            checks = verify(Problem.of(coarse, space.query), row[None])
            assert checks.violations == ((),) and checks.valid[0]

    def test_packages_see_it_as_no_change_or_as_the_smallest(
        self, coarse: FittedCohort, flagged: list[str]
    ) -> None:
        table = MovableTable.of(coarse, question(coarse, flagged[0], profile="contrast"))
        column = [feature.name for feature in table.features].index("bmi")
        here, (low, high) = table.factual[column], (side for side in table.sides(column))
        assert low[1] <= here - 1.2 and high[0] >= here + 1.2
        rows = np.tile(table.factual, (4, 1))
        rows[:, column] += (-0.3, 0.3, low[1] - here + 0.1, high[0] - here - 0.1)
        assert table.allowed(rows)[:, column].tolist() == [here, here, low[1], high[0]]

    def test_prompts_write_both_sides(self) -> None:
        sleep = SCHEMA.feature("sleep")
        values = Movable(feature="sleep", values=(6.0, 8.5, 9.0))
        assert allowed_text(sleep, 7.2, values) == "6|8.5..9"
        near = Movable(feature="sleep", values=(6.0, 6.5, 7.5, 8.0))
        assert allowed_text(sleep, 7.0, near) == "6..8"  # every step: as before


@pytest.mark.parametrize("profile", ["intervention", "contrast"])
def test_the_exact_search_knows_the_gap(coarse: FittedCohort, flagged: list[str], profile: str) -> None:
    """Held against every number that the limits allow."""
    said = []
    for person in [*flagged[:5], flagged[10], *flagged[-3:]]:
        space = question(coarse, person, profile=profile, max_changes=1)
        kept, free = by_hand(coarse, space)
        if free is None:
            said.append("none")
            right = OptimalityProof(impossible=True)
        elif kept == free:
            said.append("proven")
            right = OptimalityProof(distance=pytest.approx(kept))
        else:
            said.append("open")
            right = OptimalityProof()
        assert prove(coarse, space) == right
    assert {"none", "proven"} <= set(said)


class TestReference:
    def test_what_is_normal_is_not_moved_further(self, normal: FittedCohort) -> None:
        values = movable(normal, {})
        assert "bmi" not in values and "sugar" not in values  # 24 and 80 are within reference
        assert "sleep" not in values  # 7.0 is enough, and less would leave the range
        assert "carbohydrate" in values and min(values["carbohydrate"]) >= 130

    def test_what_is_not_normal_moves(self, normal: FittedCohort) -> None:
        values = movable(normal, {"bmi": 28, "sugar": 120, "sleep": 6.0})
        assert values["bmi"][0] == 24.5 and values["bmi"][-1] == 27.5
        assert values["sugar"] == (90, 95, 100, 105, 110, 115)
        assert values["sleep"] == (6.5, 7.0)

    def test_and_stops_where_it_is_normal(self, normal: FittedCohort) -> None:
        assert movable(normal, {"bmi": 25.1})["bmi"] == (24.5, 25.0)
        assert movable(normal, {"sugar": 91})["sugar"] == (90,)
        assert movable(normal, {"sleep": 6.8})["sleep"] == (7.0,)

    def test_the_smallest_change_is_made_where_the_end_is_nearer(self, fitted: FittedCohort) -> None:
        both = fit(fitted, schema_with(references=True))
        assert movable(both, {"sugar": 92})["sugar"] == (80,)  # 12 lower; 90 would be too small a change
        assert movable(both, {"sugar": 130})["sugar"][0] == 90

    def test_an_explicit_range_widens(self, normal: FittedCohort) -> None:
        values = movable(normal, {}, ranges={"sugar": (20, 70)})
        assert values["sugar"][-1] == 70 and "bmi" not in values

    def test_contrast_is_left_alone(self, normal: FittedCohort, fitted: FittedCohort) -> None:
        assert movable(normal, {}, profile="contrast") == movable(fitted, {}, profile="contrast")

    def test_what_is_held_is_known_with_the_values_that_a_range_opens(self, normal: FittedCohort) -> None:
        factual = dict.fromkeys(normal.schema.names, 0.0) | PERSON
        held = held_by_reference(normal.schema, normal.domain, factual, Limits(profile="intervention"))
        by_name = {entry.feature: entry.values for entry in held}
        assert set(by_name) == {"bmi", "sugar", "sleep", "carbohydrate"}  # 250 of "130 or more" may fall only
        assert by_name["sugar"] == tuple(range(20, 80, 5))
        assert not held_by_reference(normal.schema, normal.domain, factual, Limits(profile="contrast"))

    def test_so_is_what_could_move_further(self, normal: FittedCohort) -> None:
        factual = dict.fromkeys(normal.schema.names, 0.0) | PERSON | {"sugar": 120}
        asked = Limits(profile="intervention")
        held = {e.feature: e.values for e in held_by_reference(normal.schema, normal.domain, factual, asked)}
        assert held["sugar"] == tuple(range(20, 120, 5))  # 90 and more without
        widened = asked.model_copy(update={"ranges": {"sugar": (60, 115)}})
        again = held_by_reference(normal.schema, normal.domain, factual, widened)
        assert "sugar" not in {entry.feature for entry in again}

    def test_moving_it_breaks_a_limit_and_says_so(self, normal: FittedCohort, flagged: list[str]) -> None:
        sugar = normal.schema.positions["sugar"]
        spaces = (question(normal, person) for person in flagged)
        space = next(s for s in spaces if 40 <= s.factual[sugar] <= 90)
        row = space.factual.copy()
        row[sugar] -= 20
        checks = verify(Problem.of(normal, space.query), row[None])
        assert checks.violations == (
            ("`sugar` is not moved further than its reference range (usual) asks for",),
        )
        widened = question(normal, space.query.participant_id, ranges={"sugar": (20, 200)})
        assert verify(Problem.of(normal, widened.query), row[None]).violations == ((),)


class TestBehaviour:
    def test_only_what_a_person_does_moves(self, fitted: FittedCohort) -> None:
        values = movable(fitted, {"bmi": 30, "waist": 100}, profile="behaviour")
        roles = {fitted.schema.feature(name).role for name in values}
        assert roles == {"behaviour"}
        everything = movable(fitted, {"bmi": 30, "waist": 100})
        assert values == {
            name: found
            for name, found in everything.items()
            if fitted.schema.feature(name).role == "behaviour"
        }

    def test_moving_anything_else_breaks_a_limit(self, fitted: FittedCohort, flagged: list[str]) -> None:
        space = question(fitted, flagged[0], profile="behaviour")
        bmi, row = fitted.schema.positions["bmi"], space.factual.copy()
        row[bmi] -= 1
        checks = verify(Problem.of(fitted, space.query), row[None])
        assert checks.violations == (("`bmi` is no behaviour and may not change",),)

    def test_an_answer_moves_behaviours_only(self, fitted: FittedCohort, flagged: list[str]) -> None:
        found = 0
        for person in flagged[:8]:
            asked = ExplainRequest(
                cohort="small", participant_id=person, method="random", profile="behaviour", candidates=64
            )
            result = answer(fitted, asked)
            assert result.limits.profile == "behaviour"
            for option in result.counterfactuals:
                found += 1
                assert {fitted.schema.feature(name).role for name in option.changes} == {"behaviour"}
        assert found

    def test_where_it_finds_nothing_wider_limits_are_named(
        self, fitted: FittedCohort, flagged: list[str]
    ) -> None:
        said = []
        for person in flagged[::4]:
            asked = ExplainRequest(
                cohort="small",
                participant_id=person,
                method="random",
                profile="behaviour",
                candidates=4,
                goal="cross",
            )
            said += answer(fitted, asked).reasons
        assert "only behaviours may move (`intervention` limits would do)" in " ".join(said)
