from __future__ import annotations

from collections.abc import Iterator

import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.backend import Constraint
from sensecf_core.language.prompts.plain import Prompt, build
from sensecf_core.language.remote import http
from sensecf_core.queries.query import Query
from tests.language.scripted_server import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A scripted server; what has to be asked again is asked at once."""
    monkeypatch.setattr(http, "FIRST_WAIT", 0.01)
    with serving() as running:
        yield running


@pytest.fixture
def prompt(schema: Schema, query: Query) -> Prompt:
    return build(schema, query, ())


@pytest.fixture
def constraint(schema: Schema, query: Query) -> Constraint:
    return Constraint(schema, query.movable, 3)
