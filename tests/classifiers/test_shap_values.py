from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.shap_values import shap_values
from sensecf_core.cohorts.cohort import Cohort


@pytest.mark.parametrize("background", [0, 1, 150])
def test_base_and_values_add_up_to_the_margin(
    small_cohort: Cohort, trained: Classifier, background: int
) -> None:
    test, train = small_cohort.part("test"), small_cohort.part("train")
    assert test.isna().any(axis=None)
    found = shap_values(trained, test, train.iloc[:background] if background else None)
    assert found.values.shape == test.shape
    assert np.abs(found.base + found.values.sum(axis=1) - trained.margin(test)).max() < 1e-6


def test_values_on_a_threshold_take_the_right_branch(small_cohort: Cohort, trained: Classifier) -> None:
    """Shap's interventional code compares in single precision, where 0.1 is more than 0.1."""
    nodes = np.concatenate([tree.nodes for (tree,) in trained.tree_model._predictors])
    cuts = nodes["num_threshold"][(nodes["is_leaf"] == 0) & (nodes["feature_idx"] == 1)]
    assert len(cuts) > 3
    rows = pd.concat([small_cohort.part("test").iloc[:1]] * len(cuts)).assign(bmi=cuts)
    found = shap_values(trained, rows, small_cohort.part("train").iloc[:50])
    assert np.abs(found.base + found.values.sum(axis=1) - trained.margin(rows)).max() < 1e-6


def test_the_base_is_the_mean_margin_of_the_background(small_cohort: Cohort, trained: Classifier) -> None:
    background = small_cohort.part("train").iloc[:150]
    found = shap_values(trained, small_cohort.part("test"), background)
    assert found.base == pytest.approx(trained.margin(background).mean(), abs=1e-6)


def test_a_row_like_its_background_has_nothing_to_explain(small_cohort: Cohort, trained: Classifier) -> None:
    row = small_cohort.part("test").iloc[:1]
    assert np.abs(shap_values(trained, row, row).values).max() < 1e-6


def test_only_what_differs_from_the_background_counts(small_cohort: Cohort, trained: Classifier) -> None:
    row = small_cohort.part("test").dropna().iloc[:1]
    changed = row.assign(
        bmi=row["bmi"] + 12, diet="low carb" if row["diet"].iloc[0] != "low carb" else "mixed"
    )
    values = shap_values(trained, changed, row).values[0]
    moved = [name for name, value in zip(row.columns, values, strict=True) if abs(value) > 1e-6]
    assert "bmi" in moved
    assert set(moved) <= {"bmi", "diet"}


def test_no_plots_or_pictures_are_loaded_and_both_can_be_had_afterwards() -> None:
    code = (
        "import sys; from sensecf_core.classifiers.shap_values import _shap; shap = _shap();"
        "print(sorted({'matplotlib', 'cv2'} & set(sys.modules)), callable(shap.TreeExplainer));"
        "import matplotlib.pyplot, cv2; print(_shap() is shap)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[] True", "True"]
