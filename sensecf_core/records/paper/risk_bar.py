"""The risk on a line from 0 to 100, with the decision line and the risk of each option, in greys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sensecf_core.counterfactuals.checks.sentences import risk

if TYPE_CHECKING:
    from fpdf import FPDF

_HEIGHT = 5.0
"""Millimetres."""
_SHADE = 190
"""Grey of the risk, 0 (black) to 255."""
_LEADER = 3.0
"""Millimetres from the bar down to the number of an option."""
_ENDS = 8.0
"""Millimetres for the numbers at both ends."""


def draw_risk_bar(
    pdf: FPDF, probability: float, threshold: float, options: Sequence[tuple[str, float]], *, size: float
) -> None:
    """Draw at the cursor, over the page's width, and leave the cursor below.

    ``probability`` (the risk now), ``threshold`` and the risk of each option are p(class 1); ``size`` is that
    of the text in points.
    """
    line = size * 0.46  # millimetres
    left, width = pdf.l_margin + _ENDS, pdf.epw - 2 * _ENDS
    top = pdf.get_y() + line
    _labels(pdf, probability, threshold, left=left, width=width, y=pdf.get_y(), size=size)
    pdf.set_fill_color(_SHADE)
    pdf.set_draw_color(0)
    pdf.set_line_width(0.2)
    pdf.rect(left, top, width * probability, _HEIGHT, style="F")
    pdf.rect(left, top, width, _HEIGHT, style="D")
    pdf.set_line_width(0.8)
    pdf.line(left + width * threshold, top - 1, left + width * threshold, top + _HEIGHT + 1)
    _centred(pdf, "0", left - _ENDS / 2, top + 0.8, size)
    _centred(pdf, "100", left + width + _ENDS / 2, top + 0.8, size)
    bottom = top + _HEIGHT
    pdf.set_line_width(0.2)
    in_order = sorted(options, key=lambda option: option[1])
    places = [left + width * place for _, place in in_order]
    for (name, _), x, label in zip(in_order, places, spread(places, size * 0.8, left), strict=True):
        pdf.line(x, bottom, label, bottom + _LEADER)
        _centred(pdf, name, label, bottom + _LEADER, size, bold=True)
    pdf.set_y(bottom + 1.5 + (_LEADER + line if options else 0))


def _labels(
    pdf: FPDF, probability: float, threshold: float, *, left: float, width: float, y: float, size: float
) -> None:
    """Write "now" and "line" above the bar, on the outer sides of their places so that they never meet."""
    pdf.set_font(style="", size=size)
    now, line = (probability, f"now {risk(probability)}"), (threshold, f"line {risk(threshold)}")
    for (place, text), aligned in zip(sorted((now, line)), ("right", "left"), strict=True):
        wide = pdf.get_string_width(text)
        x = left + width * place - (wide + 0.5 if aligned == "right" else -0.5)
        pdf.text(min(max(x, pdf.l_margin), left + width + _ENDS - wide), y + size * 0.3, text)


def _centred(pdf: FPDF, text: str, x: float, y: float, size: float, *, bold: bool = False) -> None:
    pdf.set_font(style="B" if bold else "", size=size)
    pdf.text(x - pdf.get_string_width(text) / 2, y + size * 0.33, text)


def spread(places: Sequence[float], apart: float, least: float) -> list[float]:
    """Move places (ascending) apart, to the left where they can, but not below ``least``; in one unit."""
    moved: list[float] = []
    for place in reversed(places):
        moved.append(min(place, moved[-1] - apart) if moved else place)
    moved.reverse()
    for index, place in enumerate(moved):
        moved[index] = max(place, moved[index - 1] + apart if index else least)
    return moved
