"""Types with the same meaning everywhere, and the callbacks of long work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]
    People = npt.NDArray[np.object_]
else:  # numpy is not imported for the sake of annotations
    Floats = Ints = Mask = People = Any

Json = dict[str, Any]
JsonView = Mapping[str, Any]
"""JSON that is only read."""
RowKey = tuple[str, str]
"""(participant_id, row_id)"""
Part = Literal["train", "val", "test"]
Span = tuple[float, float]
"""Lowest and highest value, both included."""
Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and what is going on."""


def _ignore(done: float, message: str) -> None:
    """Report to nobody."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Callbacks:
    """How long work reports its progress, and learns that it was cancelled.

    Attributes
    ----------
    progress : called with the share done (0 to 1) and what is going on.
    cancelled : asked often; once it returns True the work stops as soon as it can.
    """

    progress: Progress = _ignore
    cancelled: Callable[[], bool] = _never


NO_CALLBACKS = Callbacks()


class Plain(BaseModel):
    """A frozen pydantic model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
