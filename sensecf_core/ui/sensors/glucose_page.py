"""The page Glucose: the report, its files, and two periods compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report import tables
from sensecf_core.aireadi.report.glucose import GlucoseReport, glucose_report as report_of
from sensecf_core.aireadi.report.periods import recorded
from sensecf_core.counterfactuals.checks.red_flags import of_participant
from sensecf_core.provenance import install_command
from sensecf_core.records import audit
from sensecf_core.records.exports import participant_columns, table_csv
from sensecf_core.records.paper.glucose_pdf import glucose_pdf
from sensecf_core.records.paper.glucose_sheet import audited, sheet
from sensecf_core.records.paper.page import Paper, available
from sensecf_core.ui.common import sensors, widgets, wording
from sensecf_core.ui.decisions import who
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.sensors import compare_periods, glucose_report, own_export

_PAPERS: tuple[tuple[str, Paper], ...] = (("One page, A4", "a4"), ("Letter", "letter"))


def show(page: Page) -> None:
    """Show the report of a file, if one was chosen; else that about the chosen participant."""
    if own_export.chosen():
        own_export.show(page)
    else:
        _participant(page)
    own_export.ask()


def _participant(page: Page) -> None:
    """Show the report about the chosen participant, or why there is none."""
    cohort = page.required_cohort
    if not sensors.has_streams(cohort):
        st.info("The people of this cohort wore no sensors, so there is no glucose report.")
        _browse(page)
        return
    if page.key is None:
        st.info("Choose a participant to see their glucose report.", icon=":material/person_search:")
        _browse(page)
        return
    person = sensors.opened(cohort, page.key[0])
    if person is None:
        return
    st.header(f"Glucose report of {wording.plain(page.key[0])}")
    period = recorded(person.worn)
    if period is None:
        st.warning("No sensor of this participant recorded anything.", icon=":material/sensors_off:")
        return
    report = report_of(person, period, glucose_report.unit(page), glucose_report.goals())
    glucose_report.show(report, person)
    _files(page, person, report)
    with st.expander("Compare two periods", icon=":material/compare:"):
        compare_periods.show(person, period, report.unit)
    st.page_link(
        "pages/1_Participants.py",
        label="Heart rate, stress, steps and sleep of each day",
        icon=":material/show_chart:",
        query_params=page.choice.carried,
    )


def _browse(page: Page) -> None:
    st.page_link(
        "pages/1_Participants.py",
        label="Browse participants",
        icon=":material/table_rows:",
        query_params=page.choice.carried,
    )


def _files(page: Page, person: OpenPerson, report: GlucoseReport) -> None:
    """Offer the report as a PDF and as tables; the audit trail says so."""
    missing = None if available() else f"It needs fpdf2; run `{install_command('exports')}`."
    stem, by = f"sensecf-glucose-{page.row_key[0]}", who.name()
    flags = [flag.sentence for flag in of_participant(page.required_cohort, page.row_key[0])]
    with st.container(horizontal=True, gap="small"):
        for label, paper in _PAPERS:
            widgets.download(
                label,
                partial(_file, page, person, report, paper, by),
                f"{stem}-{paper}.pdf",
                "application/pdf",
                icon=":material/picture_as_pdf:",
                key=f"glucose_{paper}",
                refused=missing,
            )
        for label, table, name in (
            ("Figures, CSV", partial(tables.figures, report, flags), "figures"),
            ("Days, CSV", partial(tables.by_day, person.days, report, flags), "days"),
        ):
            widgets.csv_button(
                partial(_table, page, table, by), f"{stem}-{name}.csv", key=f"glucose_{name}", label=label
            )


def _table(page: Page, make: Callable[[], pd.DataFrame], by: str | None) -> str:
    cohort, participant = page.required_cohort, page.row_key[0]
    content = table_csv(make(), participant_columns(cohort.schema, participant))
    audit.record(audit.Entry("exported", by, cohort.schema.name, participant, detail=audited("csv")))
    return content


def _file(page: Page, person: OpenPerson, report: GlucoseReport, paper: Paper, by: str | None) -> bytes:
    cohort, participant = page.required_cohort, page.row_key[0]
    content = glucose_pdf(sheet(participant, person, report, cohort), paper)
    audit.record(audit.Entry("exported", by, cohort.schema.name, participant, detail=audited("pdf")))
    return content
