from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from sensecf_core.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Ended]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``python -m sensecf_core ...`` in this process, so that what it loads is loaded once."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def flagged() -> list[tuple[str, str]]:
    """Three participants of nhanes' test part whom the classifier flags."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows

    fitted = load_fitted("nhanes")
    return sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=3, seed=0)


@pytest.fixture(scope="session")
def person(flagged: list[tuple[str, str]]) -> str:
    return flagged[0][0]


@pytest.fixture(scope="session")
def helped() -> str:
    """A flagged participant for whom 200 random candidates hold an answer."""
    from sensecf_core.counterfactuals.explain import explain
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows
    from sensecf_core.queries.request import ExplainRequest

    fitted = load_fitted("nhanes")
    for person, _ in sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=30, seed=0):
        request = ExplainRequest(cohort="nhanes", participant_id=person, method="random", candidates=200)
        if explain(request).status == "found":
            return person
    raise AssertionError("nobody of 30 could be helped")


@pytest.fixture(scope="session")
def unflagged() -> str:
    """A participant of nhanes' test part who already has the desired class."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.evaluation.sampling import sample_rows

    fitted = load_fitted("nhanes")
    return sample_rows(fitted.cohort, fitted.classifier, predicted=0, n=1, seed=0)[0][0]
