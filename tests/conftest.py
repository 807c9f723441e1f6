from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sensecf_core.classifiers.training import train
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from tests import small_cohort as small

TESTS = Path(__file__).parent

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

LONGEST = (
    "augmentation/sampling/test_sampler_pipelines.py",
    "augmentation/test_experiment.py",
    "evaluation/cluster/test_connect.py",
    "cli/test_benchmark.py",
    "cli/test_finetuning.py",
    "augmentation/sampling/test_sampler.py",
    "counterfactuals/fine_tuning/test_fine_tune.py",
    "augmentation/test_leaks.py",
    "browser/test_augmentation.py",
    "browser/test_sensors.py",
    "browser/test_comparison.py",
    "browser/test_pages.py",
    "browser/test_layout.py",
    "browser/test_keyboard.py",
    "browser/test_journey.py",
)
"""Files that take longest are handed out first, so that no worker is alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {str(TESTS / name): number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(str(item.path), len(place)))


@pytest.fixture(autouse=True)
def private_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep whatever a test writes out of the checkout."""
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "var"))
    yield tmp_path / "var"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C is heeded, here and by children, also where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
