"""The sampler: what it makes of a frame, how it labels it, and what it reports and refuses."""

from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.datasets import make_classification

import sensecf_core as sensecf
from sensecf_core.augmentation.artefacts import MOST_WEIGHT
from sensecf_core.augmentation.rows.counterfactual_rows import MAX_CHANGES, ROWS_PER_FACTUAL
from sensecf_core.augmentation.sampling import augmented_classifier, sampler as sampler_module
from sensecf_core.augmentation.sampling.frame_rows import LABELS
from sensecf_core.augmentation.sampling.sampler import CounterfactualSampler
from sensecf_core.errors import InputError
from sensecf_core.paths import ROOT
from tests.augmentation.sampling.made_people import people

pytestmark = pytest.mark.usefixtures("light")


@pytest.fixture(scope="module")
def resampled() -> Callable[..., tuple[CounterfactualSampler, pd.DataFrame, pd.Series]]:
    """Resample :func:`people`, once for each choice of options."""
    known: dict[str, tuple[CounterfactualSampler, pd.DataFrame, pd.Series]] = {}

    def run(**options: Any) -> tuple[CounterfactualSampler, pd.DataFrame, pd.Series]:
        if (key := repr(sorted(options.items()))) not in known:
            sampler = CounterfactualSampler(random_state=0, participant="pid", **options)
            known[key] = (sampler, *sampler.fit_resample(*people()))
        return known[key]

    return run


@pytest.mark.parametrize("labels", LABELS)
def test_real_rows_come_first_as_they_were_and_types_are_kept(labels: str, resampled: Any) -> None:
    frame, state = people()
    sampler, more, states = resampled(labels=labels)
    n = len(frame)
    pd.testing.assert_frame_equal(more.iloc[:n], frame.reset_index(drop=True))
    pd.testing.assert_series_equal(states.iloc[:n], state.reset_index(drop=True))
    assert more.dtypes.equals(frame.dtypes) and states.dtype == state.dtype
    assert list(sampler.classes_) == ["ill", "well"]
    assert not sampler.synthetic_[:n].any() and sampler.synthetic_[n:].all() and len(more) > n + 20
    assert np.array_equal(sampler.factual_[:n], np.arange(n))


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> np.ndarray:
    same = [
        before[name].eq(after[name]).fillna(False).to_numpy(bool) | (before[name].isna() & after[name].isna())
        for name in before
    ]
    return ~np.array(same).T


@pytest.mark.parametrize("method", ["random", "search", "nearest-pair"])
def test_made_rows_are_their_factuals_but_for_a_few_values(method: str, resampled: Any) -> None:
    frame, state = people()
    sampler, more, _ = resampled(method=method, labels="hard")
    made, factual = more[sampler.synthetic_], sampler.factual_[sampler.synthetic_]
    assert len(made) > 20
    changed = _changed(frame.iloc[factual].reset_index(drop=True), made.reset_index(drop=True))
    assert (changed.sum(axis=1) >= 1).all() and (changed.sum(axis=1) <= MAX_CHANGES).all()
    still = [list(frame).index(name) for name in ("pid", "seen", "age")]
    assert not changed[:, still].any() and changed.any(axis=0).sum() > 3
    assert (state.iloc[factual] == "well").all()  # of the other class
    assert np.unique(factual, return_counts=True)[1].max() <= ROWS_PER_FACTUAL
    assert not frame["sleep"].iloc[factual].isna().to_numpy()[~made["sleep"].isna()].any()  # a gap stays one
    assert sampler.report_.held == ("seen",)


def test_hard_labels_are_the_class_that_was_wanted(resampled: Any) -> None:
    for labels in ("hard", "margin"):
        sampler, _, states = resampled(labels=labels)
        made = states[sampler.synthetic_]
        assert (made == "ill").all()
        assert (sampler.sample_weight_ == 1).all()
        assert set(sampler.soft_label_[sampler.synthetic_]) == {0.0}  # of class 1, which is `well`
        assert sampler.report_.classes[0].labelled == len(made)


def test_panel_labels_are_the_more_likely_class_and_how_sure_it_is(resampled: Any) -> None:
    sampler, _, states = resampled(labels="panel")
    made = sampler.synthetic_
    risk = sampler.soft_label_[made]
    assert ((risk > 0) & (risk < 1)).all() and np.ptp(risk) > 0.1
    assert np.array_equal(states[made] == "well", risk >= 0.5)
    assert sampler.sample_weight_[made] == pytest.approx(np.abs(2 * risk - 1))
    assert sampler.sample_weight_[~made].tolist() == [1.0] * (~made).sum()
    assert sampler.report_.classes[0].labelled == (states[made] == "ill").sum()


@pytest.mark.parametrize("labels", LABELS)
def test_soft_rows_weigh_what_the_experiment_gives_them(labels: str, resampled: Any) -> None:
    frame, state = people()
    sampler, more, _ = resampled(labels=labels)
    rows, classes, weights = sampler.soft_rows()
    real, made = rows < len(frame), rows >= len(frame)
    assert np.array_equal(classes[real], state) and (weights[real] == 1).all()
    (about,) = sampler.report_.classes
    each = min(MOST_WEIGHT, about.allowed / about.kept)
    assert (
        weights[made].sum()
        == pytest.approx(each * about.kept)
        == pytest.approx(min(about.allowed, MOST_WEIGHT * about.kept))
    )
    of_class_1 = np.bincount(rows[made], np.where(classes[made] == "well", weights[made], 0), len(more))
    assert of_class_1[len(frame) :] == pytest.approx(each * sampler.soft_label_[len(frame) :])


@pytest.mark.parametrize("method", ["random", "search", "nearest-pair"])
@pytest.mark.parametrize("labels", LABELS)
def test_the_report_counts_everything(method: str, labels: str, resampled: Any) -> None:
    sampler, more, _ = resampled(method=method, labels=labels)
    state = people()[1]
    (about,) = sampler.report_.classes
    assert about.label == "ill" and about.wanted == (state == "well").sum() - (state == "ill").sum()
    assert about.kept == sampler.report_.kept == len(more) - len(state) == sampler.synthetic_.sum()
    assert about.proposed == about.kept + sum(about.left_out.values())
    assert 0 <= about.unanswered < about.asked
    assert min(about.left_out.values()) >= 0
    said = str(sampler.report_)
    assert said.startswith(f"Class ill: {about.kept} of {about.wanted} wanted rows made")
    assert (f"(asked {about.asked} times" in said) is (about.kept < about.wanted == about.allowed)
    assert sampler.report_.to_dict()["classes"][0]["left_out"] == dict(about.left_out)


def test_more_than_four_of_a_row_are_not_made_and_the_report_says_so() -> None:
    features, target = make_classification(60, 5, weights=[0.3], random_state=3)
    others = int((target == 0).sum())
    sampler = CounterfactualSampler(labels="hard", random_state=0, sampling_strategy={1: 500})
    sampler.fit_resample(features, target)
    (about,) = sampler.report_.classes
    assert about.wanted == 500 - (target == 1).sum() > about.allowed == ROWS_PER_FACTUAL * others
    assert "4 at most of each row of the other class" in str(about)


def test_both_classes_can_be_wanted_and_none() -> None:
    features, target = make_classification(120, 5, weights=[0.7], random_state=0)
    wanted = {0: int((target == 0).sum()) + 8, 1: int((target == 1).sum()) + 6}
    sampler = CounterfactualSampler(labels="hard", random_state=0, sampling_strategy=wanted)
    _, more = sampler.fit_resample(features, target)
    assert [one.label for one in sampler.report_.classes] == [0, 1]
    added = np.bincount(more) - np.bincount(target)
    assert added.tolist() == [one.kept for one in sampler.report_.classes] and added.min() > 0
    even, half = features[:20], np.tile([0, 1], 10)
    nothing = CounterfactualSampler(random_state=0)
    same, labels = nothing.fit_resample(even, half)
    assert np.array_equal(same, even) and np.array_equal(labels, half)
    assert str(nothing.report_) == "No class wants rows." and nothing.sample_weight_.tolist() == [1.0] * 20


def test_the_same_number_gives_the_same_rows(resampled: Any) -> None:
    frame, state = people()
    sampler, more, states = resampled(labels="panel")
    again = CounterfactualSampler(random_state=0, participant="pid")
    same, labels = again.fit_resample(frame, state)
    pd.testing.assert_frame_equal(same, more)
    pd.testing.assert_series_equal(labels, states)
    assert np.array_equal(again.soft_label_, sampler.soft_label_)
    other, _ = CounterfactualSampler(random_state=1, participant="pid").fit_resample(frame, state)
    assert not other.equals(more)
    drawn = np.random.RandomState(0)
    moving = CounterfactualSampler(random_state=drawn, participant="pid")
    first, _ = moving.fit_resample(frame, state)
    second, _ = moving.fit_resample(frame, state)
    assert first.equals(more) and not second.equals(first)


def test_the_panel_leaves_a_participant_out_with_all_their_rows() -> None:
    """Somebody else in one row of a person changes no label of rows made of that person's other row."""
    frame, state = people()
    sampler = CounterfactualSampler(random_state=0, participant="pid")
    by_person = sampler.fit_resample(frame, state)[0][sampler.synthetic_]
    owners = frame["pid"].iloc[sampler.factual_[sampler.synthetic_]].to_numpy()
    assert (by_person["pid"].to_numpy() == owners).all()
    alone = CounterfactualSampler(random_state=0)
    alone.fit_resample(frame.drop(columns="pid"), state)
    assert not np.array_equal(alone.soft_label_, sampler.soft_label_)  # the folds are others


def test_gaps_levels_and_objects_survive_in_arrays() -> None:
    rng = np.random.default_rng(1)
    table = np.empty((60, 3), dtype=object)
    table[:, 0] = rng.choice(["a", "b"], 60)
    table[:, 1] = rng.normal(0, 1, 60).round(2)
    table[:, 2] = np.where(rng.random(60) < 0.2, None, rng.integers(0, 9, 60))
    target = (table[:, 1].astype(float) > 0.6).astype(int)
    more, labels = CounterfactualSampler(random_state=0, labels="hard").fit_resample(table, target)
    assert more.dtype == object and labels.dtype == target.dtype and len(more) > 60
    assert (more[:60] == table).all()
    assert set(more[:, 0]) == {"a", "b"}
    assert all(value is None or isinstance(value, int | float) for value in more[:, 2])


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    labels=st.sampled_from(LABELS),
    share=st.floats(0.2, 0.4),
    columns=st.integers(2, 5),
)
def test_whatever_is_made_lies_within_the_data(seed: int, labels: Any, share: float, columns: int) -> None:
    rng = np.random.default_rng(seed)
    features = np.round(rng.normal(0, 1, (50, columns)), 2)
    target = np.zeros(50, dtype=int)
    target[np.argsort(-features[:, 0] + rng.normal(0, 0.5, 50))[: int(50 * share)]] = 1
    sampler = CounterfactualSampler(labels=labels, random_state=seed)
    more, classes = sampler.fit_resample(features, target)
    assert np.array_equal(more[:50], features) and np.array_equal(classes[:50], target)
    assert (more.min(axis=0) >= features.min(axis=0)).all() and (
        more.max(axis=0) <= features.max(axis=0)
    ).all()
    changed = more[50:] != features[sampler.factual_[50:]]
    assert (changed.sum(axis=1) >= 1).all() and (changed.sum(axis=1) <= MAX_CHANGES).all()
    _, _, weights = sampler.soft_rows()
    (about,) = sampler.report_.classes
    assert weights.sum() == pytest.approx(50 + min(about.allowed, MOST_WEIGHT * about.kept))
    assert len({len(more), len(sampler.sample_weight_), len(sampler.soft_label_), len(sampler.factual_)}) == 1


Table = tuple[pd.DataFrame, pd.Series]


def _three_words(X: pd.DataFrame, y: pd.Series) -> Table:
    return X, y.mask(y.index == y.index[0], "?")


def _one_word(X: pd.DataFrame, y: pd.Series) -> Table:
    return X, y.where(y == "well", "well")


def _three_ill(X: pd.DataFrame, y: pd.Series) -> Table:
    kept = (y == "well") | (y.groupby(y).cumcount() < 3)
    return X[kept], y[kept]


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (_three_words, {}, "it has 3 classes"),
        (_one_word, {}, "it has 1 class;"),
        (_three_ill, {}, "The class ill has 3 participants, and 4 are needed"),
        (lambda X, y: (X.assign(sleep=np.inf), y), {}, "`sleep` holds infinite values"),
        (lambda X, y: (X[["seen"]], y), {}, "no column beside target and ids"),
        (lambda X, y: (X, y), {"participant": "person"}, "no column 'person', which `participant` names"),
        (lambda X, y: (X.assign(pid=None), y), {"participant": "pid"}, "240 rows have no 'pid'"),
        (lambda X, y: (X.set_axis([*X.columns[:-1], "town"], axis=1), y), {}, "Two columns"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    change: Callable[[pd.DataFrame, pd.Series], Table], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as refused:
        CounterfactualSampler(random_state=0, **options).fit_resample(*change(*people()))
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_soft_rows_are_there_after_resampling_only() -> None:
    with pytest.raises(ValueError, match="not fitted yet"):
        CounterfactualSampler().soft_rows()


def test_the_package_offers_it_without_loading_it() -> None:
    code = (
        "import sys, sensecf_core, sensecf_core.api as api; "
        "print({'imblearn', 'sklearn', 'torch'} & set(sys.modules)); "
        "api.CounterfactualSampler, api.AugmentedClassifier; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "False"]
    assert sensecf.CounterfactualSampler is CounterfactualSampler
    assert {"CounterfactualSampler", "AugmentedClassifier"} <= set(dir(sensecf))


@pytest.mark.parametrize("module", [sampler_module, augmented_classifier])
def test_examples_in_docstrings_are_true(module: ModuleType) -> None:
    done = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert done.failed == 0 and done.attempted > 0
