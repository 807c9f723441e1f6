"""A cohort, a classifier of it, and counterfactuals of one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, Literal

from pydantic import ValidationError

from sensecf_core.api.arguments import (
    at_least,
    check_desired,
    feature_of,
    profile_of,
    ranges_of,
    require_cohort,
    texts,
)
from sensecf_core.classifiers import wrapped
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.classifiers.wrapped import WrappedClassifier
from sensecf_core.cohorts.cohort import Cohort, id_text
from sensecf_core.counterfactuals import explain as engine
from sensecf_core.counterfactuals.in_memory import fitted_of, trained
from sensecf_core.counterfactuals.proposers.registry import answering_method, check_method
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError, unknown
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.goal import GOALS
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import NO_CALLBACKS, Callbacks, Progress


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
    require_cohort(cohort)
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
    >>> import pandas as pd
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
    require_cohort(cohort)
    if threshold is not None and not isinstance(threshold, Real):
        raise InputError(f"`threshold` must be a number between 0 and 1 or None, got {threshold!r}.")
    at_least(0, refits=refits)
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
    require_cohort(cohort)
    check_method(method)
    spans, levels = ranges_of(cohort, ranges or {})
    profile = profile_of(limits)
    check_desired(desired)
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
            frozen=tuple(dict.fromkeys(feature_of(cohort, name) for name in texts("freeze", freeze))),
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
