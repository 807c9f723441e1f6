"""What people are shown when a fine-tuned model answers, on ``val``: it decides which one is the default."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from sensecf_core import provenance
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals import explain
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError
from sensecf_core.evaluation.sampling import sample_rows
from sensecf_core.language.models import adapter_choice, adapters
from sensecf_core.language.models.adapter_choice import Shown
from sensecf_core.language.models.adapters import ANY, Adapter
from sensecf_core.language.training import save_adapter
from sensecf_core.paths import write_whole
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import of_prompt
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Progress


@dataclass(frozen=True)
class ShownAnswers:
    """What people of a cohort are ``shown`` when an adapter answers."""

    adapter: Adapter
    cohort: Cohort
    shown: Shown


def measure_shown(
    fitted: FittedCohort,
    name: str | None = None,
    *,
    n: int,
    seed: int = 0,
    progress: Progress = lambda done, words: None,
) -> ShownAnswers:
    """Ask an adapter about ``n`` flagged people of ``val`` under the cohort's own limits, as Options does.

    ``name`` is the adapter's (None: the one that answers). Raises ``InputError`` for an unknown one, one that
    does not answer its method, and a part without flagged people; ``NotReadyError`` where there is none.
    """
    cohort = fitted.cohort
    adapter = adapter_choice.require(cohort) if name is None else adapters.by_name(cohort, name)
    prompt = adapters.prompt_of(adapter.card)
    method = of_prompt(prompt)
    if adapter_choice.chosen(cohort, prompt=prompt) != adapter:
        raise InputError(
            f"Another adapter answers {method} for {cohort.schema.name}; choose {adapter.card.name} on the "
            "page Models first."
        )
    flagged = 1 - cohort.schema.task.desired
    keys = sample_rows(cohort, fitted.classifier, predicted=flagged, n=n, seed=seed, part="val")
    if not keys:
        raise InputError(
            f"Nobody of {cohort.schema.name}'s validation part is flagged, so nobody can be asked about."
        )
    found = []
    for number, (person, row) in enumerate(keys):
        progress(number / len(keys), f"Person {number + 1} of {len(keys)}")
        request = ExplainRequest(
            cohort=cohort.schema.name, participant_id=person, row_id=row, method=method, seed=seed
        )
        found.append(explain.answer(fitted, request))
    return _summary(fitted, adapter, found, seed)


def _summary(fitted: FittedCohort, adapter: Adapter, found: list[Answer], seed: int) -> ShownAnswers:
    first = [answer.counterfactuals[0] for answer in found if answer.counterfactuals]
    shown = Shown(
        part="val",
        people=len(found),
        seed=seed,
        answered=len(first) / len(found),
        solid=sum(option.grade == "solid" for option in first) / len(found),
        gower=float(np.mean([option.gower for option in first])) if first else None,
        classifier_sha256=fitted.classifier.sha256,
        command=provenance.command(),
    )
    return ShownAnswers(adapter, fitted.cohort, shown)


def keep(shown: ShownAnswers) -> None:
    """Put what was shown on the adapter's card; what one for every cohort showed of an own one stays in var/.

    See :func:`.shown_about`, which finds both.
    """
    card, cohort = shown.adapter.card, shown.cohort
    told = shown.shown.model_dump()
    if card.cohort == ANY and cohort.own:
        path = adapter_choice.own_shown(card, cohort)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(told, indent=1) + "\n")
        return
    update = {"shown": {**card.shown, cohort.schema.name: told}}
    save_adapter.write_cards(shown.adapter.folder, card.model_copy(update=update))
