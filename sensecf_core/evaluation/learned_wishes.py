"""Fine-tune an adapter that reads wishes: on generated sentences, measured on a slice that is held back."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sensecf_core import provenance
from sensecf_core.counterfactuals.fine_tuning.stages import totals, words
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.evaluation import wish_scores
from sensecf_core.language.local.lora import load_adapter, merged, saved_weights
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.models.adapters import CARD, WISHES, Card
from sensecf_core.language.training import save_adapter, trainer
from sensecf_core.language.training.config import Settings
from sensecf_core.language.wishes import by_model
from sensecf_core.language.wishes.sentences import Sentence
from sensecf_core.language.wishes.training_sentences import lessons
from sensecf_core.language.wishes.training_sentences.generator import generate
from sensecf_core.language.wishes.wish import Understood
from sensecf_core.types import Callbacks

LESSONS = 600
"""Lessons at hand, about 730 thousand tokens; each is read at most once in a smaller budget."""
MEASURED, AT_THE_END = 96, 200
"""Sentences of ``val`` that each validation reads, and that the card's figures are of."""


def fine_tune_for_wishes(
    base: LocalModel,
    settings: Settings,
    *,
    name: str,
    out: Path,
    count: int = LESSONS,
    measured: tuple[int, int] = (MEASURED, AT_THE_END),
    start: Path | None = None,
    resume: bool = False,
    callbacks: Callbacks,
) -> Card:
    """Fine-tune ``base`` to read wishes, and write the adapter to ``out``.

    It learns from ``count`` lessons (:mod:`~sensecf_core.language.wishes.training_sentences.lessons`).
    Sentences of ``val`` decide which checkpoint is kept: ``measured`` says how many, and of how many the
    card's figures are. ``start`` is the folder of such an adapter, of the same base and rank, to go on from.
    Raises ``CancelledError`` when cancelled: the checkpoint stays, and ``resume`` continues from it.
    """
    began_at = provenance.commit()
    kept = replace(settings, minutes=None, tokens=None, max_steps=None)
    begun = None if start is None else Card.model_validate_json((start / CARD).read_bytes())
    begun_sha256 = "" if begun is None else begun.weights_sha256
    decisive = json.dumps([base.folder.name, kept.told(), count, begun_sha256], sort_keys=True)
    work = adapters.checkpoints(WISHES, name, hashlib.sha256(decisive.encode()).hexdigest())
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    callbacks.progress(0.0, "Making sentences")
    training = trainer.Training(
        base.model, base.tokenizer, lessons.examples(base.tokenizer, count, settings.seed), settings, work
    )
    if not training.resume() and start is not None:
        load_adapter(training.peft, saved_weights(start))
    asked = generate("val", max(measured), seed=settings.seed)

    def validate(model: Any) -> Mapping[str, float] | None:
        callbacks.progress(0.05 + 0.9 * training.share_done(), "Measuring on held-back sentences")
        found = _shares(LocalModel(model, base.tokenizer, base.folder), asked[: measured[0]], callbacks)
        return None if found is None else {"valid": found["exact"]["value"], "wrong": found["wrong"]["value"]}

    trained = training.run(
        lambda now: callbacks.progress(0.05 + 0.9 * now.done, words(now)), callbacks.cancelled, validate
    )
    if trained.ended == "cancelled":
        raise CancelledError
    with merged(training.peft) as weights:
        found = _shares(
            LocalModel(weights.eval(), base.tokenizer, base.folder), asked[: measured[1]], callbacks
        )
    if found is None:
        raise CancelledError
    card = {
        "name": name,
        "cohort": WISHES,
        "base": base.folder.name,
        "base_sha256": default_model.weights_sha256(base.folder),
        "schema_sha256": WISHES,
        "classifier_sha256": WISHES,
        "template_sha256": by_model.TEMPLATE_SHA256,
        "pairs_sha256": training.batches.digest,
        "pairs": {
            "lessons": training.trees_read(),
            "sentences": training.trees_read() * lessons.PER_LESSON,
            "part": "train",
        },
        "settings": settings.told() | {"source": WISHES, "lessons": count, "start_sha256": begun_sha256},
        "training": totals(trained.curve, [trained]) | {"ended": trained.ended},
        "rounds": [*(() if begun is None else (*begun.rounds, _stage(begun)))],
        "temperature": 1.0,
        "rates": [{"part": "val", "sentences": measured[1], **found}],
        "provenance": {
            "commit": began_at,
            "version": provenance.versions(),
            "machine": provenance.machine(),
            "command": provenance.command(),
        },
    }
    return save_adapter.save(training.peft, out, card, trained.curve)


def _stage(begun: Card) -> dict[str, Any]:
    """What the adapter that a training went on from was itself trained on."""
    return {
        "before": begun.name,
        "sentences": begun.pairs["sentences"],
        **{name: begun.training[name] for name in ("steps", "tokens", "seconds")},
        "learning_rate": begun.settings["learning_rate"],
        "commit": begun.provenance["commit"],
        "weights_sha256": begun.weights_sha256,
    }


def _shares(model: LocalModel, sentences: Sequence[Sentence], callbacks: Callbacks) -> dict[str, Any] | None:
    """The measures of :mod:`.wish_scores` on sentences that a model reads; None when cancelled."""
    read = read_together(partial(by_model.read_all, model), sentences, callbacks.cancelled)
    found = None if callbacks.cancelled() else wish_scores.measure(sentences, read, by_model.READER)
    return None if found is None else found["all"]


def read_together(
    read_all: Callable[..., list[Understood]],
    sentences: Sequence[Sentence],
    cancelled: Callable[[], bool] | None = None,
) -> list[Understood]:
    """Read sentences in batches of one schema each; the result is in the order of the sentences.

    ``read_all`` takes a schema, sentences about it, and ``cancelled``.
    """
    found: dict[int, Understood] = {}
    by_schema: dict[str, list[int]] = {}
    for place, sentence in enumerate(sentences):
        by_schema.setdefault(sentence.schema.name, []).append(place)
    for places in by_schema.values():
        places.sort(key=lambda place: len(sentences[place].text))  # answers of one length end together
        schema = sentences[places[0]].schema
        read = read_all(schema, [sentences[place].text for place in places], cancelled=cancelled)
        found |= dict(zip(places, read, strict=True))
    return [found[place] for place in range(len(sentences))]
