"""A cohort that is not public leaves this machine only for a cluster that a person allowed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sensecf_core.cohorts.cohort import UNNAMED, Cohort
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError
from sensecf_core.evaluation.cluster import access
from sensecf_core.evaluation.cluster.access import Address
from sensecf_core.language.remote import allow_list
from sensecf_core.paths import var
from tests.augmentation.planted import cohort

HERE, LAB = Address("127.0.0.1", 8786), Address("hpc.lab", 8786)


def permit(text: str) -> None:
    var(allow_list.FILE).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def own() -> Cohort:
    return cohort("linear", 200)


@pytest.mark.parametrize("text", ["tcp://hpc.lab:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786"])
def test_an_address_is_read_and_written(text: str) -> None:
    assert str(Address.of(text)) == text


@pytest.mark.parametrize(
    "text", ["hpc.lab:8786", "tcp://hpc.lab", "tcp://:8786", "http://hpc.lab:8786", "tcp://hpc.lab:87860", ""]
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(InputError, match="--cluster takes a scheduler's address"):
        Address.of(text)


def test_a_public_cohort_may_go_anywhere() -> None:
    heart = registry.load("heart")
    access.check(LAB, heart)
    assert access.hosts(LAB, heart, ["tcp://10.0.0.7:4000"]) is None


def test_another_one_stays_on_this_machine(own: Cohort) -> None:
    access.check(HERE, own)
    assert access.hosts(HERE, own, ["tcp://127.0.0.1:4000", "tcp://127.0.0.1:4001"]) == ("127.0.0.1",)
    for refused in (lambda: access.check(LAB, own), lambda: access.hosts(HERE, own, ["tcp://10.0.0.7:4000"])):
        with pytest.raises(InputError, match="restricted cohort 'planted-linear', all of whose rows"):
            refused()
    with pytest.raises(InputError, match="restricted cohort"):  # one worker elsewhere is enough
        access.hosts(HERE, own, ["tcp://127.0.0.1:4000", "tcp://10.0.0.7:4000"])


def test_what_the_sentence_says_allows_it(own: Cohort) -> None:
    with pytest.raises(InputError) as refused:
        access.check(LAB, own)
    assert "remote.toml" in str(refused.value) and "\n" not in str(refused.value)
    permit("\n".join(re.findall("`([^`]*)`", str(refused.value))))
    access.check(LAB, own)
    assert access.hosts(LAB, own, ["tcp://10.0.0.7:4000"]) is None


def test_a_language_model_s_permission_is_not_enough(own: Cohort) -> None:
    permit('["hpc.lab"]\ncohorts = ["*"]\nrestricted_cohorts = ["planted-linear"]\nunencrypted = true\n')
    with pytest.raises(InputError, match="all of whose rows"):
        access.check(LAB, own)
    permit('["hpc.lab"]\ncluster_cohorts = ["planted-linear"]\n')
    with pytest.raises(InputError, match="unencrypted = true"):
        access.check(LAB, own)


def test_a_frame_without_a_name_goes_nowhere(own: Cohort) -> None:
    unnamed = replace(own, schema=own.schema.model_copy(update={"name": UNNAMED}))
    permit('["hpc.lab"]\ncluster_cohorts = ["frame"]\nunencrypted = true\n')
    with pytest.raises(InputError, match="without a name"):
        access.check(LAB, unnamed)
