from __future__ import annotations

import pytest

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.language.local.model import LocalModel
from sensecf_core.queries.limits import Limits
from tests.language.cases import save_tiny_model


@pytest.fixture(scope="session")
def space(fitted: FittedCohort, flagged: list[str]) -> SearchSpace:
    """The query of one flagged person under the cohort's default limits."""
    return SearchSpace.of(
        fitted.schema, make_queries(fitted, [(flagged[0], "0")], 0, Limits(profile="intervention"))[0]
    )


@pytest.fixture(scope="session")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    """A model of the default model's architecture that learned nothing."""
    folder = tmp_path_factory.mktemp("babbler")
    save_tiny_model(folder)
    return LocalModel.load(folder)
