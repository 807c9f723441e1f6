"""What stands on the sheet of a glucose report, as texts and numbers; nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass

from sensecf_core import __version__
from sensecf_core.aireadi.cohort import participants
from sensecf_core.aireadi.cohort.stress_task import WITHOUT_DIABETES, group_title
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.bands import GoalSet
from sensecf_core.aireadi.report.glucose import GlucoseReport, glucose_report
from sensecf_core.aireadi.report.periods import recorded
from sensecf_core.aireadi.report.units import GlucoseUnit
from sensecf_core.cohorts.cohort import Cohort, locate
from sensecf_core.counterfactuals.checks.red_flags import ACT_FIRST
from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG, data_label
from sensecf_core.errors import InputError
from sensecf_core.provenance import commit

TITLE = "Glucose report (AGP-style)"
AUDITED = {"format": "glucose pdf"}
"""What the audit trail says of its export."""
_SHORT_HASH = 12


@dataclass(frozen=True)
class GlucoseSheet:
    """All that stands on the page, from top to bottom; ``report`` has the numbers that are drawn."""

    notice_above: str
    title: str
    subject: str
    about: tuple[str, ...]
    red_flag: str | None
    report: GlucoseReport
    goals: str
    origin: tuple[str, ...]
    notice_below: str


def sheet(participant: str, person: OpenPerson, report: GlucoseReport, cohort: Cohort) -> GlucoseSheet:
    """Put together the sheet of a participant's report."""
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
        red_flag=None if report.flag is None else f"{ACT_FIRST.upper()}: {report.flag}",
        report=report,
        goals=report.goals_text(group=group_title(group) if group in WITHOUT_DIABETES else None),
        origin=(
            f"SenseCF {__version__}, commit {str(commit() or 'unknown')[:_SHORT_HASH]}; sha256 of the "
            f"cohort's data {cohort.data_sha256[:_SHORT_HASH]}",
            f"Address of this report: /Glucose?cohort={schema.name}&participant={participant}",
        ),
        notice_below=DISCLAIMER_LONG,
    )


def sheet_of(cohort: Cohort, participant: str, unit: GlucoseUnit, goals: GoalSet) -> GlucoseSheet:
    """Read a participant's streams and put together the sheet of their whole recording.

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
    return sheet(participant, person, glucose_report(person, period, unit, goals), cohort)
