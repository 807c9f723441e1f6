"""One participant's signals minute by minute, before they are recorded as streams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sensecf_core.aireadi.synthetic.signals.body import Body, body
from sensecf_core.aireadi.synthetic.signals.clock import Clock, clock
from sensecf_core.aireadi.synthetic.signals.glucose import Glucose, glucose
from sensecf_core.aireadi.synthetic.signals.movement import Movement, movement
from sensecf_core.aireadi.synthetic.signals.wear import Wear, wear


@dataclass(frozen=True)
class Signals:
    """One participant, minute by minute."""

    clock: Clock
    wear: Wear
    movement: Movement
    body: Body
    glucose: Glucose


def signals(person: pd.Series, days: pd.DataFrame, rng: np.random.Generator) -> Signals:
    """Generate the signals of one person (a row of ``Latent.people``) from their days, in order."""
    axis = clock(np.datetime64(person["visit"], "m"), len(days), str(person["clinical_site"]))
    worn = wear(axis, days, rng)
    movements = movement(axis, worn, days, rng)
    measured = body(axis, worn, movements, days, rng, waking_rise=float(person["waking_rise"]))
    readings = glucose(axis, worn, movements.steps, person=person, days=days, rng=rng)
    return Signals(axis, worn, movements, measured, readings)
