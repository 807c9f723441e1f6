"""A classifier as bytes: skops archives that hold numbers and scikit-learn's trees, and nothing else."""

from __future__ import annotations

import importlib
import sys
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from sensecf_core import collector
from sensecf_core.classifiers.boosted_trees import BoostedTrees, CalibratedTrees
from sensecf_core.classifiers.calibration import Sigmoid
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.logistic import LogisticModel
from sensecf_core.cohorts.schema import Schema

TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""Types that may be loaded beside those skops always trusts (numpy arrays, scikit-learn's own estimators)."""

LOGISTIC_ARRAYS = ("medians", "means", "scales", "missing", "weights")


class UntrustedError(Exception):
    """An archive holds a type that is not in :data:`TRUSTED`; nothing was loaded from it."""


class DamagedError(Exception):
    """An archive cannot be read, or does not hold what it should."""


def write_main(path: Path, classifier: Classifier) -> None:
    """Write everything but the refits."""
    second = classifier.second_classifier
    _dump(
        path,
        {
            "tree_model": classifier.tree_model,
            "calibration": [classifier.calibration.slope, classifier.calibration.intercept],
            "thresholds": [classifier.threshold, classifier.second_threshold],
            "judge": {name: getattr(second, name) for name in LOGISTIC_ARRAYS},
            "judge_intercept": second.intercept,
        },
    )


def write_refits(path: Path, refits: tuple[CalibratedTrees, ...]) -> None:
    """Write the refits as plain arrays: all nodes in one row, and how many belong to each tree."""
    nodes = [refit.forest.nodes_for_prediction() for refit in refits]
    _dump(
        path,
        {
            "sigmoids": np.array([[r.sigmoid.slope, r.sigmoid.intercept] for r in refits]).reshape(-1, 2),
            "baselines": np.array([refit.forest.baseline for refit in refits]),
            "trees": np.array([len(trees) for trees in nodes], dtype=np.int64),
            "sizes": np.array([len(tree) for trees in nodes for tree in trees], dtype=np.int64),
            "nodes": np.concatenate([tree for trees in nodes for tree in trees]) if nodes else np.empty(0),
        },
    )


def read(schema: Schema, main: bytes, refits: bytes, *, training: Mapping[str, Any]) -> Classifier:
    """Build the classifier from the two archives' bytes.

    Raises
    ------
    UntrustedError, DamagedError
    """
    state, arrays = _loads(main), _loads(refits)
    try:
        return Classifier(
            schema=schema,
            threshold=float(state["thresholds"][0]),
            second_threshold=float(state["thresholds"][1]),
            tree_model=_tree_model(state["tree_model"]),
            calibration=Sigmoid(*map(float, state["calibration"])),
            second_classifier=LogisticModel(
                **{name: state["judge"][name] for name in LOGISTIC_ARRAYS},
                intercept=float(state["judge_intercept"]),
            ),
            refits=_refits(arrays),
            training=training,
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration) as error:
        raise DamagedError(f"something is missing: {error}") from error


def _tree_model(found: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    if not isinstance(found, HistGradientBoostingClassifier):
        raise DamagedError(f"its model is a {type(found).__name__}")
    return found


def _refits(arrays: Mapping[str, Any]) -> tuple[CalibratedTrees, ...]:
    trees = iter(np.split(arrays["nodes"], np.cumsum(arrays["sizes"])[:-1]))
    return tuple(
        CalibratedTrees(
            BoostedTrees.of_nodes(float(baseline), [next(trees) for _ in range(count)]),
            Sigmoid(float(slope), float(intercept)),
        )
        for baseline, count, (slope, intercept) in zip(
            arrays["baselines"], arrays["trees"], arrays["sigmoids"], strict=True
        )
    )


_OTHER_ARRAYS = tuple(f"sklearn.externals.array_api_compat.{name}" for name in ("cupy", "dask", "torch"))
_importing = threading.Lock()


def skops_io() -> ModuleType:
    """Import skops' archives, and neither torch nor dask with them.

    skops asks scikit-learn for all of its estimators, which imports every package inside it, also those that
    wrap other libraries' arrays and import those libraries: four fifths of the time. They hold no estimator,
    so what skops trusts is the same without them. skops also looks through every module that is loaded, so
    that it is to come before torch: afterwards it takes three times as long. Meanwhile no other thread can
    import those three wrappers; nothing here does.
    """
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    with _importing:
        if "skops.io" in modules:
            return importlib.import_module("skops.io")
        left_out = [name for name in _OTHER_ARRAYS if name not in modules]
        modules.update(dict.fromkeys(left_out))  # a module that is None cannot be imported
        try:
            with collector.paused():
                return importlib.import_module("skops.io")
        finally:
            for name in left_out:
                modules.pop(name, None)


def _dump(path: Path, content: dict[str, Any]) -> None:
    skops_io().dump(content, path, compression=zipfile.ZIP_DEFLATED, compresslevel=9)


def _loads(data: bytes) -> dict[str, Any]:
    archives = skops_io()
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        found = archives.loads(data, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise UntrustedError(f"it holds types that are not trusted ({error})") from error
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged archive makes zipfile, numpy and skops raise
        raise DamagedError("an archive cannot be read") from error
    if not isinstance(found, dict):
        raise DamagedError(f"an archive holds a {type(found).__name__}")
    return found
