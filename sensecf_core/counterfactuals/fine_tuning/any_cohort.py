"""Fine-tune one adapter for every cohort: on invented lessons, measured on the built-in cohorts."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sensecf_core import provenance
from sensecf_core.counterfactuals.fine_tuning import validation
from sensecf_core.counterfactuals.fine_tuning.control_rates import CANDIDATES, with_controls
from sensecf_core.counterfactuals.fine_tuning.pairs import invented
from sensecf_core.counterfactuals.fine_tuning.raw_rates import RawRates
from sensecf_core.counterfactuals.fine_tuning.stages import stage_row, totals, words
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.tuned_prompt import GuidedPrompt
from sensecf_core.language.local.loading import for_training, is_large
from sensecf_core.language.local.lora import merged
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.models.adapters import ANY, Card
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.language.training import save_adapter, trainer
from sensecf_core.language.training.config import Settings
from sensecf_core.types import Callbacks

LESSONS = 20_000
"""Invented lessons; each is read at most once in a budget of 4.8 million tokens."""
PER_GROUP = 6
"""``val`` queries of each measured cohort, limits profile and desired class."""


def fine_tune_for_any(
    measured: Sequence[FittedCohort],
    base: LocalModel,
    settings: Settings,
    *,
    name: str,
    out: Path,
    lessons: int = LESSONS,
    resume: bool = False,
    callbacks: Callbacks,
) -> Card:
    """Fine-tune ``base`` on invented lessons and write the adapter to ``out``.

    ``val`` queries of the cohorts ``measured`` decide which checkpoint is kept and stand on the card, each
    cohort by itself; no row of theirs is learned from. Raises ``CancelledError`` when cancelled: the
    checkpoint stays, and ``resume`` continues from it.
    """
    began_at = provenance.commit()
    kept = replace(settings, minutes=None, tokens=None, max_steps=None)
    decisive = json.dumps([base.folder.name, kept.told(), lessons], sort_keys=True)
    work = adapters.checkpoints(ANY, name, hashlib.sha256(decisive.encode()).hexdigest())
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    callbacks.progress(0.0, "Inventing lessons")
    examples = invented.examples(base.tokenizer, lessons, settings.seed)
    asked = {fitted.schema.name: validation.ValidationSet.of(fitted, "val", PER_GROUP) for fitted in measured}
    by_name = {fitted.schema.name: fitted for fitted in measured}
    if is_large(base.model):
        for_training(base.model)
    training = trainer.Training(base.model, base.tokenizer, examples, settings, work)
    training.resume()

    def rates(model: Any) -> dict[str, dict[validation.Group, RawRates]]:
        held = LocalModel(model, base.tokenizer, base.folder)
        return {
            cohort: validation.measure(
                by_name[cohort],
                GuidedPrompt(by_name[cohort].schema),
                held,
                queries,
                candidates=CANDIDATES,
                cancelled=callbacks.cancelled,
            )
            for cohort, queries in asked.items()
        }

    def validate(model: Any) -> Mapping[str, float] | None:
        callbacks.progress(0.05 + 0.9 * training.share_done(), "Measuring on validation queries")
        try:
            return _means(rates(model))
        except CancelledError:
            return None

    trained = training.run(
        lambda now: callbacks.progress(0.05 + 0.9 * now.done, words(now)),
        callbacks.cancelled,
        validate if asked else None,
    )
    if trained.ended == "cancelled":
        raise CancelledError
    rows = _rows(by_name, asked, training.peft, rates)
    card = {
        "name": name,
        "cohort": ANY,
        "base": base.folder.name,
        "base_sha256": default_model.weights_sha256(base.folder),
        "schema_sha256": ANY,
        "classifier_sha256": ANY,
        "template_sha256": TUNED_SHA256,
        "pairs_sha256": training.batches.digest,
        "pairs": {
            "invented": True,
            "queries": training.trees_read(),
            "lessons": len(examples),
        },
        "settings": settings.told() | {"source": "shap", "lessons": lessons},
        "training": totals(trained.curve, [trained]),
        "rounds": [stage_row(0, "pairs", examples, trained) | {"kept": True}],
        "temperature": 1.0,  # the most different answers; told sums suffice whatever is drawn
        "rates": rows,
        "provenance": {
            "commit": began_at,
            "version": provenance.versions(),
            "machine": provenance.machine(),
        },
    }
    return save_adapter.save(training.peft, out, card, trained.curve)


def _means(rates: Mapping[str, dict[validation.Group, RawRates]]) -> dict[str, float]:
    """Rates averaged over the queries of all cohorts and groups, for the learning curve."""
    together = {
        (f"{cohort} {profile}", desired): found
        for cohort, groups in rates.items()
        for (profile, desired), found in groups.items()
    }
    return validation.means(together)


def _rows(
    by_name: Mapping[str, FittedCohort],
    asked: Mapping[str, validation.ValidationSet],
    peft: Any,
    rates: Any,
) -> list[dict[str, Any]]:
    """A card's rows: each cohort's groups with the controls beside them."""
    with merged(peft) as weights:
        measured = rates(weights.eval())
    return [
        {"cohort": cohort, **row}
        for cohort, groups in measured.items()
        for row in with_controls(
            by_name[cohort], asked[cohort], validation.rate_rows(groups, part="val", temperature=1.0)
        )
    ]
