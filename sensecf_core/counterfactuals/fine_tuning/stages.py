"""The stages of a fine-tuning: training on pairs, then rounds of self-training; the best weights are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sensecf_core.counterfactuals.fine_tuning import self_training, validation
from sensecf_core.counterfactuals.fine_tuning.pairs import profile_pairs
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair
from sensecf_core.counterfactuals.fine_tuning.raw_rates import RawRates
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.tuned_prompt import TunedPrompt, tuned_prompt
from sensecf_core.counterfactuals.search.effects import Source
from sensecf_core.language.local.lora import adapter_weights, load_adapter, merged
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.prompts.profile import USUAL, Writing
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.language.training.config import FineTuned, Point, Settings, TrainingProgress
from sensecf_core.language.training.trainer import Training
from sensecf_core.types import Callbacks

ROUND_SHARE = 0.2
"""Share of the budget that one round trains for."""
MOST_ROUNDS = math.ceil(1 / ROUND_SHARE) - 1
"""So that something of the budget is left for the pairs."""
ROUND_RATE = 0.4
"""Learning rate of a round, as a share of the first stage's."""

RoundKind = Literal["best", "preference", "both"]
StageKind = Literal["pairs", "best", "preference"]
Rates = dict[validation.Group, RawRates]


@dataclass(frozen=True)
class Options:
    """Options of a fine-tuning, beside the settings of the training itself.

    ``rounds`` is how many times the model answers ``round_queries`` training queries itself and learns from
    the verdict of the checks: ``best`` trains on its accepted answers and as many pairs, ``preference`` on
    accepted against rejected ones (DPO), ``both`` tries the two from the same weights on half the budget
    each. ``start`` is an adapter to continue from (:func:`.start_folder`), of the same base and rank.
    ``keep_rounds`` keeps a round even where it measures no better, to see what a round brings. ``writing`` is
    how prompts of the source ``profile`` are written, and ``not_solid_weight`` what its answers that are not
    solid weigh in the loss.
    """

    settings: Settings
    rounds: int = 0
    round_kind: RoundKind = "best"
    round_queries: int = 300
    variants: int = 1
    most_rows: int | None = None
    most_pairs: int | None = None
    source: Source = "shap"
    validation_queries: int = validation.PER_GROUP
    per_group: int = profile_pairs.PER_GROUP
    synthetic: int = profile_pairs.SYNTHETIC
    start: str | None = None
    keep_rounds: bool = False
    writing: Writing = USUAL
    not_solid_weight: float = 1.0


@dataclass(frozen=True)
class FineTuningResult:
    """The learning curve of the stages that were kept, and rows and totals for the model card."""

    curve: list[Point]
    rounds: list[dict[str, Any]]
    training: dict[str, Any]


@dataclass(frozen=True)
class FineTuning:
    """One fine-tuning: what all of its stages share."""

    fitted: FittedCohort
    base: LocalModel
    options: Options
    work: Path
    validation_set: validation.ValidationSet
    callbacks: Callbacks

    @cached_property
    def prompt(self) -> TunedPrompt:
        """What the model reads and writes."""
        return tuned_prompt(self.fitted, self.options.source, self.options.writing)

    def run(self, peft: Any, pairs: list[Pair]) -> FineTuningResult:
        """Train on the pairs, then round by round; leaves the best adapter in ``peft``."""
        texts = self_training.training_examples(
            self.prompt, self.base.tokenizer, pairs, not_solid_weight=self.options.not_solid_weight
        )
        curve: list[Point] = []
        rows: list[dict[str, Any]] = []
        spent: list[FineTuned] = []
        best_val = -1.0
        for stage in range(self.options.rounds + 1):
            before = best = adapter_weights(peft)
            rollouts = self.rollouts(peft, pairs, stage) if stage else ()
            improved: tuple[dict[str, Any], FineTuned] | None = None
            for kind in self._kinds(stage):
                examples = self.examples(kind, rollouts, texts)
                if not examples:
                    continue  # no answer was rejected, so there is nothing to prefer
                load_adapter(peft, before)
                found, rates = self.train(peft, examples, stage, kind)
                spent.append(found)
                now = self.measured(peft, rates)
                rows.append(stage_row(stage, kind, examples, found) | now)
                if self._better(stage, now.get("val"), best_val):
                    best_val, best, improved = (
                        now.get("val", best_val),
                        adapter_weights(peft),
                        (rows[-1], found),
                    )
            if improved is not None:
                improved[0]["kept"] = True
                curve += improved[1].curve
            load_adapter(peft, best)
        return FineTuningResult(curve, rows, totals(curve, spent))

    def _better(self, stage: int, val: float | None, best: float) -> bool:
        """Whether a stage is kept: the first always, a round where it measures better, or if asked to."""
        if val is None:
            return stage == 0 or self.options.keep_rounds
        return val > best or (stage > 0 and self.options.keep_rounds)

    def _kinds(self, stage: int) -> tuple[StageKind, ...]:
        if not stage:
            return ("pairs",)
        return ("best", "preference") if self.options.round_kind == "both" else (self.options.round_kind,)

    def train(
        self, peft: Any, examples: list[TrainingExample], stage: int, kind: StageKind
    ) -> tuple[FineTuned, Rates | None]:
        """Train one stage, or load it where it was finished before.

        Returns also the rates of the adapter that was kept, where it was validated by this process.
        """
        seen: dict[float, Rates] = {}
        settings = self._settings(stage, kind)
        training = Training(peft, self.base.tokenizer, examples, settings, self.work / f"{stage}-{kind}")
        training.resume()
        found = training.run(
            lambda p: self.callbacks.progress(self._share(stage, kind, p.done), words(p, stage)),
            self.callbacks.cancelled,
            None
            if not self.validation_set.groups
            else lambda model: self._validate(model, self._share(stage, kind, training.share_done()), seen),
        )
        if found.ended == "cancelled":
            raise CancelledError
        return found, None if found.best_score is None else seen.get(found.best_score)

    def rollouts(self, peft: Any, pairs: list[Pair], stage: int) -> tuple[self_training.Rollout, ...]:
        """Let the model answer training queries; the checks accept or reject its answers."""
        first = (stage - 1) * self.options.round_queries % len(pairs)
        batch = [*pairs[first:], *pairs[:first]][: self.options.round_queries]
        share = self._share(stage, self._kinds(stage)[0], 0.0)
        with merged(peft) as weights:
            rollouts = self_training.sample_own_answers(
                self.fitted,
                self.prompt,
                LocalModel(weights.eval(), self.base.tokenizer, self.base.folder),
                batch,
                seed=self.options.settings.seed + 1000 * stage,
                callbacks=replace(
                    self.callbacks,
                    progress=lambda done, message: self.callbacks.progress(
                        share, f"{message}, {100 * done:.0f} %"
                    ),
                ),
            )
        return rollouts

    def examples(
        self, kind: StageKind, rollouts: tuple[self_training.Rollout, ...], texts: list[TrainingExample]
    ) -> list[TrainingExample]:
        """The training examples of one stage: the pairs' ``texts``, or the rollouts."""
        prompt, tokenizer = self.prompt, self.base.tokenizer
        if kind == "pairs":
            return texts
        if kind == "preference":
            return self_training.preference_examples(prompt, tokenizer, rollouts)
        own = self_training.training_examples(
            prompt,
            tokenizer,
            [rollout.pair for rollout in rollouts if rollout.accepted],
            not_solid_weight=self.options.not_solid_weight,
        )
        beside = np.random.default_rng([self.options.settings.seed, len(texts)]).permutation(len(texts))
        return own + [texts[index] for index in beside[: len(own)]]

    def _settings(self, stage: int, kind: StageKind) -> Settings:
        settings, rounds = self.options.settings, self.options.rounds
        share = ROUND_SHARE / len(self._kinds(stage)) if stage else 1 - ROUND_SHARE * rounds
        rate = settings.learning_rate * (ROUND_RATE if stage else 1)
        return replace(
            settings,
            learning_rate=rate,
            preference=kind == "preference",
            minutes=settings.minutes and settings.minutes * share,
            tokens=settings.tokens and round(settings.tokens * share),
            max_steps=settings.max_steps and max(1, round(settings.max_steps * share)),
            validations=settings.validations if not stage else 2,
        )

    def _share(self, stage: int, kind: StageKind, done: float) -> float:
        first, kinds = 1 - ROUND_SHARE * self.options.rounds, self._kinds(stage)
        within = (kinds.index(kind) + done) / len(kinds)
        share = first * done if not stage else first + ROUND_SHARE * (stage - 1 + within)
        return 0.05 + 0.9 * share

    def measured(self, peft: Any, rates: Rates | None) -> dict[str, float]:
        """Raw rates on ``val`` after a stage, for a row of the card; empty without queries."""
        if not self.validation_set.groups:
            return {}
        if rates is None:
            with merged(peft) as weights:
                rates = self._rates(weights.eval())
        return {"val": validation.score(rates)} | {
            name: validation.over_queries(rates, name) for name in ("changed", "gower")
        }

    def _validate(self, model: Any, share: float, seen: dict[float, Rates]) -> dict[str, float] | None:
        self.callbacks.progress(share, "Measuring on validation queries")
        try:
            rates = self._rates(model)
        except CancelledError:
            return None
        means = validation.means(rates)
        seen[means["valid"]] = rates
        return means

    def _rates(self, model: Any) -> Rates:
        found = LocalModel(model, self.base.tokenizer, self.base.folder)
        return validation.measure(
            self.fitted, self.prompt, found, self.validation_set, cancelled=self.callbacks.cancelled
        )


def words(progress: TrainingProgress, stage: int = 0) -> str:
    """How far a training is, for people."""
    minutes = progress.seconds_left / 60
    return (
        f"{'Training' if not stage else f'Round {stage}'}: step {progress.step}, loss {progress.loss:.2f}, "
        f"{progress.tokens_per_second:.0f} tokens/s, about {minutes:.0f} min left"
    )


def stage_row(stage: int, kind: str, examples: list[TrainingExample], found: FineTuned) -> dict[str, Any]:
    """What a card says of one stage: what it read, and why it ended."""
    return {
        "round": stage,
        "kind": kind,
        "queries": len(examples),
        "answers": sum(len(example.answers) for example in examples),
        "tokens": found.tokens,
        "plain_tokens": found.plain_tokens,
        "ended": found.ended,
        "kept": False,
    }


def totals(curve: Sequence[Point], spent: Sequence[FineTuned]) -> dict[str, Any]:
    """Totals over everything that was trained, kept or not."""
    return {
        "steps": sum(found.steps for found in spent),
        "tokens": sum(found.tokens for found in spent),
        "plain_tokens": sum(found.plain_tokens for found in spent),
        "seconds": round(sum(found.seconds for found in spent)),
        "last_loss": curve[-1].loss if curve else None,
    }
