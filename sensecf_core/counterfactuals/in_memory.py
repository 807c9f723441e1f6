"""A cohort object with its classifier, as a notebook has them: trained and fitted once a process."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

from sensecf_core.classifiers import store, training
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.classifiers.wrapped import WrappedClassifier
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort, load_fitted
from sensecf_core.counterfactuals.proposers.registry import check_classifier
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError
from sensecf_core.types import Progress


class _Content:
    """A cohort, and perhaps a classifier, as a cache key: the same content and the very same classifier."""

    def __init__(self, cohort: Cohort, classifier: ClassifierLike | None = None) -> None:
        self.cohort, self.classifier = cohort, classifier
        schema = cohort.schema
        hashes = schema.sha256, schema.limits_sha256, cohort.data_sha256, cohort.split_sha256
        self.key = (*hashes, cohort.own, id(classifier))  # which lives as long as the key holds it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=8)
def _fit(content: _Content) -> FittedCohort:
    cohort, classifier = content.cohort, content.classifier
    assert classifier is not None
    name = cohort.schema.name
    if name in registry.available() and registry.load(name) is cohort and store.ready(cohort):
        known = load_fitted(name)  # which other processes find by its name, too
        if known.classifier is classifier:
            return known
    return FittedCohort.fit(cohort, classifier)


MOST_TRAINED = 8
"""Classifiers of frames kept in memory; the one trained first is dropped."""

_trained_here: dict[tuple[_Content, int], Classifier] = {}
_training = Lock()


def check_name(cohort: Cohort) -> None:
    """Raise ``InputError`` for a frame that bears the name of another cohort: its runs would be mistaken."""
    name = cohort.schema.name
    if cohort.layout is not None and name in registry.available():
        raise InputError(f"{name!r} is another cohort; name this one: Cohort.from_frame(…, name=…).")


def trained(cohort: Cohort, seed: int = 0, progress: Progress | None = None) -> Classifier:
    """Load or train a cohort's classifier, once a process."""
    check_name(cohort)
    if store.ready(cohort):
        stored = store.load(cohort)
        if stored.training.get("seed") == seed:
            return stored
    key = _Content(cohort), seed
    with _training:
        if key not in _trained_here:
            while len(_trained_here) >= MOST_TRAINED:
                del _trained_here[next(iter(_trained_here))]
            _trained_here[key] = training.train(cohort, seed=seed, progress=progress)
        return _trained_here[key]


def fitted_of(cohort: Cohort, model: ClassifierLike | None, *methods: str) -> FittedCohort:
    """The cohort with its classifier and what is fitted on its training rows; once a process and content."""
    check_name(cohort)
    classifier = trained(cohort) if model is None else model
    if not isinstance(classifier, Classifier | WrappedClassifier):
        raise InputError(
            f"`model` must come from train or wrap; make one of your {type(model).__name__} by "
            "wrap(model, cohort)."
        )
    if classifier.schema.sha256 != cohort.schema.sha256:
        raise InputError(
            f"`model` belongs to the cohort {classifier.schema.name!r} with another schema; train or wrap it "
            f"for this one, {cohort.schema.name!r}."
        )
    for method in methods:
        check_classifier(method, classifier)
    return _fit(_Content(cohort, classifier))
