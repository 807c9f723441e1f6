"""The invented cohorts that training sentences are about, read from ``invented.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from sensecf_core.cohorts.feature import NAMED_KINDS, Feature
from sensecf_core.cohorts.schema import Provenance, Schema, Task

_ROLES = {"b": "behaviour", "c": "clinical", "x": "context"}


@cache
def invented_schemas(file: str = "invented.toml") -> tuple[Schema, ...]:
    """All invented schemas of a file here, in its order."""
    tables = tomllib.loads((Path(__file__).parent / file).read_text("utf-8"))
    return tuple(_schema(name, table["features"]) for name, table in tables.items())


def _schema(name: str, rows: list[list[Any]]) -> Schema:
    title = name.replace("_", " ").capitalize()
    return Schema(
        name=name,
        title=f"{title} (invented)",
        task=Task(
            target="outcome",
            question="Does it get worse?",
            label="worse",
            class_1="worse",
            class_0="not worse",
        ),
        provenance=Provenance(title=title, source="invented", licence="CC0 1.0", real=False, public=True),
        features=tuple(_feature(row) for row in rows),
    )


def _feature(row: list[Any]) -> Feature:
    """A feature from its row of the file, whose first lines say what stands where."""
    name, label, kind, role, unit, direction, low, high, words = row
    named = kind in NAMED_KINDS
    fields: dict[str, Any] = {"levels": words[1:]} if named else {"synonyms": words}
    if not named and kind != "binary":
        fields |= {"valid": (low, high), "unit": unit, "decimals": 1 if kind == "continuous" else 0}
    return Feature.model_validate(
        {"name": name, "label": label, "kind": kind, "role": _ROLES[role], "direction": direction, **fields}
    )
