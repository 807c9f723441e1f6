"""What the program does, as a picture: a person, two changes, the risk before and after with the line."""

from __future__ import annotations

from sensecf_core.ui.common.drawings import DOWN, GREY, UP

ALT = (
    "A person; two small changes, for example longer sleep and less saturated fat; then the risk as two "
    "bars: before above the line, after below it."
)
WIDTH, HEIGHT = 520, 150
_CHANGES = ("sleep longer", "less saturated fat")
_LINE = 430
"""Where the line stands, from the left."""


def drawing(ink: str) -> str:
    """Draw the picture as SVG; ``ink`` is the colour of text, which a picture cannot take from the page."""
    shapes = [
        f'<circle cx="45" cy="48" r="17" fill="{GREY}"/>',
        f'<path d="M14 112 a31 36 0 0 1 62 0 z" fill="{GREY}"/>',
        _text(45, 136, "a person", ink),
        _arrow(92, 122, ink),
        *(
            shape
            for row, change in enumerate(_CHANGES)
            for shape in (
                f'<rect x="132" y="{36 + 42 * row}" width="140" height="32" rx="6" fill="none" '
                f'stroke="{GREY}"/>',
                _text(202, 57 + 42 * row, change, ink),
            )
        ),
        _text(202, 136, "two small changes", ink),
        _arrow(282, 312, ink),
        *_bar("risk now", 48, 150, UP, ink),
        *_bar("risk after", 88, 74, DOWN, ink),
        f'<line x1="{_LINE}" x2="{_LINE}" y1="26" y2="112" stroke="{ink}" stroke-width="2"/>',
        _text(_LINE, 20, "line", ink),
        _text(415, 136, "the prediction changes", ink),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}">{"".join(shapes)}</svg>'
    )


def _bar(name: str, top: int, length: int, colour: str, ink: str) -> list[str]:
    return [
        f'<rect x="326" y="{top}" width="184" height="16" rx="3" fill="{GREY}" opacity="0.3"/>',
        f'<rect x="326" y="{top}" width="{length}" height="16" rx="3" fill="{colour}"/>',
        _text(326, top - 6, name, ink, anchor="start"),
    ]


def _arrow(start: int, end: int, ink: str) -> str:
    return (
        f'<path d="M{start} 74 H{end} m-7 -6 l8 6 l-8 6" fill="none" stroke="{ink}" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _text(x: int, y: int, text: str, ink: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{x}" y="{y}" fill="{ink}" text-anchor="{anchor}" font-size="13" '
        f'font-family="system-ui, sans-serif">{text}</text>'
    )
