from __future__ import annotations

import pytest

from sensecf_core.classifiers.training import train
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.checker import Checker


@pytest.fixture(scope="session")
def checker(small_cohort: Cohort) -> Checker:
    return Checker.fit(small_cohort, train(small_cohort, refits=3))
