"""What a fine-tuning is told, what it tells as it goes on, and what it keeps (plain values, no torch)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """How an adapter is trained. The learning rate warms up, then falls along a cosine to a tenth.

    Training ends at whichever comes first: ``tokens`` (prompt and answer tokens read), ``minutes`` of
    training (validation not counted), ``max_steps``, or ``patience`` validations in a row without a better
    one. ``batch_tokens`` is about how many tokens one step reads, ``micro_tokens`` how many are in memory
    at a time (a step's gradient is summed over such parts). ``preference`` trains on right against wrong
    answers (:class:`sensecf_core.language.training.losses.Preference`).
    """

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.0
    learning_rate: float = 2e-3
    warm_up: float = 0.04
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


@dataclass(frozen=True)
class Point:
    """One moment of the learning curve; ``loss`` is the mean per answer token since the last
    point (None if no step was made in this sitting)."""

    step: int
    tokens: int
    seconds: float
    loss: float | None
    score: float | None = None


@dataclass(frozen=True)
class TrainingProgress:
    """What is told while training: share done, the latest loss, speed and what is left."""

    done: float
    loss: float
    tokens_per_second: float
    seconds_left: float
    step: int


@dataclass
class State:
    """Everything beside the weights that a checkpoint keeps."""

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
    """What a trainer would have read that takes every prompt and answer by itself."""
    steps: int
    seconds: float
    best_score: float | None
    ended: str
