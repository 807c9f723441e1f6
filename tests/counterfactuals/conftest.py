from __future__ import annotations

import pytest

from sensecf_core.classifiers.training import train
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.ask import ask
from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.counterfactuals.moves import Moves
from sensecf_core.language.local_model import LocalModel
from sensecf_core.queries.limits import Limits
from tests.language.cases import save_tiny_model


@pytest.fixture(scope="session")
def checker(small_cohort: Cohort) -> Checker:
    return Checker.fit(small_cohort, train(small_cohort, refits=3))


@pytest.fixture(scope="session")
def flagged(checker: Checker) -> list[str]:
    """Test participants whom the classifier flags, the least certain first."""
    test = checker.cohort.part("test")
    risk = checker.classifier.predict_proba(test)
    order = [position for position in risk.argsort() if risk[position] >= checker.classifier.threshold]
    return [str(test.index[position][0]) for position in order]


@pytest.fixture(scope="session")
def moves(checker: Checker, flagged: list[str]) -> Moves:
    """The query of one flagged person under the cohort's default limits."""
    return Moves.of(checker.schema, ask(checker, [(flagged[0], "0")], 0, Limits(profile="intervention"))[0])


@pytest.fixture(scope="session")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    """A model of the default model's architecture that learned nothing."""
    folder = tmp_path_factory.mktemp("babbler")
    save_tiny_model(folder)
    return LocalModel.load(folder)
