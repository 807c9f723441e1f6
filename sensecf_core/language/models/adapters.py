"""Adapters on disk: what fine-tuning made for one base model and one cohort.

A folder holds peft's ``adapter_config.json`` and ``adapter_model.safetensors`` (bfloat16), ``card.json``
with all that is known about the adapter, ``curve.json`` (the learning curve), and ``README.md``, a Hugging
Face model card. Adapters of the built-in cohorts are committed in ``models/adapters/<cohort>/<name>``; those
trained on this machine are in ``var/adapters``.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from sensecf_core.access import rights
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.json_safe import read_file
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.language.prompts.profile import PROFILE_SHA256
from sensecf_core.paths import CHECKOUT, MODELS, var
from sensecf_core.provenance import CLI
from sensecf_core.queries.methods import Prompt
from sensecf_core.types import Plain

BUILT_IN = MODELS / "adapters"
ANY = "any-cohort"
"""The folder, and the cohort on the card, of adapters that learned from invented schemas and fit all."""
WISHES = "wishes"
"""The folder, and the cohort on the card, of adapters that read wishes (docs/wishes.md)."""
CONFIG = "adapter_config.json"
MEND = "train it again with `finetune`, or delete its folder and choose another on the page Models"
"""What to do about an adapter whose files cannot be used."""
NO_CHECKOUT = "An adapter is published in a checkout of SenseCF, not in an installation of it."
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CARD, CURVE, README, WEIGHTS = "card.json", "curve.json", "README.md", "adapter_model.safetensors"


class Card(Plain):
    """What an adapter was made for and from, and how good it was when it was measured.

    It is used only where ``base_sha256``, ``schema_sha256`` and ``template_sha256`` match; with another
    classifier its ``rates`` do not hold. ``temperature`` has the best raw validity on ``val`` among those at
    which half of the candidates are distinct. ``rates`` and ``rounds`` are as measured. ``decisions`` says of
    an adapter that learned from people's decisions how many, from which adapter, and what they brought; empty
    for every other one. ``shown`` tells, by cohort, how good the answers are that people are shown.
    """

    name: str
    cohort: str
    base: str
    base_sha256: str
    schema_sha256: str
    classifier_sha256: str
    template_sha256: str
    pairs_sha256: str
    weights_sha256: str
    temperature: float = Field(gt=0, allow_inf_nan=False)
    pairs: dict[str, Any]
    settings: dict[str, Any]
    training: dict[str, Any]
    rounds: tuple[dict[str, Any], ...]
    rates: tuple[dict[str, Any], ...]
    provenance: dict[str, Any]
    decisions: dict[str, Any] = {}
    shown: dict[str, dict[str, Any]] = {}
    owner: str | None = None
    """The login of whoever started the training; None where nobody had to sign in."""


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder and card; ``own`` ones were trained on this machine and can be deleted."""

    folder: Path
    card: Card
    own: bool


def taught_by(decisions: Mapping[str, Any]) -> str:
    """By how many of a card's ``decisions`` the adapter was taught, and what became of the others; no stop.

    Cards of before this was counted know only how many decisions could be used.
    """
    if "decisions_by_side" not in decisions:
        return f"Taught by a part of {decisions['decisions']} decisions, the others were held out to measure"

    def counted(side: str) -> str:
        number, people = decisions["decisions_by_side"][side], decisions["people"][side]
        return (
            f"{number} {'decision' if number == 1 else 'decisions'} about {people} "
            f"{'person' if people == 1 else 'people'}"
        )

    unpaired = decisions["decisions"] - sum(decisions["decisions_by_side"].values())
    others = f"; {unpaired} had no counterpart, kept or rejected, on the same row" if unpaired else ""
    return f"Taught by {counted('taught')}, measured on {counted('held_out')}{others}"


def prompt_of(card: Card) -> Prompt:
    """Which prompt an adapter was trained on."""
    return "profile" if card.settings.get("source") == "profile" else "guided"


def check_name(name: str) -> None:
    """Raise ``InputError`` for a name that cannot be a folder's."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"The name {name!r} cannot be used: begin with a letter or digit, then letters, digits, dots, "
            "dashes and underscores, at most 64."
        )


def own_folder(cohort: Cohort, name: str) -> Path:
    """The folder of an adapter trained on this machine."""
    return var("adapters", f"{cohort.schema.name}-{cohort.data_sha256[:12]}", name)


def built_in_folder(cohort: Cohort, name: str) -> Path:
    """The folder of a built-in cohort's committed adapter; raises ``InputError`` for an own cohort."""
    if cohort.own:
        raise InputError(
            "What is trained on your own rows stays in var/; only built-in cohorts are published."
        )
    if not CHECKOUT:
        raise InputError(NO_CHECKOUT)
    return BUILT_IN / cohort.schema.name / name


def start_folder(start: str) -> Path:
    """The folder of an adapter that a training goes on from: a path, or COHORT/NAME of a committed one."""
    committed = BUILT_IN / start
    return committed if committed.is_dir() and not Path(start).is_dir() else Path(start)


def adapters(cohort: Cohort) -> tuple[Adapter, ...]:
    """Every readable adapter that was trained for a cohort, the committed ones first."""
    return tuple(_readable(cohort))


def of_all_cohorts() -> tuple[Adapter, ...]:
    """Every readable adapter that proposes changes, of every cohort, the committed ones first."""
    cohorts = [(folder, False) for folder in sorted(BUILT_IN.glob("[!.]*/"))]
    cohorts += [(folder, True) for folder in sorted(var("adapters").glob("[!.]*/"))]
    return tuple(
        adapter for folder, own in cohorts if folder.name != WISHES for adapter in _in_folder(folder, own)
    )


def _readable(cohort: Cohort) -> Iterator[Adapter]:
    if not cohort.own:
        yield from _in_folder(BUILT_IN / cohort.schema.name, False)
    yield from _in_folder(own_folder(cohort, "x").parent, True)


def for_every_cohort() -> tuple[Adapter, ...]:
    """Every readable adapter that answers where a cohort has none of its own, this machine's first."""
    return (*_in_folder(var("adapters", ANY), True), *_in_folder(BUILT_IN / ANY, False))


def folder_for_any(name: str, *, publish: bool, kind: str = ANY) -> Path:
    """The folder of an adapter for every cohort, or (``kind``) of one that reads wishes.

    Raises ``InputError`` to publish outside a checkout.
    """
    if publish and not CHECKOUT:
        raise InputError(NO_CHECKOUT)
    return BUILT_IN / kind / name if publish else var("adapters", kind, name)


def of_wishes() -> tuple[Adapter, ...]:
    """Every readable adapter that reads wishes, this machine's first."""
    return (*_in_folder(var("adapters", WISHES), True), *_in_folder(BUILT_IN / WISHES, False))


def of_wishes_by_name(name: str) -> Adapter:
    """Find an adapter that reads wishes by name; raises ``InputError`` with the near matches."""
    for adapter in of_wishes():
        if adapter.card.name == name:
            return adapter
    raise unknown("adapter", name, [adapter.card.name for adapter in of_wishes()])


def _in_folder(folder: Path, own: bool) -> Iterator[Adapter]:
    for path in sorted(folder.glob(f"[!.]*/{CARD}")):
        if (path.parent / WEIGHTS).is_file() and (card := _read(path, path.stat().st_mtime_ns)):
            yield Adapter(path.parent, card, own)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Card | None:
    """Read a card; its modification time ``changed`` is part of the cache key."""
    try:
        return Card.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def broken(cohort: Cohort) -> tuple[str, ...]:
    """What is wrong with adapters' folders that cannot be read, one sentence each."""
    return (*damage_of(cohort), *_broken_in(var("adapters", ANY), BUILT_IN / ANY))


def damage_of(cohort: Cohort) -> tuple[str, ...]:
    """What is wrong with the adapters that were trained for a cohort."""
    parents = [] if cohort.own else [BUILT_IN / cohort.schema.name]
    return _broken_in(*parents, own_folder(cohort, "x").parent)


def _broken_in(*parents: Path) -> tuple[str, ...]:
    folders = [folder for parent in parents for folder in sorted(parent.glob("[!.]*/"))]
    return tuple(said for folder in folders if (said := damage(folder)) is not None)


def damage(folder: Path) -> str | None:
    """Say why an adapter's folder cannot be used, and how to mend it; None if it can."""
    card = folder / CARD
    if not (folder / WEIGHTS).is_file():
        what = f"{WEIGHTS} is missing"
    elif not card.is_file():
        what = f"{CARD} is missing"
    elif _read(card, card.stat().st_mtime_ns) is None:
        what = f"{CARD} cannot be read"
    else:
        return None
    return f"The adapter in {folder} cannot be used ({what}); {MEND}."


def checked_config(folder: Path) -> dict[str, Any]:
    """Read an adapter's configuration, once its files are found to be those of its card.

    Raises ``NotReadyError`` if they are not, or cannot be read. A folder without a card is taken as it is.
    """
    try:
        config = read_file(folder / CONFIG)
        if not isinstance(config, dict):
            raise ValueError("it is no object")
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _unusable(folder, f"{CONFIG}: {reason}") from error
    if not (folder / CARD).is_file():
        return config
    card = _read(folder / CARD, (folder / CARD).stat().st_mtime_ns)
    if card is None:
        raise _unusable(folder, f"{CARD} cannot be read")
    if not (folder / WEIGHTS).is_file() or weights_sha256(folder) != card.weights_sha256:
        raise _unusable(folder, f"{WEIGHTS} is not the file that its card was written for")
    for name, setting in (("r", "rank"), ("lora_alpha", "alpha")):
        if setting in card.settings and config.get(name) != card.settings[setting]:
            raise _unusable(
                folder, f"{CONFIG} says {name} = {config.get(name)}, its card {card.settings[setting]}"
            )
    return config


def _unusable(folder: Path, what: str) -> NotReadyError:
    return NotReadyError(f"The adapter in {folder} cannot be used ({what}); {MEND}.")


def unfit(card: Card, cohort: Cohort, base_sha256: str | None) -> str | None:
    """One sentence that says why an adapter does not fit this cohort and base model; None if it does."""
    command = f"run `{CLI} finetune --cohort {cohort.schema.name}`"
    if card.settings.get("source") == "probes":
        return (
            f"The adapter {card.name} was trained for the ablation: its prompt asks the classifier about "
            f"changed rows of the participant before it answers; {command}."
        )
    if card.cohort != ANY and card.schema_sha256 != cohort.schema.sha256:
        return f"The adapter {card.name} was trained for another schema of {card.cohort}; {command}."
    if card.base_sha256 != base_sha256:
        return f"The adapter {card.name} was trained on other weights of {card.base}; {command}."
    if card.template_sha256 != (PROFILE_SHA256 if card.settings.get("source") == "profile" else TUNED_SHA256):
        return f"The adapter {card.name} was trained on an older prompt; {command}."
    return None


def other_classifier(card: Card, classifier_sha256: str) -> str | None:
    """One sentence of warning if the rates on the card do not hold for this classifier; None if they do."""
    if card.classifier_sha256 == classifier_sha256 or card.cohort == ANY:
        return None
    return (
        f"The adapter {card.name} was trained and measured with another classifier of {card.cohort}: "
        "its hit rates are not known for this one."
    )


def delete(adapter: Adapter) -> None:
    """Delete an adapter trained on this machine, and its checkpoints.

    Raises ``InputError`` for a committed one, and ``NotAllowedError`` unless whoever is at work may change
    models now, whoever trained it.
    """
    rights.require("models")
    if not adapter.own:
        raise InputError(f"The adapter {adapter.card.name} came with the program and is not deleted.")
    shutil.rmtree(adapter.folder)
    pattern = re.escape(checkpoints(adapter.card.cohort, adapter.card.name, "").name) + "[0-9a-f]{10}"
    for work in var("fine-tuning").iterdir():
        if re.fullmatch(pattern, work.name):
            shutil.rmtree(work)


def checkpoints(cohort: str, name: str, sha256: str) -> Path:
    """The folder of a fine-tuning's checkpoints; ``sha256`` is of all its settings but the budget."""
    return var("fine-tuning", f"{cohort}-{name}-{sha256[:10]}")


def weights_sha256(folder: Path) -> str:
    """Hash of an adapter's weights."""
    return file_sha256(folder / WEIGHTS)


def by_name(cohort: Cohort, name: str) -> Adapter:
    """Find an adapter by name; raises ``InputError`` with the near matches."""
    available = (*adapters(cohort), *for_every_cohort())
    for adapter in available:
        if adapter.card.name == name:
            return adapter
    raise unknown("adapter", name, [adapter.card.name for adapter in available])
