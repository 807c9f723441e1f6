from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.evaluation import model_card
from sensecf_core.cohorts.cohort import Cohort


@pytest.fixture(scope="module")
def card(small_cohort: Cohort, trained: Classifier) -> dict[str, Any]:
    return model_card.evaluate(small_cohort, trained)


def test_numbers_are_of_the_test_part(
    small_cohort: Cohort, trained: Classifier, card: dict[str, Any]
) -> None:
    test = small_cohort.part("test")
    target = small_cohort.target.loc[test.index]
    assert card["metrics"]["auroc"]["value"] == pytest.approx(
        roc_auc_score(target, trained.predict_proba(test))
    )
    assert card["metrics"]["brier"]["value"] == pytest.approx(
        brier_score_loss(target, trained.predict_proba(test))
    )
    assert card["second_judge"]["metrics"]["auroc"]["value"] == pytest.approx(
        roc_auc_score(target, trained.second_probability(test))
    )
    assert card["parts"]["test"]["rows"] == len(test)
    assert card["parts"]["test"]["prevalence"] == pytest.approx(target.mean())


def test_intervals_hold_their_values_and_are_not_points(card: dict[str, Any]) -> None:
    for numbers in (card["metrics"], card["second_judge"]["metrics"]):
        for name, number in numbers.items():
            assert number["low"] < number["value"] < number["high"], name
    assert 0.05 < card["metrics"]["auroc"]["high"] - card["metrics"]["auroc"]["low"] < 0.25


def test_reliability_bins_cover_the_test_part(card: dict[str, Any]) -> None:
    bins = card["reliability"]
    assert len(bins) == 10
    assert sum(b["n"] for b in bins) == card["parts"]["test"]["rows"]
    means = [b["mean_predicted"] for b in bins]
    assert means == sorted(means)
    observed = sum(b["n"] * b["observed"]["value"] for b in bins) / card["parts"]["test"]["rows"]
    assert observed == pytest.approx(card["parts"]["test"]["prevalence"])


def test_subgroups(small_cohort: Cohort, card: dict[str, Any]) -> None:
    assert [s["level"] for s in card["subgroups"]] == ["north", "south"]
    assert sum(s["n"] for s in card["subgroups"]) == card["parts"]["test"]["rows"]
    assert all(0.5 < s["auroc"]["value"] < 1 for s in card["subgroups"])


def test_subgroups_that_are_too_small_have_no_numbers(small_cohort: Cohort, trained: Classifier) -> None:
    test = small_cohort.parts.eq("test")
    few = small_cohort.subgroups.copy()
    few["region"] = "south"
    few.loc[few.index[test][:9], "region"] = "north"
    few.loc[few.index[test][9:11], "region"] = None
    north, south = model_card._subgroups(
        replace(small_cohort, subgroups=few), *judgements(small_cohort, trained)
    )
    assert (north["n"], north["auroc"], north["brier"]) == (9, None, None)
    assert south["n"] == test.sum() - 11
    assert south["auroc"] is not None


def judgements(cohort: Cohort, classifier: Classifier) -> tuple[Any, ...]:
    rows = cohort.part("test")
    target = cohort.target.loc[rows.index].to_numpy()
    judged = model_card._predictions(target, classifier.predict_proba(rows), classifier.threshold)
    return judged, rows.index.get_level_values(0).to_numpy(dtype=object), 0


def test_it_is_json_repeats_and_says_where_it_comes_from(
    small_cohort: Cohort, trained: Classifier, card: dict[str, Any]
) -> None:
    assert json.loads(json.dumps(card, allow_nan=False)) == json.loads(
        json.dumps(model_card.evaluate(small_cohort, trained))
    )
    origin = card["provenance"]
    assert origin["classifier_sha256"] == trained.sha256
    assert origin["data_sha256"] == small_cohort.data_sha256
    assert origin["command"] == "python -m sensecf_core train --cohort small --seed 3"
    assert card["flow"] == [{"text": "drawn", "rows": 600}]


def test_large_test_parts_are_not_cross_fitted(card: dict[str, Any]) -> None:
    assert card["cross_fitted"] is None


def test_small_test_parts_are_cross_fitted_on_everyone(small_cohort: Cohort, trained: Classifier) -> None:
    kept = np.flatnonzero(~small_cohort.parts.eq("test") | (np.arange(600) < 400))[:450]
    index = small_cohort.rows.index[kept]
    cohort = replace(
        small_cohort,
        rows=small_cohort.rows.loc[index],
        target=small_cohort.target.loc[index],
        parts=small_cohort.parts.loc[index],
        subgroups=small_cohort.subgroups.loc[index],
    )
    told: list[float] = []
    found = model_card.evaluate(cohort, trained, progress=lambda done, _message: told.append(done))
    crossed = found["cross_fitted"]
    assert crossed["folds"] == 5
    assert crossed["n"] == crossed["participants"] == 450
    assert 0.7 < crossed["metrics"]["auroc"]["value"] < 0.95
    wide = found["metrics"]["auroc"]["high"] - found["metrics"]["auroc"]["low"]
    assert crossed["metrics"]["auroc"]["high"] - crossed["metrics"]["auroc"]["low"] < wide
    assert told == sorted(told)
