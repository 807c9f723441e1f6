"""An adapter that learns what people kept and rejected, and what that brings.

It goes on from the adapter that is there, with kept against rejected options as preference pairs. The
decisions about some of the people are held out: before and after, the same model is asked how likely their
kept and rejected options are, and what its raw candidates on ``val`` are worth.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sensecf_core import provenance
from sensecf_core.counterfactuals.fine_tuning import validation
from sensecf_core.counterfactuals.fine_tuning.control_rates import controls_of, with_controls
from sensecf_core.counterfactuals.fine_tuning.pairs import pair_search, profile_pairs
from sensecf_core.counterfactuals.fine_tuning.pairs.decided import JudgedQuery, examples
from sensecf_core.counterfactuals.fine_tuning.raw_rates import RawRates
from sensecf_core.counterfactuals.fine_tuning.self_training import ROUND_ANSWERS, training_examples
from sensecf_core.counterfactuals.fine_tuning.stages import stage_row, totals
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.tuned_prompt import TunedPrompt, tuned_prompt
from sensecf_core.counterfactuals.search.effects import Source
from sensecf_core.evaluation.metrics.statistics import mean_interval, paired_difference
from sensecf_core.language.local.loading import for_training, is_large
from sensecf_core.language.local.lora import load_adapter, merged, saved_weights
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters
from sensecf_core.language.models.adapters import Adapter, Card
from sensecf_core.language.training import save_adapter, trainer
from sensecf_core.language.training.batches import Batches, TrainingExample, tree_of
from sensecf_core.language.training.config import FineTuned, Settings, TrainingProgress
from sensecf_core.language.training.losses import answer_log_probabilities
from sensecf_core.types import NO_CALLBACKS, Callbacks, Floats, Json, JsonView, People

HELD_OUT = 0.3
"""Share of the people whose decisions only measure."""
BESIDE = 2
"""Ordinary training queries that are read for each question: with decisions alone a model forgets to reach
the desired class, since many kept options only lower the risk."""
RATE = 0.1
"""Peak learning rate, as a share of a whole training's."""
PASSES = 4
"""How often the decisions are read where nothing else limits the training."""
WITHOUT_PAIRS = ("random", "effects")
"""Controls that need no training pairs, which may never have been searched on this machine."""
STEP_TOKENS = 600
"""Tokens of a step: decisions are few, and a step of a whole training's size would be all of them."""


@dataclass(frozen=True)
class Decisions:
    """What an adapter learns from and is measured on: no person is in both.

    ``about`` is told on the card: how many decisions can be used, of each kind, and how many were left out.
    """

    taught: Sequence[JudgedQuery]
    held_out: Sequence[JudgedQuery]
    about: JsonView


@dataclass(frozen=True)
class _Measured:
    """Of one model: per held-out query the share of pairs in which the kept answer is the likelier one, shape
    (held out,), and per ``val`` query the share of valid raw candidates, shape (val,), with their rates.
    """

    preferred: Floats
    valid: Floats
    rates: dict[validation.Group, RawRates]


@dataclass(frozen=True)
class _Judge:
    """What a model is measured on, before it learns and after."""

    fitted: FittedCohort
    prompt: TunedPrompt
    base: LocalModel
    held_out: Sequence[JudgedQuery]
    asked: validation.ValidationSet
    temperature: float
    callbacks: Callbacks

    def measure(self, peft: Any, done: float) -> _Measured:
        """Measure the adapter as it is now, ``done`` being the share of the whole; may be cancelled."""
        self.callbacks.progress(done, "Measuring on held-out decisions and validation queries")
        with merged(peft) as weights:
            rates = validation.measure(
                self.fitted,
                self.prompt,
                LocalModel(weights.eval(), self.base.tokenizer, self.base.folder),
                self.asked,
                temperature=self.temperature,
                cancelled=self.callbacks.cancelled,
            )
        valid = [share for found in rates.values() for share in found.valid_of]
        return _Measured(self._preferred(peft), np.array(valid), rates)

    def _preferred(self, peft: Any) -> Floats:
        """Per held-out query, the share of its pairs in which the kept answer is the likelier one."""
        written = examples(self.prompt, self.base.tokenizer, self.held_out)
        batches = Batches(self.base.tokenizer, written, batch_tokens=1500, micro_tokens=750, seed=0)
        likely = answer_log_probabilities(peft.eval().get_base_model(), batches)
        return np.array(
            [
                float((of_tree[: tree.accepted, None] > of_tree[None, tree.accepted :]).float().mean())
                for tree, of_tree in zip(batches.trees, likely, strict=True)
            ]
        )


def learn(
    fitted: FittedCohort,
    base: LocalModel,
    start: Adapter,
    decisions: Decisions,
    settings: Settings,
    *,
    name: str,
    out: Path,
    validation_queries: int = validation.PER_GROUP,
    callbacks: Callbacks = NO_CALLBACKS,
) -> Card:
    """Teach the adapter ``start`` what was decided, measure it before and after, and write it to ``out``.

    ``settings`` bring the budget and the peak learning rate of a whole training, of which this has the share
    :data:`RATE`; without a budget all is read :data:`PASSES` times. Rank and scale are the start's.

    Raises ``CancelledError``, and then nothing is written; ``NotReadyError`` for a damaged start.
    """
    adapters.checked_config(start.folder)
    began_at = provenance.commit()
    source = start.card.settings.get("source", "shap")
    prompt = tuned_prompt(fitted, source)
    lessons = examples(prompt, base.tokenizer, decisions.taught)
    held_out = {one.query.participant_id for one in decisions.held_out}
    beside = ordinary(fitted, BESIDE * len(lessons), source, settings.seed, held_out)
    lessons += training_examples(prompt, base.tokenizer, beside)
    settings = _settings(settings, start.card, base.tokenizer, lessons)
    asked = validation.ValidationSet.of(fitted, "val", validation_queries, source)
    if is_large(base.model):
        for_training(base.model)
    peft = trainer.adapter_for(base.model, settings)
    load_adapter(peft, saved_weights(start.folder))

    judge = _Judge(fitted, prompt, base, decisions.held_out, asked, start.card.temperature, callbacks)
    before = judge.measure(peft, 0.05)
    with _work(fitted, name) as work:
        training = trainer.Training(peft, base.tokenizer, lessons, settings, work)
        trained = training.run(
            lambda now: callbacks.progress(0.3 + 0.4 * now.done, _words(now)), callbacks.cancelled
        )
    if trained.ended == "cancelled":
        raise CancelledError
    after = judge.measure(peft, 0.7)
    rates = validation.rate_rows(after.rates, part="val", temperature=start.card.temperature)
    controls = [name for name in WITHOUT_PAIRS if name in controls_of(source)]
    card = start.card.model_dump() | {
        "name": name,
        "cohort": fitted.schema.name,
        "schema_sha256": fitted.schema.sha256,
        "classifier_sha256": fitted.classifier.sha256,
        "settings": settings.told()
        | {"source": source, "start": str(start.folder), "start_sha256": start.card.weights_sha256},
        "training": totals(trained.curve, [trained]),
        "rounds": [_kept_round(lessons, trained, after)],
        "rates": with_controls(fitted, asked, rates, callbacks.cancelled, controls=controls),
        "shown": {},
        "decisions": _found(start, decisions, asked, before, after),
        "provenance": {
            "commit": began_at,
            "version": provenance.versions(),
            "machine": provenance.machine(),
        },
    }
    return save_adapter.save(peft, out, card, trained.curve)


@contextmanager
def _work(fitted: FittedCohort, name: str) -> Iterator[Path]:
    """A folder for the checkpoint of a training that is too short to be resumed."""
    work = adapters.checkpoints(fitted.schema.name, name, hashlib.sha256(b"decisions").hexdigest())
    shutil.rmtree(work, ignore_errors=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ordinary(
    fitted: FittedCohort, count: int, source: Source, seed: int, held_out: Collection[str]
) -> list[pair_search.Pair]:
    """At most ``count`` training queries with answers of the search, none about a participant held out."""
    built = (
        profile_pairs.build(fitted, seed=seed, per_group=count, synthetic=0, varied=0, without=held_out)
        if source == "profile"
        else pair_search.build(
            fitted, seed=seed, variants=0, most_rows=count, source=source, without=held_out
        )
    )
    drawn = pair_search.draw([pair for pair in built if pair.answers], count, seed)
    return [replace(pair, answers=pair.answers[:ROUND_ANSWERS]) for pair in drawn]


def _settings(asked: Settings, start: Card, tokenizer: Any, lessons: Sequence[TrainingExample]) -> Settings:
    trees = [tree_of(tokenizer, lesson) for lesson in lessons]
    once = sum(len(tree.tokens) for tree in trees if tree is not None)
    tokens = PASSES * once if asked.tokens is None and asked.minutes is None else asked.tokens
    return replace(
        asked,
        rank=start.settings["rank"],
        alpha=start.settings["alpha"],
        dropout=start.settings.get("dropout", 0.0),
        learning_rate=asked.learning_rate * RATE,
        batch_tokens=STEP_TOKENS,
        tokens=tokens,
        preference=True,
        validations=1,
    )


def _found(
    start: Adapter,
    decisions: Decisions,
    asked: validation.ValidationSet,
    before: _Measured,
    after: _Measured,
) -> Json:
    sides = {"taught": decisions.taught, "held_out": decisions.held_out}
    judged = _people([one.query.participant_id for one in decisions.held_out])
    drawn = _people([pair.query.participant_id for pairs in asked.groups.values() for pair in pairs])
    return {
        **decisions.about,
        "from": start.card.name,
        "from_sha256": start.card.weights_sha256,
        "decisions_by_side": {
            side: len({decision for one in found for decision in one.decisions})
            for side, found in sides.items()
        },
        "people": {side: len({one.query.participant_id for one in found}) for side, found in sides.items()},
        "questions": {side: len(found) for side, found in sides.items()},
        "pairs": {side: sum(one.pairs for one in found) for side, found in sides.items()},
        "preferred": _before_and_after(before.preferred, after.preferred, judged),
        "valid": _before_and_after(before.valid, after.valid, drawn),
    }


def _people(names: Sequence[str]) -> People:
    return np.array(names, dtype=object)


def _before_and_after(before: Floats, after: Floats, people: People) -> Json:
    found = {
        "before": mean_interval(before, people),
        "after": mean_interval(after, people),
        "difference": paired_difference(after, before, people),
    }
    return {name: interval.as_json() for name, interval in found.items()}


def _kept_round(lessons: list[TrainingExample], trained: FineTuned, after: _Measured) -> Json:
    row = stage_row(0, "decisions", lessons, trained) | {"kept": True}
    if not after.rates:
        return row
    means = {name: validation.over_queries(after.rates, name) for name in ("changed", "gower")}
    return row | {"val": validation.score(after.rates)} | means


def _words(now: TrainingProgress) -> str:
    return f"Learning decisions: step {now.step}, loss {now.loss:.2f}, {now.tokens_per_second:.0f} tokens/s"
