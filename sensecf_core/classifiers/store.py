"""Classifiers on disk: the built-in cohorts' in ``models/classifiers/``, everyone else's in ``var/``.

In an installation those that came with it are not written to: a built-in cohort's classifier that is trained
again lies in ``var/`` and comes first.

A folder holds ``classifier.skops``, ``refits.skops``, ``card.json`` and ``manifest.json``, which says for
which schema, rows and split the classifier was trained and what the files hash to.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from sensecf_core import provenance
from sensecf_core.classifiers import serialization
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.json_safe import read_file
from sensecf_core.paths import CHECKOUT, MODELS, replace_folder, var
from sensecf_core.types import Progress

BUILT_IN = MODELS / "classifiers"
MAIN, REFITS, CARD, MANIFEST = "classifier.skops", "refits.skops", "card.json", "manifest.json"
FORMAT = 1


def folder(cohort: Cohort) -> Path:
    """The folder of a cohort's classifier; what is fitted on a user's own rows stays private."""
    own = _own_folder(cohort)
    if cohort.own or cohort.schema.name not in builtin.NAMES:
        return own
    trained_again = not CHECKOUT and (own / MANIFEST).is_file()
    return own if trained_again else BUILT_IN / cohort.schema.name


def _own_folder(cohort: Cohort) -> Path:
    return var("classifiers", f"{cohort.schema.name}-{cohort.data_sha256[:12]}")


def _folder_to_write(cohort: Cohort) -> Path:
    target_folder = folder(cohort)
    return target_folder if CHECKOUT or _is_private(target_folder) else _own_folder(cohort)


def ready(cohort: Cohort) -> bool:
    """Whether a classifier for exactly this schema, these rows and this split is there; loads nothing."""
    target_folder = folder(cohort)
    return _why_not(cohort, _manifest(target_folder)) is None and all(
        (target_folder / name).is_file() for name in (MAIN, REFITS)
    )


def sha256(cohort: Cohort) -> str | None:
    """The hash of the cohort's classifier; None where there is none (a quick look, nothing is loaded)."""
    manifest = _manifest(folder(cohort))
    if manifest is None or _why_not(cohort, manifest) is not None:
        return None
    return str(manifest["classifier_sha256"])


def load(cohort: Cohort) -> Classifier:
    """Load the cohort's classifier; loaded once per process and content.

    Raises
    ------
    NotReadyError : missing, made for other rows, damaged, or holding types that are not trusted; names the
        command that mends it.
    """
    manifest = _manifest(folder(cohort))
    reason = _why_not(cohort, manifest)
    if reason or manifest is None:
        raise _not_ready(cohort, reason or "is not trained yet")
    try:
        return _load(folder(cohort), _Key(cohort.schema), json.dumps(manifest, sort_keys=True))
    except serialization.UntrustedError as error:
        raise _not_ready(cohort, f"was refused: {error}") from error
    except (OSError, serialization.DamagedError) as error:
        raise _not_ready(cohort, f"is damaged ({error})") from error


def card(cohort: Cohort) -> dict[str, Any]:
    """Read the classifier's card (see :mod:`~sensecf_core.classifiers.evaluation.model_card`).

    Raises
    ------
    NotReadyError : there is no classifier for this cohort, or its card is damaged.
    """
    manifest = _manifest(folder(cohort))
    reason = _why_not(cohort, manifest)
    if reason or manifest is None:
        raise _not_ready(cohort, reason or "is not trained yet")
    try:
        found = read_file(folder(cohort) / CARD)
    except (OSError, ValueError) as error:
        raise _not_ready(cohort, "has a damaged card") from error
    if not isinstance(found, dict):
        raise _not_ready(cohort, "has a damaged card")
    return found


def save(
    cohort: Cohort,
    classifier: Classifier,
    *,
    card: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write the classifier and its card, which is worked out here unless it is given.

    The files appear all at once: they are written beside the folder, which is then renamed.

    Returns
    -------
    The folder.
    """
    if card is None:
        from sensecf_core.classifiers.evaluation.model_card import evaluate

        card = evaluate(cohort, classifier, progress=progress)
    target_folder = _folder_to_write(cohort)
    target_folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target_folder.name}-", dir=target_folder.parent))
    try:
        _write(fresh, cohort, classifier, card)
        replace_folder(fresh, target_folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target_folder


def train_and_save(
    cohort: Cohort, *, seed: int = 0, progress: Progress = lambda done, words: None
) -> Classifier:
    """Train, calibrate and evaluate a cohort's classifier, and save it; training is 60 % of the progress.

    Raises ``InputError`` for a cohort with too few participants of a class.
    """
    from sensecf_core.classifiers import training

    classifier = training.train(cohort, seed=seed, progress=lambda done, words: progress(0.6 * done, words))
    save(cohort, classifier, progress=lambda done, words: progress(0.6 + 0.4 * done, words))
    return classifier


def _write(target_folder: Path, cohort: Cohort, classifier: Classifier, card: dict[str, Any]) -> None:
    serialization.write_main(target_folder / MAIN, classifier)
    serialization.write_refits(target_folder / REFITS, classifier.refits)
    (target_folder / CARD).write_text(json.dumps(card, indent=1, allow_nan=False) + "\n", "utf-8")
    manifest = {
        "format": FORMAT,
        **_identity(cohort),
        "classifier_sha256": classifier.sha256,
        "files": {name: file_sha256(target_folder / name) for name in (MAIN, REFITS)},
        "training": dict(classifier.training),
    }
    (target_folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    if not _is_private(target_folder):
        target_folder.chmod(0o755)


def _is_private(target_folder: Path) -> bool:
    """Whether a folder is one of those that stay readable by their owner only."""
    return BUILT_IN not in target_folder.parents


def _identity(cohort: Cohort) -> dict[str, str]:
    return {
        "cohort": cohort.schema.name,
        "schema_sha256": cohort.schema.sha256,
        "data_sha256": cohort.data_sha256,
        "split_sha256": cohort.split_sha256,
        "scikit_learn": provenance.versions()["scikit-learn"],
    }


def _manifest(target_folder: Path) -> dict[str, Any] | None:
    """Read a folder's manifest; empty where it cannot be read, None where there is no classifier at all."""
    try:
        found = read_file(target_folder / MANIFEST)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _why_not(cohort: Cohort, manifest: dict[str, Any] | None) -> str | None:
    if manifest is None:
        return "is not trained yet"
    if manifest.get("format") != FORMAT or not isinstance(manifest.get("files"), dict):
        return "has a damaged manifest"
    identity = _identity(cohort)
    if manifest.get("scikit_learn") != identity.pop("scikit_learn"):
        return f"was saved by scikit-learn {manifest.get('scikit_learn')}, not the version installed"
    changed = [
        name.removesuffix("_sha256") for name, value in identity.items() if manifest.get(name) != value
    ]
    return f"was trained for another {', '.join(changed)}" if changed else None


class _Key:
    """A schema as a cache key: the same content is the same key."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.schema.sha256 == self.schema.sha256

    def __hash__(self) -> int:
        return hash(self.schema.sha256)


@lru_cache(maxsize=8)
def _load(target_folder: Path, key: _Key, manifest_json: str) -> Classifier:
    manifest = json.loads(manifest_json)
    return serialization.read(
        key.schema,
        *(_checked(target_folder / name, manifest["files"].get(name)) for name in (MAIN, REFITS)),
        training=manifest.get("training", {}),
    )


def _checked(path: Path, sha256: str | None) -> bytes:
    import hashlib

    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise serialization.DamagedError(f"`{path.name}` is not the file that was saved")
    return data


def _not_ready(cohort: Cohort, reason: str) -> NotReadyError:
    name = cohort.schema.name
    return NotReadyError(
        f"The classifier of cohort {name!r} {reason}; run "
        f"`{provenance.CLI} train --cohort {name}`, which writes {_folder_to_write(cohort)}."
    )
