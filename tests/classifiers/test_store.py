from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io

from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError

CARD = {"card_version": 1, "cohort": "small"}
COMMAND = r"python -m sensecf_core train --cohort small"


class Foreign:
    """A type that no classifier holds."""


@pytest.fixture
def saved(small_cohort: Cohort, trained: Classifier) -> Path:
    return store.save(small_cohort, trained, card=CARD)


def allow(folder: Path, name: str) -> None:
    """Make the manifest agree with whatever a file holds now."""
    manifest = json.loads((folder / store.MANIFEST).read_text())
    manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / store.MANIFEST).write_text(json.dumps(manifest))


def test_round_trip(small_cohort: Cohort, trained: Classifier, saved: Path) -> None:
    loaded = store.load(small_cohort)
    rows = small_cohort.rows
    assert loaded is not trained
    assert loaded.sha256 == trained.sha256 == store.sha256(small_cohort)
    assert (loaded.threshold, loaded.second_threshold) == (trained.threshold, trained.second_threshold)
    assert np.array_equal(loaded.predict_proba(rows), trained.predict_proba(rows))
    assert np.array_equal(loaded.second_probability(rows), trained.second_probability(rows))
    assert np.array_equal(loaded.refit_probabilities(rows), trained.refit_probabilities(rows))
    assert loaded.training["settings"] == trained.training["settings"]
    assert store.card(small_cohort) == CARD
    assert store.ready(small_cohort)
    assert store.load(small_cohort) is loaded


def test_a_users_classifier_stays_private(small_cohort: Cohort, saved: Path, private_var: Path) -> None:
    assert private_var in saved.parents
    assert saved.stat().st_mode & 0o077 == 0
    own = replace(small_cohort, schema=small_cohort.schema.model_copy(update={"name": "nhanes"}), own=True)
    assert private_var in store.folder(own).parents


def test_an_installation_writes_beside_what_came_with_it(
    small_cohort: Cohort, trained: Classifier, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = small_cohort.schema.model_copy(update={"name": "heart"})
    heart = replace(small_cohort, schema=schema)
    monkeypatch.setattr(store, "CHECKOUT", False)
    assert store.folder(heart) == store.BUILT_IN / "heart"
    with pytest.raises(NotReadyError, match=f"which writes {private_var}"):  # those rows are not heart's
        store.load(heart)
    place = store.save(heart, trained, card=CARD)
    assert private_var in place.parents and place == store.folder(heart)
    assert store.load(heart).sha256 == trained.sha256


def test_saving_again_replaces_and_leaves_nothing_behind(
    small_cohort: Cohort, trained: Classifier, saved: Path
) -> None:
    before = store.load(small_cohort)
    other = replace(trained, threshold=0.123)
    store.save(small_cohort, other, card=CARD)
    assert store.load(small_cohort).threshold == 0.123
    assert before.threshold == trained.threshold
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_failing_save_keeps_what_was_there(
    small_cohort: Cohort, trained: Classifier, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.save(small_cohort, replace(trained, threshold=0.9), card={"bad": float("nan")})
    assert store.load(small_cohort).threshold == trained.threshold
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_nothing_there(small_cohort: Cohort) -> None:
    assert not store.ready(small_cohort)
    for call in (store.load, store.card):
        with pytest.raises(NotReadyError, match=rf"not trained yet.*{COMMAND}"):
            call(small_cohort)
    assert store.sha256(small_cohort) is None


@pytest.mark.parametrize("part", ["schema", "data", "split"])
def test_trained_for_something_else(
    small_cohort: Cohort, trained: Classifier, part: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(store, "folder", lambda _cohort: tmp_path / "place")
    store.save(small_cohort, trained, card=CARD)
    if part == "schema":
        other = Schema.model_validate({**small_cohort.schema.model_dump(), "title": "Other"})
        changed = replace(small_cohort, schema=other)
    else:
        changed = replace(small_cohort, **{f"{part}_sha256": "f" * 64})
    assert not store.ready(changed)
    for call in (store.load, store.card):
        with pytest.raises(NotReadyError, match=rf"for another {part}.*{COMMAND}"):
            call(changed)


@pytest.mark.parametrize("name", [store.MAIN, store.REFITS])
@pytest.mark.parametrize("agreed", [False, True])
def test_damaged_files(small_cohort: Cohort, saved: Path, name: str, agreed: bool) -> None:
    for content in (b"", b"nonsense", (saved / name).read_bytes()[:-200]):
        (saved / name).write_bytes(content)
        if agreed:
            allow(saved, name)
        with pytest.raises(NotReadyError, match=rf"is damaged.*{COMMAND}"):
            store.load(small_cohort)


def test_a_missing_file(small_cohort: Cohort, saved: Path) -> None:
    (saved / store.REFITS).unlink()
    assert not store.ready(small_cohort)
    with pytest.raises(NotReadyError, match=COMMAND):
        store.load(small_cohort)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}'])
def test_a_damaged_manifest(small_cohort: Cohort, saved: Path, text: str) -> None:
    (saved / store.MANIFEST).write_text(text)
    assert not store.ready(small_cohort)
    with pytest.raises(NotReadyError, match=COMMAND):
        store.load(small_cohort)


def test_a_damaged_card(small_cohort: Cohort, saved: Path) -> None:
    (saved / store.CARD).write_text("{")
    with pytest.raises(NotReadyError, match=rf"damaged card.*{COMMAND}"):
        store.card(small_cohort)


@pytest.mark.parametrize("name", [store.MAIN, store.REFITS])
def test_types_that_are_not_trusted_are_refused(small_cohort: Cohort, saved: Path, name: str) -> None:
    skops.io.dump({"tree_model": Foreign()}, saved / name)
    allow(saved, name)
    with pytest.raises(NotReadyError, match=rf"refused.*Foreign.*{COMMAND}"):
        store.load(small_cohort)


def test_a_classifier_is_loaded_without_torch_and_by_all_types_that_skops_trusts() -> None:
    program = """
import sys
from sensecf_core.classifiers import store
from sensecf_core.cohorts import builtin
store.load(builtin.load("heart"))
assert not {"torch", "dask"} & set(sys.modules)
from skops.io._trusted_types import SKLEARN_ESTIMATOR_TYPE_NAMES as trusted, get_type_name
from sklearn.utils import all_estimators
names = [get_type_name(found) for _, found in all_estimators()]
assert "sklearn.externals.array_api_compat.dask" in sys.modules, "the search reaches what was left out"
assert trusted == [name for name in names if name.startswith("sklearn.")]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("content", [OrderedDict(), {"tree_model": 1}, [1, 2]])
def test_trusted_types_in_the_wrong_place_are_damage(
    small_cohort: Cohort, saved: Path, content: object
) -> None:
    skops.io.dump(content, saved / store.MAIN)
    allow(saved, store.MAIN)
    with pytest.raises(NotReadyError, match="damaged"):
        store.load(small_cohort)


def test_another_scikit_learn_asks_for_training(small_cohort: Cohort, saved: Path) -> None:
    manifest = json.loads((saved / store.MANIFEST).read_text())
    (saved / store.MANIFEST).write_text(json.dumps({**manifest, "scikit_learn": "0.1"}))
    assert not store.ready(small_cohort)
    with pytest.raises(NotReadyError, match=rf"scikit-learn 0\.1.*{COMMAND}"):
        store.load(small_cohort)


@pytest.mark.parametrize("name", builtin.NAMES)
def test_built_in_classifiers_are_committed_and_small(name: str) -> None:
    cohort = builtin.load(name)
    assert store.ready(cohort)
    loaded = store.load(cohort)
    card = store.card(cohort)
    assert card["provenance"]["classifier_sha256"] == loaded.sha256
    assert card["metrics"]["auroc"]["value"] > {"nhanes": 0.73, "heart": 0.85, "aireadi": 0.5}[name]
    assert len(loaded.refits) == 20
    assert sum(path.stat().st_size for path in store.folder(cohort).iterdir()) < 3_000_000
