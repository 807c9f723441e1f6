"""What stands on the sheet of a glucose report, as texts and numbers; nothing here draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sensecf_core import __version__
from sensecf_core.aireadi.account.export_file import Export
from sensecf_core.aireadi.cohort import participants
from sensecf_core.aireadi.cohort.stress_task import WITHOUT_DIABETES, group_title
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.glucose import GlucoseReport
from sensecf_core.aireadi.report.periods import Period, recorded
from sensecf_core.cohorts.cohort import Cohort, locate
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST, of_participant, with_source
from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG, data_label
from sensecf_core.errors import InputError
from sensecf_core.provenance import commit

TITLE = "Glucose report (AGP-style)"
_SHORT_HASH = 12


@dataclass(frozen=True)
class GlucoseSheet:
    """All that stands on the page, from top to bottom; ``report`` has the numbers that are drawn."""

    notice_above: str
    title: str
    subject: str
    about: tuple[str, ...]
    red_flags: tuple[str, ...]
    report: GlucoseReport
    goals: str
    origin: tuple[str, ...]
    notice_below: str


def sheet(participant: str, person: OpenPerson, report: GlucoseReport, cohort: Cohort) -> GlucoseSheet:
    """Put together the sheet of a participant's report; it begins with the red flags of their rows."""
    schema = cohort.schema
    group = person.listed.get("study_group")
    zone = person.worn.zone.key.replace("_", " ")
    return GlucoseSheet(
        notice_above=DISCLAIMER,
        title=TITLE,
        subject=f"Participant {participant}",
        about=(
            f"{schema.title} · {data_label(schema.provenance.real)} · study group: {group_title(group)}",
            f"{report.heading}, times of {zone}. {report.sufficiency}",
        ),
        red_flags=_red_flags(map(with_source, of_participant(cohort, participant)), report),
        report=report,
        goals=report.goals_text(group=group_title(group) if group in WITHOUT_DIABETES else None),
        origin=(
            f"SenseCF {__version__}, commit {str(commit() or 'unknown')[:_SHORT_HASH]}; sha256 of the "
            f"cohort's data {cohort.data_sha256[:_SHORT_HASH]}",
            f"Address of this report: /Glucose?cohort={schema.name}&participant={participant}",
        ),
        notice_below=DISCLAIMER_LONG,
    )


def _red_flags(of_rows: Iterable[str], report: GlucoseReport) -> tuple[str, ...]:
    """Those of the rows, then that of the report (time below 54 mg/dL)."""
    of_report = () if report.flag is None else (report.flag,)
    return tuple(f"{ACT_FIRST.upper()}: {flag}" for flag in (*of_rows, *of_report))


def opened(cohort: Cohort, participant: str) -> tuple[OpenPerson, Period]:
    """Read a participant's streams, and on which days anything was recorded.

    Raises
    ------
    InputError : no such participant, the cohort has no sensors, or nothing was recorded.
    NotReadyError : the cohort's tables are not built yet.
    """
    if not participants.has_streams(cohort.schema.name):
        raise InputError(f"The people of cohort {cohort.schema.name!r} wore no sensors; it has no report.")
    locate(cohort, participant, None)
    person = participants.open_participant(cohort.schema.name, participant)
    period = recorded(person.worn)
    if period is None:
        raise InputError(f"No sensor of participant {participant!r} recorded anything.")
    return person, period


def audited(file_format: str) -> dict[str, str]:
    """What the audit trail says of the export of a report, or of its tables."""
    return {"format": f"glucose {file_format}"}


def export_sheet(export: Export, report: GlucoseReport) -> GlucoseSheet:
    """Put together the sheet of somebody's own export: it belongs to no cohort, and says of nobody whose."""
    return GlucoseSheet(
        notice_above=DISCLAIMER,
        title=TITLE,
        subject=f"Export of {export.maker}",
        about=(
            "From a file that was read and not kept; whose it is has to be written by hand",
            f"{report.heading}, times as on the receiver, a reading every {export.every} minutes. "
            f"{report.sufficiency}",
            *((f"{'; '.join(export.notes)}.",) if export.notes else ()),
        ),
        red_flags=_red_flags((), report),
        report=report,
        goals=report.goals_text(group=None),
        origin=(
            f"SenseCF {__version__}, commit {str(commit() or 'unknown')[:_SHORT_HASH]}; sha256 of the file "
            f"{export.sha256[:_SHORT_HASH]}",
        ),
        notice_below=DISCLAIMER_LONG,
    )
