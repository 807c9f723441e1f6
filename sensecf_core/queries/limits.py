"""What may move in one query: the limits of the request, and the values that they allow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sensecf_core.cohorts.schema import Profile
from sensecf_core.types import Plain, Span


class Limits(Plain):
    """Limits as in the request.

    ``ranges`` narrows numeric features (in their unit), ``levels`` named ones; other features keep the
    profile's own limits.
    """

    profile: Profile
    max_changes: Annotated[int, Field(ge=1)] = 3
    frozen: tuple[str, ...] = ()
    ranges: dict[str, Span] = {}
    levels: dict[str, tuple[str, ...]] = {}


class Movable(Plain):
    """One feature that may move in a query, and every value that a suggestion may give it.

    ``values`` are codes (see :mod:`sensecf_core.cohorts.encoding`), ascending, on the feature's own
    grid, without the factual's own value; never empty.
    """

    feature: str
    values: tuple[float, ...]
