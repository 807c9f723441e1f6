"""What a person or a command asks for, before it is resolved against a cohort and a row."""

from __future__ import annotations

from typing import Literal

from sensecf_core.cohorts.schema import Plain, Profile
from sensecf_core.types import Span

BASELINES = (
    "dice-random",
    "dice-genetic",
    "dice-kdtree",
    "nice-none",
    "nice-sparsity",
    "nice-proximity",
    "nice-plausibility",
    "cfnow-greedy",
    "cfnow-random-sequential",
    "treecf",
)
"""Methods of others, run by their authors' own packages."""
METHODS = ("lm-fine-tuned", "lm-few-shot", "lm-zero-shot", "random", *BASELINES)
"""Proposers that can be asked for by name."""


def asks_language_model(method: str) -> bool:
    """Whether a method asks a language model, which one worker thread owns."""
    return method.startswith("lm-")


class ExplainRequest(Plain):
    """One request for counterfactuals of one row. Nothing in it is checked yet.

    ``grammar`` holds a language model to readable answers within the limits while it writes. ``profile``
    and ``desired`` of ``None`` mean the cohort's own; ``ranges`` are in each feature's
    unit; ``levels`` name the allowed levels of ordinal and categorical features.
    ``temperature`` of None is the method's own: an adapter's best one, else 1. ``model`` names a language
    model (:mod:`sensecf_core.language.models.registry`); None is the default one.
    """

    cohort: str
    participant_id: str
    row_id: str | None = None
    method: str = "lm-few-shot"
    model: str | None = None
    k: int = 4
    candidates: int = 16
    max_changes: int = 3
    profile: Profile | None = None
    frozen: tuple[str, ...] = ()
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}
    desired: Literal[0, 1] | None = None
    seed: int = 0
    temperature: float | None = None
    grammar: bool = True
    max_model_rows: int = 50_000
    max_seconds: float = 120.0
