"""One night as stages: cycles with deep sleep early and REM sleep late, from its minutes per stage."""

from __future__ import annotations

import numpy as np

from sensecf_core.aireadi.synthetic.population.people import largest_remainder

STAGES = ("awake", "light", "deep", "rem")
AWAKE, LIGHT, DEEP, REM = range(4)
NO_NIGHT = -1
CYCLE_MINUTES = 95


def night(minutes: dict[str, int], last_segment: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Arrange a night as (stage, minutes), with exactly ``minutes`` per stage.

    It ends with ``last_segment`` minutes of light sleep, after at least a minute of another stage if there is
    one.
    """
    total = sum(minutes.values())
    cycles = int(np.clip(round(total / CYCLE_MINUTES), 2, 7))
    last = min(last_segment, minutes["light"])
    order = np.arange(cycles)
    deep = largest_remainder(minutes["deep"], np.exp(-0.8 * order) * rng.uniform(0.7, 1.3, cycles))
    rem = largest_remainder(minutes["rem"], (order + 0.6) * rng.uniform(0.7, 1.3, cycles))
    light = largest_remainder(minutes["light"] - last, rng.uniform(0.6, 1.4, 2 * cycles))
    awake = largest_remainder(minutes["awake"], rng.exponential(1.0, cycles + 1) + 0.05)
    stages = [(AWAKE, int(awake[-1]))]
    for cycle in range(cycles):
        stages += [
            (LIGHT, int(light[2 * cycle])),
            (DEEP, int(deep[cycle])),
            (LIGHT, int(light[2 * cycle + 1])),
            (REM, int(rem[cycle])),
            (AWAKE, int(awake[cycle])),
        ]
    return _merged([*stages, (LIGHT, last)])


def _merged(stages: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Drop empty segments and join equal neighbours, except the last segment with the one before."""
    merged: list[tuple[int, int]] = []
    *body, last = [segment for segment in stages if segment[1] > 0]
    for stage, length in body:
        if merged and merged[-1][0] == stage:
            merged[-1] = (stage, merged[-1][1] + length)
        else:
            merged.append((stage, length))
    return [*merged, last]
