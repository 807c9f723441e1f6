"""What a notebook uses: a cohort, a classifier, counterfactuals of one row, and methods compared.

Research software, not a medical device: counterfactuals are associations that a model learned, not predicted
effects of a change. Whatever a caller gets wrong is an :class:`~sensecf_core.errors.InputError` whose message
is one sentence for people; what a command has to make first is a
:class:`~sensecf_core.errors.NotReadyError` that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, get_args

import pandas as pd
from pydantic import ValidationError

from sensecf_core.classifiers import wrapped
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.classifiers.wrapped import WrappedClassifier
from sensecf_core.cohorts.cohort import Cohort, id_text
from sensecf_core.cohorts.schema import Profile
from sensecf_core.counterfactuals import explain as engine
from sensecf_core.counterfactuals.in_memory import fitted_of, trained
from sensecf_core.counterfactuals.proposers.registry import answering_method, check_method
from sensecf_core.datasets import registry
from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.evaluation.benchmark import entries
from sensecf_core.evaluation.benchmark.run import run_benchmark
from sensecf_core.evaluation.metrics.definitions import MEASURES
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.goal import GOALS
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import NO_CALLBACKS, Callbacks, Progress, Span

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


def load_cohort(name: str) -> Cohort:
    """Load a cohort by name: a built-in one (``nhanes``, ``heart``, ``aireadi``) or one of your folders.

    Raises
    ------
    InputError : no such cohort; names the near matches.

    Examples
    --------
    >>> load_cohort("heart").schema.names[:3]
    ('age', 'sex', 'chest_pain')
    >>> load_cohort("hart")
    Traceback (most recent call last):
    sensecf_core.errors.InputError: Unknown cohort 'hart'; did you mean heart?
    """
    return registry.load(str(name))


def train(cohort: Cohort, *, seed: int = 0, progress: Progress | None = None) -> Classifier:
    """Train our own classifier: calibrated boosted trees, a second classifier and twenty refits.

    The stored one of these very rows is loaded where there is one. Otherwise it is trained in memory, once a
    process; nothing is written (``sensecf train --cohort NAME`` does that).

    Raises
    ------
    InputError : the cohort is too small.
    """
    _require_cohort(cohort)
    return trained(cohort, seed, progress)


def wrap(
    model: Any,
    cohort: Cohort,
    threshold: float | None = None,
    *,
    refits: int = 20,
    progress: Progress | None = None,
) -> WrappedClassifier:
    """Explain a model of your own: anything fitted with ``predict_proba`` over the cohort's frame.

    The frame has the cohort's features as columns. Of a cohort made by :meth:`Cohort.from_frame` they are
    your frame's own columns, values and types, without target and ids; of others the schema's names, levels
    as text, binary as 0 / 1, and gaps as missing values.

    Parameters
    ----------
    threshold : p(class 1) from which the model counts as saying class 1. None chooses one on the validation
        part, as for our own classifiers; 0.5 is what a model's own ``predict`` mostly means.
    refits : clones of a scikit-learn model that are fitted on bootstrap draws of the training participants,
        for the interval of each answer; fewer where they take over a minute, none where it cannot be cloned.

    Raises
    ------
    InputError : no ``predict_proba``, one that fails on the frame or gives no probabilities, or a cohort that
        is too small.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> frame = pd.DataFrame({"bmi": [20 + i * 7 % 20 for i in range(200)]})
    >>> ill = [int(bmi > 31) for bmi in frame["bmi"]]
    >>> pipeline = LogisticRegression().fit(frame, ill)
    >>> cohort = Cohort.from_frame(frame.assign(ill=ill), target="ill")
    >>> model = wrap(pipeline, cohort, threshold=0.5)
    >>> answer = explain(cohort, model, participant=2, method="random", seed=0)
    >>> answer.factual.features["bmi"], bool(answer.to_frame()["bmi"].max() <= 31)
    (34, True)
    >>> explain(cohort, model, participant=2, method="treecf")
    Traceback (most recent call last):
    sensecf_core.errors.InputError: treecf searches the trees of a classifier that was trained here, ...
    """
    _require_cohort(cohort)
    if threshold is not None and not isinstance(threshold, Real):
        raise InputError(f"`threshold` must be a number between 0 and 1 or None, got {threshold!r}.")
    _at_least(0, refits=refits)
    return wrapped.wrap(model, cohort, threshold=threshold, refits=refits, progress=progress)


def explain(
    cohort: Cohort,
    model: ClassifierLike | None = None,
    *,
    participant: str | int,
    row: str | int | None = None,
    method: str = "random",
    limits: str | None = None,
    goal: str | None = None,
    target: float | None = None,
    desired: Literal[0, 1] | None = None,
    k: int = 4,
    candidates: int = 16,
    max_changes: int = 3,
    freeze: Iterable[str] = (),
    ranges: Mapping[str, Sequence[Any]] | None = None,
    seed: int = 0,
    language_model: str | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Answer:
    """Find small changes of one row after which the classifier would decide otherwise, and check each.

    Parameters
    ----------
    model : from :func:`train` (None: that of this cohort) or :func:`wrap`.
    participant, row : whose row; ``row`` of None is the participant's first.
    method : a control (``random``, ``nearest-pair``, ``effects``), a baseline (``dice-random``,
        ``nice-sparsity``, ``cfnow-greedy``, ``treecf``, …) or a language model
        (``lm-fine-tuned``, ``lm-guided``, ``lm-few-shot``, ``lm-zero-shot``).
    limits : ``behaviour``, ``intervention`` or ``contrast``; None is the cohort's own.
    goal : ``cross`` (alter the prediction), ``lower`` (as large a reliable reduction of the risk as there is)
        or ``auto`` (``lower`` where nothing crosses solidly); None is ``auto``, under ``contrast`` limits
        ``cross``.
    target : instead of a goal, a risk to reach, out of 100.
    desired : the class to reach; None is the cohort's own.
    freeze : features that stay as they are.
    ranges : feature → (low, high) in its unit, or the names of the levels it may take.
    language_model : of the methods ``lm-…``, by name; None is the default one.
    progress, cancelled : called with the share done and words; asked often whether to stop.

    Returns
    -------
    Answer : with ``to_frame()``, a row a counterfactual, and ``to_dict()``, the JSON of ``sensecf explain``.

    Raises
    ------
    InputError : anything that does not exist (with its near matches) or that the limits do not allow.
    NotReadyError : a language model or package that is not here.

    Examples
    --------
    >>> heart = load_cohort("heart")
    >>> answer = explain(heart, participant=heart.part("test").index[0][0], desired=1, method="random")
    >>> answer.status, list(answer.to_frame().columns[-4:])
    ('found', ['probability', 'valid', 'gower', 'n_changed'])
    """
    _require_cohort(cohort)
    check_method(method)
    spans, levels = _ranges(cohort, ranges or {})
    profile = _profile(limits)
    _check_desired(desired)
    if goal not in (None, *GOALS):
        raise unknown("goal", str(goal), GOALS)
    try:
        request = ExplainRequest(
            cohort=cohort.schema.name,
            participant_id=id_text(participant),
            row_id=None if row is None else id_text(row),
            method=answering_method(cohort, method, language_model),
            model=language_model,
            k=k,
            candidates=candidates,
            max_changes=max_changes,
            profile=profile,
            frozen=tuple(dict.fromkeys(_feature(cohort, name) for name in _texts("freeze", freeze))),
            ranges=spans,
            levels=levels,
            desired=desired,
            goal=goal,
            target=target,
            seed=seed,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"`{'.'.join(map(str, first['loc']))}`: {first['msg']}.") from error
    fitted = fitted_of(cohort, model, method)
    callbacks = Callbacks(progress or NO_CALLBACKS.progress, cancelled or NO_CALLBACKS.cancelled)
    return engine.answer(fitted, request, callbacks)


@dataclass(frozen=True)
class BenchmarkResult:
    """What methods answered to the same questions.

    ``summary`` has everything with 95 % intervals, as JSON values: by direction, limits and goal, each row's
    measures, comparisons, and raw rates of methods that sample. ``queries`` has a line a query and row.
    """

    summary: dict[str, Any]
    queries: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """One row for each direction, limits, goal and method, one column a measure (its mean).

        Of each method there is the row as returned and the one after our refining; ``in_use`` marks the one
        that stands for it. What the measures mean is in ``attrs["measures"]``.
        """
        lines = [
            {
                **{name: group[name] for name in ("direction", "limits", "goal")},
                "method": row["row"],
                "in_use": row["in_use"],
                "queries": group["queries"],
                **{name: row["measures"][name]["value"] for name in MEASURES if name in row["measures"]},
            }
            for group in self.summary["groups"]
            for row in group["rows"]
        ]
        frame = pd.DataFrame(lines).dropna(axis="columns", how="all")
        frame.attrs["notice"] = DISCLAIMER_LONG
        frame.attrs["measures"] = {
            name: f"{MEASURES[name].definition} ({MEASURES[name].better} is better)"
            for name in frame.columns
            if name in MEASURES
        }
        return frame


def benchmark(
    cohort: Cohort,
    model: ClassifierLike | None = None,
    *,
    methods: Iterable[str] = ("random",),
    n: int = 20,
    seed: int = 0,
    k: int = 4,
    candidates: int = 16,
    max_changes: int = 3,
    limits: str | None = None,
    goal: Literal["all", "cross", "lower"] = "all",
    timed: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> BenchmarkResult:
    """Put the same questions to several methods and judge all answers by the same rules.

    What was answered is kept in ``var/`` under the content of cohort and model: the same call again asks only
    what is new.

    Parameters
    ----------
    methods : names as in :func:`explain`, ``lm-few-shot@NAME`` for a language model of your own, or ``all``
        that can answer here.
    n : test participants a class; 0 means all.
    limits : towards the desired class; None is the cohort's own. Away from it they are ``contrast``.
    goal : to ``cross`` the line, to ``lower`` the risk (towards the desired class), or ``all``.
    timed : answer a few questions once more, one at a time, to measure the time.
    jobs : processes for methods without a language model.

    Raises
    ------
    InputError, NotReadyError : as :func:`explain`.
    """
    _require_cohort(cohort)
    _at_least(0, n=n, seed=seed)
    _at_least(1, k=k, candidates=candidates, max_changes=max_changes, jobs=jobs)
    wanted = _texts("methods", methods)
    demanded = entries.parse(named) if (named := [m for m in wanted if m != entries.EVERYTHING]) else ()
    fitted = fitted_of(cohort, model, *(entry.method for entry in demanded))
    frame, summary = run_benchmark(
        fitted,
        wanted,
        n=n,
        limits=_profile(limits),
        goal=goal,
        k=k,
        candidates=candidates,
        max_changes=max_changes,
        seed=seed,
        jobs=jobs,
        timed=timed,
        progress=progress or NO_CALLBACKS.progress,
    )
    return BenchmarkResult({**summary, "notice": DISCLAIMER_LONG}, frame)


def _require_cohort(cohort: object) -> None:
    if not isinstance(cohort, Cohort):
        raise InputError(
            f"`cohort` must be a Cohort, from load_cohort or Cohort.from_frame, not {type(cohort).__name__}."
        )


def _profile(limits: str | None) -> Profile | None:
    for profile in get_args(Profile):
        if limits == profile:
            found: Profile = profile
            return found
    if limits is not None:
        raise unknown("limits", str(limits), get_args(Profile))
    return None


def _check_desired(desired: object) -> None:
    if desired not in (None, 0, 1):
        raise InputError(f"`desired` must be 0 or 1, got {desired!r}.")


def _at_least(least: int, **numbers: object) -> None:
    for name, value in numbers.items():
        if not isinstance(value, Integral):
            raise InputError(f"`{name}` must be a whole number, got {value!r}.")
        if value < least:
            raise InputError(f"`{name}` must be {least} or more, got {value}.")


def _texts(option: str, names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, Iterable):
        raise InputError(f"`{option}` must be a list of names, got {names!r}.")
    return tuple(str(name) for name in names)


def _feature(cohort: Cohort, named: object) -> str:
    """The feature of this name, which may be the name of its column in a frame of one's own."""
    name = str(named)
    found = name if cohort.layout is None else cohort.layout.feature_named(name)
    if found not in cohort.schema.positions:
        raise unknown("feature", name, cohort.schema.names)
    return found


def _ranges(
    cohort: Cohort, requested: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, Span], dict[str, tuple[str, ...]]]:
    """Tell ranges of numbers from names of levels."""
    if not isinstance(requested, Mapping):
        raise InputError(
            f"`ranges` must be a dict, feature → (low, high) or names of levels, got {requested!r}."
        )
    spans: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for given, values in requested.items():
        name = _feature(cohort, given)
        if cohort.schema.feature(name).named:
            levels[name] = _texts(f"ranges[{given!r}]", values)
            continue
        try:
            low, high = values
            spans[name] = float(low), float(high)
        except (TypeError, ValueError):
            text = f"The range of `{given}` must be two numbers, (low, high), got {values!r}."
            raise InputError(text) from None
    return spans, levels
