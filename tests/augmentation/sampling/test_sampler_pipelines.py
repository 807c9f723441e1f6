"""Estimator checks of imbalanced-learn and scikit-learn, and the pipelines of both."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import Pipeline
from imblearn.utils import estimator_checks
from imblearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks as parametrize_with_sklearn_checks

from sensecf_core.augmentation.sampling.augmented_classifier import AugmentedClassifier
from sensecf_core.augmentation.sampling.frame_rows import LABELS
from sensecf_core.augmentation.sampling.sampler import CounterfactualSampler
from sensecf_core.errors import InputError
from sensecf_core.paths import ROOT
from tests.augmentation.sampling.made_people import people

pytestmark = pytest.mark.usefixtures("light")

THREE_CLASSES = "imbalanced-learn tries it with three classes, and the sampler refuses other than two"
ON_THREE_CLASSES = dict.fromkeys(
    (
        "check_samplers_fit_resample",
        "check_samplers_pandas",
        "check_samplers_pandas_sparse",
        "check_samplers_list",
        "check_samplers_multiclass_ova",
        "check_samplers_preserve_dtype",
        "check_samplers_sample_indices",
        "check_samplers_2d_target",
    ),
    THREE_CLASSES,
)
NO_MEANING_FOR_TWO = {
    "check_samplers_multiclass_ova": "two classes are one column, and its greatest column says nothing"
}


def two_classes() -> tuple[np.ndarray, np.ndarray]:
    """What imbalanced-learn's own data set is, with two classes, and smaller."""
    features, target = make_classification(120, 5, weights=[0.7], random_state=0)
    return features, target


@parametrize_with_checks(
    [CounterfactualSampler(random_state=0)], expected_failed_checks=lambda _estimator: ON_THREE_CLASSES
)
def test_estimator_checks_of_imbalanced_learn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("name", ON_THREE_CLASSES)
def test_checks_that_cannot_hold_are_refused_for_their_three_classes(name: str) -> None:
    (check,) = (check for _, check in _checks() if check.func.__name__ == name)
    with pytest.raises(InputError, match="two classes and no gaps, and it has 3 classes"):
        check(CounterfactualSampler(random_state=0))


def _checks() -> list[tuple[Any, Any]]:
    return list(estimator_checks_generator(CounterfactualSampler(random_state=0)))


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", [name for name in ON_THREE_CLASSES if name not in NO_MEANING_FOR_TWO])
def test_the_same_checks_hold_for_two_classes(
    name: str, labels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimator_checks, "sample_dataset_generator", two_classes)
    (check,) = (check for _, check in _checks() if check.func.__name__ == name)
    check(CounterfactualSampler(random_state=0, labels=labels))


def test_parameters_and_column_names_are_checked_as_imbalanced_learn_does() -> None:
    estimator = CounterfactualSampler(random_state=0)
    estimator_checks.check_param_validation("CounterfactualSampler", estimator)
    estimator_checks.check_dataframe_column_names_consistency("CounterfactualSampler", estimator)


@parametrize_with_sklearn_checks(
    [AugmentedClassifier(LogisticRegression(), CounterfactualSampler(random_state=0))],
    expected_failed_checks=lambda _estimator: {
        "check_fit2d_1feature": "of ten rows a class has three; four are needed to label in folds"
    },
)
def test_estimator_checks_of_scikit_learn_hold_for_the_classifier(estimator: Any, check: Any) -> None:
    check(estimator)


def encoded() -> Any:
    """One-hot levels, and the numbers as they are; without the person and the day."""
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["diet", "stage", "town"]),
        ("drop", ["pid", "seen"]),
        remainder="passthrough",
        sparse_threshold=0,
    )


def numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with numbers that scikit-learn's own checks take."""
    return frame.astype({"drinks": "float64"})


def test_it_works_within_a_pipeline_and_a_grid_search() -> None:
    frame, state = people()
    pipeline = Pipeline(
        [
            ("more", CounterfactualSampler(random_state=0, participant="pid")),
            ("encoded", encoded()),
            ("model", HistGradientBoostingClassifier(max_iter=5)),
        ]
    )
    search = GridSearchCV(
        pipeline, {"more__labels": ["panel", "hard"]}, cv=3, scoring="roc_auc", error_score="raise"
    )
    search.fit(numbers(frame), state)
    fitted = search.best_estimator_
    assert fitted.named_steps["more"].report_.kept > 20
    assert fitted.predict(numbers(frame)).shape == state.shape  # nothing is added when it predicts
    assert (search.cv_results_["mean_test_score"] > 0.6).all()
    assert search.cv_results_["mean_test_score"].std() > 0


def test_the_classifier_is_fitted_on_soft_labels_without_the_participant() -> None:
    frame, state = people()
    frame = numbers(frame).drop(columns=["diet", "stage", "town", "seen"])
    sampler = CounterfactualSampler(random_state=0, participant="pid")
    model = AugmentedClassifier(HistGradientBoostingClassifier(max_iter=5, random_state=0), sampler)
    risks = model.fit(frame, state).predict_proba(frame)
    more, _ = sampler.fit_resample(frame, state)
    rows, labels, weights = sampler.soft_rows()
    by_hand = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    by_hand.fit(more.iloc[rows].drop(columns="pid"), labels, sample_weight=weights)
    assert np.array_equal(risks, by_hand.predict_proba(frame.drop(columns="pid")))
    alone = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(frame.drop(columns="pid"), state)
    assert not np.allclose(risks, alone.predict_proba(frame.drop(columns="pid")))
    assert list(model.classes_) == ["ill", "well"] and set(model.predict(frame)) <= {"ill", "well"}
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict_proba(frame), risks)


def test_weights_reach_the_end_of_a_pipeline_within_the_classifier() -> None:
    frame, state = people()
    model = AugmentedClassifier(
        make_pipeline(encoded().set_params(transformers=encoded().transformers[:1]), LogisticRegression()),
        CounterfactualSampler(random_state=0),
    )
    levels = frame[["diet", "stage", "town", "smokes", "weight", "glucose"]]
    search = GridSearchCV(
        model,
        {"sampler__labels": ["panel", "hard"], "estimator__logisticregression__C": [0.1, 1.0]},
        cv=2,
        error_score="raise",
    ).fit(levels, state)
    assert search.best_estimator_.sampler_.report_.kept > 20
    assert len(set(search.cv_results_["mean_test_score"])) > 1


def test_an_array_names_the_participant_by_position() -> None:
    features, target = make_classification(80, 4, weights=[0.7], random_state=1)
    owned = np.column_stack([np.arange(80) // 2, features])
    sampler = CounterfactualSampler(random_state=0, participant=0)
    more, _ = sampler.fit_resample(owned, target)
    made = sampler.synthetic_
    assert np.array_equal(more[made, 0], owned[sampler.factual_[made], 0])
    model = AugmentedClassifier(LogisticRegression(), sampler).fit(owned, target)
    assert model.estimator_.n_features_in_ == 4 and model.n_features_in_ == 5
    assert clone(model).fit(owned, target).predict(owned).tolist() == model.predict(owned).tolist()


def test_the_example_of_the_docs_runs() -> None:
    text = (ROOT / "docs/python.md").read_text("utf-8").partition("## Training rows")[2]
    names: dict[str, Any] = {}
    exec(text.partition("```python\n")[2].partition("```")[0], names)
    assert names["sampler"].report_.kept > 0 and names["search"].best_estimator_.sampler_.report_.kept > 0
    assert len(names["pipeline"].predict(names["X"])) == 120
