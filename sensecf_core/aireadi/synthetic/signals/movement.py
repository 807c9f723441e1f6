"""Steps minute by minute: bouts of walking and running with exactly the day's steps and active minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sensecf_core.aireadi.synthetic.population.people import largest_remainder
from sensecf_core.aireadi.synthetic.signals.clock import Clock
from sensecf_core.aireadi.synthetic.signals.matching import autoregressive
from sensecf_core.aireadi.synthetic.signals.sleep_stages import NO_NIGHT
from sensecf_core.aireadi.synthetic.signals.wear import Wear
from sensecf_core.types import Floats, Ints

KINDS = ("sedentary", "generic", "walking", "running")
SEDENTARY, GENERIC, WALKING, RUNNING = range(4)
GENERIC_MINUTES, GENERIC_STEPS = 1.9, 0.12
"""Minutes of unclassified movement per active minute, and their share of the steps (assumed)."""

PROFILE = np.array(
    [0, 0, 0, 0, 0, 0.3, 0.7, 1, 1.1, 1.1, 1, 1, 1.1, 1, 1, 1, 1.1, 1.2, 1, 0.7, 0.5, 0.3, 0.1, 0]
)
"""How likely movement is in each hour of the day (assumed)."""


@dataclass(frozen=True)
class Movement:
    """Per minute: the kind of movement (index into ``KINDS``) and steps."""

    kind: npt.NDArray[np.int8]
    steps: Ints

    @property
    def moving(self) -> npt.NDArray[np.bool_]:
        """Minutes in which stress cannot be measured."""
        moving: npt.NDArray[np.bool_] = self.kind != SEDENTARY
        return moving


def movement(clock: Clock, wear: Wear, days: pd.DataFrame, rng: np.random.Generator) -> Movement:
    """Distribute each day's steps over the minutes awake and worn; a day worn partly gets its share."""
    kind = np.zeros(len(clock.utc), dtype=np.int8)
    steps = np.zeros(len(clock.utc), dtype=np.int64)
    propensity = PROFILE[clock.minute // 60] + 0.9 * autoregressive(len(kind), 0.85, rng)
    for row in days.itertuples():
        minutes = np.flatnonzero((clock.day == row.day) & wear.worn & (wear.stage == NO_NIGHT))
        share = 1.0 if row.whole else min(1.0, len(minutes) / 960)
        total_steps = round(int(row.steps) * share)
        walking = min(round(int(row.active_minutes) * share), len(minutes))
        if not total_steps or not walking:
            continue
        ranked = minutes[np.argsort(-propensity[minutes], kind="stable")]
        generic = ranked[walking : walking + round(GENERIC_MINUTES * walking)]
        kind[generic], kind[ranked[:walking]] = GENERIC, WALKING
        kind[_running_minutes(ranked[:walking], minutes, int(row.running_minutes))] = RUNNING
        _distribute(steps, kind, (generic, ranked[:walking]), total_steps, rng)
    return Movement(kind, steps)


def _running_minutes(walking: Ints, available: Ints, minutes: int) -> Ints:
    """Return the walking minutes around the one with the highest propensity, as one run."""
    if not minutes or minutes >= len(walking):
        return available[:0]
    return walking[np.argsort(np.abs(walking - walking[0]), kind="stable")[:minutes]]


def _distribute(
    steps: Ints,
    kind: npt.NDArray[np.int8],
    minutes: tuple[Ints, Ints],
    total_steps: int,
    rng: np.random.Generator,
) -> None:
    generic, walking = minutes
    generic_steps = round(GENERIC_STEPS * total_steps) if len(generic) else 0
    for chosen, total in ((generic, generic_steps), (walking, total_steps - generic_steps)):
        if len(chosen):
            weights: Floats = rng.gamma(8.0, size=len(chosen)) * np.where(kind[chosen] == RUNNING, 1.7, 1.0)
            steps[chosen] = largest_remainder(total, weights)
