"""Small drawings as SVG text: icon array, distribution, range track; readable in light and dark themes."""

from __future__ import annotations

from collections.abc import Sequence

UP = "#d97000"
"""Risk up (orange)."""
DOWN = "#2e7fd0"
"""Risk down (blue)."""
GREY = "#8b939c"
"""Data that is not about this participant."""
INK, PAPER = "#1c2127", "#ffffff"
"""A line to compare with, and its outline: one of the two stands out on any ground."""

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

    Both are p(class 1). A fall is blue, a rise orange, no change as in :func:`risk_bar`; the line is the
    tall mark.
    """
    width, top, tall = 220.0, 5.0, 14.0
    low, high = sorted((before, after))
    rises = after > before or (after == before and after >= threshold)
    colour = UP if rises else DOWN
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


def gauge(risk: float, interval: tuple[float, float], threshold: float) -> str:
    """Draw a risk from 0 to 1 as a bar, its interval as a bracket above it, and the line as the tall mark."""
    width, margin, top, tall = 560.0, 8.0, 20.0, 24.0
    colour = UP if risk >= threshold else DOWN
    low, high, level, line = (
        margin + min(max(place, 0.0), 1.0) * width for place in (*interval, risk, threshold)
    )
    middle = top + tall / 2
    return _svg(
        width + 2 * margin,
        top + tall + 10,
        [
            f'<rect x="{margin:g}" y="{top:g}" width="{width:g}" height="{tall:g}" rx="3" fill="{GREY}" '
            'opacity="0.3"/>',
            f'<rect x="{margin:g}" y="{top:g}" width="{level - margin:.1f}" height="{tall:g}" rx="3" '
            f'fill="{colour}"/>',
            f'<path d="M{low:.1f} 14 v-8 H{high:.1f} v8" fill="none" stroke="{GREY}" stroke-width="3"/>',
            *(
                f'<rect x="{margin + tenth * width / 10:.1f}" y="{top + tall + 2:g}" width="1.5" height="6" '
                f'fill="{GREY}"/>'
                for tenth in range(11)
            ),
            f'<circle cx="{level:.1f}" cy="{middle:g}" r="6" fill="{PAPER}" stroke="{INK}" '
            'stroke-width="2"/>',
            f'<rect x="{line - 2:.1f}" y="{top - 5:g}" width="4" height="{tall + 10:g}" fill="{INK}" '
            f'stroke="{PAPER}"/>',
        ],
    )


def scale(
    own: float,
    seen: tuple[float, float],
    reference: tuple[float, float] | None,
    allowed: Sequence[tuple[float, float]],
) -> str:
    """Draw what the places of a slider mean, all from 0 to 1: thin line ``seen``, band ``reference``, thick
    lines ``allowed``, and a dot for the own value."""
    width, height, middle = 600.0, 26.0, 13.0

    def rectangle(span: tuple[float, float], tall: float, opacity: float) -> str:
        x0, x1 = (min(max(place, 0.0), 1.0) * width for place in span)
        return (
            f'<rect x="{x0:.1f}" y="{middle - tall / 2:g}" width="{max(x1 - x0, 3):.1f}" height="{tall:g}" '
            f'fill="{GREY}" opacity="{opacity:g}"/>'
        )

    return _svg(
        width,
        height,
        [
            *([] if reference is None else [rectangle(reference, 20, 0.3)]),
            rectangle(seen, 2, 0.9),
            *(rectangle(span, 9, 1) for span in allowed),
            f'<circle cx="{min(max(own, 0.012), 0.988) * width:.1f}" cy="{middle:g}" r="7" fill="{INK}" '
            f'stroke="{PAPER}" stroke-width="2"/>',
        ],
    )


def risk_bar(risk: float, threshold: float, *, width: float = 120.0) -> str:
    """Draw a risk (0 to 1) as a bar, with a tick at the line from which the model flags."""
    height, margin = 20.0, 6.0
    line, colour = margin + threshold * width, UP if risk >= threshold else DOWN
    return _svg(
        width + 2 * margin,
        height,
        [
            f'<rect x="{margin:g}" y="5" width="{width:g}" height="10" rx="2" fill="{GREY}" opacity="0.35"/>',
            f'<rect x="{margin:g}" y="5" width="{risk * width:.1f}" height="10" rx="2" fill="{colour}"/>',
            f'<rect x="{line - 1.5:.1f}" y="0.5" width="3" height="19" fill="{INK}" stroke="{PAPER}"/>',
        ],
    )


def _svg(width: float, height: float, shapes: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">{"".join(shapes)}</svg>'
    )
