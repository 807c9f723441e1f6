"""What makes a worker compute something else is refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sensecf_core.errors import InputError
from sensecf_core.evaluation.cluster.worker import Identity, check, identity

HERE = Identity("code", (("numpy", "2.4.6"), ("scikit-learn", "1.9.1")))


def test_the_same_may_compute() -> None:
    check("It", HERE, replace(HERE))


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (replace(HERE, code="other"), "It runs other code of SenseCF"),
        (
            replace(HERE, versions=HERE.versions[:1]),
            r"has scikit-learn \(not installed\), this machine has 1.9.1",
        ),
        (
            replace(HERE, versions=(("numpy", "2.4.5"), HERE.versions[1])),
            "has numpy 2.4.5, this machine has 2.4.6",
        ),
        (
            replace(HERE, versions=(*HERE.versions, ("treecf", "0.3.2"))),
            r"has treecf 0.3.2, this machine has \(",
        ),
    ],
)
def test_another_is_refused(there: Identity, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check("It", HERE, there)


def test_what_decides_a_number_is_in_the_identity() -> None:
    found = identity("sensecf_core.augmentation.experiment")
    assert {"python", "numpy", "scikit-learn", "imbalanced-learn"} <= dict(found.versions).keys()
    assert "streamlit" not in dict(found.versions)
    assert found.code != identity("sensecf_core.errors").code
