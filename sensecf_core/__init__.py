"""SenseCF: counterfactual explanations of health classifiers, proposed by local language models.

    import sensecf_core as sensecf

    cohort = sensecf.Cohort.from_frame(frame, target="diabetes", participant="pid")
    model = sensecf.wrap(my_pipeline, cohort)
    answer = sensecf.explain(cohort, model, participant="93705", method="random", limits="contrast")
    answer.to_frame()

Importing this package loads nothing heavy: a name of :mod:`sensecf_core.api` is loaded when it is first used.
"""

import os
from importlib import import_module
from typing import Any

# torch and scikit-learn each bring an OpenMP pool. Idle threads that spin while they wait take the
# cores from the other pool (a prompt took ten times as long), so they are told to sleep. It is read
# once, when the first of the libraries loads, hence here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

__all__ = [
    "AugmentedClassifier",
    "Cohort",
    "CounterfactualSampler",
    "InputError",
    "NotReadyError",
    "__version__",
    "benchmark",
    "explain",
    "load_cohort",
    "train",
    "wrap",
]


def __getattr__(name: str) -> Any:
    """Load a name of the library; errors come without the rest of it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "errors" if name.endswith("Error") else "api"
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    """List what a user may use."""
    return sorted(__all__)
