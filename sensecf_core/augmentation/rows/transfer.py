"""The adapter of a language-model arm: one whose whole chain of starts never saw the cohort.

An adapter that was fine-tuned on a cohort has read its training rows with their classifier, those that a
scarcity experiment removes among them. So has one that started from such an adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import adapters
from sensecf_core.language.models.adapters import ANY, Adapter
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.provenance import CLI

TEMPERATURE = 0.8
"""Sampling temperature of the arms with a transfer adapter, fixed before the runs."""


@dataclass(frozen=True)
class Transfer:
    """An adapter and the cohorts that it and its starts were fine-tuned on, the first one first."""

    adapter: Adapter
    chain: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """What a run says of it."""
        card = self.adapter.card
        return {"name": card.name, "chain": list(self.chain), "weights_sha256": card.weights_sha256}


def chain_of(adapter: Adapter, known: Sequence[Adapter]) -> tuple[str, ...]:
    """The cohorts of an adapter's chain of starts, the first one first.

    Raises ``InputError`` where a start is not among the ``known`` adapters: nobody can say what it saw.
    """
    settings = adapter.card.settings
    if not settings.get("start"):
        return (adapter.card.cohort,)
    sha256 = settings.get("start_sha256")
    start = next((one for one in known if sha256 and one.card.weights_sha256 == sha256), None)
    if start is None:
        raise InputError(
            f"The adapter {adapter.card.cohort}/{adapter.card.name} started from {settings['start']}, which "
            "is not here any more: what that one saw cannot be told."
        )
    return (*chain_of(start, known), adapter.card.cohort)


def transfer_adapter(
    cohort: str, name: str | None, base_sha256: str | None, known: Sequence[Adapter] | None = None
) -> Transfer:
    """Choose an adapter that never saw ``cohort``: the one trained on most tokens, or the one named.

    Parameters
    ----------
    name : COHORT/NAME of an adapter, as in ``heart/smollm2-135m-instruct``.
    base_sha256 : hash of the base model's weights.

    Raises
    ------
    InputError : the named one does not exist, or its chain has the cohort (the message has the chain).
    NotReadyError : none is left, with the command that makes one.
    """
    known = adapters.of_all_cohorts() if known is None else known
    if name is not None:
        named = [one for one in known if f"{one.card.cohort}/{one.card.name}" == name]
        if not named:
            there = ", ".join(sorted(f"{one.card.cohort}/{one.card.name}" for one in known)) or "none"
            raise InputError(f"There is no adapter {name!r}; there are: {there}.")
        chain = chain_of(named[0], known)
        if cohort in chain:
            raise InputError(
                f"The adapter {name} has seen {cohort}, whose labels the experiment removes: its chain is "
                f"{' → '.join(chain)}. Take one whose chain leaves {cohort} out."
            )
        if not _usable(named[0], base_sha256):
            raise InputError(f"The adapter {name} was trained on another base model or with an older prompt.")
        return Transfer(named[0], chain)
    fitting = []
    for one in known:
        if _usable(one, base_sha256):
            try:
                chain = chain_of(one, known)
            except InputError:
                continue
            if cohort not in chain:
                fitting.append(Transfer(one, chain))
    if not fitting:
        raise NotReadyError(
            f"No adapter is left whose chain of starts never saw {cohort}. Fine-tune one on another cohort, "
            f"`{CLI} finetune --cohort NAME --tokens 60000`, or leave the arms lm-transfer-… out."
        )
    # One of another cohort, as in the committed runs; else the one that learned from invented schemas.
    return max(
        fitting,
        key=lambda one: (one.adapter.card.cohort != ANY, int(one.adapter.card.training.get("tokens", 0))),
    )


def _usable(adapter: Adapter, base_sha256: str | None) -> bool:
    card = adapter.card
    told = card.settings.get("source") != "probes"
    return told and card.base_sha256 == base_sha256 and card.template_sha256 == TUNED_SHA256
