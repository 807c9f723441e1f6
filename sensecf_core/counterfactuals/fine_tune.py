"""Fine-tune a language model for a cohort: pairs, training, rounds with the checker as teacher, the card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sensecf_core import provenance
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.counterfactuals import pair_files, teaching
from sensecf_core.counterfactuals.checker import CancelledError, Checker
from sensecf_core.counterfactuals.levers import Source
from sensecf_core.counterfactuals.pairs import Pair, draw
from sensecf_core.language import adapter_files, fine_tuning
from sensecf_core.language.adapters import Card, weights_sha256
from sensecf_core.language.answer_trees import Lesson
from sensecf_core.language.fine_tuning import Point, Settings, Training
from sensecf_core.language.loading import for_training
from sensecf_core.language.local_model import LocalModel
from sensecf_core.language.lora import adapter_weights, load_adapter, merged, saved_weights
from sensecf_core.language.tuned_prompt import TUNED_SHA256

LARGE = 1_000_000_000
"""Parameters from which activations are recomputed rather than kept."""
ROUND_SHARE = 0.2
"""Share of the budget that one round trains for."""
ROUND_RATE = 0.4
"""Learning rate of a round, as a share of the first stage's."""

RoundKind = Literal["best", "preference", "both"]
StageKind = Literal["pairs", "best", "preference"]
Tell = Callable[[float, str], None]


class NothingToLearnError(ValueError):
    """No training query has an answer."""


@dataclass(frozen=True)
class Options:
    """What ``finetune`` can be told, beside the training's own settings.

    ``rounds`` is how many times the model answers ``round_queries`` training queries itself and learns from
    what the checker says: ``best`` trains on its accepted answers and as many pairs, ``preference`` on
    accepted against rejected ones, ``both`` tries the two from the same weights on half the budget each.
    ``start`` is the folder of an adapter to go on from, of the same base and rank. ``keep_rounds`` keeps a
    round even where it measures no better: to learn what a round is worth.
    """

    settings: Settings
    rounds: int = 0
    round_kind: RoundKind = "best"
    round_queries: int = 300
    variants: int = 1
    most_rows: int | None = None
    most_pairs: int | None = None
    source: Source = "shap"
    validation_queries: int = teaching.PER_GROUP
    start: str | None = None
    keep_rounds: bool = False


def fine_tune(
    checker: Checker,
    base: LocalModel,
    options: Options,
    *,
    name: str,
    work: Path,
    out: Path,
    resume: bool = False,
    tell: Tell = lambda done, words: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Card:
    """Fine-tune ``base`` and write the adapter to ``out``; ``work`` holds checkpoints meanwhile.

    Of the kinds of a round the one that measures best on ``val`` is kept, and none that is no better than
    what was before.

    Raises ``CancelledError`` when cancelled: the checkpoint stays, and ``resume`` goes on from it. Raises
    :class:`NothingToLearnError` if no training query has an answer.
    """
    began_at = provenance.commit()
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder, pairs = pair_files.made(
        checker,
        seed=options.settings.seed,
        variants=options.variants,
        most_rows=options.most_rows,
        source=options.source,
        progress=lambda done, words: tell(0.05 * done, words),
    )
    answered = draw([pair for pair in pairs if pair.answers], options.most_pairs, options.settings.seed)
    if not answered:
        raise NothingToLearnError("no training query has an answer within the limits")
    cases = teaching.Cases.of(checker, "val", options.validation_queries, options.source)
    course = _Course(checker, base, options, work, cases, tell, cancelled)
    if base.model.num_parameters() >= LARGE:
        for_training(base.model)
    peft = fine_tuning.adapter_for(base.model, options.settings)
    if options.start is not None:
        load_adapter(peft, saved_weights(Path(options.start)))
    taken = course.take(peft, answered)
    tell(0.96, "Choosing the temperature on validation queries")
    with merged(peft) as weights:
        model = LocalModel(weights.eval(), base.tokenizer, base.folder)
        temperature, rates = teaching.choose_temperature(checker, model, cases, cancelled)
    card = _card(checker, base, options, name, folder) | {
        "temperature": temperature,
        "rates": rates,
        "rounds": taken.rounds,
        "training": taken.training,
    }
    card["provenance"]["commit"] = began_at
    if cancelled():
        raise CancelledError
    return adapter_files.save(peft, out, card, taken.curve)


@dataclass(frozen=True)
class Taken:
    """What a course came to: the curve of the stages that were kept, and rows and totals for the card."""

    curve: list[Point]
    rounds: list[dict[str, Any]]
    training: dict[str, Any]


@dataclass(frozen=True)
class _Course:
    """What every stage of one fine-tuning shares."""

    checker: Checker
    base: LocalModel
    options: Options
    work: Path
    cases: teaching.Cases
    tell: Tell
    cancelled: Callable[[], bool]

    def take(self, peft: Any, pairs: list[Pair]) -> Taken:
        """Train on the pairs, then round by round; leaves the best adapter in ``peft``."""
        texts = teaching.lessons(self.checker.schema, self.base.tokenizer, pairs)
        curve: list[Point] = []
        rows: list[dict[str, Any]] = []
        spent: list[fine_tuning.FineTuned] = []
        best_val = -1.0
        for stage in range(self.options.rounds + 1):
            before = best = adapter_weights(peft)
            tried = self.tried(peft, pairs, stage) if stage else ()
            kept: tuple[dict[str, Any], fine_tuning.FineTuned] | None = None
            for kind in self._kinds(stage):
                lessons = self.lessons(kind, tried, texts)
                if not lessons:
                    continue  # no answer of the model was wrong: there is nothing to prefer
                load_adapter(peft, before)
                found = self.train(peft, lessons, stage, kind)
                spent.append(found)
                now = self.measured(peft)
                rows.append(_row(stage, kind, lessons, found) | now)
                if self._better(stage, now.get("val"), best_val):
                    best_val, best, kept = now.get("val", best_val), adapter_weights(peft), (rows[-1], found)
            if kept is not None:
                kept[0]["kept"] = True
                curve += kept[1].curve
            load_adapter(peft, best)
        return Taken(curve, rows, _training(curve, spent))

    def _better(self, stage: int, val: float | None, best: float) -> bool:
        """Whether a stage is kept: the first always, a round where it measures better (or always)."""
        if val is None:
            return stage == 0 or self.options.keep_rounds
        return val > best or (stage > 0 and self.options.keep_rounds)

    def _kinds(self, stage: int) -> tuple[StageKind, ...]:
        if not stage:
            return ("pairs",)
        return ("best", "preference") if self.options.round_kind == "both" else (self.options.round_kind,)

    def train(self, peft: Any, lessons: list[Lesson], stage: int, kind: StageKind) -> fine_tuning.FineTuned:
        """Train one stage; one that was finished before is only loaded."""
        settings = self._settings(stage, kind)
        training = Training(peft, self.base.tokenizer, lessons, settings, self.work / f"{stage}-{kind}")
        training.resume()
        found = training.run(
            lambda p: self.tell(self._share(stage, kind, p.done), _words(p, stage)),
            self.cancelled,
            None
            if not self.cases.groups
            else lambda model: self._validate(model, self._share(stage, kind, training.share_done())),
        )
        if found.ended == "cancelled":
            raise CancelledError
        return found

    def tried(self, peft: Any, pairs: list[Pair], stage: int) -> tuple[teaching.Tried, ...]:
        """Let the model answer training queries, and the checker judge its answers."""
        first = (stage - 1) * self.options.round_queries % len(pairs)
        some = [*pairs[first:], *pairs[:first]][: self.options.round_queries]
        share = self._share(stage, self._kinds(stage)[0], 0.0)
        with merged(peft) as weights:
            tried = teaching.own_answers(
                self.checker,
                LocalModel(weights.eval(), self.base.tokenizer, self.base.folder),
                some,
                seed=self.options.settings.seed + 1000 * stage,
                progress=lambda done, words: self.tell(share, f"{words}, {100 * done:.0f} %"),
                cancelled=self.cancelled,
            )
        if self.cancelled():
            raise CancelledError
        return tried

    def lessons(
        self, kind: StageKind, tried: tuple[teaching.Tried, ...], texts: list[Lesson]
    ) -> list[Lesson]:
        """What one stage teaches: the pairs' ``texts``, or what was tried."""
        schema, tokenizer = self.checker.schema, self.base.tokenizer
        if kind == "pairs":
            return texts
        if kind == "preference":
            return teaching.preferences(schema, tokenizer, tried)
        own = teaching.lessons(schema, tokenizer, [one.pair for one in tried if one.accepted])
        return own + texts[: len(own)]

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
            plain_tokens=settings.plain_tokens and round(settings.plain_tokens * share),
            max_steps=settings.max_steps and max(1, round(settings.max_steps * share)),
            validations=settings.validations if not stage else 2,
        )

    def _share(self, stage: int, kind: StageKind, done: float) -> float:
        first, kinds = 1 - ROUND_SHARE * self.options.rounds, self._kinds(stage)
        within = (kinds.index(kind) + done) / len(kinds)
        share = first * done if not stage else first + ROUND_SHARE * (stage - 1 + within)
        return 0.05 + 0.9 * share

    def measured(self, peft: Any) -> dict[str, float]:
        """Raw rates on ``val`` after a stage, for a row of the card; nothing where there is no query."""
        if not self.cases.groups:
            return {}
        with merged(peft) as weights:
            model = LocalModel(weights.eval(), self.base.tokenizer, self.base.folder)
            rates = teaching.measure(self.checker, model, self.cases, cancelled=self.cancelled)
        if self.cancelled():
            raise CancelledError
        counts = [found.queries for found in rates.values()]
        return {"val": teaching.score(rates)} | {
            name: float(np.average([getattr(found, name) for found in rates.values()], weights=counts))
            for name in ("changed", "gower")
        }

    def _validate(self, model: Any, share: float) -> float | None:
        self.tell(share, "Measuring on validation queries")
        found = LocalModel(model, self.base.tokenizer, self.base.folder)
        rates = teaching.measure(self.checker, found, self.cases, cancelled=self.cancelled)
        return None if self.cancelled() else teaching.score(rates)


def _words(progress: fine_tuning.Progress, stage: int) -> str:
    minutes = progress.seconds_left / 60
    return (
        f"{'Training' if not stage else f'Round {stage}'}: step {progress.step}, loss {progress.loss:.2f}, "
        f"{progress.tokens_per_second:.0f} tokens/s, about {minutes:.0f} min left"
    )


def _row(stage: int, kind: StageKind, lessons: list[Lesson], found: fine_tuning.FineTuned) -> dict[str, Any]:
    return {
        "round": stage,
        "kind": kind,
        "queries": len(lessons),
        "answers": sum(len(lesson.answers) for lesson in lessons),
        "plain_tokens": found.plain_tokens,
        "ended": found.ended,
        "kept": False,
    }


def _training(curve: list[Point], spent: list[fine_tuning.FineTuned]) -> dict[str, Any]:
    """Totals over everything that was trained, kept or not."""
    return {
        "steps": sum(found.steps for found in spent),
        "tokens": sum(found.tokens for found in spent),
        "plain_tokens": sum(found.plain_tokens for found in spent),
        "seconds": round(sum(found.seconds for found in spent)),
        "last_loss": curve[-1].loss if curve else None,
    }


def _card(checker: Checker, base: LocalModel, options: Options, name: str, pairs: Path) -> dict[str, Any]:
    from sensecf_core.language import weights

    return {
        "name": name,
        "cohort": checker.schema.name,
        "base": base.folder.name,
        "base_sha256": weights.weights_sha256(base.folder),
        "schema_sha256": checker.schema.sha256,
        "classifier_sha256": checker.classifier.sha256,
        "template_sha256": TUNED_SHA256,
        "pairs_sha256": file_sha256(pairs / pair_files.PAIRS),
        "pairs": {k: v for k, v in pair_files.read_card(pairs).items() if k not in ("origin", "provenance")},
        "settings": {k: v for k, v in (asdict(options) | asdict(options.settings)).items() if k != "settings"}
        | ({"start_sha256": weights_sha256(Path(options.start))} if options.start else {}),
        "provenance": {
            "commit": provenance.commit(),
            "version": provenance.versions(),
            "machine": provenance.machine(),
        },
    }
