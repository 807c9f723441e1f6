"""Settings, progress, state and result of a fine-tuning (plain values, no torch)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

PROFILE_STEP_TOKENS = 2400
"""Tokens of a step where the person alone is told: long trainings, which have enough steps of them."""


@dataclass(frozen=True)
class Settings:
    """How an adapter is trained. The learning rate warms up, then falls along a cosine to a ``last_share``.

    Training ends at whichever comes first: ``tokens`` (prompt and answer tokens), ``minutes`` of training
    (without validation), ``max_steps``, or ``patience`` validations in a row without improvement. A step
    takes about ``batch_tokens`` tokens, of which ``micro_tokens`` at most are in memory at a time (gradients
    are summed). ``preference`` trains on accepted against rejected answers
    (:class:`sensecf_core.language.training.losses.Preference`).
    """

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.0
    learning_rate: float = 2e-3
    warm_up: float = 0.04
    last_share: float = 0.1
    weight_decay: float = 0.0
    clip: float = 1.0
    batch_tokens: int = 1500
    micro_tokens: int = 750
    tokens: int | None = None
    minutes: float | None = None
    max_steps: int | None = None
    validations: int = 5
    patience: int = 3
    checkpoint_minutes: float = 3.0
    preference: bool = False
    seed: int = 0

    def told(self) -> dict[str, Any]:
        """All settings as JSON values; ``last_share`` only where it is not as usual.

        It came later, and checkpoints are found by a hash of these.
        """
        told = asdict(self)
        if self.last_share == Settings.last_share:
            del told["last_share"]
        return told


@dataclass(frozen=True)
class Point:
    """One point of the learning curve.

    ``loss`` is the mean per answer token since the last point (None if no step was made since a resume);
    ``rates`` are what the validation measured, of which ``score`` decides.
    """

    step: int
    tokens: int
    seconds: float
    loss: float | None
    score: float | None = None
    rates: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of a training: share done, latest loss, speed and time left."""

    done: float
    loss: float
    tokens_per_second: float
    seconds_left: float
    step: int


@dataclass
class State:
    """The part of a checkpoint that is not weights."""

    step: int = 0
    tokens: int = 0
    plain_tokens: int = 0
    seconds: float = 0.0
    curve: list[Point] = field(default_factory=list)
    best_score: float | None = None
    stale: int = 0
    validated: int = 0


@dataclass(frozen=True)
class FineTuned:
    """A finished (or cancelled) training: the curve, and why it ended."""

    curve: tuple[Point, ...]
    tokens: int
    plain_tokens: int
    """Tokens that a trainer would have needed which reads the prompt again for each answer."""
    steps: int
    seconds: float
    best_score: float | None
    ended: str
