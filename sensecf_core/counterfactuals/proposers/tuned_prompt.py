"""How a fine-tuned model is asked and taught to answer: with or without being told what changes are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sensecf_core.classifiers.shap_values import shap_values
from sensecf_core.cohorts.encoding import Codes, to_rows, to_value
from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposal import Proposer
from sensecf_core.counterfactuals.proposers.fine_tuned import FineTunedProposer
from sensecf_core.counterfactuals.proposers.profile import ProfileProposer
from sensecf_core.counterfactuals.search.effects import Source
from sensecf_core.language.backend import Backend
from sensecf_core.language.prompts import fine_tuned, profile
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.language.prompts.plain import Prompt, chat_text
from sensecf_core.language.prompts.profile import PROFILE_SHA256, USUAL, PercentileScale, Writing
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import PromptHints, Query

ESTIMATES = 10
"""Drawn changes of a query that the model learns to estimate."""
HARDLY_MATTERS = 0.015
"""Share of the classifier's importance that a prompt may leave out."""


class TunedPrompt(Protocol):
    """What a fine-tuned model reads and writes; ``sha256`` is its template's."""

    @property
    def sha256(self) -> str:
        """Hash of the template, which an adapter's card repeats."""
        ...

    def question(self, query: Query, hints: PromptHints) -> Prompt:
        """The prompt of a query."""
        ...

    def answers(self, query: Query, hints: PromptHints, edits: Sequence[Edits]) -> tuple[str, ...]:
        """Edits as the model is taught to write them, each text once."""
        ...

    def estimates(self, query: Query) -> tuple[tuple[str, str], ...]:
        """Beginnings of answers that nobody would choose, with what has to follow."""
        ...

    def proposer(
        self, model: Backend[Any], hints: PromptHints, *, grammar: bool = True, temperature: float = 1.0
    ) -> Proposer:
        """The proposer that asks ``model`` with this prompt."""
        ...


@dataclass(frozen=True)
class GuidedPrompt:
    """Tells what each of a few changes is worth (:mod:`sensecf_core.language.prompts.fine_tuned`)."""

    schema: Schema
    sha256: str = TUNED_SHA256

    def question(self, query: Query, hints: PromptHints) -> Prompt:
        """The prompt of a query."""
        return fine_tuned.build(self.schema, query, hints)

    def answers(self, query: Query, hints: PromptHints, edits: Sequence[Edits]) -> tuple[str, ...]:
        """Edits with their worth and sums."""
        return tuple(
            dict.fromkeys(fine_tuned.answer_text(self.schema, query, hints, answer) for answer in edits)
        )

    def estimates(self, query: Query) -> tuple[tuple[str, str], ...]:
        """None: what changes are worth is told."""
        return ()

    def proposer(
        self, model: Backend[Any], hints: PromptHints, *, grammar: bool = True, temperature: float = 1.0
    ) -> FineTunedProposer:
        """The proposer that tells ``hints``."""
        return FineTunedProposer(self.schema, model, hints, grammar, temperature)


@dataclass(frozen=True)
class ProfilePrompt:
    """Tells the person, and nothing of changes (:mod:`sensecf_core.language.prompts.profile`)."""

    fitted: FittedCohort
    scale: PercentileScale
    sha256: str = PROFILE_SHA256

    def question(self, query: Query, hints: PromptHints) -> Prompt:
        """The prompt of a query; ``hints`` are not told."""
        return profile.build(self.scale, query, self._pushes(query))

    def answers(self, query: Query, hints: PromptHints, edits: Sequence[Edits]) -> tuple[str, ...]:
        """Edits in percentiles, each change with what it brings, which the classifier is asked for.

        Those that change a feature which the prompt leaves out are left out.
        """
        told = [answer for answer in edits if answer.keys() <= set(self.scale.order)]
        return tuple(dict.fromkeys(self._written(query, told)))

    def _pushes(self, query: Query) -> dict[str, float] | None:
        """This row's SHAP values, where the prompt tells their signs."""
        if not self.scale.writing.signs:
            return None
        schema = self.fitted.schema
        row = to_rows(schema, SearchSpace.of(schema, query).factual[None])
        return dict(zip(schema.names, shap_values(self.fitted.classifier, row).values[0], strict=True))

    def _written(self, query: Query, edits: Sequence[Edits]) -> list[str]:
        space, scale = SearchSpace.of(self.fitted.schema, query), self.scale
        rows: list[Codes] = []
        for answer in edits:
            made: Edits = {}
            for name in sorted(answer, key=scale.order.index):
                made[name] = answer[name]
                rows.append(space.apply(made))
        if not rows:
            return []
        away = self.fitted.classifier.margin_of_codes(np.array(rows)) - self.fitted.threshold_margin
        left = iter([profile.steps(float(part)) for part in (-away if query.desired else away)])
        return [scale.text(query, answer, [next(left) for _ in answer]) for answer in edits]

    def estimates(self, query: Query) -> tuple[tuple[str, str], ...]:
        """What drawn changes bring: of one feature, or of a second one after the first."""
        if not (self.scale.writing.estimates and self.scale.writing.counts_down):
            return ()
        rng = np.random.default_rng(query.own_seed(0))
        movable = self.scale.thinned(query).movable
        drawn: list[Edits] = []
        for number in range(ESTIMATES if movable else 0):
            chosen = rng.permutation(len(movable))[: 1 + number % 2]
            drawn.append(
                {
                    (item := movable[index]).feature: to_value(
                        self.fitted.schema.feature(item.feature), float(rng.choice(item.values))
                    )
                    for index in chosen
                }
            )
        texts = self._written(query, drawn)
        return tuple((text[: (at := _last_change(text))], text[at:]) for text in dict.fromkeys(texts))

    def proposer(
        self, model: Backend[Any], hints: PromptHints, *, grammar: bool = True, temperature: float = 1.0
    ) -> ProfileProposer:
        """The proposer that asks in percentiles."""
        return ProfileProposer(
            self.scale, lambda query: self.question(query, hints), model, grammar, temperature
        )


def _last_change(text: str) -> int:
    """Where the last change of an answer says what it brings, ``-12=11``."""
    return max(text.rfind("-", 0, text.rfind("=")), text.rfind("+", 0, text.rfind("=")))


def tuned_prompt(fitted: FittedCohort, source: Source, writing: Writing = USUAL) -> TunedPrompt:
    """The prompt of an adapter whose card names ``source``; ``writing`` is that of ``profile``."""
    if source == "profile":
        return ProfilePrompt(fitted, scale_of(fitted, writing))
    return GuidedPrompt(fitted.schema)


def scale_of(fitted: FittedCohort, writing: Writing = USUAL) -> PercentileScale:
    """The percentiles of a cohort's training rows, and its features in the order of their mean |SHAP| there.

    Features that together make up less than :data:`HARDLY_MATTERS` of it are left out.
    """
    importance = np.abs(fitted.train_shap_values).mean(axis=0)
    ranked = np.argsort(-importance, kind="stable")
    before = np.cumsum(importance[ranked]) - importance[ranked]
    told = ranked[before <= (1 - HARDLY_MATTERS) * importance.sum()]
    ordered = told if writing.by_importance else np.sort(told)
    order = tuple(fitted.schema.names[position] for position in ordered)
    return PercentileScale(
        fitted.schema, fitted.domain.sorted_columns, order, float(fitted.classifier.threshold), writing
    )


def training_example(
    prompt: TunedPrompt,
    tokenizer: Any,
    query: Query,
    hints: PromptHints,
    *,
    answers: Sequence[Edits],
    rejected: Sequence[Edits] = (),
) -> TrainingExample:
    """A query as a rendered prompt with its answers."""
    return TrainingExample(
        chat_text(tokenizer, prompt.question(query, hints)),
        prompt.answers(query, hints, answers),
        prompt.answers(query, hints, rejected),
        () if rejected else prompt.estimates(query),
    )
