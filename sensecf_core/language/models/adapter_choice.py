"""Which adapter answers for a cohort: the one that was chosen, else the first that fits, or why none does."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.errors import NotReadyError
from sensecf_core.json_safe import read_file
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.models.adapters import Adapter, Card
from sensecf_core.paths import user_path, var, write_whole
from sensecf_core.provenance import CLI
from sensecf_core.queries.methods import Prompt
from sensecf_core.types import Plain


def problem(cohort: Cohort) -> str | None:
    """Why no adapter may answer before somebody looks: the one that was chosen, or would be, is damaged.

    Another one never takes its place unnoticed. None if the choice is one that can be read. A damaged one for
    every cohort stops only cohorts that have none of their own.
    """
    try:
        choices = _read_choices()
    except ValueError:
        return (
            f"{_choices_path()} cannot be read, so nobody knows which adapter was chosen; choose one on the "
            "page Models, or delete the file."
        )
    name = cohort.schema.name
    wanted = [choices.get(key) for key in (name, *(f"{name} {prompt}" for prompt in get_args(Prompt)))]
    folders = [user_path(choice) for choice in wanted if choice is not None]
    if picked := [folder for folder in folders if folder is not None and folder.is_dir()]:
        return next(filter(None, map(adapters.damage, picked)), None)
    said = adapters.damage_of(cohort) if adapters.adapters(cohort) else adapters.broken(cohort)
    return next(iter(said), None)


def chosen(cohort: Cohort, base_sha256: str | None = None, prompt: Prompt | None = None) -> Adapter | None:
    """The adapter that answers for a cohort: the one chosen, else the first that fits.

    ``prompt`` asks for one that was trained on this prompt; of None it is the one that answers best by
    :func:`shown_better`. Those for every cohort come last. None, too, where there is a :func:`problem`.
    ``base_sha256`` of None is the default base model's.
    """
    if problem(cohort) is not None:
        return None
    base_sha256 = base_sha256 or default_model.status().sha256
    available = (*adapters.adapters(cohort), *adapters.for_every_cohort())
    fitting = [adapter for adapter in available if adapters.unfit(adapter.card, cohort, base_sha256) is None]
    choices = _choices()
    if prompt is None:
        choice = choices.get(cohort.schema.name)
        if picked := [adapter for adapter in fitting if str(adapter.folder) == choice]:
            return picked[0]
        told = {kind: _first(fitting, kind, choices, cohort) for kind in get_args(Prompt)}
        profile, guided = told["profile"], told["guided"]
        if profile is None or guided is None:
            return profile or guided
        return profile if shown_better(profile.card, guided.card, cohort) else guided
    return _first(fitting, prompt, choices, cohort)


def _first(
    fitting: Sequence[Adapter], prompt: Prompt, choices: Mapping[str, str], cohort: Cohort
) -> Adapter | None:
    of_prompt = [adapter for adapter in fitting if adapters.prompt_of(adapter.card) == prompt]
    wanted = (choices.get(cohort.schema.name), choices.get(f"{cohort.schema.name} {prompt}"))
    picked = (adapter for choice in wanted for adapter in of_prompt if str(adapter.folder) == choice)
    return next(picked, next(iter(of_prompt), None))


def shown_better(card: Card, other: Card, cohort: Cohort) -> bool:
    """Whether the answers shown by an adapter were measured to be better on ``val`` than another's.

    By the share of people with a solid option, then by the mean distance of the first options. False where
    one of them was not measured on the cohort, or not with the same classifier.
    """
    mine, others = (shown_about(one, cohort) for one in (card, other))
    if mine is None or others is None or mine.classifier_sha256 != others.classifier_sha256:
        return False
    return _goodness(mine) > _goodness(others)


class Shown(Plain):
    """How good the answers are that people of a cohort are shown, on ``val``.

    Attributes
    ----------
    people : flagged rows that were asked about, drawn by ``seed`` with no other filter.
    answered : share of them with at least one option.
    solid : share of them whose first option is solid (docs/metrics.md, Grades).
    gower : mean Gower distance of the first options; None where nobody has one.
    command : what measured it.
    """

    part: str
    people: int
    seed: int
    answered: float
    solid: float
    gower: float | None
    classifier_sha256: str
    command: str | None = None


def shown_about(card: Card, cohort: Cohort) -> Shown | None:
    """How good the answers are that people of a cohort are shown; None where nobody has measured that.

    The card of an adapter for every cohort came with the program: what an own cohort's people are shown by it
    stands in :func:`own_shown`.
    """
    try:
        if card.cohort == adapters.ANY and cohort.own:
            told = read_file(own_shown(card, cohort))
        else:
            told = card.shown.get(cohort.schema.name)
        return None if told is None else Shown.model_validate(told)
    except (OSError, ValueError):
        return None


def own_shown(card: Card, cohort: Cohort) -> Path:
    """The file that says what an own cohort's people are shown by an adapter for every cohort."""
    return adapters.own_folder(cohort, f"shown-by-{card.weights_sha256[:12]}.json")


def _goodness(shown: Shown) -> tuple[float, float]:
    return shown.solid, -math.inf if shown.gower is None else -shown.gower


def require(cohort: Cohort, base_sha256: str | None = None, prompt: Prompt | None = None) -> Adapter:
    """Like :func:`chosen`; raises ``NotReadyError`` that says why there is none and what to do."""
    adapter = chosen(cohort, base_sha256, prompt)
    if adapter is not None:
        return adapter
    if (damage := problem(cohort)) is not None:
        raise NotReadyError(damage)
    base_sha256 = base_sha256 or default_model.status().sha256
    if base_sha256 is None:
        raise NotReadyError(default_model.status().message)
    reasons = [
        adapters.unfit(other.card, cohort, base_sha256)
        for other in adapters.adapters(cohort)
        if prompt in (None, adapters.prompt_of(other.card))
    ]
    name = cohort.schema.name
    if prompt == "profile" and not any(reasons) and chosen(cohort, base_sha256) is not None:
        raise NotReadyError(
            f"No adapter of {name} is told the person alone; ask lm-guided, or run "
            f"`{CLI} finetune --cohort {name} --told profile`."
        )
    # The command knows cohorts by name, and a frame in memory has none that it could find.
    how = (
        f"run `{CLI} finetune --cohort {name}`, or use"
        if cohort.layout is None
        else "that needs a cohort in a folder of its own (docs/own-cohort.md), so use"
    )
    raise NotReadyError(
        next(filter(None, reasons), None)
        or f"No adapter was trained for {name} yet; {how} the method lm-few-shot."
    )


def choose(cohort: Cohort, adapter: Adapter) -> None:
    """Make an adapter the one that answers for its cohort, and among those of its prompt.

    Raises ``NotAllowedError`` unless whoever is at work may change models.
    """
    rights.require("models")
    folder, name = str(adapter.folder), cohort.schema.name
    choices = {**_choices(), name: folder, f"{name} {adapters.prompt_of(adapter.card)}": folder}
    write_whole(_choices_path(), json.dumps(choices, indent=1))


def _choices_path() -> Path:
    return var("adapters", "chosen.json")


def _choices() -> dict[str, str]:
    try:
        return _read_choices()
    except ValueError:
        return {}


def _read_choices() -> dict[str, str]:
    """Which folder was chosen for each cohort; raises ``ValueError`` for a damaged file."""
    try:
        choices = read_file(_choices_path())
    except OSError:
        return {}
    if not isinstance(choices, dict) or not all(isinstance(choice, str) for choice in choices.values()):
        raise ValueError("it is no table of folders")
    return choices
