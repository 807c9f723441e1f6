from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sensecf_core.cohorts.cohort import Cohort
from tests import small_cohort as small

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")


@pytest.fixture(autouse=True)
def private_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep whatever a test writes out of the checkout."""
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "var"))
    yield tmp_path / "var"


@pytest.fixture(scope="session")
def small_cohort() -> Cohort:
    return small.make()
