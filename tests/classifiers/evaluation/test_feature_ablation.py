"""A classifier without a group of features that its schema names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.evaluation import model_card
from sensecf_core.classifiers.evaluation.feature_ablation import predict_without, without
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.schema import LeftOut, Schema

GROUP = {
    "name": "body",
    "label": "body size",
    "features": ["bmi", "waist"],
    "text": "They say nearly the same.",
}


@pytest.fixture(scope="module")
def cohort(small_cohort: Cohort) -> Cohort:
    schema = Schema.model_validate(small_cohort.schema.model_dump() | {"left_out": [GROUP]})
    return replace(small_cohort, schema=schema)


def test_features_and_the_rules_that_need_them_are_gone(cohort: Cohort) -> None:
    less = without(cohort, cohort.schema.left_out[0])
    gone = {"bmi", "waist"}
    assert set(cohort.schema.names) - set(less.schema.names) == gone
    assert tuple(less.rows.columns) == less.schema.names
    assert all(not gone & set(rule.terms) for rule in less.schema.rules)
    assert all(not gone & {one.feature, one.follows} for one in less.schema.couplings)
    assert len(cohort.schema.couplings) > len(less.schema.couplings)


def test_the_card_compares_on_the_same_test_rows(cohort: Cohort, trained: Classifier) -> None:
    card = model_card.evaluate(cohort, trained)
    (entry,) = card["left_out"]
    assert entry["auroc"]["value"] == card["metrics"]["auroc"]["value"]
    gap = entry["auroc"]["value"] - entry["auroc_without"]["value"]
    assert entry["difference"]["value"] == pytest.approx(gap)
    assert entry["difference"]["low"] < gap < entry["difference"]["high"]
    judged = predict_without(cohort, cohort.schema.left_out[0], 3)
    assert judged.target.tolist() == cohort.target[cohort.parts.eq("test")].tolist()


def test_a_schema_without_groups_keeps_its_hash_and_its_card(
    small_cohort: Cohort, trained: Classifier
) -> None:
    plain = small_cohort.schema
    assert "left_out" not in model_card.evaluate(small_cohort, trained)
    named = Schema.model_validate(plain.model_dump() | {"left_out": [GROUP]})
    again = Schema.model_validate(plain.model_dump())
    assert again.sha256 == plain.sha256 != named.sha256


def test_unknown_features_are_refused(small_cohort: Cohort) -> None:
    strange = GROUP | {"features": ["bmi", "moon"]}
    with pytest.raises(ValidationError, match="moon"):
        Schema.model_validate(small_cohort.schema.model_dump() | {"left_out": [strange]})
    assert LeftOut.model_validate(GROUP).features == ("bmi", "waist")
