"""The sheet of one answer as a PDF of one page: vector shapes and greys only, so that any printer will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sensecf_core.errors import InputError
from sensecf_core.records.paper.page import LEADING, MARGIN, Paper, empty_page, paragraph
from sensecf_core.records.paper.risk_bar import draw_risk_bar
from sensecf_core.records.paper.sheet import Sheet, SheetOption

if TYPE_CHECKING:
    from fpdf import FPDF

_SIZES = (9.5, 8.8, 8.1, 7.4, 6.7)
"""Sizes of the text in points, tried from the largest on until everything fits."""
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
        title = f"{sheet.title}: {sheet.subject}"
        pdf = empty_page(paper, title=title, subject=sheet.notice_above, created=sheet.created)
        if _Writer(pdf, sheet, size, named).write():
            return bytes(pdf.output())
    raise InputError(
        f"{len(sheet.options)} options with all that has to be said do not fit on one page; keep fewer."
    )


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
        fits = self.pdf.get_y() <= self.pdf.h - MARGIN - foot
        self.pdf.set_y(self.pdf.h - MARGIN - foot)
        self._foot()
        return bool(fits)

    def text(self, text: str, *, bold: bool = False, scale: float = 1.0, border: bool = False) -> None:
        """Write one paragraph over the width of the page."""
        paragraph(self.pdf, text, self.size * scale, bold=bold, border=border)

    def gap(self, lines: float = 0.5) -> None:
        """Leave some lines free."""
        self.pdf.set_y(self.pdf.get_y() + lines * self.size * LEADING)

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
        if option.effort:
            self.text(option.effort)
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
        self.pdf.line(MARGIN, self.pdf.get_y(), self.pdf.w - MARGIN, self.pdf.get_y())
        self.gap(_FOOT_GAP)
        for text, bold, scale in self._foot_texts():
            self.text(text, bold=bold, scale=scale)

    def _foot_height(self) -> float:
        """How high the foot is, in millimetres."""
        texts = [
            paragraph(self.pdf, text, self.size * scale, bold=bold, dry_run=True)
            for text, bold, scale in self._foot_texts()
        ]
        return sum(texts) + _FOOT_GAP * self.size * LEADING

    def _foot_texts(self) -> list[tuple[str, bool, float]]:
        small = [*self.sheet.origin, f"Address of this answer: {self.sheet.address}"]
        return [*((line, False, 0.75) for line in small), (self.sheet.notice_below, True, 0.85)]
