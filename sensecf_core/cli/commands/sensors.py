"""``sensors glucose``: the report of one person's own glucose sensor, from the export of their account."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sensecf_core.cli.options import Json, at_least
from sensecf_core.cli.output import print_json
from sensecf_core.disclaimer import DISCLAIMER
from sensecf_core.errors import InputError, unknown

if TYPE_CHECKING:
    from sensecf_core.aireadi.account.export_file import Export
    from sensecf_core.aireadi.open_participant import OpenPerson
    from sensecf_core.aireadi.report.glucose import GlucoseReport
    from sensecf_core.aireadi.report.periods import GlucoseSummary
    from sensecf_core.aireadi.report.units import GlucoseUnit
    from sensecf_core.records.paper.glucose_sheet import GlucoseSheet

app = typer.Typer(rich_markup_mode=None, help="One person's own sensors.")
DAYS = 14
"""The days that the consensus asks for."""


@app.command("glucose")
def glucose(
    export: Annotated[str, typer.Argument(help="The CSV that Dexcom Clarity or LibreView exports.")],
    *,
    days: Annotated[int, typer.Option(help="How many days, up to the last one recorded.")] = DAYS,
    first: Annotated[str | None, typer.Option("--from", help="The first day, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last day, YYYY-MM-DD.")] = None,
    dates: Annotated[
        str | None, typer.Option(help="DMY or MDY, where the dates can be read both ways.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="mg/dL or mmol/L; without it the file's.")] = None,
    goals: Annotated[
        str, typer.Option(help="Goals of `standard` or of `older` people and those at high risk.")
    ] = "standard",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row a figure.")] = False,
    by_day: Annotated[bool, typer.Option("--by-day", help="With --csv: one row a day instead.")] = False,
    pdf: Annotated[Path | None, typer.Option(help="Write the report to this file, one page of A4.")] = None,
    as_json: Json = False,
) -> None:
    """Time in range, GMI, CV and how complete the data are. Nothing is kept."""
    from sensecf_core.aireadi.account import report
    from sensecf_core.aireadi.account.export_file import read_export
    from sensecf_core.aireadi.report.glucose import glucose_report
    from sensecf_core.aireadi.report.units import UNITS
    from sensecf_core.records.paper.glucose_sheet import export_sheet

    at_least(1, days=days)
    _check_options(dates, unit, goals, as_csv=as_csv, by_day=by_day, as_json=as_json)
    found = read_export(Path(export), dates)  # type: ignore[arg-type]
    shown: GlucoseUnit = unit or next(one for one in UNITS if one.lower() == found.unit.lower())  # type: ignore[assignment]
    period = report.chosen_period(found, days, _day("from", first), _day("to", last))
    person = report.opened(found, period)
    made = glucose_report(person, period, shown, goals)  # type: ignore[arg-type]
    if pdf is not None:
        _write_pdf(pdf, export_sheet(found, made))
    if as_json:
        print_json(_plain(found, made))
    elif as_csv:
        print(_csv(person, made, by_day=by_day), end="")
    else:
        _show(found, made)


def _check_options(
    dates: str | None, unit: str | None, goals: str, *, as_csv: bool, by_day: bool, as_json: bool
) -> None:
    from sensecf_core.aireadi.report.bands import GOALS
    from sensecf_core.aireadi.report.units import UNITS

    if as_csv and as_json:
        raise InputError("Give either --csv or --json.")
    if by_day and not as_csv:
        raise InputError("--by-day is for --csv.")
    for name, value, known in (
        ("dates", dates, ("DMY", "MDY")),
        ("unit", unit, UNITS),
        ("goals", goals, GOALS),
    ):
        if value is not None and value not in known:
            raise unknown(f"--{name}", value, known)


def _write_pdf(out: Path, sheet: GlucoseSheet) -> None:
    from sensecf_core.records.paper.glucose_pdf import glucose_pdf

    content = glucose_pdf(sheet)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"{str(out)!r} cannot be written: {error.strerror}.") from error


def _day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--{option} must be a day like 2026-11-30, got {text!r}.") from None


def _plain(export: Export, made: GlucoseReport) -> dict[str, Any]:
    from dataclasses import asdict

    from sensecf_core.aireadi.account.report import recorded
    from sensecf_core.aireadi.report.bands import GOALS, band_times

    whole, summary = recorded(export), made.glucose
    return {
        "red_flags": [] if made.flag is None else [made.flag],
        "maker": export.maker,
        "unit": export.unit,
        "minutes_between_readings": export.every,
        "recorded": {"first": str(whole.first), "last": str(whole.last)},
        "period": {"first": str(summary.period.first), "last": str(summary.period.last)},
        "days": summary.days,
        "glucose_days": summary.glucose_days,
        "active": summary.active,
        "sufficiency": summary.sufficiency,
        "metrics": asdict(summary.metrics),
        "bands": {one.band.name: one.percent for one in band_times(summary.metrics)},
        "goals": [
            {
                "metric": goal.metric,
                "goal": goal.text,
                "met": None if _unknown(summary) else goal.met(summary.metrics),
            }
            for goal in GOALS[made.goals]
        ],
        "notes": list(export.notes),
        "disclaimer": DISCLAIMER,
    }


def _unknown(summary: GlucoseSummary) -> bool:
    return summary.sufficiency == "too_little"


def _csv(person: OpenPerson, made: GlucoseReport, *, by_day: bool) -> str:
    import pandas as pd

    from sensecf_core.aireadi.report import tables
    from sensecf_core.records.exports import table_csv

    if by_day:
        return table_csv(tables.by_day(person.days, made), {"disclaimer": DISCLAIMER})
    figures = tables.figures(made)
    notice = pd.DataFrame([(made.flag or "", "disclaimer", DISCLAIMER, "")], columns=figures.columns)
    return table_csv(pd.concat([figures, notice]), {})


def _show(export: Export, made: GlucoseReport) -> None:
    from sensecf_core.aireadi.features.wear import CONSENSUS_DAYS, GLUCOSE_DAYS
    from sensecf_core.aireadi.report.bands import GOALS, STABLE_CV, band_times
    from sensecf_core.aireadi.report.units import measure
    from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST

    summary, unit = made.glucose, made.unit
    metrics, period = summary.metrics, summary.period
    if made.flag is not None:
        print(f"{ACT_FIRST.upper()}: {made.flag}")
    print(f"{export.maker}, {period.first} to {period.last}, a reading every {export.every} minutes")
    words = {"full": "Enough data", "limited": "Limited data", "too_little": "Too little data"}
    print(
        f"{words[summary.sufficiency]}: {summary.glucose_days} of {summary.days} days have 70 % of their "
        f"glucose, sensor active {100 * summary.active:.0f} % of the time (the consensus asks for "
        f"{CONSENSUS_DAYS} days)."
    )
    for note in export.notes:
        print(f"  {note}")
    if _unknown(summary):
        print(f"Figures are told from {GLUCOSE_DAYS} such days on.")
        return
    print("Time in ranges:")
    for one in band_times(metrics):
        print(f"  {one.band.title:<10}{one.band.bounds(unit):<22}{one.percent:5.1f} %")
    print(f"Mean {measure(metrics.mean, unit)}, GMI {metrics.gmi:.1f} %")
    stable = "stable" if metrics.cv <= STABLE_CV else "variable"
    print(f"CV {metrics.cv:.1f} % ({stable}: {STABLE_CV:.0f} % divides)")
    print("Goals of the consensus (Battelino et al. 2019):")
    for goal in GOALS[made.goals]:
        met = "met" if goal.met(metrics) else "not met"
        print(f"  {goal.title:<20}{goal.text:<12}{getattr(metrics, goal.metric):5.1f} %  {met}")
    print(DISCLAIMER)
