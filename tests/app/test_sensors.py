"""Pages of the cohort whose participants have sensors (the shipped synthetic participants)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pypdf
import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.aireadi.cohort import participants
from sensecf_core.aireadi.features.glucose import metrics
from sensecf_core.aireadi.open_participant import OpenPerson
from sensecf_core.aireadi.report.bands import band_times
from sensecf_core.aireadi.report.periods import GlucoseSummary, recorded, summary
from sensecf_core.aireadi.report.wording import percent
from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.ui.choice import excluded_participants
from sensecf_core.ui.common import row_wording, widgets
from tests.app.conftest import PAGES, OpenPage, page_text
from tests.app.test_interventions import ask

COHORT = "aireadi"
pytestmark = pytest.mark.usefixtures("fresh_caches")


def rows_of(cohort: Cohort, participant: str) -> list[str]:
    return list(cohort.rows.loc[participant].index)


def glucose_summary(participant: str) -> GlucoseSummary:
    person = participants.open_participant(COHORT, participant)
    period = recorded(person.worn)
    assert period is not None
    return summary(person.worn, person.days, period)


def tiles(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def _row(at: AppTest) -> str:
    """The row that the address names."""
    named = at.query_params["row"]
    return named if isinstance(named, str) else named[0]


def test_the_table_has_a_row_a_participant_with_wear_and_days_as_lines(
    cohort: Cohort, open_page: OpenPage
) -> None:
    at = open_page("Participants", cohort=COHORT)
    table = at.dataframe[0].value
    assert len(table) == cohort.rows.index.get_level_values(0).nunique()
    without = table[table["Days with options"] == 0]
    assert set(without.index) == set(table.index[-len(without) :])  # who has a day with options stands first
    assert without["Mean risk of 100"].is_monotonic_decreasing
    assert set(table["Study group"]) == {"healthy", "prediabetes", "non-insulin medication", "insulin"}
    assert (table["Glucose by day"].map(len) >= table["Days"]).all()
    assert table["Stress by day"].map(lambda values: all(0 <= one <= 100 for one in values)).all()
    assert table["Band worn (% of days)"].between(1, 100).all()
    assert "glucose report" in at.info[0].value


def test_who_has_no_usable_day_is_counted_with_the_reason(cohort: Cohort, open_page: OpenPage) -> None:
    at = open_page("Participants", cohort=COHORT)
    table = next(one.value for one in at.dataframe if "Left out" in one.value)
    tables = participants.tables_of(COHORT)
    assert set(table["Participant"]) == set(tables.people.index) - set(cohort.rows.index.get_level_values(0))
    few = table["Left out"] == excluded_participants.NO_GLUCOSE
    enough = tables.people["enough_glucose"].loc[table["Participant"]].fillna(False).astype(bool)
    assert (few.to_numpy() == ~enough.to_numpy()).all() and few.any()
    caption = next(one.value for one in at.caption if "no usable day" in one.value)
    assert caption.startswith(
        f"{len(table)} more participants have no usable day: {few.sum()} without 3 days"
    )


def test_somebody_without_a_usable_day_is_known_and_told_why(cohort: Cohort, open_page: OpenPage) -> None:
    tables = participants.tables_of(COHORT)
    excluded = excluded_participants.reasons(tables, cohort.rows.index.get_level_values(0).unique())
    person, reason = str(excluded.index[0]), excluded.iloc[0]
    at = open_page("Participants", cohort=COHORT, participant=person)
    assert f"Participant '{person}' has no usable day: {reason}." in [one.value for one in at.error]
    assert excluded_participants.reason_of(cohort, "1") is None
    assert excluded_participants.reason_of(cohort, str(cohort.rows.index[0][0])) is None
    at = open_page("Participants", cohort=COHORT, participant="1")
    assert "Unknown participant" in at.error[0].value


def test_people_whose_files_cannot_be_read_are_not_said_to_lack_glucose(cohort: Cohort) -> None:
    tables = participants.tables_of(COHORT)
    shown = cohort.rows.index.get_level_values(0).unique()
    before = excluded_participants.reasons(tables, shown)
    someone = before.index[before == excluded_participants.NO_GLUCOSE][0]
    quality = tables.quality.copy()
    quality.loc[quality["participant_id"] == someone, "state"] = "unreadable"
    why = excluded_participants.reasons(replace(tables, quality=quality), shown)
    assert why[someone] == excluded_participants.UNREADABLE
    assert why.drop(someone).equals(before.drop(someone))
    assert f"1 {excluded_participants.UNREADABLE}" in excluded_participants.sentence(why)


def test_who_has_no_usable_day_is_not_named_where_people_are_real(
    cohort: Cohort, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cohort.schema.provenance.model_copy(update={"real": True})
    real_cohort = replace(cohort, schema=cohort.schema.model_copy(update={"provenance": real}))
    monkeypatch.setattr(registry, "load", lambda name: real_cohort)
    monkeypatch.setattr(store, "ready", lambda cohort: True)
    classifier = store.load(cohort)
    monkeypatch.setattr(store, "load", lambda cohort: classifier)
    at = open_page("Participants", cohort=COHORT)
    assert "no usable day" in page_text(at)
    assert not any("Left out" in one.value for one in at.dataframe)


def test_nobody_of_the_synthetic_cohort_is_called_real(
    cohort: Cohort, someone: str, worker: ModelWorker, open_page: OpenPage
) -> None:
    for page in PAGES:
        assert "real p" not in everything(open_page(page, cohort=COHORT, participant=someone)), page
    feasible = cohort_map.read(cohort).frame
    assert feasible is not None
    solid = feasible[(feasible["profile"] == "intervention") & (feasible["cross"] == "solid")].iloc[0]
    at = open_page("Interventions", cohort=COHORT, participant=solid["participant_id"], row=solid["row_id"])
    at = ask(at)
    at.session_state["evidence_found"] = True  # drawn when it is opened
    text = everything(at.run())
    assert row_wording.counted_data_rows(cohort.schema, 3) == "3 days"
    assert "resemble people of the cohort" in text and "real p" not in text


def everything(at: AppTest) -> str:
    tables = [cell for table in at.table for cell in table.value.to_numpy().ravel()]
    return "\n".join([page_text(at), *map(str, tables)])


def test_the_card_counts_days_as_days(open_page: OpenPage, someone: str) -> None:
    at = open_page("Prediction", cohort=COHORT, participant=someone)
    for fold in ("log_odds", "model_card"):  # drawn when they are opened
        at.session_state[fold] = True
    at.run()
    groups = next(one.value for one in at.table if "With the outcome" in one.value)
    assert "Days" in groups and "People" not in groups
    text = page_text(at)
    assert "Of **100 days like this one**" in text and re.search(r"flags?\*\* this day: it flags", text)
    assert "the average day, the solid one this day" in text
    assert "of their days" in text and "of held-out days by predicted risk" in text
    assert "share of days with it that are flagged" in text
    assert "Can behaviour change alone lower this risk?" in text


def test_the_table_is_narrowed_by_group_and_by_the_models_view(open_page: OpenPage) -> None:
    at = open_page("Participants", cohort=COHORT)
    at.pills(key=f"group_{COHORT}").set_value(["insulin"]).run()
    table = at.dataframe[0].value
    assert set(table["Study group"]) == {"insulin"}
    at.pills(key=f"view_{COHORT}").set_value("No day flagged").run()
    narrower = at.dataframe[0].value
    assert 0 < len(narrower) < len(table) and set(narrower["Days flagged"]) == {0}


def test_the_report_needs_no_classifier(
    someone: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ready", lambda cohort: False)
    at = open_page("Glucose", cohort=COHORT, participant=someone)
    assert f"Glucose report of {someone}" in page_text(at) and tiles(at)["In range"].endswith("%")
    everybody = open_page("Participants", cohort=COHORT)
    columns = set(everybody.dataframe[0].value.columns)
    assert {"Glucose by day", "Days"} <= columns
    assert not {"Mean risk of 100", "Days flagged"} & columns
    assert "the highest mean risk first" not in page_text(everybody)


def test_the_report_shows_the_metrics_of_the_whole_recording(someone: str, open_page: OpenPage) -> None:
    at = open_page("Glucose", cohort=COHORT, participant=someone)
    expected = glucose_summary(someone)
    whole = metrics(participants.open_participant(COHORT, someone).worn.trace.values)
    shown = tiles(at)
    assert shown["In range"] == percent(whole.tir)
    assert shown["Mean"] == f"{whole.mean:.0f} mg/dL"
    assert shown["GMI"] == f"{whole.gmi:.1f} %"
    assert shown["Days"] == str(expected.glucose_days)
    text = page_text(at)
    assert f"of {expected.days} days with enough data" in text
    assert f"Limited data: {expected.glucose_days} of {expected.days} days with 70 % or more" in text
    assert "the consensus asks for 14 days and 70 %" in text
    assert "24-hour glucose profile (AGP-style)" in text and "Day by day" in text
    bands, profile, calendar = (chart.proto.alt for chart in at.get("plotly_chart"))
    target = next(band_time for band_time in band_times(whole) if band_time.band.name == "target")
    assert f"in range (70–180 mg/dL) {percent(target.percent)}" in bands
    assert profile.startswith("Half of the readings") and calendar.startswith("Each box is one day")
    labels = [button.label for button in at.get("download_button")]
    assert labels == ["One page, A4", "Letter", "Figures, CSV", "Days, CSV"]


def test_the_list_has_the_glucose_in_a_line_and_the_way_to_its_report(
    someone: str, open_page: OpenPage
) -> None:
    at = open_page("Participants", cohort=COHORT, participant=someone)
    whole = metrics(participants.open_participant(COHORT, someone).worn.trace.values)
    assert f"in range {percent(whole.tir)}, mean {whole.mean:.0f} mg/dL" in page_text(at)
    (link,) = (one.proto for one in at.main.get("page_link") if one.label == "Glucose report")
    assert f"participant={someone}" in link.query_string
    assert "Glucose" in [one.label for one in at.sidebar.get("page_link")]
    assert len(at.get("plotly_chart")) == 1  # the traces


def test_time_below_54_stands_first(cohort: Cohort, open_page: OpenPage) -> None:
    lowest = participants.tables_of(COHORT).days["glucose_tbr2"]
    known = lowest.loc[lowest.index.get_level_values(0).isin(cohort.rows.index.get_level_values(0))]
    at = open_page("Glucose", cohort=COHORT, participant=str(known.idxmax()[0]))
    (flag,) = (one.value for one in at.error if "Time below 54 mg/dL" in one.value)
    assert flag.startswith("**Act on this first.**") and "of 15 minutes or more" in flag
    at.radio(key="glucose_unit").set_value("mmol/L").run()
    assert any("Time below 3.0 mmol/L" in one.value for one in at.error)


def test_files_of_the_report_have_the_red_flags_of_the_strip(
    cohort: Cohort, someone: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = cohort.rows.copy()
    rows.loc[someone, ["systolic", "diastolic"]] = (182.0, 95.0)
    flagged = replace(cohort, rows=rows, data_sha256="flagged")
    monkeypatch.setattr(registry, "load", lambda name: flagged)
    classifier = store.load(cohort)
    monkeypatch.setattr(store, "ready", lambda cohort: True)
    monkeypatch.setattr(store, "load", lambda cohort: classifier)
    made: dict[str, Callable[[], str | bytes]] = {}
    monkeypatch.setattr(widgets, "download", lambda *args, key, **_: made.update({key: args[1]}))
    at = open_page("Glucose", cohort=COHORT, participant=someone)
    label = "Blood pressure 182/95 mmHg"
    assert label in at.error[0].value
    for name in ("glucose_figures", "glucose_days"):
        content = made[name]()
        assert isinstance(content, bytes)
        table = pd.read_csv(io.BytesIO(content))
        assert table["red_flags"].str.startswith(f"{label}: ").all(), name
    content = made["glucose_a4"]()
    assert isinstance(content, bytes)
    assert label in pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()


def test_without_sensors_or_somebody_chosen_the_page_says_so(open_page: OpenPage) -> None:
    at = open_page("Glucose", cohort=COHORT)
    assert "Choose a participant" in at.info[0].value
    at = open_page("Glucose", cohort="heart")
    assert "wore no sensors" in at.info[0].value
    assert "Glucose" not in [one.label for one in at.sidebar.get("page_link")]


def test_the_unit_is_kept_over_pages(someone: str, open_page: OpenPage) -> None:
    at = open_page("Glucose", cohort=COHORT, participant=someone)
    at.radio(key="glucose_unit").set_value("mmol/L").run()
    mean = f"{glucose_summary(someone).metrics.mean / 18.01559:.1f} mmol/L"
    assert tiles(at)["Mean"] == mean
    assert "70–180 mg/dL" not in page_text(at) and "3.9–10.0 mmol/L" in page_text(at)
    # Beside the bar, and beside fields of values; on Options those are drawn where their chip is open.
    for page, times in (("Prediction", 1), ("What-if", 2), ("Interventions", 1)):
        at.switch_page(PAGES[page]).run()
        said_by = [one.value for one in at.caption if "its own unit, mg/dL" in one.value]
        assert len(said_by) == times, page
    at.switch_page(PAGES["Participants"]).run()
    assert mean in page_text(at)
    at.radio(key="glucose_unit").set_value("mg/dL").run()
    assert "its own unit" not in page_text(at)


def test_a_day_is_chosen_everywhere(cohort: Cohort, someone: str, open_page: OpenPage) -> None:
    at = open_page("Participants", cohort=COHORT, participant=someone)
    first, second = rows_of(cohort, someone)[:2]
    assert _row(at) == first
    at.radio(key="pick_day").set_value(second).run()
    assert not at.exception
    assert _row(at) == second
    assert at.selectbox(key="pick_row").value == second
    assert f"{int(second[-2:])}" in next(one.value for one in at.caption if "The shaded day" in one.value)
    at.switch_page(PAGES["Prediction"]).run()
    assert at.radio(key="pick_day").value == second


def test_the_chosen_day_alone(someone: str, open_page: OpenPage) -> None:
    at = open_page("Participants", cohort=COHORT, participant=someone)
    at.radio(key="traces_view").set_value("day").run()
    assert "Over 1 day: glucose from" in page_text(at)


def test_goals_of_older_people_are_others(someone: str, open_page: OpenPage) -> None:
    at = open_page("Glucose", cohort=COHORT, participant=someone)
    assert "70–180 mg/dL, goal above 70 %" in page_text(at)
    assert "Goals for most adults with diabetes: Battelino" in page_text(at)
    at.radio(key="glucose_goals").set_value("older").run()
    assert "70–180 mg/dL, goal above 50 %" in page_text(at)
    assert "Goals for older people or high risk: Battelino" in page_text(at)


def test_periods_findings_and_quality_are_tables(someone: str, open_page: OpenPage) -> None:
    at = open_page("Glucose", cohort=COHORT, participant=someone)
    halves = next(table.value for table in at.table if "Change" in table.value)
    assert halves.iloc[0, 0] == "In range 70–180" and "Days with glucose" in halves.iloc[:, 0].tolist()
    at.radio(key="glucose_unit").set_value("mmol/L").run()
    halves = next(table.value for table in at.table if "Change" in table.value)
    assert halves.iloc[0, 0] == "In range 3.9–10.0" and not any("70" in one for one in halves.iloc[:, 0])
    at.switch_page(PAGES["Participants"]).run()
    headings = [list(table.value.columns) for table in at.table]
    assert ["Finding", "Value", "Against reference", "Reference", "Source"] in headings
    quality = next(table.value for table in at.table if "Longest gap" in table.value)
    assert ((quality["Gaps"] == "0") == (quality["Longest gap"] == "")).all()
    assert quality["Stream"].tolist()[:2] == ["Glucose", "Heart rate"] and len(quality) == 8
    assert not at.get("image"), "the cards of the day are drawn only when they are asked for"


def test_streams_that_cannot_be_read_leave_the_rest_of_the_page(
    someone: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str, participant: str) -> OpenPerson:
        raise InputError("The release is not where it was.")

    monkeypatch.setattr(participants, "open_participant", gone)
    for page in ("Participants", "Interventions"):
        at = open_page(page, cohort=COHORT, participant=someone)
        assert [one.value for one in at.error] == ["The release is not where it was."]
    at = open_page("Participants", cohort=COHORT, participant=someone)
    assert any("Finding" in table.value for table in at.table)


def test_other_cohorts_have_none_of_it(open_page: OpenPage) -> None:
    person = str(registry.load("heart").rows.index[0][0])
    for page in ("Participants", "Prediction", "Interventions"):
        at = open_page(page, cohort="heart", participant=person)
        text = page_text(at)
        assert "Glucose report" not in text and "Risk day by day" not in text and "this day" not in text
