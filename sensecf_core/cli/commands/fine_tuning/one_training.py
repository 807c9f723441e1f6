"""One training: its base model, where its adapter goes, how it ends; and those by invented lessons."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensecf_core.errors import InputError

if TYPE_CHECKING:
    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.models.adapters import Card
    from sensecf_core.language.training.config import Settings
    from sensecf_core.types import Callbacks

WISHES_STEP_TOKENS = 1200
"""Tokens of a training step of --wishes: about one lesson."""
Named = tuple[str | None, str | None]
"""The names of the base model and of the adapter, as they were given."""


def refuse_others(by: str, refused: Sequence[str]) -> None:
    """Raise ``InputError`` for options that need a cohort's own rows; ``by`` is what goes without them."""
    if refused:
        raise InputError(f"{by} goes without {' and '.join(refused)}: its lessons are invented.")


def train(
    named: Named,
    folder_of: Callable[[str], Path],
    callbacks: Callbacks,
    teach: Callable[[LocalModel, str, Path], Card],
    *,
    of: str | None = None,
) -> tuple[dict[str, Any], Path]:
    """Load the base model, ``teach`` it, and return the card and the adapter's folder.

    Without a name the adapter is called as the base model, ``of`` added. Raises ``KeyboardInterrupt`` when
    stopped, once the checkpoint is written.
    """
    from sensecf_core.counterfactuals.problem.budget import CancelledError
    from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name
    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.models import adapters, default_model

    base, name = named
    held = placement_by_name(base)
    own_name = (held.folder or default_model.default_folder()).name
    called = name or (own_name if of is None else f"{own_name}-{of}")
    adapters.check_name(called)
    out = folder_of(called)
    callbacks.progress(0.0, "Loading the language model")
    model = LocalModel.load(held.folder, held.precision, held.device)
    try:
        card = teach(model, called, out)
    except CancelledError as cancelled:
        print("The same command with --resume goes on.", file=sys.stderr)
        raise KeyboardInterrupt from cancelled
    return card.model_dump(), out


def for_any_cohort(
    named: Named, settings: Settings, callbacks: Callbacks, *, resume: bool, publish: bool
) -> tuple[dict[str, Any], Path]:
    """One adapter for every cohort, taught by invented schemas; as :func:`train`."""
    from sensecf_core.cohorts import builtin
    from sensecf_core.counterfactuals.fine_tuning.any_cohort import fine_tune_for_any
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.language.models import adapters

    def teach(model: LocalModel, called: str, out: Path) -> Card:
        measured = [load_fitted(cohort) for cohort in builtin.NAMES]
        return fine_tune_for_any(
            measured, model, settings, name=called, out=out, resume=resume, callbacks=callbacks
        )

    return train(named, partial(adapters.folder_for_any, publish=publish), callbacks, teach, of=adapters.ANY)


def for_wishes(
    named: Named,
    settings: Settings,
    callbacks: Callbacks,
    *,
    start: str | None,
    resume: bool,
    publish: bool,
) -> tuple[dict[str, Any], Path]:
    """An adapter that reads wishes, taught by generated sentences; as :func:`train`."""
    from sensecf_core.evaluation.learned_wishes import fine_tune_for_wishes
    from sensecf_core.language.models import adapters

    steps = replace(settings, batch_tokens=WISHES_STEP_TOKENS, micro_tokens=WISHES_STEP_TOKENS)
    steps = replace(steps, validations=2, patience=2)

    def teach(model: LocalModel, called: str, out: Path) -> Card:
        return fine_tune_for_wishes(
            model,
            steps,
            name=called,
            out=out,
            start=None if start is None else Path(start),
            resume=resume,
            callbacks=callbacks,
        )

    folder_of = partial(adapters.folder_for_any, publish=publish, kind=adapters.WISHES)
    return train(named, folder_of, callbacks, teach, of=adapters.WISHES)
