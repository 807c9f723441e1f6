"""The sheet of a glucose report as a PDF of one page: vector shapes and greys only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sensecf_core.aireadi.features.glucose import HIGH, LOW, VERY_LOW
from sensecf_core.aireadi.report.bands import GOALS, BandName
from sensecf_core.aireadi.report.day_curves import WEEKDAYS, DayCurve
from sensecf_core.aireadi.report.glucose import BandLine, GlucoseReport
from sensecf_core.aireadi.report.modal_day import PERCENTILES, ModalDay
from sensecf_core.aireadi.report.units import GlucoseUnit, measure, number
from sensecf_core.aireadi.report.wording import percent
from sensecf_core.records.paper.glucose_sheet import GlucoseSheet
from sensecf_core.records.paper.page import FONT, LEADING, MARGIN, Paper, empty_page, paragraph, printable
from sensecf_core.records.paper.risk_bar import spread
from sensecf_core.types import Floats

if TYPE_CHECKING:
    from fpdf import FPDF

_SIZE, _SMALL = 8.5, 7.0
"""Points of the text, and of what stands on the drawings."""
_GREYS: dict[BandName, int] = {"very_high": 90, "high": 165, "target": 232, "low": 165, "very_low": 60}
"""Grey of each band, 0 (black) to 255; each has its name beside it."""
_SHADES = {(5, 95): 224, (25, 75): 186}
_PANEL, _BANDS = 80.0, 66.0
"""Millimetres: height of bar and profile, width of the bar with its labels."""
_WEEK = 26.0
"""Most millimetres of a week of days."""
_FLOOR, _CEILING, _HIGHEST = 40.0, 260.0, 300.0
"""Range in mg/dL that a drawing always includes, and the highest level that has room in that of a day."""


def glucose_pdf(sheet: GlucoseSheet, paper: Paper = "a4") -> bytes:
    """Draw a sheet on one page. Raises ``NotReadyError`` if a package that it needs is not installed."""
    report = sheet.report
    pdf = empty_page(
        paper,
        title=f"{sheet.title}: {sheet.subject}",
        subject=sheet.notice_above,
        created=report.period.last.isoformat(),
    )
    pdf.c_margin = 0
    _head(pdf, sheet)
    _tiles(pdf, report)
    if report.day is not None:
        top = pdf.get_y() + 2
        _bands(pdf, report, top)
        _profile(pdf, report.day, report.unit, MARGIN + _BANDS, top)
        pdf.set_y(top + _PANEL + 3)
        paragraph(pdf, sheet.goals, _SMALL)
    foot = _foot_height(pdf, sheet)
    _days(pdf, report, pdf.h - MARGIN - foot)
    pdf.set_y(pdf.h - MARGIN - foot)
    _foot(pdf, sheet)
    return bytes(pdf.output())


def _head(pdf: FPDF, sheet: GlucoseSheet) -> None:
    paragraph(pdf, sheet.notice_above, _SMALL)
    pdf.set_y(pdf.get_y() + 2)
    paragraph(pdf, sheet.title, 14, bold=True)
    paragraph(pdf, sheet.subject, 10.5, bold=True)
    for line in sheet.about:
        paragraph(pdf, line, _SIZE)
    for flag in sheet.red_flags:
        pdf.set_y(pdf.get_y() + 1.5)
        pdf.set_line_width(0.8)
        paragraph(pdf, flag, _SIZE, bold=True, border=True)


def _tiles(pdf: FPDF, report: GlucoseReport) -> None:
    top, width = pdf.get_y() + 3, pdf.epw / len(report.tiles)
    for number_of, tile in enumerate(report.tiles):
        left = MARGIN + number_of * width
        _text(pdf, left, top + 2.5, tile.label, _SMALL)
        _text(pdf, left, top + 7.5, tile.value, 10.5, bold=True)
        pdf.set_xy(left, top + 8.8)
        pdf.set_font(FONT, "", 5.8)
        pdf.multi_cell(width, 5.8 * LEADING, printable(tile.note), align="L")
    pdf.set_y(top + 16)


def _bands(pdf: FPDF, report: GlucoseReport, top: float) -> None:
    """Draw the bar of the five bands with the goals as marks on its left, and a label beside each band."""
    left, width, bottom = MARGIN + 3, 11.0, top + _PANEL
    scale = _PANEL / 100
    pdf.set_draw_color(0)
    pdf.set_line_width(0.2)
    y, middles = top, []
    for line in report.bands:
        height = line.time.percent * scale
        pdf.set_fill_color(_GREYS[line.time.band.name])
        if height > 0:
            pdf.rect(left, y, width, height, style="FD")
        middles.append(y + height / 2)
        y += height
    pdf.set_line_width(0.8)
    for goal in GOALS[report.goals]:
        if goal.metric != "tir":
            high = goal.metric in ("tar", "tar2")
            place = top + goal.percent * scale if high else bottom - goal.percent * scale
            pdf.line(left - 3, place, left, place)
    pdf.set_line_width(0.2)
    wanted = [min(max(place, top + 3), bottom - 8) for place in middles]
    places = spread(wanted, 13.2, top + 3)
    for line, middle, place in zip(report.bands, middles, places, strict=True):
        pdf.line(left + width, middle, left + width + 3, place)
        _band_label(pdf, report, line, left + width + 4, place)


def _band_label(pdf: FPDF, report: GlucoseReport, line: BandLine, x: float, y: float) -> None:
    _text(pdf, x, y + 0.8, line.title, 8, bold=True)
    _text(pdf, x, y + 3.8, report.detail(line), 6)
    if line.goal:
        _text(pdf, x, y + 6.6, line.goal, 6)


def _profile(pdf: FPDF, day: ModalDay, unit: GlucoseUnit, left: float, top: float) -> None:
    """Draw median, middle half and middle 90 % by time of day, with the target range."""
    left, right, bottom = left + 8, pdf.w - MARGIN - 9, top + _PANEL - 7
    ceiling = max(_CEILING, float(np.nanmax(day.levels)) + 15) if day.known else _CEILING

    def place(levels: Floats) -> Floats:
        return bottom - (bottom - top) * (levels - _FLOOR) / (ceiling - _FLOOR)

    x = left + (right - left) * day.minutes / (24 * 60)
    for (low, high), grey in _SHADES.items():
        edges = [place(day.levels[PERCENTILES.index(end)]) for end in (low, high)]
        _fill(pdf, x, edges[0], edges[1], grey)
    pdf.set_draw_color(0)
    pdf.set_line_width(0.15)
    pdf.rect(left, top, right - left, bottom - top, style="D")
    for level, text in ((LOW, number(LOW, unit)), (HIGH, number(HIGH, unit))):
        y = float(place(np.array(float(level))))
        pdf.set_line_width(0.4)
        pdf.line(left, y, right, y)
        _text(pdf, left - 1, y + 1, text, _SMALL, align="right")
    pdf.set_line_width(0.8)
    _lines(pdf, x, place(day.levels[PERCENTILES.index(50)]))
    for hour in range(0, 25, 3):
        tick = left + (right - left) * hour / 24
        _text(pdf, tick, bottom + 3, str(hour), _SMALL, align="center")
    _text(pdf, (left + right) / 2, bottom + 6.5, "Hour of the day (local)", _SMALL, align="center")
    _text(pdf, left, top - 0.8, f"24-hour profile, {unit}", _SMALL, bold=True)
    measured = np.flatnonzero(np.isfinite(day.levels[0]))
    if len(measured):
        ends = place(day.levels[:, int(measured[-1])]).tolist()
        names = ["median" if percentile == 50 else f"{percentile}th" for percentile in PERCENTILES]
        for name, y in zip(reversed(names), spread(list(reversed(ends)), 2.6, top), strict=True):
            _text(pdf, right + 0.8, y + 0.9, name, 6)


def _fill(pdf: FPDF, x: Floats, low: Floats, high: Floats, grey: int) -> None:
    pdf.set_fill_color(grey)
    for part in _parts(low):
        points = [*zip(x[part], low[part], strict=True), *reversed([*zip(x[part], high[part], strict=True)])]
        if len(points) > 2:
            pdf.polygon([(float(px), float(py)) for px, py in points], style="F")


def _lines(pdf: FPDF, x: Floats, y: Floats) -> None:
    for part in _parts(y):
        if part.stop - part.start > 1:
            pdf.polyline([(float(px), float(py)) for px, py in zip(x[part], y[part], strict=True)])


def _parts(values: Floats) -> Sequence[slice]:
    """The stretches without a gap."""
    known = np.isfinite(values)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    return [slice(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _days(pdf: FPDF, report: GlucoseReport, end: float) -> None:
    """Draw each day on its own, in weeks; they share the room down to ``end``."""
    top = pdf.get_y() + 5
    height = min(_WEEK, (end - top - 2) / max(len(report.weeks), 1))
    width = pdf.epw / 7
    recorded = [day for week in report.weeks for day in week if day is not None and day.recorded]
    most = max((float(np.nanmax(day.values)) for day in recorded), default=_CEILING)
    ceiling = min(max(_CEILING, most), _HIGHEST)
    for column, name in enumerate(WEEKDAYS):
        _text(pdf, MARGIN + (column + 0.5) * width, top - 1, name, _SMALL, bold=True, align="center")
    for row, week in enumerate(report.weeks):
        for column, day in enumerate(week):
            if day is not None:
                box = (MARGIN + column * width, top + row * height, width - 1.5, height - 1)
                _day(pdf, day, box, ceiling)
    pdf.set_y(top + height * len(report.weeks))
    text = (
        f"Each box: midnight to midnight, {number(_FLOOR, report.unit)} to {measure(ceiling, report.unit)}; "
        "grey band: target range; percent: time in it"
    )
    if any((day.values < VERY_LOW).any() for day in recorded):
        text += f"; dots: below {measure(VERY_LOW, report.unit)}"
    _text(pdf, MARGIN, pdf.get_y() + 2, f"{text}.", 6)


def _day(pdf: FPDF, day: DayCurve, box: tuple[float, float, float, float], ceiling: float) -> None:
    left, top, width, height = box
    _text(pdf, left, top + 2.4, f"{day.day.day} {day.day:%b}", 6, bold=True)
    if day.recorded:
        _text(pdf, left + width, top + 2.4, percent(day.in_range), 6, align="right")
    top, bottom = top + 3.2, top + height

    def place(levels: Floats) -> Floats:
        return bottom - (bottom - top) * (np.clip(levels, _FLOOR, ceiling) - _FLOOR) / (ceiling - _FLOOR)

    high, low = (float(place(np.array(float(level)))) for level in (HIGH, LOW))
    pdf.set_fill_color(228)
    pdf.rect(left, high, width, low - high, style="F")
    pdf.set_draw_color(120)
    pdf.set_line_width(0.15)
    pdf.rect(left, top, width, bottom - top, style="D")
    pdf.set_draw_color(0)
    pdf.set_line_width(0.25)
    x = left + width * day.hours / 24
    _lines(pdf, x, place(day.values))
    pdf.set_fill_color(0)
    for index in np.flatnonzero(day.values < VERY_LOW):
        pdf.circle(float(x[index]), float(place(day.values)[index]), 0.45, style="F")
    if not day.recorded:
        _text(pdf, left + width / 2, (top + bottom) / 2 + 1, "not recorded", 6, align="center")


def _foot(pdf: FPDF, sheet: GlucoseSheet) -> None:
    pdf.set_draw_color(0)
    pdf.set_line_width(0.2)
    pdf.line(MARGIN, pdf.get_y(), pdf.w - MARGIN, pdf.get_y())
    pdf.set_y(pdf.get_y() + 1)
    for text, bold in _foot_texts(sheet):
        paragraph(pdf, text, 6.4, bold=bold)


def _foot_height(pdf: FPDF, sheet: GlucoseSheet) -> float:
    return 1 + sum(paragraph(pdf, text, 6.4, bold=bold, dry_run=True) for text, bold in _foot_texts(sheet))


def _foot_texts(sheet: GlucoseSheet) -> list[tuple[str, bool]]:
    return [*((line, False) for line in sheet.origin), (sheet.notice_below, True)]


def _text(
    pdf: FPDF, x: float, y: float, text: str, size: float, *, bold: bool = False, align: str = "left"
) -> None:
    """Write one line with its baseline at ``y``; ``x`` is its left end, middle or right end."""
    pdf.set_font(FONT, "B" if bold else "", size)
    shown = printable(text)
    wide = pdf.get_string_width(shown)
    pdf.text(x - {"left": 0.0, "center": wide / 2, "right": wide}[align], y, shown)
