from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.aireadi.open_participant import OpenPerson, open_person
from sensecf_core.aireadi.release import locate
from tests.aireadi import people


@pytest.fixture(scope="session")
def ann(template: Path) -> OpenPerson:
    """Ann, opened: Tuesday from noon, Wednesday worked out by hand, Thursday until noon."""
    return open_person(locate.find(template), people.ANN)


@pytest.fixture(scope="session")
def ben(template: Path) -> OpenPerson:
    """Ben, who has no glucose."""
    return open_person(locate.find(template), people.BEN)


@pytest.fixture(scope="session")
def cas(template: Path) -> OpenPerson:
    """Cas, around the night on which the clocks go forward."""
    return open_person(locate.find(template), people.CAS)
