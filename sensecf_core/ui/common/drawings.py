"""Small drawings as SVG text: icon array, distribution, range track; readable in light and dark themes."""

from __future__ import annotations

from collections.abc import Sequence

UP = "#d97000"
"""Risk up (orange)."""
DOWN = "#2e7fd0"
"""Risk down (blue)."""
GREY = "#8b939c"
"""Data that is not about this participant."""

_SIDE = 10


def clear(colour: str, opacity: float) -> str:
    """A colour ``#rrggbb`` with an opacity."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.3g})"


def icon_array(risk: float, colour: str = UP) -> str:
    """Draw 100 people, ``risk`` (0..1) of them as filled dots, the others as rings."""
    filled = round(100 * risk)
    dots = []
    for person in range(_SIDE * _SIDE):
        x, y = 10 + 20 * (person % _SIDE), 10 + 20 * (person // _SIDE)
        style = f'fill="{colour}"' if person < filled else f'fill="none" stroke="{GREY}" stroke-width="1.6"'
        dots.append(f'<circle cx="{x}" cy="{y}" r="7" {style}/>')
    return _svg(200, 200, dots)


def distribution(counts: Sequence[int], own: int | None) -> str:
    """Draw a histogram with the participant's own bar coloured and marked by a triangle (None: no mark)."""
    width, height, top = 200.0, 40.0, 9.0
    step, most = width / len(counts), max(*counts, 1)
    shapes = []
    for position, n in enumerate(counts):
        tall = 0 if not n else max(1.5, n / most * (height - top))
        colour = DOWN if position == own else GREY
        opacity = "1" if position == own else "0.55"
        shapes.append(
            f'<rect x="{position * step + 0.5:.1f}" y="{height - tall:.1f}" width="{step - 1:.1f}" '
            f'height="{tall:.1f}" fill="{colour}" opacity="{opacity}"/>'
        )
        if position == own:
            centre, tip = (position + 0.5) * step, height - tall - 1
            shapes.append(f'<path d="M{centre - 5:.1f} {tip - 7:.1f} h10 l-5 7 z" fill="{DOWN}"/>')
    shapes.append(f'<rect x="0" y="{height}" width="{width}" height="1" fill="{GREY}"/>')
    return _svg(width, height + 1, shapes)


def risk_change(before: float, after: float, threshold: float) -> str:
    """Draw a change of risk from 0 to 1: filled up to the lower one, hatched between, and the decision line.

    Both are p(class 1). A fall is blue, a rise orange; the line is the tall mark.
    """
    width, top, tall = 220.0, 5.0, 14.0
    low, high = sorted((before, after))
    colour = DOWN if after <= before else UP
    x_low, x_high, x_line = (min(max(place, 0.0), 1.0) * width for place in (low, high, threshold))
    hatch = (
        '<defs><pattern id="h" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="2" height="5" fill="{colour}"/></pattern></defs>'
    )
    return _svg(
        width + 2,
        tall + 2 * top,
        [
            hatch,
            f'<rect x="1" y="{top}" width="{x_low:.1f}" height="{tall}" fill="{colour}"/>',
            f'<rect x="{1 + x_low:.1f}" y="{top}" width="{x_high - x_low:.1f}" height="{tall}" '
            f'fill="url(#h)" stroke="{colour}"/>',
            f'<rect x="1" y="{top}" width="{width}" height="{tall}" fill="none" stroke="{GREY}" '
            'stroke-width="1.2"/>',
            f'<rect x="{x_line - 0.5:.1f}" y="0" width="3" height="{tall + 2 * top}" fill="#1c2127" '
            'stroke="#ffffff"/>',
        ],
    )


def track(before: float, after: float) -> str:
    """Draw a change on a line, from a filled dot (now) to a ring (after); both are positions from 0 to 1."""
    width, middle, margin = 220.0, 8.0, 8.0
    x0, x1 = (margin + min(max(position, 0.0), 1.0) * (width - 2 * margin) for position in (before, after))
    low, high = min(x0, x1), max(x0, x1)
    return _svg(
        width,
        2 * middle,
        [
            f'<line x1="0" x2="{width}" y1="{middle}" y2="{middle}" stroke="{GREY}" opacity="0.6"/>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="{DOWN}" '
            'stroke-width="4"/>',
            f'<circle cx="{x0:.1f}" cy="{middle}" r="5" fill="{GREY}"/>',
            f'<circle cx="{x1:.1f}" cy="{middle}" r="6" fill="#ffffff" stroke="{DOWN}" stroke-width="3"/>',
        ],
    )


def _svg(width: float, height: float, shapes: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">{"".join(shapes)}</svg>'
    )
