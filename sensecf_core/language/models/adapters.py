"""Adapters on disk: what fine-tuning made for one base model and one cohort.

A folder holds peft's ``adapter_config.json`` and ``adapter_model.safetensors`` (bfloat16), ``card.json``
with everything that is known about it, ``curve.json``, and ``README.md``, the same as a Hugging Face model
card. Adapters of the built-in cohorts are committed in ``models/adapters/<cohort>/<name>``; whatever is
trained here is in ``var/adapters``.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.cohorts.schema import Plain
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.language.models import default_model
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.paths import CHECKOUT, MODELS, var
from sensecf_core.provenance import CLI

BUILT_IN = MODELS / "adapters"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CARD, CURVE, README, WEIGHTS = "card.json", "curve.json", "README.md", "adapter_model.safetensors"


class Card(Plain):
    """What an adapter was made for and from, and what was measured.

    ``base_sha256`` and ``schema_sha256`` must match to load it, ``template_sha256`` too; with another
    classifier its ``rates`` do not hold. ``temperature`` is the one with the best raw
    validity on ``val`` of those at which half of the candidates are distinct. ``rates``
    and ``rounds`` are as the commands that measured them wrote them.
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
    temperature: float
    pairs: dict[str, Any]
    settings: dict[str, Any]
    training: dict[str, Any]
    rounds: tuple[dict[str, Any], ...]
    rates: tuple[dict[str, Any], ...]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder and card; ``own`` ones were trained on this machine and can be deleted."""

    folder: Path
    card: Card
    own: bool


def check_name(name: str) -> None:
    """Raise ``InputError`` for a name that cannot be a folder's."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"The name {name!r} cannot be used: begin with a letter or digit, then letters, digits, dots, "
            "dashes and underscores, at most 64."
        )


def own_folder(cohort: Cohort, name: str) -> Path:
    """Where an adapter trained on this machine is kept."""
    return var("adapters", f"{cohort.schema.name}-{cohort.data_sha256[:12]}", name)


def built_in_folder(cohort: Cohort, name: str) -> Path:
    """Where a built-in cohort's committed adapter is kept; raises ``InputError`` for an own cohort."""
    if cohort.own:
        raise InputError(
            "What is trained on your own rows stays in var/; only built-in cohorts are published."
        )
    if not CHECKOUT:
        raise InputError("An adapter is published in a checkout of SenseCF, not in an installation of it.")
    return BUILT_IN / cohort.schema.name / name


def adapters(cohort: Cohort) -> tuple[Adapter, ...]:
    """Every readable adapter of a cohort, the committed ones first."""
    return tuple(_found(cohort))


def _found(cohort: Cohort) -> Iterator[Adapter]:
    places = [] if cohort.own else [(BUILT_IN / cohort.schema.name, False)]
    places.append((own_folder(cohort, "x").parent, True))
    for place, own in places:
        for path in sorted(place.glob(f"[!.]*/{CARD}")):
            if (path.parent / WEIGHTS).is_file() and (card := _read(path, path.stat().st_mtime_ns)):
                yield Adapter(path.parent, card, own)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Card | None:
    """Read a card (``changed``: its modification time, so that a new one is read again)."""
    try:
        return Card.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def unfit(card: Card, cohort: Cohort, base_sha256: str | None) -> str | None:
    """Say in one sentence why an adapter cannot answer for this cohort and base model; None if it can."""
    again = f"run `{CLI} finetune --cohort {cohort.schema.name}`"
    if card.settings.get("source") == "probes":
        return (
            f"The adapter {card.name} was trained for the ablation: its prompt asks the classifier about "
            f"changed rows of the participant before it answers; {again}."
        )
    if card.schema_sha256 != cohort.schema.sha256:
        return f"The adapter {card.name} was trained for another schema of {card.cohort}; {again}."
    if card.base_sha256 != base_sha256:
        return f"The adapter {card.name} was trained on other weights of {card.base}; {again}."
    if card.template_sha256 != TUNED_SHA256:
        return f"The adapter {card.name} was trained on an older prompt; {again}."
    return None


def other_classifier(card: Card, classifier_sha256: str) -> str | None:
    """Warn in one sentence where the rates on the card do not hold; None where they do."""
    if card.classifier_sha256 == classifier_sha256:
        return None
    return (
        f"The adapter {card.name} was trained and measured with another classifier of {card.cohort}: "
        "its hit rates are not known for this one."
    )


def chosen(cohort: Cohort, base_sha256: str | None = None) -> Adapter | None:
    """The adapter that answers ``lm-fine-tuned`` for a cohort: the one chosen, else the first that fits.

    ``base_sha256`` of None is the default base model's.
    """
    base_sha256 = base_sha256 or default_model.status().sha256
    fitting = [found for found in adapters(cohort) if unfit(found.card, cohort, base_sha256) is None]
    wanted = _choices().get(cohort.schema.name)
    return next((found for found in fitting if str(found.folder) == wanted), next(iter(fitting), None))


def require(cohort: Cohort, base_sha256: str | None = None) -> Adapter:
    """Like :func:`chosen`; raises ``NotReadyError`` that says why there is none and what to do."""
    found = chosen(cohort, base_sha256)
    if found is not None:
        return found
    base_sha256 = base_sha256 or default_model.status().sha256
    if base_sha256 is None:
        raise NotReadyError(default_model.status().message)
    reasons = [unfit(other.card, cohort, base_sha256) for other in adapters(cohort)]
    name = cohort.schema.name
    raise NotReadyError(
        next(filter(None, reasons), None)
        or f"No adapter was trained for {name} yet; run "
        f"`{CLI} finetune --cohort {name}`, or use the method lm-few-shot."
    )


def choose(cohort: Cohort, adapter: Adapter) -> None:
    """Make an adapter the one that answers ``lm-fine-tuned`` for its cohort."""
    choices = {**_choices(), cohort.schema.name: str(adapter.folder)}
    path = _choices_path()
    part = path.with_suffix(".part")
    part.write_text(json.dumps(choices, indent=1), encoding="utf-8")
    part.replace(path)


def delete(adapter: Adapter) -> None:
    """Delete an adapter that was trained on this machine, and its checkpoints.

    Raises ``InputError`` for a committed one.
    """
    if not adapter.own:
        raise InputError(f"The adapter {adapter.card.name} came with the program and is not deleted.")
    shutil.rmtree(adapter.folder)
    pattern = re.escape(checkpoints(adapter.card.cohort, adapter.card.name, "").name) + "[0-9a-f]{10}"
    for work in var("fine-tuning").iterdir():
        if re.fullmatch(pattern, work.name):
            shutil.rmtree(work)


def checkpoints(cohort: str, name: str, sha256: str) -> Path:
    """Where a fine-tuning keeps its checkpoints; ``sha256`` is of everything but its budget."""
    return var("fine-tuning", f"{cohort}-{name}-{sha256[:10]}")


def _choices_path() -> Path:
    return var("adapters", "chosen.json")


def _choices() -> dict[str, str]:
    try:
        kept = json.loads(_choices_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def weights_sha256(folder: Path) -> str:
    """Hash of an adapter's weights."""
    return file_sha256(folder / WEIGHTS)


def by_name(cohort: Cohort, name: str) -> Adapter:
    """Find an adapter by name; raises ``InputError`` with the near matches."""
    found = adapters(cohort)
    for adapter in found:
        if adapter.card.name == name:
            return adapter
    raise unknown("adapter", name, [adapter.card.name for adapter in found])
