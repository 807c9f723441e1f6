"""Which methods can answer here, by package, weights, adapter and allowed host; no model is asked."""

from __future__ import annotations

from collections.abc import Sequence

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.baselines.proposer import installed
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.registry import check_classifier
from sensecf_core.counterfactuals.proposers.resolve_model import base_sha256, check_model
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation.benchmark.entries import Entry
from sensecf_core.evaluation.benchmark.published import Absent, command
from sensecf_core.language.models import adapter_choice, default_model
from sensecf_core.language.remote import allow_list
from sensecf_core.provenance import PROGRAM
from sensecf_core.queries.methods import METHODS
from sensecf_core.queries.request import ExplainRequest


def ready(
    fitted: FittedCohort, entries: Sequence[Entry], demanded: Sequence[Entry]
) -> tuple[tuple[Entry, ...], tuple[Absent, ...]]:
    """Split ``entries`` into those that can answer about a cohort and those that cannot.

    Raises ``NotReadyError`` where one of ``demanded`` cannot, and ``InputError`` for one that needs what this
    classifier does not have, and for a model that may not be asked about this cohort or does not fit here.
    """
    cohort = fitted.cohort
    able: list[Entry] = []
    absent: list[Absent] = []
    for entry in entries:
        try:
            check_classifier(entry.method, fitted.classifier)
        except InputError as error:
            if entry in demanded:
                raise
            absent.append(_absent(cohort.schema.name, entry, str(error)))
            continue
        try:
            require(cohort, entry)
        except NotReadyError as error:
            if entry in demanded:
                raise
            absent.append(_absent(cohort.schema.name, entry, str(error)))
        else:
            able.append(entry)
    return tuple(able), tuple(absent)


def require(cohort: Cohort, entry: Entry) -> None:
    """Raise ``NotReadyError`` or ``InputError`` unless a method can answer, as the answer itself would."""
    method = METHODS[entry.method]
    if method.package is not None:
        installed(method)
    if not entry.asks_language_model:
        return
    request = ExplainRequest(
        cohort=cohort.schema.name, participant_id="", method=entry.method, model=entry.model
    )
    named = check_model(request, cohort)
    if named is not None and named.is_remote:
        allow_list.key_of(named)
        return
    base = base_sha256(named)
    if base is None:
        default_model.require()
    if method.needs_adapter:
        adapter_choice.require(cohort, base, method.adapter)


def _absent(cohort: str, entry: Entry, reason: str) -> Absent:
    told = " --told profile" if METHODS[entry.method].adapter == "profile" else ""
    train = f"{PROGRAM} finetune --cohort {cohort}{told} --minutes 60"
    first = (train,) if METHODS[entry.method].needs_adapter else ()
    return Absent(entry.name, "", reason, (*first, command(cohort, entry.name)))
