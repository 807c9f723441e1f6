"""Which of the methods asked for can answer here, found out by asking each once before all others."""

from __future__ import annotations

from collections.abc import Sequence

from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.checker import Checker
from sensecf_core.errors import NotReadyError
from sensecf_core.evaluation.benchmark.paper import PROGRAM, Absent, command
from sensecf_core.evaluation.benchmark.specs import Spec
from sensecf_core.queries.request import ExplainRequest


def ready(
    checker: Checker, specs: Sequence[Spec], demanded: Sequence[Spec], sample: ExplainRequest
) -> tuple[tuple[Spec, ...], tuple[Absent, ...]]:
    """Split ``specs`` into those that can answer a request like ``sample`` and those that cannot.

    Raises ``NotReadyError`` where one of ``demanded`` cannot, and ``InputError`` for a model that may not be
    asked about this cohort or that this machine cannot hold.
    """
    found: list[Spec] = []
    absent: list[Absent] = []
    for spec in specs:
        try:
            explain.answer(checker, sample.model_copy(update={"method": spec.method, "model": spec.model}))
        except NotReadyError as error:
            if spec in demanded:
                raise
            absent.append(_absent(checker.schema.name, spec, str(error)))
        else:
            found.append(spec)
    return tuple(found), tuple(absent)


def _absent(cohort: str, spec: Spec, why: str) -> Absent:
    first = (f"{PROGRAM} finetune --cohort {cohort} --minutes 60",) if spec.method == "lm-fine-tuned" else ()
    return Absent(spec.name, "", why, (*first, command(cohort, spec.name)))
