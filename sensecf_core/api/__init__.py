"""What a notebook uses: a cohort, a classifier, counterfactuals of one row, and methods compared.

Research software, not a medical device: counterfactuals are associations that a model learned, not predicted
effects of a change. Whatever a caller gets wrong is an :class:`~sensecf_core.errors.InputError` whose message
is one sentence for people; what a command has to make first is a
:class:`~sensecf_core.errors.NotReadyError` that names it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sensecf_core.api.answers import explain, load_cohort, train, wrap
from sensecf_core.api.benchmarks import BenchmarkResult, benchmark
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.queries.answer import Answer

if TYPE_CHECKING:
    from sensecf_core.augmentation.sampling.augmented_classifier import AugmentedClassifier
    from sensecf_core.augmentation.sampling.sampler import CounterfactualSampler

__all__ = [
    "Answer",
    "AugmentedClassifier",
    "BenchmarkResult",
    "Cohort",
    "CounterfactualSampler",
    "InputError",
    "NotReadyError",
    "benchmark",
    "explain",
    "load_cohort",
    "train",
    "wrap",
]

_AUGMENTATION = {
    "AugmentedClassifier": "augmented_classifier",
    "CounterfactualSampler": "sampler",
}
"""Classes that build on scikit-learn's own, by their module; loaded when first used."""


def __getattr__(name: str) -> Any:
    """Load a class of the augmentation room."""
    if name not in _AUGMENTATION:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"sensecf_core.augmentation.sampling.{_AUGMENTATION[name]}"), name)
