from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.ask import ask
from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.counterfactuals.moves import Moves
from sensecf_core.language.local_model import LocalModel
from sensecf_core.queries.limits import Limits
from tests.language.cases import save_tiny_model


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
