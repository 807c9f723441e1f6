"""Settings of a synthetic release: size, seed, layout, and how densely streams are sampled."""

from __future__ import annotations

from dataclasses import dataclass

from sensecf_core.errors import InputError, unknown

LAYOUTS = ("v3", "v2", "v1", "mini")
MOST_PEOPLE = 99_999
FEWEST_DAYS, MOST_DAYS = 3, 14
COMPACT_PEOPLE, COMPACT_DAYS = 65, 8
"""Size of the release that the app makes on its first run: under 100 MB."""


@dataclass(frozen=True)
class Sampling:
    """How densely streams are written.

    The field of a stream has the minutes between its records (heart rate ``None``: one record every one to
    two minutes, as in real files) or, for ``activity``, the longest record in minutes. ``tail`` is the number
    of days that the band keeps logging after removal, per day worn; ``indent`` is the JSON indent.
    """

    heart_rate: int | None
    stress: int
    respiratory_rate: int
    oxygen_saturation: int
    calories: int
    activity: int
    tail: float
    indent: int | None


FULL = Sampling(
    heart_rate=None, stress=1, respiratory_rate=1, oxygen_saturation=1, calories=10, activity=15,
    tail=0.45, indent=4,
)  # fmt: skip
COMPACT = Sampling(
    heart_rate=5, stress=5, respiratory_rate=15, oxygen_saturation=10, calories=60, activity=60,
    tail=0.04, indent=None,
)  # fmt: skip
MEGABYTES_PER_DAY = {True: 0.18, False: 1.7}
"""Size of one participant's day, compact or not (measured; for the check of free space)."""


@dataclass(frozen=True)
class Settings:
    """Settings of a release; equal settings make the same bytes."""

    n: int = 200
    days: int = 10
    seed: int = 0
    layout: str = "v3"
    compact: bool = False

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise unknown("layout", self.layout, LAYOUTS)
        if not 1 <= self.n <= MOST_PEOPLE:
            raise InputError(f"--n must be from 1 to {MOST_PEOPLE:,}, got {self.n}.")
        if not FEWEST_DAYS <= self.days <= MOST_DAYS:
            raise InputError(f"--days must be from {FEWEST_DAYS} to {MOST_DAYS}, got {self.days}.")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed must be from 0 to {2**32 - 1}, got {self.seed}.")

    @property
    def sampling(self) -> Sampling:
        """The sampling of this release."""
        return COMPACT if self.compact else FULL

    @property
    def megabytes(self) -> float:
        """Approximate size of the release in MB."""
        return 1 + self.n * self.days * MEGABYTES_PER_DAY[self.compact]
