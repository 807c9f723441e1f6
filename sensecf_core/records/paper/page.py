"""One page of paper: its size, the font, and text on it; what all sheets share.

Text is in DejaVu Sans (a free licence, and it comes with matplotlib), of which the file holds the characters
used; a character that the font lacks becomes U+FFFD. The same content gives the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sensecf_core.errors import NotReadyError
from sensecf_core.provenance import install_command

if TYPE_CHECKING:
    from fpdf import FPDF

Paper = Literal["a4", "letter"]
PAPERS: tuple[Paper, ...] = ("a4", "letter")

FONT = "DejaVu"
MARGIN = 14.0
"""Millimetres on each side."""
LEADING = 0.46
"""Height of a line of text, in millimetres a point."""


def available() -> bool:
    """Whether the package that draws pages is installed."""
    return find_spec("fpdf") is not None


def empty_page(paper: Paper, *, title: str, subject: str, created: str) -> FPDF:
    """Open an empty page; ``created`` is ISO 8601, UTC where it names no zone.

    Raises ``NotReadyError`` if the packages that it needs are not installed.
    """
    try:
        from fpdf import FPDF
    except ModuleNotFoundError as error:
        raise NotReadyError(f"A PDF needs fpdf2; run `{install_command('exports')}`.") from error
    pdf = FPDF(orientation="portrait", unit="mm", format=paper)
    for style, path in _fonts().items():
        pdf.add_font(FONT, style, path)
    pdf.set_margin(MARGIN)
    pdf.set_auto_page_break(False)
    pdf.set_creation_date(_moment(created))
    pdf.set_title(printable(title))
    pdf.set_subject(printable(subject))
    pdf.set_creator("SenseCF")
    pdf.set_lang("en")
    pdf.add_page()
    return pdf


def printable(text: str) -> str:
    """``text`` on one line, without control characters, in characters that the font has."""
    # A narrow space within a number must not break; every other white space is a plain one.
    spaced = re.sub(r"[^\S\u00a0]+", " ", text.replace("\u202f", "\u00a0")).strip(" ")
    shown = (char for char in spaced if unicodedata.category(char)[0] != "C")
    return "".join(char if ord(char) in _characters() else "\N{REPLACEMENT CHARACTER}" for char in shown)


def paragraph(
    pdf: FPDF,
    text: str,
    size: float,
    *,
    bold: bool = False,
    border: bool = False,
    width: float = 0,
    dry_run: bool = False,
) -> float:
    """Write a paragraph of ``size`` points, or only measure it; returns its height in millimetres.

    ``width`` is in millimetres, 0 for that of the page.
    """
    pdf.set_font(FONT, "B" if bold else "", size)
    height = pdf.multi_cell(
        width,
        size * LEADING,
        printable(text),
        border=1 if border else 0,
        align="L",
        new_x="LMARGIN",
        new_y="NEXT",
        dry_run=dry_run,
        output="HEIGHT",
    )
    assert isinstance(height, float)  # as "HEIGHT" asks
    return height


@cache
def _fonts() -> dict[Literal["", "B"], Path]:
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise NotReadyError(
            f"A PDF needs the fonts of matplotlib; run `{install_command('exports')}`."
        ) from error
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return {"": folder / "DejaVuSans.ttf", "B": folder / "DejaVuSans-Bold.ttf"}


@cache
def _characters() -> frozenset[int]:
    """Code points that both weights of the font have."""
    from fontTools.ttLib import TTFont

    known = [frozenset(TTFont(path, lazy=True).getBestCmap()) for path in _fonts().values()]
    return known[0] & known[1]


def _moment(created: str) -> datetime:
    moment = datetime.fromisoformat(created)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
