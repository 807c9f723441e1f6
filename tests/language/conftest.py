from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.backend import Constraint
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.prompts.plain import Example, Prompt, build
from sensecf_core.queries.query import Driver, Query
from tests.language.cases import save_tiny_model
from tests.small_cohort import SCHEMA


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-model")
    save_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_folder: Path) -> LocalModel:
    return LocalModel.load(tiny_folder)


@pytest.fixture
def schema() -> Schema:
    return SCHEMA


@pytest.fixture
def query() -> Query:
    values = {
        "age": 54, "bmi": 31.2, "waist": 104.0, "carbohydrate": 300, "sugar": 120,
        "sleep": None, "smoking": "current", "active": 0, "diet": "mixed", "sex": "male",
    }  # fmt: skip
    return Query.model_validate(
        {
            "cohort": "small",
            "participant_id": "p0",
            "row_id": "0",
            "factual": {"features": values, "probability": 0.62, "predicted": 1},
            "desired": 0,
            "limits": {"profile": "intervention", "max_changes": 3},
            "movable": [
                {"feature": "bmi", "values": [27.5, 28.0, 28.5, 29.0, 29.5, 30.0, 30.5, 31.0]},
                {"feature": "waist", "values": list(range(92, 104))},
                {"feature": "carbohydrate", "values": [*range(250, 300, 5), *range(305, 351, 5)]},
                {"feature": "sugar", "values": list(range(20, 120, 5))},
                {"feature": "smoking", "values": [1]},
                {"feature": "active", "values": [1]},
                {"feature": "diet", "values": [1, 2]},
            ],
        }
    )


@pytest.fixture
def drivers() -> tuple[Driver, ...]:
    pulls = {
        "age": 0.3, "bmi": 0.9, "waist": 0.4, "carbohydrate": 0.0, "sugar": 0.2,
        "smoking": 0.5, "active": 0.1, "diet": -0.6, "sex": -0.05,
    }  # fmt: skip
    return tuple(Driver(feature=name, log_odds=pull) for name, pull in pulls.items())


@pytest.fixture
def example(query: Query, drivers: tuple[Driver, ...]) -> Example:
    return Example(query, drivers, {"bmi": 28.0, "sugar": 60})


@pytest.fixture
def prompt(schema: Schema, query: Query) -> Prompt:
    return build(schema, query, ())


@pytest.fixture
def constraint(schema: Schema, query: Query) -> Constraint:
    return Constraint(schema, query.movable, 3)
