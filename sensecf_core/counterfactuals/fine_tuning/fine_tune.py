"""Fine-tune a language model for a cohort: pairs, stages of training, temperature, model card."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sensecf_core import provenance
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.counterfactuals.fine_tuning import validation
from sensecf_core.counterfactuals.fine_tuning.control_rates import controls_of, with_controls
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_files
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import draw
from sensecf_core.counterfactuals.fine_tuning.stages import FineTuning, Options
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.tuned_prompt import tuned_prompt
from sensecf_core.language.local.loading import for_training, is_large
from sensecf_core.language.local.lora import load_adapter, merged, saved_weights
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters
from sensecf_core.language.models.adapters import Card, weights_sha256
from sensecf_core.language.training import save_adapter, trainer
from sensecf_core.types import NO_CALLBACKS, Callbacks

OF_THE_ABLATION = ("writing", "not_solid_weight")
"""Options that no shipped adapter differs in."""


class NothingToLearnError(ValueError):
    """No training query has an answer."""


def fine_tune(
    fitted: FittedCohort,
    base: LocalModel,
    options: Options,
    *,
    name: str,
    work: Path | None = None,
    out: Path | None = None,
    resume: bool = False,
    callbacks: Callbacks = NO_CALLBACKS,
) -> Card:
    """Fine-tune ``base`` and write the adapter to ``out``; ``work`` holds checkpoints meanwhile.

    Without them these are the folders of this machine: of the adapter ``name``, and of a run of these options
    (its budget apart).

    Of the kinds of a round the one that measures best on ``val`` is kept, if it improves on what was before.

    Raises ``CancelledError`` when cancelled: the checkpoint stays, and ``resume`` continues from it. Raises
    :class:`NothingToLearnError` if no training query has an answer.
    """
    work = work or _checkpoints(fitted.schema.name, name, base.folder.name, options)
    out = out or adapters.own_folder(fitted.cohort, name)
    began_at = provenance.commit()
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)

    def searching(done: float, message: str) -> None:
        if callbacks.cancelled():
            raise CancelledError
        callbacks.progress(0.05 * done, message)

    folder, pairs = pair_files.load_or_build(
        fitted,
        seed=options.settings.seed,
        variants=options.variants,
        most_rows=options.most_rows,
        source=options.source,
        per_group=options.per_group,
        synthetic=options.synthetic,
        progress=searching,
    )
    answered = draw([pair for pair in pairs if pair.answers], options.most_pairs, options.settings.seed)
    if not answered:
        raise NothingToLearnError("no training query has an answer within the limits")
    validation_set = validation.ValidationSet.of(fitted, "val", options.validation_queries, options.source)
    stages = FineTuning(fitted, base, options, work, validation_set, callbacks)
    if is_large(base.model):
        for_training(base.model)
    peft = trainer.adapter_for(base.model, options.settings)
    if options.start is not None:
        load_adapter(peft, saved_weights(adapters.start_folder(options.start)))
    result = stages.run(peft, answered)
    callbacks.progress(0.96, "Choosing the temperature on validation queries")
    with merged(peft) as weights:
        model = LocalModel(weights.eval(), base.tokenizer, base.folder)
        temperature, rates = validation.choose_temperature(
            fitted, stages.prompt, model, validation_set, callbacks.cancelled
        )
    lessons = answered if options.source == "profile" else ()
    controls = controls_of(options.source)
    rates = with_controls(
        fitted, validation_set, rates, callbacks.cancelled, controls=controls, lessons=lessons
    )
    card = _card(fitted, base, options, name, folder) | {
        "provenance": {
            "commit": began_at,
            "version": provenance.versions(),
            "machine": provenance.machine(),
        },
        "temperature": temperature,
        "rates": rates,
        "rounds": result.rounds,
        "training": result.training,
    }
    return save_adapter.save(peft, out, card, result.curve)


def _checkpoints(cohort: str, name: str, base: str, options: Options) -> Path:
    """Where checkpoints are kept: one folder per cohort, name, base and everything but the budget."""
    same = replace(options, settings=replace(options.settings, minutes=None, tokens=None, max_steps=None))
    decisive = json.dumps([base, _told(same)], sort_keys=True)
    return adapters.checkpoints(cohort, name, hashlib.sha256(decisive.encode()).hexdigest())


def _told(options: Options) -> dict[str, Any]:
    """All options, of those of the ablation what is not as usual."""
    told = asdict(options) | {"settings": options.settings.told()}
    usual = asdict(Options(options.settings))
    varied = {name: (told.pop(name), usual[name]) for name in OF_THE_ABLATION}
    told |= {name: now for name, (now, before) in varied.items() if name != "writing" and now != before}
    written, as_usual = varied["writing"]
    return told | {name: now for name, now in written.items() if now != as_usual[name]}


def _card(fitted: FittedCohort, base: LocalModel, options: Options, name: str, pairs: Path) -> dict[str, Any]:
    from sensecf_core.language.models import default_model

    return {
        "name": name,
        "cohort": fitted.schema.name,
        "base": base.folder.name,
        "base_sha256": default_model.weights_sha256(base.folder),
        "schema_sha256": fitted.schema.sha256,
        "classifier_sha256": fitted.classifier.sha256,
        "template_sha256": tuned_prompt(fitted, options.source, options.writing).sha256,
        "pairs_sha256": file_sha256(pairs / pair_files.PAIRS),
        "pairs": {k: v for k, v in pair_files.read_card(pairs).items() if k not in ("origin", "provenance")},
        "settings": {k: v for k, v in (_told(options) | options.settings.told()).items() if k != "settings"}
        | ({"start_sha256": weights_sha256(adapters.start_folder(options.start))} if options.start else {}),
    }
