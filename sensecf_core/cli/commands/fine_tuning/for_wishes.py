"""``finetune --wishes``: an adapter that reads wishes, taught by generated sentences."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sensecf_core.language.training.config import Settings
    from sensecf_core.types import Callbacks

STEP_TOKENS = 1200
"""Tokens of a training step: about one lesson."""


def learn(
    model: tuple[str | None, str | None],
    settings: Settings,
    callbacks: Callbacks,
    *,
    start: str | None,
    resume: bool,
    publish: bool,
) -> tuple[dict[str, Any], Path]:
    """Train and return the card and the folder; ``model`` is the base's and the adapter's name.

    Raises ``KeyboardInterrupt`` when stopped, once the checkpoint is written.
    """
    from sensecf_core.counterfactuals.problem.budget import CancelledError
    from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name
    from sensecf_core.evaluation.learned_wishes import fine_tune_for_wishes
    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.models import adapters, default_model

    base, name = model
    held = placement_by_name(base)
    called = name or f"{(held.folder or default_model.default_folder()).name}-{adapters.WISHES}"
    adapters.check_name(called)
    out = adapters.folder_for_any(called, publish=publish, kind=adapters.WISHES)
    callbacks.progress(0.0, "Loading the language model")
    loaded = LocalModel.load(held.folder, held.precision, held.device)
    steps = replace(settings, batch_tokens=STEP_TOKENS, micro_tokens=STEP_TOKENS, validations=2, patience=2)
    try:
        card = fine_tune_for_wishes(
            loaded,
            steps,
            name=called,
            out=out,
            start=None if start is None else Path(start),
            resume=resume,
            callbacks=callbacks,
        )
    except CancelledError as cancelled:
        print("The same command with --resume goes on.", file=sys.stderr)
        raise KeyboardInterrupt from cancelled
    return card.model_dump(), out
