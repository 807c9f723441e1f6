"""The glucose report of one person's own sensor, from what their account of Dexcom or LibreView exports.

The file lies on the disk only while it is read, in a private folder; what was read goes with its page.
"""

from __future__ import annotations

import tempfile
from functools import partial
from hashlib import sha256
from pathlib import Path

import streamlit as st

from sensecf_core.aireadi.account import report as account
from sensecf_core.aireadi.account.export_file import AmbiguousDatesError, DateOrder, Export, read_export
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report import tables
from sensecf_core.aireadi.report.glucose import GlucoseReport, glucose_report as report_of
from sensecf_core.aireadi.report.periods import Period, recorded
from sensecf_core.aireadi.report.units import UNITS
from sensecf_core.disclaimer import DISCLAIMER_LONG
from sensecf_core.errors import InputError
from sensecf_core.provenance import install_command
from sensecf_core.records.exports import table_csv
from sensecf_core.records.paper.glucose_pdf import glucose_pdf
from sensecf_core.records.paper.glucose_sheet import export_sheet
from sensecf_core.records.paper.page import available
from sensecf_core.ui.common import widgets, wording
from sensecf_core.ui.page.frame import Page
from sensecf_core.ui.sensors import compare_periods, glucose_report

DAYS = 14
"""The days that the consensus asks for; the last ones are shown first."""
_UPLOADS, _READ = "glucose_exports", "glucose_export_read"
_ORDERS: dict[str, DateOrder | None] = {
    "As the file shows": None,
    "Day first (05-06 is 5 June)": "DMY",
    "Month first (05-06 is 6 May)": "MDY",
}


def chosen() -> bool:
    """Whether a file is chosen, so that the page shows its report in place of the participant's."""
    return st.session_state.get(_key()) is not None


def ask() -> None:
    """Offer to read a file, below whatever the page shows."""
    with (
        st.container(key="controls_export"),  # not printed, although it is open while a report is shown
        st.expander("Report from an export of Dexcom or LibreView", icon=":material/upload_file:"),
    ):
        st.file_uploader(
            "The CSV that Dexcom Clarity or LibreView exports",
            type=["csv"],
            key=_key(),
            help="Dexcom Clarity: “Export”. LibreView: “Download glucose data”. In mg/dL or mmol/L.",
        )
        st.caption(
            "The report of somebody who is in no cohort. The file is read on this computer and not kept: "
            "close the page, and it is gone."
        )


def show(page: Page) -> None:
    """Show the report of the chosen file, or why it cannot be read."""
    st.header("Glucose report of an export")
    st.button("Close this report", icon=":material/close:", on_click=_close)
    uploaded = st.session_state[_key()]
    content = uploaded.getvalue()
    dates = f"export_dates_{sha256(content).hexdigest()}"  # what was said of a file holds for no other
    order = _ORDERS[st.session_state.get(dates, next(iter(_ORDERS)))]
    if order is not None:
        _ask_order(dates)
    try:
        export = _read(uploaded.name, content, order)
        _report(page, export)
    except AmbiguousDatesError:
        st.warning(
            "The dates of this file can be read both ways. Say which comes first, day or month.",
            icon=":material/calendar_month:",
        )
        _ask_order(dates)
    except InputError as error:
        st.error(wording.message(str(error)), icon=":material/error:")


def _ask_order(key: str) -> None:
    st.radio("Dates", list(_ORDERS), key=key, persist_state="session", horizontal=True)


def _report(page: Page, export: Export) -> None:
    if st.session_state.get(_READ) != export.sha256:  # a new file is shown in its own unit
        st.session_state[_READ] = export.sha256
        st.session_state["glucose_unit"] = next(u for u in UNITS if u.lower() == export.unit.lower())
    whole = account.recorded(export)
    with st.container(key="export_period"):
        period = compare_periods.choose_period(
            "Days", "export", whole, account.chosen_period(export, DAYS, None, None)
        )
    person = account.opened(export, period)
    report = report_of(person, period, glucose_report.unit(page), glucose_report.goals())
    about = (
        f"{export.maker}, a reading every {export.every} minutes. {report.heading}, times as on the "
        f"receiver. {report.sufficiency}"
    )
    glucose_report.show(report, person, about)
    if export.notes:
        st.caption(wording.plain(f"How it was read: {'; '.join(export.notes)}."))
    _files(export, report, person)
    if (days := recorded(person.worn)) is not None:
        with st.expander("Compare two periods", icon=":material/compare:"):
            compare_periods.show(person, Period(days.first, days.last), report.unit)


def _files(export: Export, report: GlucoseReport, person: OpenPerson) -> None:
    notice = {"source": export.maker, "notice": DISCLAIMER_LONG}
    stem = f"glucose-{report.period.first}-{report.period.last}"
    missing = None if available() else f"It needs fpdf2; run `{install_command('exports')}`."
    with st.container(horizontal=True, gap="small"):
        widgets.download(
            "One page, A4",
            lambda: glucose_pdf(export_sheet(export, report)),
            f"{stem}.pdf",
            "application/pdf",
            icon=":material/picture_as_pdf:",
            key="export_pdf",
            refused=missing,
        )
        for label, table, name in (
            ("Figures, CSV", partial(tables.figures, report), "figures"),
            ("Days, CSV", partial(tables.by_day, person.days, report), "days"),
        ):
            widgets.csv_button(
                lambda table=table: table_csv(table(), notice),  # type: ignore[misc]
                f"{stem}-{name}.csv",
                key=f"export_{name}",
                label=label,
            )


@st.cache_data(max_entries=4, show_spinner="Reading the export …", scope="session")
def _read(name: str, content: bytes, order: DateOrder | None) -> Export:
    with tempfile.TemporaryDirectory() as private:  # readable by this account only
        path = Path(private) / (Path(name).name or "export.csv")
        path.write_bytes(content)
        return read_export(path, order)


def _close() -> None:
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1
    _read.clear()


def _key() -> str:
    return f"glucose_export_{st.session_state.get(_UPLOADS, 0)}"
