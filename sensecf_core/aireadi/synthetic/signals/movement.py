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
"""Minutes of undefined movement per active minute, and their share of the steps (assumed)."""

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
    """Place each day's steps in the minutes awake with the band on; a day worn in part gets its part."""
    kind = np.zeros(len(clock.utc), dtype=np.int8)
    steps = np.zeros(len(clock.utc), dtype=np.int64)
    urge = PROFILE[clock.minute // 60] + 0.9 * autoregressive(len(kind), 0.85, rng)
    for row in days.itertuples():
        places = np.flatnonzero((clock.day == row.day) & wear.worn & (wear.stage == NO_NIGHT))
        share = 1.0 if row.whole else min(1.0, len(places) / 960)
        taken = round(int(row.steps) * share)
        walking = min(round(int(row.active_minutes) * share), len(places))
        if not taken or not walking:
            continue
        ranked = places[np.argsort(-urge[places], kind="stable")]
        generic = ranked[walking : walking + round(GENERIC_MINUTES * walking)]
        kind[generic], kind[ranked[:walking]] = GENERIC, WALKING
        kind[_run(ranked[:walking], places, int(row.running_minutes))] = RUNNING
        _spread(steps, kind, (generic, ranked[:walking]), taken, rng)
    return Movement(kind, steps)


def _run(walking: Ints, places: Ints, minutes: int) -> Ints:
    """Make the walking minutes nearest to the strongest urge into one run."""
    if not minutes or minutes >= len(walking):
        return places[:0]
    return walking[np.argsort(np.abs(walking - walking[0]), kind="stable")[:minutes]]


def _spread(
    steps: Ints, kind: npt.NDArray[np.int8], places: tuple[Ints, Ints], taken: int, rng: np.random.Generator
) -> None:
    generic, walking = places
    few = round(GENERIC_STEPS * taken) if len(generic) else 0
    for where, total in ((generic, few), (walking, taken - few)):
        if len(where):
            weights: Floats = rng.gamma(8.0, size=len(where)) * np.where(kind[where] == RUNNING, 1.7, 1.0)
            steps[where] = largest_remainder(total, weights)
