"""``finetune --any-cohort``: one adapter for every cohort, taught by invented schemas."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensecf_core.errors import InputError

if TYPE_CHECKING:
    from sensecf_core.language.training.config import Settings
    from sensecf_core.types import Callbacks


def refuse_others(by: str, given: Mapping[str, bool]) -> None:
    """Raise ``InputError`` for options that need a cohort's own rows; ``by`` is what goes without them."""
    if refused := [option for option, is_given in given.items() if is_given]:
        raise InputError(f"{by} goes without {' and '.join(refused)}: its lessons are invented.")


def learn(
    model: tuple[str | None, str | None],
    settings: Settings,
    callbacks: Callbacks,
    *,
    resume: bool,
    publish: bool,
) -> tuple[dict[str, Any], Path]:
    """Train and return the card and the folder; ``model`` is the base's and the adapter's name.

    Raises ``KeyboardInterrupt`` when stopped, once the checkpoint is written.
    """
    from sensecf_core.cohorts import builtin
    from sensecf_core.counterfactuals.fine_tuning.any_cohort import fine_tune_for_any
    from sensecf_core.counterfactuals.problem.budget import CancelledError
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name
    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.models import adapters, default_model

    base, name = model
    held = placement_by_name(base)
    called = name or f"{(held.folder or default_model.default_folder()).name}-{adapters.ANY}"
    adapters.check_name(called)
    out = adapters.folder_for_any(called, publish=publish)
    callbacks.progress(0.0, "Loading the language model")
    loaded = LocalModel.load(held.folder, held.precision, held.device)
    try:
        card = fine_tune_for_any(
            [load_fitted(cohort) for cohort in builtin.NAMES],
            loaded,
            settings,
            name=called,
            out=out,
            resume=resume,
            callbacks=callbacks,
        )
    except CancelledError as cancelled:
        print("The same command with --resume goes on.", file=sys.stderr)
        raise KeyboardInterrupt from cancelled
    return card.model_dump(), out
