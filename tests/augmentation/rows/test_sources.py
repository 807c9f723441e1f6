"""Packages and language models as sources of rows: asked, checked and counted like any answer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sensecf_core.augmentation.artefacts import MOST_WEIGHT, Artefacts
from sensecf_core.augmentation.rows import counterfactual_rows as module
from sensecf_core.augmentation.rows.ask import CANDIDATES, Answered, Ask, Source
from sensecf_core.augmentation.rows.counterfactual_rows import (
    MARGIN,
    ROWS_PER_FACTUAL,
    counterfactual_rows,
    kept_rows,
)
from sensecf_core.augmentation.rows.description import describe
from sensecf_core.augmentation.rows.made_rows import MadeRows
from sensecf_core.augmentation.rows.sources import METHODS
from sensecf_core.augmentation.rows.transfer import transfer_adapter
from sensecf_core.augmentation.scarcity import thin
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.language.models import adapters
from tests.augmentation.planted import cohort

pytestmark = pytest.mark.usefixtures("cfnow_by_steps")


@cache
def artefacts() -> Artefacts:
    split = thin(cohort("linear", 420), "C", 0.6, 1)
    return Artefacts(split.scarce, split.removed, 1)


def made(name: str, margin: float = 0.0, queries: int = 3, number: int = 20, **options: object) -> MadeRows:
    one = artefacts()
    return counterfactual_rows(
        one.fitted,
        one.training_rows,
        1,
        number,
        source=replace(METHODS[name], queries=queries),
        margin=margin,
        rng=np.random.default_rng(3),
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("name", ["nice", "dice", "treecf", "cfnow", "effects", "nearest-pair"])
def test_rows_are_in_the_class_within_the_limits_and_someones(name: str) -> None:
    one, rows = artefacts(), made(name)
    assert len(rows.codes) and rows.valid <= rows.proposed
    assert one.fitted.reaches(one.fitted.classifier.probability_of_codes(rows.codes), 1).all()
    of_person = dict(zip(one.training_rows.people, one.training_rows.codes, strict=True))
    for codes, owner in zip(rows.codes, rows.owners, strict=True):
        changed = ~np.isclose(codes, of_person[owner], equal_nan=True)
        assert 1 <= changed.sum() <= module.MAX_CHANGES


@pytest.mark.parametrize("name", ["nice", "dice", "treecf"])
def test_a_package_is_asked_for_the_margin(name: str) -> None:
    one, rows = artefacts(), made(name, MARGIN)
    risks = one.fitted.classifier.probability_of_codes(rows.codes)
    assert len(rows.codes) and one.fitted.reaches(risks, 1, MARGIN).all()


def test_samples_short_of_the_margin_are_dropped_not_asked_again() -> None:
    one = artefacts()
    every, beyond = one.made("effects", "edits", 50.0), one.made("effects", "margin")
    assert 0 < len(beyond.codes) < len(every.codes) and every.proposed == beyond.proposed
    assert {codes.tobytes() for codes in beyond.codes} < {codes.tobytes() for codes in every.codes}
    risks = one.fitted.classifier.probability_of_codes(beyond.codes)
    for label in (0, 1):
        assert one.fitted.reaches(risks[beyond.labels == label], label, MARGIN).all()


def test_of_one_factual_few_rows_are_taken_and_everything_proposed_is_counted() -> None:
    one = artefacts()

    def many(ask: Ask, spaces: list[SearchSpace]) -> list[Answered]:
        """Ten rows a query, all of them the query's own factual moved a little."""
        return [
            Answered(np.array([space.factual + step for step in np.linspace(0.1, 1, 10)]), 12, 11)
            for space in spaces
        ]

    found = counterfactual_rows(
        one.fitted,
        one.training_rows,
        1,
        1000,
        source=Source("many", "many", many, queries=5),
        margin=0.0,
        rng=np.random.default_rng(0),
    )
    assert len(found.codes) == 5 * ROWS_PER_FACTUAL and len(set(found.owners)) == 5
    assert (found.proposed, found.valid) == (60, 55)


def test_a_curve_takes_the_first_rows_and_fewer_rows_weigh_more() -> None:
    one = artefacts()
    whole, quarter = one.made("search"), one.made("search", ratio=0.25)
    for label in (0, 1):
        mine = quarter.labels == label
        assert mine.sum() <= round(0.25 * one.wanted(label))
        assert quarter.weight[mine].sum() == pytest.approx(
            min(round(0.25 * one.wanted(label)), MOST_WEIGHT * mine.sum())
        )
    assert len(quarter.codes) < len(whole.codes)
    assert {codes.tobytes() for codes in quarter.codes} < {codes.tobytes() for codes in whole.codes}


def test_slow_rows_are_made_once_and_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, calls = artefacts().made("search"), []
    scarce = artefacts().scarce
    for decides in (("a",), ("a",), ("b",)):
        found = kept_rows(scarce, lambda: calls.append(1) or rows, *decides)
        assert np.array_equal(found.codes, rows.codes, equal_nan=True)
        assert found.owners.tolist() == rows.owners.tolist()
    assert len(calls) == 2


def test_what_rows_are_like() -> None:
    one = artefacts()
    real = one.training_rows
    copies = MadeRows.of_class(real.codes[real.target == 1][:8], 1, real.people[real.target == 1][:8])
    found = describe(one.fitted, real, copies)
    assert (found["rows"], found["distinct"], found["copies"], found["dcr"]) == (8, 8, 1.0, 0.0)
    assert found["violations"] == 0
    doubled = MadeRows.joined([copies, copies])
    assert describe(one.fitted, real, doubled)["distinct"] == 8
    assert describe(one.fitted, real, copies.only(np.zeros(8, bool)))["distinct"] == 0
    beyond = describe(one.fitted, real, one.made("search", "margin"))["beyond"]
    assert beyond >= MARGIN > describe(one.fitted, real, one.made("search"))["beyond"] > 0


@pytest.mark.model
@pytest.mark.parametrize("name", ["lm-transfer", "lm-few-shot"])
def test_the_real_language_model_makes_rows(name: str) -> None:
    known = adapters.of_all_cohorts()
    transfer = transfer_adapter("planted-linear", None, known[0].card.base_sha256, known)
    rows = made(name, queries=2, transfer=transfer)
    assert rows.proposed == 2 * CANDIDATES
    assert len(rows.codes) <= rows.valid
    one = artefacts()
    assert one.fitted.reaches(one.fitted.classifier.probability_of_codes(rows.codes), 1).all()
