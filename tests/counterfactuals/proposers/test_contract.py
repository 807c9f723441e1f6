"""What every method keeps to, language models and baselines alike: one table of tests for all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pandas as pd
import pytest

from sensecf_core.cohorts.feature import Feature
from sensecf_core.counterfactuals.baselines import cfnow
from sensecf_core.counterfactuals.checks.verify import verify
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.budget import Budget
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.problem import Problem
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers import registry
from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
from sensecf_core.counterfactuals.search.effects import estimate_effects
from sensecf_core.language.local import model
from sensecf_core.language.local.model import LocalModel
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import METHODS
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks

REPEATABLE = [method.name for method in METHODS.values() if method.repeatable]
BASELINES = [method.name for method in METHODS.values() if method.package is not None]
SEARCHING = [method.name for method in METHODS.values() if method.knows == "probabilities"]
"""Methods that ask the classifier; treecf reads its trees."""

Asked = Callable[..., Answer]


@pytest.fixture(scope="module", autouse=True)
def only_model(babbler: LocalModel) -> Iterator[None]:
    """Every language model is the babbler, also the fine-tuned one; CFNOW has little time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "shared_model", lambda *_: babbler)
        patch.setattr(cfnow, "SECONDS", 0.1)  # it always takes the time that it is given
        for method in ("lm-fine-tuned", "lm-guided"):
            patch.setitem(
                registry.PROPOSERS,
                method,
                lambda context: FineTunedProposer(
                    context.fitted.schema, babbler, estimate_effects(context.fitted, [context.query])[0]
                ),
            )
        yield


def request(method: str, participant: str, **options: object) -> ExplainRequest:
    asked = {"cohort": "small", "participant_id": participant, "method": method, "max_seconds": 20, **options}
    return ExplainRequest.model_validate(asked)


@pytest.fixture(scope="module")
def asked(fitted: FittedCohort) -> Asked:
    """Answer a request, each one once."""

    @cache
    def once(method: str, participant: str, options: tuple[tuple[str, object], ...]) -> Answer:
        return answer(fitted, request(method, participant, **dict(options)))

    return lambda method, participant, **options: once(method, participant, tuple(options.items()))


@pytest.fixture(scope="module")
def people(fitted: FittedCohort, flagged: list[str]) -> list[str]:
    """One with every value measured, one with a gap in a number, one with a gap in a level."""
    rows = fitted.cohort.rows.loc[[(person, "0") for person in flagged]].isna().to_numpy()
    columns = fitted.schema.positions
    whole = ~rows.any(axis=1)
    number, level = rows[:, columns["waist"]] | rows[:, columns["sleep"]], rows[:, columns["smoking"]]
    return [flagged[int(found.argmax())] for found in (whole, number, level)]


def query_of(fitted: FittedCohort, found: Answer) -> SearchSpace:
    key = (found.participant_id, found.row_id)
    return SearchSpace.of(fitted.schema, make_queries(fitted, [key], found.desired, found.limits)[0])


def assert_type(feature: Feature, value: object) -> None:
    if feature.named:
        assert value in feature.levels
    elif feature.kind in ("integer", "binary"):
        assert type(value) is int
    else:
        assert type(value) is float
        assert value == round(value, feature.decimals)


@pytest.mark.parametrize("method", METHODS)
def test_types_are_kept_and_gaps_stay_gaps(
    method: str, fitted: FittedCohort, people: list[str], asked: Asked
) -> None:
    answers = [asked(method, person, profile="contrast") for person in people]
    assert any(found.trace.candidates for found in answers)
    for person, found in zip(people, answers, strict=True):
        assert found.status in ("found", "none", "budget_spent")
        assert not [reason for reason in found.reasons if "failed" in reason]
        row = fitted.cohort.rows.loc[[(person, "0")]]
        for candidate in found.trace.candidates:
            assert candidate.readable and candidate.edits
            changed = row.copy()
            for name, value in candidate.edits.items():
                assert_type(fitted.schema.feature(name), value)
                assert not row[name].isna().item()
                changed[name] = value
            # The classifier saw the row with its gaps, and with these very values.
            assert candidate.probability == pytest.approx(fitted.classifier.predict_proba(changed)[0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("profile", ["intervention", "contrast"])
def test_limits_are_kept_or_counted_as_violations(
    method: str, profile: str, fitted: FittedCohort, people: list[str], asked: Asked
) -> None:
    for person in people:
        found = asked(method, person, profile=profile, frozen=("bmi",), max_changes=2, max_seconds=4)
        space = query_of(fitted, found)
        for candidate in found.trace.candidates:
            edits = candidate.edits or {}
            codes = space.apply(edits)
            (broken,) = verify(Problem(fitted, space, Budget(fitted.classifier, 1)), codes[None]).violations
            assert candidate.within_limits == (broken == ())
            # Whatever the method, nothing moves that may not, and nothing farther than it may.
            assert set(edits) <= {entry.feature for entry in space.query.movable}
            for entry in space.query.movable:
                code = codes[fitted.schema.positions[entry.feature]]
                assert entry.feature not in edits or entry.values[0] <= code <= entry.values[-1]
            if len(edits) > 2:
                assert f"{len(edits)} changes, at most 2 were allowed" in broken
        for option in found.counterfactuals:
            assert option.valid and option.violations == () and option.n_changed <= 2


@pytest.mark.parametrize("method", REPEATABLE)
def test_the_seed_repeats(method: str, fitted: FittedCohort, people: list[str], asked: Asked) -> None:
    first = asked(method, people[0], profile="contrast")
    again = answer(fitted, request(method, people[0], profile="contrast"))
    timeless = {"seconds", "created"}
    assert first.model_dump(exclude=timeless) == again.model_dump(exclude=timeless)


@pytest.mark.parametrize("method", BASELINES)
def test_a_baseline_says_what_ran_and_whether_it_repeats(
    method: str, people: list[str], asked: Asked
) -> None:
    found = asked(method, people[0], profile="contrast")
    assert found.provenance["repeatable"] == ("yes" if method in REPEATABLE else "no: bound by time")
    name, _, number = found.provenance["package"].partition(" ")
    package = METHODS[method].package
    assert package is not None and name == package.distribution
    assert name.lower().replace("-ml", "").replace("nicex", "nice") == method.partition("-")[0]
    assert number in ("0.12", "0.2.3", "0.0.6", "0.3.2")


@pytest.mark.parametrize("method", METHODS)
def test_the_budget_in_model_rows_is_kept(
    method: str, fitted: FittedCohort, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cfnow, "SECONDS", 60.0)  # the rows end it, not the time
    found = answer(
        fitted, request(method, people[0], profile="contrast", max_model_rows=60, search_first=False)
    )
    assert 0 < found.trace.model_rows <= 60
    if method in SEARCHING:
        assert found.status == "budget_spent"
        assert "the budget of 60 model rows is spent" in found.reasons[0]


@pytest.mark.parametrize("method", BASELINES)
def test_rows_that_a_baseline_asked_about_are_counted(
    method: str, fitted: FittedCohort, people: list[str], asked: Asked
) -> None:
    trace = asked(method, people[0], profile="contrast").trace
    least = trace.proposed if method == "treecf" else trace.proposed + 10
    assert trace.model_rows >= least


@pytest.mark.parametrize("method", METHODS)
def test_time_that_is_over_ends_it(method: str, fitted: FittedCohort, people: list[str]) -> None:
    found = answer(fitted, request(method, people[0], max_seconds=1e-6))
    control = METHODS[method].family == "control"  # one is done before the time is looked at
    assert found.status == "budget_spent" or control
    if not control:
        assert "the time allowed for one answer" in found.reasons[0]


@pytest.mark.parametrize("method", METHODS)
def test_a_cancel_ends_it(method: str, fitted: FittedCohort, people: list[str]) -> None:
    assert answer(fitted, request(method, people[0]), Callbacks(cancelled=lambda: True)).status == "cancelled"


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_can_be_found_it_says_so(method: str, fitted: FittedCohort, flagged: list[str]) -> None:
    """The most certain person, of whom only the diet may move: searches that never end must be ended."""
    frozen = [f.name for f in fitted.schema.features if f.role != "context" and f.name != "diet"]
    found = answer(fitted, request(method, flagged[-1], profile="contrast", frozen=frozen, max_seconds=1))
    assert found.status in ("none", "budget_spent")
    assert found.counterfactuals == ()
    assert found.reasons and "failed" not in " ".join(found.reasons)
    assert not any(candidate.valid for candidate in found.trace.candidates)


@pytest.mark.parametrize("method", METHODS)
def test_inputs_and_the_process_stay_as_they_were(
    method: str, fitted: FittedCohort, people: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    rows, codes = fitted.cohort.rows.copy(), fitted.train_codes.copy()
    targets = fitted.train_targets.copy()
    states = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index,union-attr]
    answer(fitted, request(method, people[1], profile="contrast"))
    pd.testing.assert_frame_equal(fitted.cohort.rows, rows)
    np.testing.assert_array_equal(fitted.train_codes, codes)
    np.testing.assert_array_equal(fitted.train_targets, targets)
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]  # type: ignore[index,union-attr]
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
