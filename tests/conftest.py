from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sensecf_core.classifiers.training import train
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from tests import small_cohort as small

# How long an example takes says how busy the machine is, not whether the code is right; and the same commit
# gets the same examples everywhere (look for new ones with --hypothesis-profile=default).
settings.register_profile(
    "repeatable",
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def private_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep whatever a test writes out of the checkout."""
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "var"))
    yield tmp_path / "var"


@pytest.fixture(scope="session")
def small_cohort() -> Cohort:
    return small.make()


@pytest.fixture(scope="session")
def fitted(small_cohort: Cohort) -> FittedCohort:
    return FittedCohort.fit(small_cohort, train(small_cohort, refits=3))


@pytest.fixture(scope="session")
def flagged(fitted: FittedCohort) -> list[str]:
    """Test participants whom the classifier flags, the least certain first."""
    test = fitted.cohort.part("test")
    risk = fitted.classifier.predict_proba(test)
    order = [position for position in risk.argsort() if risk[position] >= fitted.classifier.threshold]
    return [str(test.index[position][0]) for position in order]
