"""``finetune --from-decisions``: an adapter that learns what people kept and rejected."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensecf_core.errors import InputError
from sensecf_core.types import Callbacks

if TYPE_CHECKING:
    from sensecf_core.cohorts.cohort import Cohort
    from sensecf_core.language.models.adapters import Adapter
    from sensecf_core.language.training.config import Settings


@dataclass(frozen=True)
class Asked:
    """What was asked of ``finetune`` beside ``--from-decisions``; None: not given."""

    base: str | None
    name: str | None
    start: str | None
    settings: Settings
    validation: int


def refuse_others(others: Sequence[str]) -> None:
    """Raise ``InputError`` for options that say what a whole training learns from, or where it is kept."""
    if "--publish" in others:
        raise InputError("What is learned from decisions is about people here and stays in var/.")
    if others:
        raise InputError(f"--from-decisions goes on from an adapter as it is; leave out {', '.join(others)}.")


def learn(cohort: str, asked: Asked, callbacks: Callbacks) -> tuple[dict[str, Any], Path]:
    """Teach the adapter that answers (or ``asked.start``) the decisions about a cohort; its card and folder.

    Raises ``InputError`` where there is too little to learn from, before any model is loaded.
    """
    from sensecf_core.counterfactuals.fine_tuning.pairs.decided import hold_out, judged_queries
    from sensecf_core.counterfactuals.problem.budget import CancelledError
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.proposers.resolve_model import placement_by_name
    from sensecf_core.datasets import registry
    from sensecf_core.evaluation.learned_decisions import HELD_OUT, Decisions, learn as teach
    from sensecf_core.language.local.model import LocalModel
    from sensecf_core.language.models import adapters, default_model
    from sensecf_core.records.decided_options import check_enough, decided_options

    loaded = registry.load(cohort)
    found = decided_options(loaded)
    check_enough(cohort, found)
    held = placement_by_name(asked.base)
    base_sha256 = None if held.folder is None else default_model.weights_sha256(held.folder)
    start = _start(loaded, asked.start, base_sha256)
    name = asked.name or f"{start.card.name}-decisions"
    adapters.check_name(name)
    out = adapters.own_folder(loaded, name)
    if out == start.folder:
        raise InputError(f"{name} is the adapter to go on from; give the new one another --name.")
    fitted = load_fitted(cohort)
    judged = judged_queries(fitted, found.options, start.card.settings.get("source", "shap"))
    taught, held_out = hold_out(judged, HELD_OUT, asked.settings.seed)
    if found.left_out:
        print(found.left_out_in_words, file=sys.stderr)
    about = {"decisions": found.decisions, "kinds": dict(found.used), "left_out": dict(found.left_out)}
    callbacks.progress(0.0, "Loading the language model")
    model = LocalModel.load(held.folder, held.precision, held.device)
    try:
        card = teach(
            fitted,
            model,
            start,
            Decisions(taught, held_out, about),
            asked.settings,
            name=name,
            out=out,
            validation_queries=asked.validation,
            callbacks=callbacks,
        )
    except CancelledError as cancelled:
        raise KeyboardInterrupt from cancelled
    return card.model_dump(), out


def _start(cohort: Cohort, folder: str | None, base_sha256: str | None) -> Adapter:
    """The adapter to go on from; none that learned from decisions: held-out people have to be new to it."""
    from sensecf_core.language.models import adapter_choice, adapters, default_model

    known = (*adapters.adapters(cohort), *adapters.for_every_cohort())
    if folder is None:
        start = adapter_choice.require(cohort, base_sha256)
        while start.card.decisions:
            sha256 = start.card.settings["start_sha256"]
            before = next((one for one in known if one.card.weights_sha256 == sha256), None)
            if before is None:
                raise InputError(
                    f"The adapter {start.card.name} learned from decisions already, and the one that it went "
                    "on from is not here any more; name another by --start."
                )
            start = before
        return start
    named = [one for one in known if one.folder.resolve() == Path(folder).resolve()]
    if not named:
        raise InputError(f"--start must be an adapter's folder of {cohort.schema.name}; {folder} is none.")
    (start,) = named
    if start.card.decisions:
        raise InputError(
            f"The adapter {start.card.name} learned from decisions already, so nothing could be measured on "
            "people who are new to it; start from the one that it went on from."
        )
    unfit = adapters.unfit(start.card, cohort, base_sha256 or default_model.status().sha256)
    if unfit is not None:
        raise InputError(unfit)
    return start


def in_words(decisions: Mapping[str, Any]) -> str:
    """What the decisions brought, in short sentences; the last says if the model got worse at its task."""
    from sensecf_core.language.models.adapters import taught_by

    high = decisions["valid"]["difference"]["high"]
    worse = high is not None and high < 0
    questions, pairs = decisions["questions"]["held_out"], decisions["pairs"]["held_out"]
    return (
        f"{taught_by(decisions)}. Share of a question's pairs in which the kept option is the likelier one, "
        f"mean of {questions} held-out {'question' if questions == 1 else 'questions'} ({pairs} "
        f"{'pair' if pairs == 1 else 'pairs'}): {_change(decisions['preferred'])}. Share of valid raw "
        f"candidates of a query, mean on val: {_change(decisions['valid'])}."
        + (" It is worse at reaching the desired class than the one before." if worse else "")
    )


def _change(found: Mapping[str, Any]) -> str:
    """``62%, before 48% (+14 points, 95 % interval -3 to +30)``."""
    before, after, difference = (found[name] for name in ("before", "after", "difference"))
    if after["value"] is None:
        return "could not be measured"
    if difference["low"] is None:
        between = "too few people for an interval"
    else:
        between = f"95 % interval {100 * difference['low']:+.0f} to {100 * difference['high']:+.0f}"
    return (
        f"{after['value']:.0%}, before {before['value']:.0%} "
        f"({100 * difference['value']:+.0f} points, {between})"
    )
