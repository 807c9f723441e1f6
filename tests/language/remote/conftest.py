from __future__ import annotations

from collections.abc import Iterator

import pytest

from sensecf_core.language.remote import http
from tests.language.scripted_server import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A scripted server; what has to be asked again is asked at once."""
    monkeypatch.setattr(http, "FIRST_WAIT", 0.01)
    with serving() as running:
        yield running
