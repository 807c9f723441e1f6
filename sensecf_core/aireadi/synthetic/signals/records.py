"""What one file holds, before it is JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sensecf_core.aireadi.synthetic.signals.clock import Minutes


@dataclass(frozen=True)
class Stream:
    """Records in the order of the file: ``utc`` minutes and plain JSON values.

    ``values``: numbers, or the stage of sleep. ``begin``: where intervals start (None for moments).
    ``extra``: a second column (the activity's name, the transmitter's seconds). ``seconds``: added to every
    time.
    """

    utc: Minutes
    values: list[Any]
    seconds: int = 0
    begin: Minutes | None = None
    extra: list[Any] = field(default_factory=list)
