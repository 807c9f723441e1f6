"""The sheet of one answer as a PDF of one page: vector shapes and greys only, so that any printer will do.

Text is in DejaVu Sans (a free licence, and it comes with matplotlib), of which the file holds the characters
used; a character that the font lacks becomes U+FFFD. The same answer gives the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.provenance import install_command
from sensecf_core.records.paper.risk_bar import draw_risk_bar
from sensecf_core.records.paper.sheet import Sheet, SheetOption

if TYPE_CHECKING:
    from fpdf import FPDF

Paper = Literal["a4", "letter"]
PAPERS: tuple[Paper, ...] = ("a4", "letter")

FONT = "DejaVu"
_MARGIN = 14.0
"""Millimetres on each side."""
_SIZES = (9.5, 8.8, 8.1, 7.4, 6.7)
"""Sizes of the text in points, tried from the largest on until everything fits."""
_LEADING = 0.46
"""Height of a line of text, in millimetres a point."""
_FOOT_GAP = 0.3
"""Lines between the rule and the foot below it."""
_FEWEST_UNCHANGED = 12
"""How many unchanged features are named at least, where the rest only fits as a count."""


def paper_pdf(sheet: Sheet, paper: Paper = "a4") -> bytes:
    """Draw a sheet on one page.

    Raises
    ------
    InputError : there is more than one page holds, at the smallest size of text.
    NotReadyError : the packages that it needs are not installed.
    """
    attempts = [(size, len(sheet.unchanged)) for size in _SIZES] + [(_SIZES[-1], _FEWEST_UNCHANGED)]
    for size, named in attempts:
        pdf = _empty_page(sheet, paper)
        if _Writer(pdf, sheet, size, named).write():
            return bytes(pdf.output())
    raise InputError(
        f"{len(sheet.options)} options with all that has to be said do not fit on one page; keep fewer."
    )


def _empty_page(sheet: Sheet, paper: Paper) -> FPDF:
    try:
        from fpdf import FPDF
    except ModuleNotFoundError as error:
        raise NotReadyError(f"A PDF needs fpdf2; run `{install_command('exports')}`.") from error
    pdf = FPDF(orientation="portrait", unit="mm", format=paper)
    for style, path in _fonts().items():
        pdf.add_font(FONT, style, path)
    pdf.set_margin(_MARGIN)
    pdf.set_auto_page_break(False)
    pdf.set_creation_date(_moment(sheet.created))
    pdf.set_title(_printable(f"{sheet.title}: {sheet.subject}"))
    pdf.set_subject(_printable(sheet.notice_above))
    pdf.set_creator("SenseCF")
    pdf.set_lang("en")
    pdf.add_page()
    return pdf


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


def _printable(text: str) -> str:
    """``text`` on one line, without control characters, in characters that the font has."""
    # A narrow space within a number must not break; every other white space is a plain one.
    spaced = re.sub(r"[^\S\u00a0]+", " ", text.replace("\u202f", "\u00a0")).strip(" ")
    shown = (char for char in spaced if unicodedata.category(char)[0] != "C")
    return "".join(char if ord(char) in _characters() else "\N{REPLACEMENT CHARACTER}" for char in shown)


def _moment(created: str) -> datetime:
    moment = datetime.fromisoformat(created)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class _Writer:
    """Writes a sheet from top to bottom, with text of one size; ``named`` unchanged features at most."""

    def __init__(self, pdf: FPDF, sheet: Sheet, size: float, named: int) -> None:
        self.pdf, self.sheet, self.size, self.named = pdf, sheet, size, named

    def write(self) -> bool:
        """Draw everything; False if it is more than the page holds."""
        foot = self._foot_height()
        self._head()
        self._red_flags()
        self._risk()
        self._options()
        self._rest()
        fits = self.pdf.get_y() <= self.pdf.h - _MARGIN - foot
        self.pdf.set_y(self.pdf.h - _MARGIN - foot)
        self._foot()
        return bool(fits)

    def text(self, text: str, *, bold: bool = False, scale: float = 1.0, border: bool = False) -> None:
        """Write one paragraph over the width of the page."""
        self._paragraph(text, bold, scale, border=border)

    def _paragraph(
        self, text: str, bold: bool, scale: float, border: bool = False, dry_run: bool = False
    ) -> float:
        """Write one paragraph, or only measure it; returns its height in millimetres."""
        self.pdf.set_font(FONT, "B" if bold else "", self.size * scale)
        height = self.pdf.multi_cell(
            0,
            self.size * scale * _LEADING,
            _printable(text),
            border=1 if border else 0,
            align="L",
            new_x="LMARGIN",
            new_y="NEXT",
            dry_run=dry_run,
            output="HEIGHT",
        )
        assert isinstance(height, float)  # as "HEIGHT" asks
        return height

    def gap(self, lines: float = 0.5) -> None:
        """Leave some lines free."""
        self.pdf.set_y(self.pdf.get_y() + lines * self.size * _LEADING)

    def _heading(self, text: str) -> None:
        self.gap()
        self.text(text, bold=True, scale=1.1)

    def _head(self) -> None:
        self.text(self.sheet.notice_above, scale=0.8)
        self.gap()
        self.text(self.sheet.title, bold=True, scale=1.6)
        self.text(self.sheet.subject, bold=True, scale=1.2)
        for line in self.sheet.about:
            self.text(line)

    def _red_flags(self) -> None:
        for flag in self.sheet.red_flags:
            self.gap()
            self.pdf.set_line_width(0.8)
            self.text(flag, bold=True, border=True)

    def _risk(self) -> None:
        self._heading("Risk")
        self.text(self.sheet.risk)
        self.gap(0.3)
        marks = [(str(option.number), option.probability) for option in self.sheet.options]
        draw_risk_bar(self.pdf, self.sheet.probability, self.sheet.threshold, marks, size=0.85 * self.size)
        legend = "Grey: the risk now. Upright line: from here on the model raises the flag."
        self.text(legend + (" Numbers: the risk with each option." if marks else ""), scale=0.8)

    def _options(self) -> None:
        self._heading(self.sheet.options_title)
        for option in self.sheet.options:
            self._option(option)
        for line in self.sheet.told:
            self.text(line)

    def _option(self, option: SheetOption) -> None:
        self.text(option.headline, bold=True)
        self.text(option.sentence)
        self.text(option.believed)
        for broken in option.breaks:
            self.text(f"Breaks: {broken}")
        self.gap(0.3)

    def _rest(self) -> None:
        named, left = self.sheet.unchanged[: self.named], len(self.sheet.unchanged[self.named :])
        if named:
            more = f"; and {left} more" if left else ""
            self._heading(self.sheet.unchanged_title)
            self.text(f"{'; '.join(named)}{more}.", scale=0.9)
        self._heading("How good is the model?")
        for line in self.sheet.quality:
            self.text(line, scale=0.9)
        self._heading("Limits")
        for line in self.sheet.limits:
            self.text(line, scale=0.9)

    def _foot(self) -> None:
        self.pdf.set_line_width(0.2)
        self.pdf.line(_MARGIN, self.pdf.get_y(), self.pdf.w - _MARGIN, self.pdf.get_y())
        self.gap(_FOOT_GAP)
        for text, bold, scale in self._foot_texts():
            self.text(text, bold=bold, scale=scale)

    def _foot_height(self) -> float:
        """How high the foot is, in millimetres."""
        texts = [self._paragraph(*text, dry_run=True) for text in self._foot_texts()]
        return sum(texts) + _FOOT_GAP * self.size * _LEADING

    def _foot_texts(self) -> list[tuple[str, bool, float]]:
        small = [*self.sheet.origin, f"Address of this answer: {self.sheet.address}"]
        return [*((line, False, 0.75) for line in small), (self.sheet.notice_below, True, 0.85)]
