"""An adapter that saw the cohort, itself or in its chain of starts, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sensecf_core.augmentation.rows.transfer import chain_of, transfer_adapter
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import adapters
from sensecf_core.language.models.adapters import Adapter, Card
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256


def adapter(cohort: str, name: str, tokens: int, start: Adapter | None = None, **card: Any) -> Adapter:
    settings = {"start": str(start.folder), "start_sha256": start.card.weights_sha256} if start else {}
    made = Card(
        **{
            "name": name,
            "cohort": cohort,
            "base": "small",
            "base_sha256": "base",
            "schema_sha256": "s",
            "classifier_sha256": "c",
            "template_sha256": TUNED_SHA256,
            "pairs_sha256": "p",
            "weights_sha256": f"{cohort}-{name}",
            "temperature": 1.0,
            "pairs": {},
            "settings": settings,
            "training": {"tokens": tokens},
            "rounds": (),
            "rates": (),
            "provenance": {},
            **card,
        }
    )
    return Adapter(Path(f"/adapters/{cohort}/{name}"), made, False)


NHANES = adapter("nhanes", "a", 300)
HEART = adapter("heart", "b", 400, NHANES)
AIREADI = adapter("aireadi", "c", 500, HEART)
HEART_ONLY = adapter("heart", "d", 60)
KNOWN = (NHANES, HEART, AIREADI, HEART_ONLY)


def test_a_chain_names_every_cohort_from_the_first_start() -> None:
    assert chain_of(AIREADI, KNOWN) == ("nhanes", "heart", "aireadi")
    assert chain_of(HEART_ONLY, KNOWN) == ("heart",)


def test_a_start_that_is_not_there_leaves_the_chain_unknown() -> None:
    with pytest.raises(InputError, match=r"heart/b started from .* cannot be told"):
        chain_of(AIREADI, (AIREADI, HEART))
    with pytest.raises(NotReadyError):  # nor is it taken by itself
        transfer_adapter("new", None, "base", (HEART,))


def test_of_those_that_never_saw_the_cohort_the_one_trained_longest_is_taken() -> None:
    assert transfer_adapter("nhanes", None, "base", KNOWN).adapter is HEART_ONLY
    found = transfer_adapter("heart", None, "base", KNOWN)
    assert found.adapter is NHANES and found.chain == ("nhanes",)
    assert transfer_adapter("new", None, "base", KNOWN).adapter is AIREADI


@pytest.mark.parametrize(
    ("cohort", "name"), [("nhanes", "aireadi/c"), ("heart", "heart/d"), ("heart", "heart/b")]
)
def test_one_that_saw_it_is_refused_with_its_chain(cohort: str, name: str) -> None:
    with pytest.raises(
        InputError, match=rf"has seen {cohort}.*its chain is .*{name.split('/', maxsplit=1)[0]}"
    ):
        transfer_adapter(cohort, name, "base", KNOWN)


def test_another_base_or_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="another base model"):
        transfer_adapter("new", "nhanes/a", "other", KNOWN)
    with pytest.raises(InputError, match="There is no adapter 'nhanes/x'; there are: aireadi/c, heart/b"):
        transfer_adapter("new", "nhanes/x", "base", KNOWN)
    with pytest.raises(NotReadyError, match="finetune --cohort"):
        transfer_adapter("new", None, "other", KNOWN)


def test_the_committed_adapters_leave_one_for_each_public_cohort() -> None:
    known = adapters.of_all_cohorts()
    base = known[0].card.base_sha256
    assert transfer_adapter("nhanes", None, base, known).chain == ("heart",)
    assert transfer_adapter("heart", None, base, known).chain == ("nhanes",)
    with pytest.raises(InputError, match="nhanes → heart"):
        transfer_adapter("nhanes", "heart/smollm2-135m-instruct", base, known)
