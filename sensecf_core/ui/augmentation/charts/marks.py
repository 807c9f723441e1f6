"""Colour and shape of each group of arms, the same in every chart of the page (and as on Benchmarks)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sensecf_core.types import JsonView
from sensecf_core.ui.common.drawings import DOWN, GREY, UP

COLOURS: Mapping[str, str] = {
    "nothing added": GREY,
    "resampled": GREY,
    "counterfactual": UP,
    "language model": DOWN,
    "outside information": GREY,
    "diagnostic": GREY,
}
SHAPES: Mapping[str, str] = {
    "nothing added": "x",
    "resampled": "x",
    "counterfactual": "diamond",
    "language model": "circle",
    "outside information": "triangle-up",
    "diagnostic": "circle-open",
}
LEGEND: Mapping[str, str] = {
    "nothing added": "control",
    "resampled": "control",
    "counterfactual": "counterfactuals, no language model",
    "language model": "counterfactuals, language model",
    "outside information": "outside information",
    "diagnostic": "diagnostic: reads removed labels",
}
MARGIN = {"l": 8, "r": 16, "t": 34, "b": 8}


def mark(group: str, size: int = 10) -> dict[str, Any]:
    """The marker of a group."""
    width = 2 if SHAPES[group].endswith("-open") else 0
    return {"color": COLOURS[group], "symbol": SHAPES[group], "size": size, "line": {"width": width}}


def bars(
    gains: Sequence[JsonView], ends: tuple[str, str], scale: float, *, thickness: float, colour: str
) -> dict[str, Any]:
    """Error bars from the ends of paired gains; none where an end is missing."""

    def length(gain: JsonView, end: str) -> float:
        value = gain.get(end)
        return 0.0 if value is None or math.isnan(value) else abs(value - gain["mean"]) * scale

    return {
        "type": "data",
        "symmetric": False,
        "array": [length(gain, ends[1]) for gain in gains],
        "arrayminus": [length(gain, ends[0]) for gain in gains],
        "color": colour,
        "thickness": thickness,
        "width": 0,
    }
