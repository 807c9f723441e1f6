"""How long a sensor was worn, in five-minute pieces, so that the sampling rate does not matter."""

from __future__ import annotations

import numpy as np

from sensecf_core.aireadi.release.readings import Points

PIECE = 300
"""Seconds: a piece with at least one valid reading counts as worn."""

DAY_HOURS = 10.0
"""Hours of valid heart rate that make a day of wear (the spec's rule).

A day's activity records must cover as many hours for its steps and minutes to be reported."""

GLUCOSE_SHARE = 0.70
"""Share of a day's five-minute slots with a reading that makes a day of glucose (Battelino 2019)."""

GLUCOSE_DAYS = 3
"""Fewest days of glucose that a participant needs (the spec's rule)."""

CONSENSUS_DAYS = 14
"""Days of glucose that the consensus asks for (Battelino 2019); the study's sensors lasted ten."""

STRESS_HOURS, NIGHT_HOURS = 2.0, 1.0
"""Fewest hours of valid readings for a mean: stress of a day, breathing of a night.

Both are this program's own choice: Garmin measures no stress during movement, so about half of it is missing
on a good day.
"""


COLUMNS = {
    "heart_rate_hours": "hours of valid heart rate, in five-minute pieces",
    "glucose_share": "share of the day's five-minute slots with a glucose reading",
    "worn": "10 hours or more of valid heart rate",
    "glucose_enough": "70 % or more of the day's glucose",
    "night_recorded": "a night of 3 to 14 hours ended on this day",
    "enough_wear": "worn and enough glucose: the day may be used",
}
"""Columns of the day table that say how complete a day is."""


def worn_hours(data: Points) -> float:
    """Hours in which a stream has valid readings."""
    pieces = np.unique(data.times[data.valid].astype(np.int64) // PIECE)
    return len(pieces) * PIECE / 3600
