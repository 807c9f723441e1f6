"""The proposer behind each method that can be asked for by name (:data:`PROPOSERS`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from sensecf_core.classifiers.classifier import Classifier, with_trees
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.classifiers.serialization import skops_io
from sensecf_core.cohorts.cohort import Cohort, locate
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposal import Proposer, temperature_text
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.counterfactuals.proposers.resolve_model import (
    REMOTE_METHOD,
    backend_of,
    base_sha256,
    placement_of,
)
from sensecf_core.counterfactuals.proposers.search import SearchProposer
from sensecf_core.counterfactuals.result import answer_id, content_hashes, settings_of
from sensecf_core.errors import InputError, unknown
from sensecf_core.language.models import adapter_choice, adapters, default_model, registry
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.prompts.plain import TEMPLATE_SHA256
from sensecf_core.queries.methods import METHODS, Method, asks_language_model, needs_adapter, of_prompt
from sensecf_core.queries.query import Driver, Query
from sensecf_core.queries.request import ExplainRequest


def check_method(method: str) -> None:
    """Raise ``InputError`` with the near matches unless ``method`` exists."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)


def check_classifier(method: str, classifier: ClassifierLike) -> None:
    """Raise ``InputError`` for a method that reads what a classifier does not have."""
    if method == "treecf":
        with_trees(classifier)
    if method == "effects" and not isinstance(classifier, Classifier):
        raise InputError(
            "The method effects reads the SHAP values of every training row, which only the trees of a "
            "classifier trained here give in reasonable time; choose another method."
        )


def default_method(cohort: Cohort, model: str | None = None) -> str:
    """The method that answers best for a cohort here: a fine-tuned model where there is an adapter.

    ``model`` is a language model that was named (None: the default one); servers are shown no examples.
    Raises ``InputError`` and ``NotReadyError`` for one that cannot answer.
    """
    spec = None if model is None else registry.spec(model)
    if spec is not None and spec.is_remote:
        return REMOTE_METHOD
    if adapter_choice.problem(cohort) is not None:  # to be told, not to be got around
        return of_prompt("guided")
    adapter = adapter_choice.chosen(cohort, base_sha256(spec))
    return "lm-few-shot" if adapter is None else of_prompt(adapters.prompt_of(adapter.card))


def answering_method(cohort: Cohort, method: str, model: str | None = None) -> str:
    """The method that answers where ``method`` is asked: itself, or ``lm-guided`` for ``lm-fine-tuned``.

    The latter where the cohort has no adapter that is told the person alone but one that is told more. Raises
    ``InputError`` for an unknown method, and as :func:`default_method`.
    """
    check_method(method)
    spec = None if model is None else registry.spec(model)
    if METHODS[method].adapter != "profile" or (spec is not None and spec.is_remote):
        return method
    if adapter_choice.problem(cohort) is not None:
        return method
    base = base_sha256(spec)
    if adapter_choice.chosen(cohort, base, "profile") is not None:
        return method
    return method if adapter_choice.chosen(cohort, base, "guided") is None else of_prompt("guided")


def expected_answer_ids(
    cohort: Cohort, classifier: ClassifierLike, request: ExplainRequest
) -> tuple[str, ...]:
    """The ids that a whole answer to ``request`` would have now, known before anything is asked.

    The first is an answer that the method made, the second one for which it was not needed (the class is
    the desired one already, or nothing may move). Empty for a language model that was named: what it
    would answer with is known only once it is loaded.
    """
    if request.model is not None:
        return ()
    key = locate(cohort, request.participant_id, request.row_id)
    settings, content = settings_of(request), content_hashes(cohort, classifier)
    ids = [answer_id(settings, key[1], content)]
    hashes = _model_hashes(cohort, request.method) if asks_language_model(request.method) else {}
    if hashes:
        sampled_at = temperature_text(_temperature(cohort, request))
        ids.insert(0, answer_id(settings, key[1], content | hashes, sampled_at))
    return tuple(ids)


def _temperature(cohort: Cohort, request: ExplainRequest) -> float | None:
    if request.temperature is None and needs_adapter(request.method):
        adapter = adapter_choice.chosen(cohort, prompt=METHODS[request.method].adapter)
        return None if adapter is None else adapter.card.temperature
    return request.temperature


def _model_hashes(cohort: Cohort, method: str) -> dict[str, str]:
    base = default_model.status().sha256
    if base is None:
        return {}
    if not needs_adapter(method):
        return {"base_model": base, "prompt_template": TEMPLATE_SHA256}
    adapter = adapter_choice.chosen(cohort, base, METHODS[method].adapter)
    if adapter is None:
        return {}
    return {
        "base_model": base,
        "adapter": adapters.weights_sha256(adapter.folder),
        "prompt_template": adapter.card.template_sha256,
    }


def make_ready(cohort: str | None) -> None:
    """Load what the first answer about a cohort needs: its classifier and the language model.

    Libraries come first, those of the classifier before torch, and alone where the cohort is None: the page
    that asks loads the classifier meanwhile. Raises ``InputError`` and ``NotReadyError`` as
    :func:`sensecf_core.counterfactuals.explain.explain`.
    """
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.language.local.loading import import_libraries
    from sensecf_core.language.local.model import shared_model

    default_model.require()
    skops_io()
    import_libraries()
    if cohort is None:
        return
    found = adapter_choice.chosen(load_fitted(cohort).cohort)
    folder = None if found is None else found.folder
    _ = shared_model(adapter=folder).grammar_tokenizer


@dataclass(frozen=True)
class Context:
    """All that a proposer may be made of; ``named``: the language model of the request."""

    request: ExplainRequest
    fitted: FittedCohort
    query: Query
    drivers: tuple[Driver, ...]
    cancelled: Callable[[], bool]
    named: ModelSpec | None


def proposer_for(context: Context) -> Proposer:
    """Build the proposer of a request that was resolved.

    Raises ``NotReadyError`` when the language model is missing or corrupt (a baseline whose package is
    missing raises it when it is asked).
    """
    return PROPOSERS[context.request.method](context)


def _random(context: Context) -> Proposer:
    return RandomProposer(context.fitted.schema)


def _nearest_pair(context: Context) -> Proposer:
    from sensecf_core.counterfactuals.proposers.nearest_pair import NearestPairProposer, taught

    fitted, query = context.fitted, context.query
    return NearestPairProposer(fitted, taught(fitted, query.desired, query.limits.profile, context.cancelled))


def _effects(context: Context) -> Proposer:
    from sensecf_core.counterfactuals.proposers.effects import EffectsProposer
    from sensecf_core.counterfactuals.search.effects import estimate_effects

    if context.cancelled():
        raise CancelledError
    check_classifier(context.request.method, context.fitted.classifier)
    return EffectsProposer(context.fitted.schema, estimate_effects(context.fitted, [context.query])[0])


def _baseline(context: Context) -> Proposer:
    from sensecf_core.counterfactuals.baselines.proposer import BaselineProposer

    check_classifier(context.request.method, context.fitted.classifier)
    return BaselineProposer(context.fitted, METHODS[context.request.method], context.request.k)


def _search(context: Context) -> Proposer:
    return SearchProposer(context.fitted, context.request.k)


def _pretrained(context: Context) -> Proposer:
    request, fitted = context.request, context.fitted
    from sensecf_core.counterfactuals.proposers.few_shot import nearest_examples
    from sensecf_core.counterfactuals.proposers.language import LanguageProposer

    if context.cancelled():
        raise CancelledError
    model = backend_of(context.named, request, fitted.cohort)
    with_examples = request.method == "lm-few-shot"
    examples = nearest_examples(fitted, context.query, cancelled=context.cancelled) if with_examples else ()
    return LanguageProposer(fitted.schema, model, context.drivers, examples, request.grammar)


def _fine_tuned(context: Context) -> Proposer:
    from sensecf_core.counterfactuals.proposers.tuned_prompt import tuned_prompt
    from sensecf_core.counterfactuals.search.effects import estimate_effects
    from sensecf_core.language.local.model import shared_model

    if context.cancelled():
        raise CancelledError
    fitted = context.fitted
    prompt = METHODS[context.request.method].adapter
    adapter = adapter_choice.require(fitted.cohort, base_sha256(context.named), prompt)
    base = placement_of(context.named)
    source = adapter.card.settings.get("source", "shap")
    return tuned_prompt(fitted, source).proposer(
        shared_model(base.folder, adapter.folder, base.precision, base.device),
        estimate_effects(fitted, [context.query], source)[0],
        grammar=context.request.grammar,
        temperature=adapter.card.temperature,
    )


PROPOSERS: dict[str, Callable[[Context], Proposer]] = {
    "lm-fine-tuned": _fine_tuned,
    "lm-guided": _fine_tuned,
    "lm-few-shot": _pretrained,
    "lm-zero-shot": _pretrained,
    "random": _random,
    "nearest-pair": _nearest_pair,
    "effects": _effects,
    "search": _search,
    **{method.name: _baseline for method in METHODS.values() if method.package is not None},
}
"""What makes each method's proposer; a method of ours has a line here, one of a package its module."""


def require_complete(proposers: Collection[str], methods: Mapping[str, Method]) -> None:
    """Raise ``ImportError`` unless every method has a proposer, and every package's its module."""
    if missing := set(methods) ^ set(proposers):
        raise ImportError(f"Methods and proposers differ: {', '.join(sorted(missing))}.")
    for method in methods.values():
        if method.package is not None and find_spec(f"{_BASELINES}.{method.package.module}") is None:
            raise ImportError(f"The method {method.name} has no module {_BASELINES}.{method.package.module}.")


_BASELINES = "sensecf_core.counterfactuals.baselines"
require_complete(PROPOSERS, METHODS)
