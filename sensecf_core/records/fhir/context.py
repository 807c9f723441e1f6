"""What every resource of a bundle needs: ids, references, labels, plain text."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from sensecf_core.cohorts.schema import Schema
from sensecf_core.queries.answer import Answer, Effort
from sensecf_core.records.fhir.codes import AI_ASSERTED, TEST_DATA
from sensecf_core.types import Json

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:sensecf:fhir")
"""Under which the ids of resources are made."""


@dataclass(frozen=True)
class Context:
    """An answer, the schema of its cohort, and how hard changes are said to be for the person, by feature."""

    answer: Answer
    schema: Schema
    efforts: Mapping[str, Effort] = field(default_factory=dict)

    def id(self, name: str) -> str:
        """The id of the resource called ``name`` in the bundle of this answer."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.answer.cohort}\x1f{self.answer.answer_id}\x1f{name}"))

    def reference(self, name: str) -> Json:
        """A reference to the resource called ``name``."""
        return {"reference": f"urn:uuid:{self.id(name)}"}

    @cached_property
    def created(self) -> str:
        """When the answer was made, as a FHIR instant in UTC."""
        moment = datetime.fromisoformat(self.answer.created)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    @property
    def hashes(self) -> dict[str, str]:
        """sha256 of what the answer rests on, by name."""
        return self._of_provenance("sha256")

    @property
    def versions(self) -> dict[str, str]:
        """Version of the program and of its libraries, by name."""
        return self._of_provenance("version")

    def _of_provenance(self, part: str) -> dict[str, str]:
        found = self.answer.provenance.get(part)
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}

    def labels(self, *, asserted: bool) -> list[Json]:
        """Security labels of what the model asserts, or of what was measured."""
        test_data = [] if self.schema.provenance.real else [TEST_DATA]
        return [dict(label) for label in ([AI_ASSERTED] if asserted else []) + test_data]

    def start(self, kind: str, name: str, *, asserted: bool) -> Json:
        """The first elements of a resource."""
        labels = self.labels(asserted=asserted)
        meta = {"meta": {"security": labels}} if labels else {}
        return {"resourceType": kind, "id": self.id(name), **meta}

    @staticmethod
    def text(text: str) -> str:
        """``text`` as a FHIR string: on one line, plain spaces, no control characters, never empty."""
        spaced = re.sub(r"\s+", " ", text).strip()
        return "".join(char for char in spaced if unicodedata.category(char)[0] != "C") or "-"
