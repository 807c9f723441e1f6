"""Deciding on Interventions: keep, reject, undo, note, star; what is handed over; what it changes."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pypdf
import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.cli.render_answer import as_text
from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, audit, decisions
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.person_state import fold
from sensecf_core.ui.decisions import effort, hand_over, history
from sensecf_core.ui.limits import feature_boxes, limits_fields
from tests.app.conftest import OpenPage, World, page_text, with_fields
from tests.records.made_answers import put_in_place


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker) -> ModelWorker:
    return worker


@pytest.fixture(scope="module")
def made(trained: World) -> Answer:
    """An answer with options, of which the first with several changes."""
    fitted = FittedCohort.fit(trained.cohort, trained.classifier)
    asked = ExplainRequest(
        cohort="small", participant_id=trained.flagged, method="random", candidates=64, behaviours_too=True
    )
    answer = explaining.answer(fitted, asked)
    assert len(kept_options(answer, None)) > 2
    return answer


@pytest.fixture
def stored(made: Answer, world: World) -> Answer:
    answers.save(made)
    return made


def press(at: AppTest, key: str, by: str | None = "Dr Lee") -> AppTest:
    """Press a button that decides; the name is given where it is asked for."""
    if by is not None:
        at.text_input(key=f"{key}_by").set_value(by)
    at.button(key=key).click().run()
    assert not at.exception, at.exception[0].message
    return at


def state(answer: Answer) -> Any:
    return fold(decisions.of_person("small", answer.participant_id))


def test_opening_the_page_shows_the_newest_answer_and_asks_nothing(
    stored: Answer, open_page: OpenPage, worker: ModelWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "submit", lambda request: pytest.fail("opening a page asks nothing"))
    answers.save(stored.model_copy(update={"answer_id": "later", "status": "cancelled"}))
    at = open_page("Interventions", cohort="small", participant=stored.participant_id)
    assert at.query_params["answer"] == stored.answer_id
    assert kept_options(stored, [1])[0].option.sentence in page_text(at)
    at.run()
    assert [row.action for row in audit.recent()].count("seen") == 1, "once a session"
    shown_to = open_page("Interventions", answer=stored.answer_id)
    assert not shown_to.exception
    assert [row.action for row in audit.recent()].count("seen") == 2


def test_a_kept_option_is_a_row_and_is_shown_after_a_reload(stored: Answer, open_page: OpenPage) -> None:
    at = open_page("Interventions", answer=stored.answer_id)
    press(at, f"keep_1_{stored.answer_id}", by="  ")
    assert "needs the name of who decides" in at.error[0].value and not state(stored).kept
    press(at, f"keep_1_{stored.answer_id}")
    (kept,) = state(stored).kept
    assert (kept.who, kept.kind, kept.answer_id, kept.option) == ("Dr Lee", "keep", stored.answer_id, 1)
    assert kept.changes == kept_options(stored, [1])[0].option.model_dump(by_alias=True)["changes"]
    press(at, f"keep_2_{stored.answer_id}", by=None)  # the name is asked for once
    again = page_text(open_page("Interventions", answer=stored.answer_id))
    assert again.count("Kept by Dr Lee") == 2 and "2 kept" in again
    assert audit.verify().ok


def test_an_undo_is_a_new_row_and_another_name_can_be_given(stored: Answer, open_page: OpenPage) -> None:
    decisions.keep(stored.answer_id, 1, by="Dr Lee")
    at = open_page("Interventions", answer=stored.answer_id)
    press(at, f"undo_1_{stored.answer_id}", by="Dr Roy")
    assert not state(stored).kept and "0 kept" in page_text(at)
    assert [(one.kind, one.who) for one in decisions.history()] == [("keep", "Dr Lee"), ("undo", "Dr Roy")]
    at.text_input(key="rename_by").set_value("Dr Kim")
    at.button(key="rename").click().run()
    press(at, f"keep_1_{stored.answer_id}", by=None)
    assert state(stored).kept[0].who == "Dr Kim"


def test_a_rejection_has_a_reason_and_holds_its_feature_back(
    stored: Answer,
    world: World,
    open_page: OpenPage,
    worker: ModelWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    several = next(one for one in kept_options(stored, None) if one.option.n_changed > 1)
    feature = next(iter(several.option.changes))
    label = world.cohort.schema.feature(feature).label
    requests: list[ExplainRequest] = []
    monkeypatch.setattr(worker, "submit", lambda request: requests.append(request) or "a-job")
    at = with_fields(open_page("Interventions", answer=stored.answer_id))
    at.selectbox(key="method").select("random").run()
    assert at.checkbox(key=f"free_small_{feature}").value
    key = f"reject_{several.number}_{stored.answer_id}"
    press(at, key)
    assert "Choose a reason first" in at.error[0].value
    at.selectbox(key=f"{key}_reason").select("not-possible")
    at.multiselect(key=f"{key}_about").select(feature)
    at.text_input(key=f"{key}_note").set_value("Shift work.")
    press(at, key)
    (rejected,) = state(stored).rejected
    assert (rejected.reason, rejected.rejected_features) == ("not-possible", (feature,))
    text = page_text(at)
    assert f"Not possible for this person ({label}) · Shift work." in text
    why = f"{label} (not possible for this person, Dr Lee: “Shift work.”)"
    assert f"Fixed since it was rejected for this participant: {why}" in text
    assert not at.checkbox(key=f"free_small_{feature}").value
    at.button(key="generate").click().run()
    assert [request.frozen for request in requests] == [(feature,)]
    at.button(key="let_move").click().run()
    assert at.checkbox(key=f"free_small_{feature}").value
    at.run()
    assert at.checkbox(key=f"free_small_{feature}").value, "it stays reset"
    elsewhere = open_page("Comparison", cohort="small", participant=stored.participant_id)
    assert not elsewhere.checkbox(key=f"free_small_{feature}").value
    elsewhere.selectbox(key="pick_participant").select(world.unflagged).run()
    assert elsewhere.session_state[f"free_small_{feature}"], "for this person only"
    press(at, f"undo_{several.number}_{stored.answer_id}", by=None)
    assert not state(stored).rejected and "Fixed since" not in page_text(at)


def test_limits_of_an_older_answer_do_not_bring_back_what_was_rejected(
    stored: Answer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: dict[str, object] = {}
    monkeypatch.setattr(feature_boxes.st, "session_state", session)
    schema, person = world.cohort.schema, stored.participant_id
    feature_boxes._untick(schema, person, ["bmi"])
    assert session["free_small_bmi"] is False
    limits_fields.fill_limits(schema, stored.limits)
    feature_boxes._untick(schema, person, ["bmi"])
    assert session["free_small_bmi"] is False and session["free_small_sleep"] is True


def test_other_takes_a_note(stored: Answer, open_page: OpenPage) -> None:
    at = open_page("Interventions", answer=stored.answer_id)
    key = f"reject_1_{stored.answer_id}"
    at.selectbox(key=f"{key}_reason").select("other")
    press(at, key)
    assert "takes a note" in at.error[0].value
    at.text_input(key=f"{key}_note").set_value("Shift work.")
    press(at, key)
    assert state(stored).rejected[0].note == "Shift work." and "Other · Shift work." in page_text(at)


def test_how_hard_an_option_is_for_the_person_can_be_said(stored: Answer, open_page: OpenPage) -> None:
    first, second = kept_options(stored, [1, 2])
    feature = next(name for name in first.option.effort if name not in second.option.changes)
    at = open_page("Interventions", answer=stored.answer_id)
    key = f"effort_1_{stored.answer_id}"
    at.session_state[f"{key}_open"] = True
    at.run()
    at.selectbox(key=f"{key}_{feature}_None").select("hard")
    press(at, key)
    assert state(stored).effort_of == {feature: "hard"}
    (said,) = (one for one in decisions.history() if one.kind == "effort")
    assert (said.who, said.features) == ("Dr Lee", (feature,))
    own = state(stored).effort_of
    assert effort.label(first.option, own) == "Effort: hard"
    assert effort.label(second.option, own).endswith("(default)")
    at.session_state[f"{key}_open"] = True
    at.run()
    at.selectbox(key=f"{key}_{feature}_hard").select(effort.DEFAULT)
    press(at, key, by=None)
    assert state(stored).effort_of == {} and effort.label(first.option, {}).endswith("(default)")


def test_note_and_star(stored: Answer, open_page: OpenPage) -> None:
    at = open_page("Interventions", answer=stored.answer_id)
    press(at, "star")
    at.text_area[0].set_value("Call in *May*.")
    press(at, "note", by=None)
    now = state(stored)
    assert now.star is not None and now.note.note == "Call in *May*."
    text = page_text(open_page("Interventions", answer=stored.answer_id))
    assert "Call in *May*." in text and "Dr Lee" in text
    press(at, "star", by=None)
    assert state(stored).star is None


def test_page_paper_and_command_line_give_an_option_the_same_number(
    stored: Answer, world: World, open_page: OpenPage
) -> None:
    schema = world.cohort.schema
    at = open_page("Interventions", answer=stored.answer_id)
    headings = [one.value for one in at.subheader if one.value.startswith("Option ")]
    numbered = kept_options(stored, None)
    assert [heading.split(":")[0] for heading in headings] == [f"Option {one.number}" for one in numbered]
    pdf = read(hand_over.file(stored, "pdf", (), "a4", None))
    for one in numbered:
        assert one.option.sentence in page_text(at)
        assert squeezed(one.option.sentence) in pdf and f"Option{one.number}:" in pdf
    printed = as_text(stored, schema)
    for one in numbered:
        first = f"  {one.number}. "
        block = printed[printed.index(first) :].split(f"  {one.number + 1}. ")[0]
        assert one.option.sentence in block
    kept = decisions.keep(stored.answer_id, 2, by="Dr Lee")
    assert kept.changes == numbered[1].option.model_dump(by_alias=True)["changes"]
    only = read(hand_over.file(stored, "pdf", (2,), "letter", "Dr Lee"))
    assert squeezed(numbered[1].option.sentence) in only and "Option1:" not in only
    exported = [row for row in audit.recent() if row.action == "exported"]
    assert [(row.who, json.loads(row.detail)) for row in exported] == [
        (None, {"format": "pdf"}),
        ("Dr Lee", {"format": "pdf"}),
    ]


def squeezed(text: str) -> str:
    return "".join(text.split())


def read(pdf: bytes) -> str:
    """The text of a PDF without white space, since lines break where the page ends."""
    (page,) = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return squeezed(page.extract_text())


def test_kept_ones_are_handed_over_and_what_cannot_be_is_said(
    stored: Answer, world: World, open_page: OpenPage
) -> None:
    at = open_page("Interventions", answer=stored.answer_id)
    assert [b.label for b in at.get("download_button")] == ["One page, A4", "Letter", "FHIR", "CSV", "JSON"]
    assert "hold every option, since none is kept" in page_text(at)
    decisions.keep(stored.answer_id, 2, by="Dr Lee")
    decisions.edit(stored.answer_id, 1, {"bmi": 21.0}, by="Dr Lee")
    text = page_text(at.run())
    assert "hold 1 kept option, without 1 option kept with other values" in text and "2 kept" in text
    assert "Body mass index 21.0" in text
    bundle = json.loads(hand_over.file(stored, "fhir", (2,), "a4", None))
    plans = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "CarePlan"]
    assert [plan["title"] for plan in plans] == ["Option 2, to discuss"]
    table = hand_over.file(stored, "csv", (2,), "a4", None).decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
    assert table.startswith("\ufeff") and {row["participant_id"] for row in rows} == {stored.participant_id}
    assert {int(row["counterfactual"]) for row in rows} == {one.number for one in kept_options(stored, None)}
    (whole,) = json.loads(hand_over.file(stored, "json", (2,), "a4", None))["answers"]
    assert whole["answer_id"] == stored.answer_id
    other_schema = {**stored.provenance, "sha256": {**stored.provenance["sha256"], "schema": "0"}}
    put_in_place(stored.model_copy(update={"provenance": other_schema}))
    offered = {b.label: b.proto.disabled for b in at.run().get("download_button")}
    assert offered == {"One page, A4": True, "Letter": True, "FHIR": True, "CSV": False, "JSON": False}


def test_history_shows_every_row_and_checks_the_trail(
    stored: Answer, world: World, open_page: OpenPage
) -> None:
    first = decisions.keep(stored.answer_id, 1, by="Dr Lee")
    decisions.undo(first.decision_id, by="Dr Roy")
    decisions.reject(stored.answer_id, 1, "too-small", by="=Dr Roy")
    at = open_page("Interventions", answer=stored.answer_id)
    at.session_state["history"] = True
    at.run()
    made = next(one.value for one in at.dataframe if "Grade then" in one.value)
    assert made["What"].tolist() == ["option 1 rejected", "undone: No. 1", "option 1 kept (undone)"]
    trail = next(one.value for one in at.dataframe if "About" in one.value)
    assert trail["What"].tolist()[:3] == ["seen", "decided", "decided"]
    at.button(key="audit_verify").click().run()
    assert "The audit trail is whole" in at.success[0].value
    table = history.trail_table(audit.recent())
    assert {"seq", "previous", "sha256"} <= set(table.columns) and len(table) == len(audit.recent())


def test_an_answer_kept_before_options_had_numbers(made: Answer, world: World, open_page: OpenPage) -> None:
    old = made.model_dump(mode="json", by_alias=True)
    for part in (old, old["behaviours"] or {"counterfactuals": []}):
        for option in part["counterfactuals"]:
            del option["number"]
    answers.save(Answer.model_validate(old | {"answer_id": "old"}))
    kept = decisions.keep("old", 1, by="Dr Lee")
    assert kept.changes == {
        name: {"from": change.before, "to": change.after}
        for name, change in made.counterfactuals[0].changes.items()
    }
    text = page_text(open_page("Interventions", answer="old"))
    assert "Kept by Dr Lee" in text and "1 kept" in text
