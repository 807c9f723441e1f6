"""The methods that can be asked for by name, and the proposer behind each."""

from __future__ import annotations

from collections.abc import Callable

from sensecf_core.counterfactuals.checker import CancelledError, Checker
from sensecf_core.counterfactuals.proposers import Proposer, RandomProposer
from sensecf_core.errors import unknown
from sensecf_core.queries.query import Driver, Query
from sensecf_core.queries.request import METHODS, ExplainRequest


def check_method(method: str) -> None:
    """Raise ``InputError`` with the near matches unless ``method`` exists."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)


def make_ready(cohort: str) -> None:
    """Load what the first answer about a cohort needs: its checker and the language model.

    Raises ``InputError`` and ``NotReadyError`` as :func:`sensecf_core.counterfactuals.explain.explain`.
    """
    from sensecf_core.counterfactuals.checker import checker
    from sensecf_core.language.local_model import shared_model

    checker(cohort)
    _ = shared_model().grammar_tokenizer


def proposer_for(
    request: ExplainRequest,
    checker: Checker,
    query: Query,
    drivers: tuple[Driver, ...],
    cancelled: Callable[[], bool] = lambda: False,
) -> Proposer:
    """Build the proposer of a request.

    Raises ``NotReadyError`` when the language model is missing or corrupt.
    """
    if request.method == "random":
        return RandomProposer(checker.schema)
    from sensecf_core.counterfactuals.examples import nearest_examples
    from sensecf_core.counterfactuals.language_proposer import LanguageProposer
    from sensecf_core.language.local_model import shared_model

    if cancelled():
        raise CancelledError
    model = shared_model()
    examples = (
        nearest_examples(checker, query, cancelled=cancelled) if request.method == "lm-few-shot" else ()
    )
    return LanguageProposer(checker.schema, model, drivers, examples, request.grammar)
