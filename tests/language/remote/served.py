"""A model behind the scripted server, the line that it answers, and its key."""

from __future__ import annotations

from typing import Any

from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.remote.allow_list import Host
from sensecf_core.language.remote.model import RemoteModel
from tests.language.scripted_server import Server

LINE = "bmi=28.0; sugar=60"
KEY = "sk-very-secret-1234567890"


def model_at(server: Server, **fields: Any) -> RemoteModel:
    spec = ModelSpec.model_validate({"name": "served", "kind": "endpoint", "source": server.url, **fields})
    return RemoteModel(spec, Host("127.0.0.1", leaves_machine=False, cohort="small"))
