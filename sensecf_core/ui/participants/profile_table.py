"""A compact table of measurements as HTML: value, place on the cohort's range, place in the cohort.

It is no ``st.table``, whose cells cannot hold a drawing. Texts are escaped, colours follow the theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LONGEST_LABEL = 18
"""Letters of a name that stands on one line."""
HEADINGS = ("Measurement", "Value", "Range here", "In the cohort")
_STYLE = """<style>
.measured { width: 100%; border-collapse: collapse; font-size: 0.875rem; line-height: 1.25; }
.measured th, .measured td { text-align: left; font-weight: normal; padding: 3px 8px 3px 0;
  border-bottom: 1px solid rgba(128, 128, 128, 0.3); vertical-align: middle; }
.measured thead th { font-size: 0.75rem; opacity: 0.8; }
.measured small { display: block; font-size: 0.75rem; opacity: 0.8; }
.measured td:nth-child(2) { width: 32%; }
.measured td:nth-child(3) { width: 17%; }
.measured td:nth-child(4) { width: 22%; font-size: 0.75rem; }
.measured strong { white-space: nowrap; }
.measured .range { display: block; position: relative; height: 14px; margin-right: 8px; }
.measured .range * { position: absolute; background: currentColor; }
.measured .axis { left: 0; right: 0; top: 6px; height: 2px; opacity: 0.4; }
.measured .band { top: 2px; height: 10px; opacity: 0.25; }
.measured .median { top: 1px; height: 12px; width: 1px; opacity: 0.6; }
.measured .own { top: 2px; height: 10px; width: 10px; margin-left: -5px; border-radius: 5px; }
@media (max-width: 640px) {
  .measured th, .measured td { padding: 3px 6px 3px 0; }
  .measured td:nth-child(2) { width: 30%; }
  .measured td:nth-child(3) { width: 18%; }
  .measured td:nth-child(4) { width: 21%; }
}
</style>"""


@dataclass(frozen=True)
class Range:
    """Positions from 0 to 1 on the cohort's range; values beyond are drawn at its ends.

    An end of the reference range is None where it is open.
    """

    own: float
    low: float | None
    high: float | None
    median: float


@dataclass(frozen=True)
class Line:
    """One measurement, as plain text.

    ``outside`` says in words beyond which range the value lies, else it is empty; ``range`` is None where
    there is nothing to draw.
    """

    label: str
    description: str
    value: str
    outside: str
    reference: str
    range: Range | None
    place: str

    @property
    def lines(self) -> int:
        """How many lines of text it takes in a table about 500 pixels wide."""
        return 2 if self.outside or self.reference or len(self.label) > LONGEST_LABEL else 1


def html(lines: Sequence[Line], caption: str) -> str:
    """Write a table with a line for each measurement; ``caption`` names it for screen readers."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS)
    body = "".join(_row(line) for line in lines)
    return (
        f'{_STYLE}<table class="measured" aria-label="{escape(caption)}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(line: Line) -> str:
    title = f' title="{escape(line.description)}"' if line.description else ""
    value = f"<strong>{escape(line.value)}</strong>" if line.outside else escape(line.value)
    notes = " · ".join(note for note in (line.outside, line.reference) if note)
    small = f"<small>{escape(notes)}</small>" if notes else ""
    return (
        f'<tr><th scope="row"{title}>{escape(line.label)}</th><td>{value}{small}</td>'
        f"<td>{'' if line.range is None else _drawn(line.range)}</td><td>{escape(line.place)}</td></tr>"
    )


def _drawn(shown: Range) -> str:
    """Draw a dot for the value on a line, with a band for the reference range and a tick at the median.

    In spans, because the page lets no SVG pass that is written into it.
    """
    parts = ['<span class="axis"></span>']
    if (shown.low, shown.high) != (None, None):
        low, high = _inside(shown.low or 0.0), 1.0 if shown.high is None else _inside(shown.high)
        style = f"left:{100 * low:.0f}%;width:{max(100 * (high - low), 1):.0f}%"
        parts.append(f'<span class="band" style="{style}"></span>')
    parts.append(f'<span class="median" style="left:{100 * _inside(shown.median):.0f}%"></span>')
    parts.append(f'<span class="own" style="left:{100 * _inside(shown.own):.0f}%"></span>')
    return f'<span class="range">{"".join(parts)}</span>'


def _inside(position: float) -> float:
    return min(max(position, 0.0), 1.0)
