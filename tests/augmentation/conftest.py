from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from sensecf_core.augmentation import students
from sensecf_core.classifiers import hyperparameters
from sensecf_core.counterfactuals.baselines import cfnow

CFNOW_STEPS = 8


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer trees, for time; what is asked under it does not turn on them."""
    monkeypatch.setattr(students, "FOREST_TREES", 20)
    few = replace(hyperparameters.GRID[0], trees=60, learning_rate=0.12)
    monkeypatch.setattr(hyperparameters, "GRID", (few,))


@pytest.fixture
def cfnow_by_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """CFNOW brings its counterfactual nearer for a number of steps, not of seconds: two runs are alike."""
    find_tabular = cfnow._offline_import()
    monkeypatch.setattr(cfnow, "_offline_import", lambda: partial(find_tabular, ft_it_max=CFNOW_STEPS))
    monkeypatch.setattr(cfnow, "MOST_ITERATIONS", 100)
    monkeypatch.setattr(cfnow, "SECONDS", 3600.0)
