"""What `make gpu-check` does with a language model, step by step; each step returns its numbers."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.evaluation.sampling import sample_rows
from sensecf_core.language.local import model as local_model
from sensecf_core.language.local.loading import (
    Precision,
    for_training,
    is_large,
    parameters_of,
    precision_of,
)
from sensecf_core.language.local.lora import for_answers
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import hardware, registry
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.paths import var
from sensecf_core.queries.request import ExplainRequest

PROMPT_TOKENS = 512
NEW_TOKENS = 32
BATCH = 16


@dataclass(frozen=True)
class Options:
    """What is measured; the defaults are the full check."""

    model: str
    cohort: str
    people: int
    steps: int
    candidates: int
    precision: Precision
    device: str | None
    seed: int
    out: Path | None


@dataclass
class Session:
    """State of the check: what later steps need from earlier ones; ``folder`` has the weights of ``spec``."""

    options: Options
    spec: ModelSpec
    folder: Path
    fitted: FittedCohort
    model: LocalModel | None = None

    @property
    def loaded(self) -> LocalModel:
        """The model, which the first step loads."""
        if self.model is None:
            raise NotReadyError("the model was not loaded")
        return self.model


def find(name: str) -> tuple[ModelSpec, Path]:
    """Find a model and its weights; raises ``InputError`` and ``NotReadyError`` with what to do."""
    spec = registry.spec(name)
    if spec.is_remote:
        raise InputError(f"{spec.name} runs on a server; this checks models that run in this program.")
    return spec, registry.require_folder(spec)


def load(session: Session) -> dict[str, Any]:
    """Load the weights at the requested precision, or the best that fits this machine."""
    options, spec, fit = session.options, session.spec, hardware.fits(session.spec)
    precision: Precision = options.precision
    if precision == "auto" and fit.precision is not None:
        precision = fit.precision
    device = options.device or (fit.device if fit.device != "server" else None)
    started = time.perf_counter()
    session.model = LocalModel.load(session.folder, precision, device)
    seconds = time.perf_counter() - started
    model = session.model.model
    return {
        "seconds": seconds,
        "name": spec.name,
        "source": spec.source,
        "licence": spec.licence,
        "architecture": type(model).__name__,
        "parameters": parameters_of(model),
        "precision": precision_of(model),
        "computes_in": str(model.dtype).removeprefix("torch."),
        "weights_gb": model.get_memory_footprint() / 1e9,
        "device": str(model.device),
        "registry_says": asdict(fit),
    }


def generate(session: Session) -> dict[str, Any]:
    """Measure the speed of prefill, and of decoding one answer and a batch."""
    model = session.loaded
    unit = model.prompt_tokens("bmi=31.2; sugar=60; ")
    text = "bmi=31.2; sugar=60; " * (PROMPT_TOKENS // len(unit))
    # The grammar makes all answers equally long, and forces token-by-token decoding.
    grammar = f"start: /[a-z]{{{8 * NEW_TOKENS}}}/"
    model.decode(text, n=1, grammar=grammar, max_new_tokens=2)
    speeds: dict[str, Any] = {}
    for rows in (1, BATCH):
        samples = model.decode(
            text, n=rows, grammar=grammar, max_new_tokens=NEW_TOKENS, seed=session.options.seed
        )
        speeds["prompt_tokens"] = samples.prompt_tokens
        speeds["prefill_tokens_per_second"] = samples.prompt_tokens / samples.prefill_seconds
        speeds[f"decode_tokens_per_second_{rows}"] = sum(samples.tokens) / samples.decode_seconds
    return speeds


def answer_people(session: Session) -> dict[str, Any]:
    """Answer for people of the test part, as the app does, and count what passed which check."""
    from sensecf_core.counterfactuals.explain import answer

    options, fitted = session.options, session.fitted
    aim = fitted.schema.task.desired
    keys = sample_rows(
        fitted.cohort, fitted.classifier, predicted=1 - aim, n=options.people, seed=options.seed
    )
    answers = []
    with use_model(session.loaded):
        for number, (person, row) in enumerate(keys):
            say(f"  person {number + 1} of {len(keys)}")
            request = ExplainRequest(
                search_first=False,
                cohort=options.cohort,
                participant_id=person,
                row_id=row,
                method="lm-zero-shot",
                candidates=options.candidates,
                seed=options.seed,
                max_seconds=600,
            )
            answers.append(answer(fitted, request))
    proposed = sum(result.trace.proposed for result in answers)
    steps = ("readable", "within_limits", "valid", "plausible")
    return {
        "method": "lm-zero-shot",
        "participants": len(answers),
        "status": dict(Counter(result.status for result in answers)),
        "candidates": proposed,
        **{step: sum(getattr(result.trace, step) for result in answers) for step in steps},
        "seconds_an_answer_median": statistics.median(result.seconds.total for result in answers),
        "seconds_an_answer_most": max(result.seconds.total for result in answers),
        "answered_by": dict(answers[0].provenance.items()) if answers else {},
    }


@contextmanager
def use_model(model: LocalModel) -> Iterator[None]:
    """Make the pipeline use this model, at its precision, instead of loading another."""
    original = local_model.shared_model
    local_model.shared_model = lambda *_, **__: model
    try:
        yield
    finally:
        local_model.shared_model = original


def fine_tune(session: Session) -> dict[str, Any]:
    """Train a LoRA adapter for some steps on pairs of the cohort, answer with it, and discard it."""
    from sensecf_core.counterfactuals.fine_tuning import self_training, validation
    from sensecf_core.counterfactuals.fine_tuning.pairs import pair_search as pairs
    from sensecf_core.counterfactuals.proposers.tuned_prompt import GuidedPrompt
    from sensecf_core.language.training.config import Settings
    from sensecf_core.language.training.trainer import Training, adapter_for

    options, model, fitted = session.options, session.loaded, session.fitted
    large = is_large(model.model)
    if large:
        for_training(model.model)
    training_pairs = pairs.build(fitted, seed=options.seed, variants=0, most_rows=max(8, 4 * options.steps))
    prompt = GuidedPrompt(fitted.schema)
    examples = self_training.training_examples(prompt, model.tokenizer, training_pairs)
    settings = Settings(max_steps=options.steps, seed=options.seed)
    peft = adapter_for(model.model, settings)
    losses: list[float] = []
    folder = var("gpu-check", "work")
    try:
        training = Training(peft, model.tokenizer, examples, settings, folder)
        result = training.run(lambda now: losses.append(now.loss))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tuned = LocalModel(for_answers(peft), model.tokenizer, model.folder)
    validation_pairs = [pair for pair in training_pairs if pair.answers][:1]
    (rates,) = validation.measure(
        fitted, prompt, tuned, validation.ValidationSet({("", 0): tuple(validation_pairs)}), candidates=4
    ).values()
    return {
        "lessons": len(examples),
        "rank": settings.rank,
        "activations_recomputed": large,
        "steps": result.steps,
        "tokens": result.tokens,
        "seconds": result.seconds,
        "tokens_per_second": result.tokens / result.seconds,
        "loss_first": losses[0],
        "loss_last": losses[-1],
        "answers_readable_afterwards": rates.readable,
        "adapter_merged": precision_of(model.model) != "nf4",
    }


STEPS: dict[str, Callable[[Session], dict[str, Any]]] = {
    "load": load,
    "generate": generate,
    "judge": answer_people,
    "fine_tune": fine_tune,
}


def say(words: str) -> None:
    """Report progress on stderr; numbers go to stdout."""
    print(words, file=sys.stderr, flush=True)
