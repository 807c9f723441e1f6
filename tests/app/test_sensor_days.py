"""One day of a participant with sensors: its risk, its name, what was recorded, and how it is chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from sensecf_core.aireadi.cohort import participants
from sensecf_core.aireadi.report.wording import day_name
from sensecf_core.classifiers import store
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.ui.common import row_wording, sensors
from tests.app.conftest import OpenPage, page_text
from tests.app.test_sensors import COHORT, _row, rows_of

pytestmark = pytest.mark.usefixtures("fresh_caches")


def test_the_risk_of_every_day_and_the_mean(cohort: Cohort, someone: str, open_page: OpenPage) -> None:
    classifier = store.load(cohort)
    risks = classifier.predict_proba(cohort.rows.loc[[someone]])
    rows = rows_of(cohort, someone)
    at = open_page("Prediction", cohort=COHORT, participant=someone, row=rows[0])
    text = page_text(at)
    assert f"The model flags {(risks >= classifier.threshold).sum()} of {len(rows)} days" in text
    assert f"the mean risk over the days is {round(100 * float(np.mean(risks)))} of 100" in text
    riskiest = int(risks.argmax())
    at.radio(key="pick_day").set_value(rows[riskiest]).run()
    assert f"Risk {round(100 * float(risks[riskiest]))} of 100" in page_text(at)


def test_interventions_are_about_the_day(cohort: Cohort, someone: str, open_page: OpenPage) -> None:
    rows = rows_of(cohort, someone)
    at = open_page("Interventions", cohort=COHORT, participant=someone, row=rows[1])
    assert "would have had to differ" in page_text(at)
    at.radio(key="pick_day").set_value(rows[0]).run()
    assert _row(at) == rows[0]
    assert not at.exception


def test_the_risk_stands_beside_how_weak_the_model_is_and_what_was_measured(
    cohort: Cohort, someone: str, open_page: OpenPage
) -> None:
    row = rows_of(cohort, someone)[0]
    stress = participants.tables_of(COHORT).days.loc[(someone, row), "stress_daytime"]
    at = open_page("Prediction", cohort=COHORT, participant=someone, row=row)
    outcome = cohort.schema.task.class_1 if cohort.target.loc[(someone, row)] else cohort.schema.task.class_0
    text = page_text(at)
    assert f"Recorded: {outcome}" in text
    assert f"What was recorded for this day (measured: {stress:.1f} of 100). The model " in text
    assert "Held out: the model has not seen it." in page_text(at)
    auroc = (store.card(cohort) or {})["metrics"]["auroc"]
    assert auroc["low"] <= 0.5, "the shipped classifier is a weak one"
    for page in ("Prediction", "Interventions"):
        warnings = [text.value for text in open_page(page, cohort=COHORT, participant=someone).warning]
        sentence = f"On held-out days this model ranks hardly better than chance, AUROC {auroc['value']:.2f}"
        assert sum(text.startswith(sentence) for text in warnings) == 1, page


def test_stress_is_shown_as_it_was_judged(
    cohort: Cohort, someone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (someone, rows_of(cohort, someone)[0])
    tables = participants.tables_of(COHORT)
    near = replace(tables, days=tables.days.assign(stress_daytime=35.45))  # to even, as the task rounds
    monkeypatch.setattr(participants, "tables_of", lambda name: near)
    assert sensors.measured_stress(cohort, key) == f"{pd.Series([35.45]).round(1).iloc[0]:.1f}" == "35.4"


def test_who_is_chosen_by_a_link_is_on_top_of_the_folded_table(someone: str, open_page: OpenPage) -> None:
    at = open_page("Participants", cohort=COHORT, participant=someone)
    assert not any("Mean risk of 100" in one.value for one in at.dataframe), "folded, and not drawn"
    fold = next(one for one in at.expander if one.label == "Choose another participant")
    assert not fold.proto.expanded
    key = f"another_{someone}"
    at.session_state[key] = True
    at.run()
    table = next(one.value for one in at.dataframe if "Mean risk of 100" in one.value)
    assert table["Participant"].iloc[0] == someone
    others = table.iloc[1:]
    assert (others["Days with options"] > 0).is_monotonic_decreasing  # who has one stands first
    assert list(table.columns[:6]) == [
        "Participant",
        "Mean risk of 100",
        "Days flagged",
        "Days with options",
        "Days",
        "Band worn (% of days)",
    ]
    other = next(one for one in sorted(set(table["Study group"])) if one != table["Study group"].iloc[0])
    at.pills(key=f"group_{COHORT}").set_value([other]).run()
    table = next(one.value for one in at.dataframe if "Mean risk of 100" in one.value)
    assert someone not in set(table["Participant"]) and not at.exception


def test_a_day_has_one_name(cohort: Cohort, someone: str, open_page: OpenPage) -> None:
    row = rows_of(cohort, someone)[1]
    at = open_page("Prediction", cohort=COHORT, participant=someone, row=row)
    name = row_wording.row_name(cohort.schema, row)
    assert name.startswith(day_name(date.fromisoformat(row)))
    assert at.selectbox(key="pick_row").options[1] == name
    assert f"Day: {name}" in page_text(at)
