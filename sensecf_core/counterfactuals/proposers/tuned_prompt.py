"""How a fine-tuned model is asked and taught to answer: with or without being told what changes are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sensecf_core.cohorts.encoding import Codes
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
from sensecf_core.language.prompts.profile import PROFILE_SHA256, PercentileScale
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.queries.answer import Edits
from sensecf_core.queries.query import PromptHints, Query


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
        return profile.build(self.scale, query)

    def answers(self, query: Query, hints: PromptHints, edits: Sequence[Edits]) -> tuple[str, ...]:
        """Edits in percentiles, each change with what it brings, which the classifier is asked for."""
        space, scale = SearchSpace.of(self.fitted.schema, query), self.scale
        rows: list[Codes] = []
        for answer in edits:
            made: Edits = {}
            for name in sorted(answer, key=scale.order.index):
                made[name] = answer[name]
                rows.append(space.apply(made))
        if not rows:
            return ()
        away = self.fitted.classifier.margin_of_codes(np.array(rows)) - self.fitted.threshold_margin
        left = iter([profile.steps(float(part)) for part in (-away if query.desired else away)])
        return tuple(
            dict.fromkeys(scale.text(query, answer, [next(left) for _ in answer]) for answer in edits)
        )

    def proposer(
        self, model: Backend[Any], hints: PromptHints, *, grammar: bool = True, temperature: float = 1.0
    ) -> ProfileProposer:
        """The proposer that asks in percentiles."""
        return ProfileProposer(self.scale, model, grammar, temperature)


def tuned_prompt(fitted: FittedCohort, source: Source) -> TunedPrompt:
    """The prompt of an adapter whose card names ``source``."""
    return ProfilePrompt(fitted, scale_of(fitted)) if source == "profile" else GuidedPrompt(fitted.schema)


def scale_of(fitted: FittedCohort) -> PercentileScale:
    """The percentiles of a cohort's training rows, its features in the order of their mean |SHAP| there."""
    importance = np.abs(fitted.train_shap_values).mean(axis=0)
    names = fitted.schema.names
    order = tuple(names[position] for position in np.argsort(-importance, kind="stable"))
    return PercentileScale(
        fitted.schema, fitted.domain.sorted_columns, order, float(fitted.classifier.threshold)
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
    )
