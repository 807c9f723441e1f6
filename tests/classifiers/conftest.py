from __future__ import annotations

import pytest

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.training import train
from sensecf_core.cohorts.cohort import Cohort

REFITS = 6


@pytest.fixture(scope="session")
def trained(small_cohort: Cohort) -> Classifier:
    return train(small_cohort, seed=3, refits=REFITS)
