"""The methods that can be asked for by name, and the proposer behind each."""

from __future__ import annotations

from collections.abc import Callable

from sensecf_core.classifiers.classifier import with_trees
from sensecf_core.classifiers.protocol import ClassifierLike
from sensecf_core.cohorts.cohort import Cohort, locate
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposal import Proposer, temperature_text
from sensecf_core.counterfactuals.proposers.random import RandomProposer
from sensecf_core.counterfactuals.proposers.remote import RemoteProposer
from sensecf_core.counterfactuals.proposers.resolve_model import (
    REMOTE_METHOD,
    base_sha256,
    check_model,
    local_model,
    placement_of,
    remote_model,
)
from sensecf_core.counterfactuals.result import answer_id, content_hashes
from sensecf_core.errors import unknown
from sensecf_core.language.models import adapters, default_model, registry
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.language.prompts.plain import TEMPLATE_SHA256
from sensecf_core.queries.query import Driver, Query
from sensecf_core.queries.request import BASELINES, METHODS, ExplainRequest, asks_language_model


def check_method(method: str) -> None:
    """Raise ``InputError`` with the near matches unless ``method`` exists."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)


def check_classifier(method: str, classifier: ClassifierLike) -> None:
    """Raise ``InputError`` for a method that reads what a classifier does not have."""
    if method == "treecf":
        with_trees(classifier)


def default_method(cohort: Cohort, model: str | None = None) -> str:
    """The method that answers best for a cohort here: a fine-tuned model where there is an adapter.

    ``model`` is a language model that was named (None: the default one); servers are shown no examples.
    Raises ``InputError`` and ``NotReadyError`` for one that cannot answer.
    """
    spec = None if model is None else registry.spec(model)
    if spec is not None and spec.kind == "endpoint":
        return REMOTE_METHOD
    return "lm-fine-tuned" if adapters.chosen(cohort, base_sha256(spec)) is not None else "lm-few-shot"


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
    settings, content = request.model_dump(mode="json"), content_hashes(cohort, classifier)
    ids = [answer_id(settings, key[1], content)]
    hashes = _model_hashes(cohort, request.method) if asks_language_model(request.method) else {}
    if hashes:
        sampled_at = temperature_text(_temperature(cohort, request))
        ids.insert(0, answer_id(settings, key[1], content | hashes, sampled_at))
    return tuple(ids)


def _temperature(cohort: Cohort, request: ExplainRequest) -> float | None:
    if request.temperature is None and request.method == "lm-fine-tuned":
        adapter = adapters.chosen(cohort)
        return None if adapter is None else adapter.card.temperature
    return request.temperature


def _model_hashes(cohort: Cohort, method: str) -> dict[str, str]:
    base = default_model.status().sha256
    if base is None:
        return {}
    if method != "lm-fine-tuned":
        return {"base_model": base, "prompt_template": TEMPLATE_SHA256}
    adapter = adapters.chosen(cohort, base)
    if adapter is None:
        return {}
    return {
        "base_model": base,
        "adapter": adapters.weights_sha256(adapter.folder),
        "prompt_template": TUNED_SHA256,
    }


def make_ready(cohort: str) -> None:
    """Load what the first answer about a cohort needs: its checker and the language model.

    Raises ``InputError`` and ``NotReadyError`` as :func:`sensecf_core.counterfactuals.explain.explain`.
    """
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.language.local.model import shared_model

    found = adapters.chosen(load_fitted(cohort).cohort)
    folder = None if found is None else found.folder
    _ = shared_model(adapter=folder).grammar_tokenizer


def proposer_for(
    request: ExplainRequest,
    fitted: FittedCohort,
    query: Query,
    drivers: tuple[Driver, ...],
    cancelled: Callable[[], bool] = lambda: False,
) -> Proposer:
    """Build the proposer of a request.

    Raises ``NotReadyError`` when the language model is missing or corrupt (a baseline whose package is
    missing raises it when it is asked), and like
    :func:`sensecf_core.counterfactuals.proposers.resolve_model.check_model` for a model that was named.
    """
    named = check_model(request, fitted.cohort)
    if request.method == "random":
        return RandomProposer(fitted.schema)
    if request.method in BASELINES:
        check_classifier(request.method, fitted.classifier)
        from sensecf_core.counterfactuals.baselines.proposer import BaselineProposer

        return BaselineProposer(fitted, request.method, request.k)
    if named is not None and named.kind == "endpoint":
        return RemoteProposer(
            fitted.schema, remote_model(named, request, fitted.cohort), drivers, request.grammar
        )
    from sensecf_core.counterfactuals.proposers.few_shot import nearest_examples
    from sensecf_core.counterfactuals.proposers.language import LanguageProposer
    from sensecf_core.language.local.model import shared_model

    if cancelled():
        raise CancelledError
    if request.method == "lm-fine-tuned":
        return _tuned(request, fitted, query, named)
    model = shared_model() if named is None else local_model(named)
    examples = nearest_examples(fitted, query, cancelled=cancelled) if request.method == "lm-few-shot" else ()
    return LanguageProposer(fitted.schema, model, drivers, examples, request.grammar)


def _tuned(request: ExplainRequest, fitted: FittedCohort, query: Query, named: ModelSpec | None) -> Proposer:
    from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
    from sensecf_core.counterfactuals.search.effects import estimate_effects
    from sensecf_core.language.local.model import shared_model

    adapter = adapters.require(fitted.cohort, base_sha256(named))
    base = placement_of(named)
    source = adapter.card.settings.get("source", "shap")
    return FineTunedProposer(
        fitted.schema,
        shared_model(base.folder, adapter.folder, base.precision, base.device),
        estimate_effects(fitted, [query], source)[0],
        request.grammar,
        adapter.card.temperature,
    )
