"""``export``: stored answers as files."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pypdf
import pytest

from sensecf_core.cohorts.builtin import read_schema
from sensecf_core.datasets import registry
from sensecf_core.queries.answer import Answer, RaisedFlag
from sensecf_core.queries.query import Factual
from sensecf_core.records import answers, audit, decisions
from sensecf_core.records.exports import answers_csv, answers_json
from tests.cli.conftest import Command
from tests.records.made_answers import make_answer

PERSON = "93708"
WORE = "900050"
"""A participant of aireadi with time below 54 mg/dL."""
GLUCOSE = ("--glucose", "--participant")
VALUES = {"bmi": 33.5, "sugar": 140, "smoking": "current", "systolic": 128}
FLAG = RaisedFlag(name="f", label="Blood pressure", text="Act.", source="Us")


@pytest.fixture
def stored() -> Answer:
    """The newest of two answers about the same participant of nhanes."""
    about = {"cohort": "nhanes", "participant_id": PERSON, "red_flags": (FLAG,)}
    factual = Factual(features=VALUES, probability=0.63, predicted=1)
    older = make_answer("older", created="2026-11-20T08:00:00+00:00", factual=factual, **about)
    newest = make_answer("newest", created="2026-11-21T08:00:00+00:00", factual=factual, **about)
    for answer in (older, newest):
        answers.save(answer)
    return newest


def test_csv_and_json_are_those_of_the_pages(command: Command, stored: Answer, tmp_path: Path) -> None:
    schemas = {"nhanes": read_schema("nhanes")}
    for file_format, text in (
        ("csv", answers_csv([stored], schemas)),
        ("json", answers_json([stored], schemas)),
    ):
        out = tmp_path / f"answer.{file_format}"
        ended = command("export", "--answer", "newest", "--format", file_format, "--out", str(out))
        assert ended.code == 0, ended.err
        assert out.read_bytes() == text.encode()


def test_an_export_stands_in_the_audit_trail(command: Command, stored: Answer, tmp_path: Path) -> None:
    out = tmp_path / "answer.csv"
    command("export", "--answer", "newest", "--format", "csv", "--out", str(out), "--by", "Dr Lee")
    (row,) = (row for row in audit.recent() if row.action == "exported")
    assert (row.who, row.cohort, row.participant_id, row.answer_id) == ("Dr Lee", "nhanes", PERSON, "newest")
    assert json.loads(row.detail) == {"format": "csv"}
    nowhere = tmp_path / "missing" / "answer.csv"
    assert command("export", "--answer", "newest", "--format", "csv", "--out", str(nowhere)).code == 2
    assert sum(row.action == "exported" for row in audit.recent()) == 1  # what was not written is not told


def test_a_participant_means_their_newest_answer_and_that_is_said(
    command: Command, stored: Answer, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.pdf"
    decisions.set_effort("nhanes", PERSON, "sugar", "easy", by="AB")
    ended = command(
        *("export", "--participant", PERSON, "--cohort", "nhanes", "--format", "pdf", "--option", "2"),
        *("--paper", "letter", "--out", str(out)),
    )
    assert ended.code == 0, ended.err
    flag, line = ended.out.splitlines()
    assert flag == "ACT ON THIS FIRST: Blood pressure: Act."
    assert line == (
        f"{out}: the newest stored answer about participant {PERSON} of nhanes, newest, "
        "asked 2026-11-21 08:00."
    )
    (page,) = pypdf.PdfReader(io.BytesIO(out.read_bytes())).pages
    text = page.extract_text()
    assert "Option 2: risk 21 instead of 63 of 100" in text and "Option 1:" not in text
    assert "Effort: easy. Said of this person: " in text
    assert "/Interventions?answer=newest" in text and "NHANES 2017–2018" in text
    assert "The card of the classifier that gave this answer is not at hand" in text


def test_fhir_with_json(command: Command, stored: Answer, tmp_path: Path) -> None:
    out = tmp_path / "bundle.json"
    ended = command("export", "--answer", "older", "--format", "fhir", "--out", str(out), "--json")
    assert ended.code == 0, ended.err
    printed = ended.json
    assert next(iter(printed)) == "red_flags"
    assert (printed["answer_id"], printed["newest"], printed["format"]) == ("older", False, "fhir")
    assert printed["bytes"] == out.stat().st_size
    bundle = json.loads(out.read_text("utf-8"))
    assert bundle["entry"][0]["resource"]["resourceType"] == "Flag"
    plans = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "CarePlan"]
    # Stored without a default effort, which the cohort then gives.
    assert [plan["note"][-1]["text"].split(":")[1] for plan in plans] == [
        " hard, by default",
        " hard, by default",
    ]
    codes = {
        coding["code"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Observation"
        for coding in entry["resource"]["code"]["coding"]
    }
    assert {"39156-5", "8480-6"} <= codes


def test_another_schema_or_no_cohort_leaves_csv_and_json(
    command: Command, stored: Answer, tmp_path: Path
) -> None:
    answers.save(stored.model_copy(update={"answer_id": "old", "provenance": {"sha256": {"schema": "0"}}}))
    answers.save(stored.model_copy(update={"answer_id": "gone", "cohort": "gone"}))
    for name, said in (("old", "has changed since this answer was made"), ("gone", "is not here")):
        out = tmp_path / name
        refused = command("export", "--answer", name, "--format", "fhir", "--out", str(out))
        assert refused.code == 2 and said in refused.err and not out.exists()
        assert command("export", "--answer", name, "--format", "csv", "--out", str(out)).code == 0


def test_a_list_and_a_whole_cohort_are_one_table(command: Command, stored: Answer, tmp_path: Path) -> None:
    other = stored.model_copy(update={"answer_id": "other", "participant_id": "93705", "red_flags": ()})
    answers.save(other)
    answers.save(stored.model_copy(update={"answer_id": "stopped", "status": "cancelled"}))
    schemas = {"nhanes": read_schema("nhanes")}
    out = tmp_path / "all.csv"
    ended = command("export", "--cohort", "nhanes", "--format", "csv", "--out", str(out), "--by", "Dr Lee")
    assert ended.code == 0, ended.err
    assert out.read_bytes() == answers_csv([stored, other], schemas).encode()
    assert ended.out.splitlines() == [
        f"{PERSON}: ACT ON THIS FIRST: Blood pressure: Act.",
        f"{out}: 2 answers about 2 participants.",
    ]
    told = [row.answer_id for row in audit.recent() if row.action == "exported"]
    assert told == ["newest", "other"]
    listed = ("--answer", "older", "--answer", "other")
    ended = command("export", *listed, "--format", "json", "--out", str(out), "--json")
    assert [one["answer_id"] for one in ended.json["answers"]] == ["older", "other"]
    assert len(json.loads(out.read_text("utf-8"))["answers"]) == 2
    people = ("--participant", "93705", "--participant", PERSON, "--cohort", "nhanes")
    assert command("export", *people, "--format", "csv", "--out", str(out)).code == 0
    refused = command("export", *people, "--format", "pdf", "--out", str(out))
    assert refused.code == 2 and "One pdf file is about one answer; 2 were named." in refused.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Name either --answer, or --participant and --cohort."),
        (("--answer", "newest", "--participant", PERSON), "Name either --answer"),
        (("--answer", "newest", "--cohort", "nhanes"), "--cohort and --row go with --participant"),
        (("--participant", PERSON), "--participant needs --cohort"),
        (("--cohort", "heart"), "No answer about 'heart' is stored"),
        (("--cohort", "nhane"), "Unknown cohort 'nhane'"),
        (("--cohort", "nhanes", "--row", "0"), "--row goes with --participant"),
        (("--answer", "nobody"), "No answer 'nobody' is stored here"),
        (("--participant", "1", "--cohort", "nhanes"), "Cohort 'nhanes' has no participant '1'."),
        (("--participant", "93705", "--cohort", "nhanes"), "No answer about participant '93705'"),
        (("--participant", PERSON, "--cohort", "nhane"), "Unknown cohort 'nhane'; did you mean nhanes"),
        (("--answer", "newest", "--option", "3"), "There is no option 3: answer newest has options 1 to 2."),
        (("--answer", "newest", "--paper", "a5"), "Unknown paper 'a5'"),
        (("--answer", "newest", "--format", "docx"), "Unknown format 'docx'"),
        (("--answer", "newest", "--format", "csv", "--option", "1"), "--option is for pdf and fhir"),
        (
            ("--glucose", "--answer", "newest"),
            "--glucose takes --participant, --cohort and --format",
        ),
        (("--glucose", "--participant", PERSON), "--glucose needs --participant and --cohort."),
        ((*GLUCOSE, PERSON, "--cohort", "nhanes"), "'nhanes' wore no sensors; it has no report."),
        ((*GLUCOSE, "1", "--cohort", "aireadi"), "Unknown participant '1'"),
        ((*GLUCOSE, WORE, "--cohort", "aireadi", "--unit", "mmol"), "Unknown unit 'mmol'"),
        ((*GLUCOSE, WORE, "--cohort", "aireadi", "--goals", "none"), "Unknown goals 'none'"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    options: tuple[str, ...], said: str, command: Command, stored: Answer, tmp_path: Path
) -> None:
    out = tmp_path / "file"
    ended = command("export", "--format", "pdf", *options, "--out", str(out))
    assert ended.code == 2
    assert said in ended.err and ended.err.count("\n") == 1
    assert not out.exists()


def test_the_glucose_report_of_a_participant(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "glucose.pdf"
    asked = (*GLUCOSE, WORE, "--cohort", "aireadi", "--unit", "mmol/L", "--format", "pdf", "--out", str(out))
    ended = command("export", *asked, "--by", "Dr Lee", "--json")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert "Time below 3.0 mmol/L" in told["red_flags"][0] and told["bytes"] == out.stat().st_size
    (page,) = pypdf.PdfReader(io.BytesIO(out.read_bytes())).pages
    assert f"Participant {WORE}" in page.extract_text()
    (row,) = (row for row in audit.recent() if row.action == "exported")
    assert (row.who, row.cohort, row.participant_id, row.answer_id) == ("Dr Lee", "aireadi", WORE, None)
    assert json.loads(row.detail) == {"format": "glucose pdf"}
    ended = command("export", *asked[:-4], "--format", "csv", "--out", str(out))
    assert ended.code == 0 and "the glucose days of participant" in ended.out
    days = pd.read_csv(out, encoding="utf-8-sig")
    assert days.columns[0] == "red_flags"
    assert [f"ACT ON THIS FIRST: {flag}" for flag in set(days["red_flags"])] == told["red_flags"]
    assert set(days["participant_id"].astype(str)) == {WORE} and set(days["data_label"]) == {"SYNTHETIC DATA"}
    assert (days["mean_mmol_l"].dropna() < 25).all() and days["enough_readings"].sum() >= 3


def test_a_glucose_report_begins_with_the_red_flags_of_the_participants_rows(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = registry.load("aireadi")
    rows = cohort.rows.copy()
    rows.loc[WORE, ["systolic", "diastolic"]] = (182.0, 95.0)
    monkeypatch.setattr(registry, "load", lambda name: replace(cohort, rows=rows))
    out = tmp_path / "days.csv"
    asked = ("export", *GLUCOSE, WORE, "--cohort", "aireadi", "--format", "csv", "--out", str(out))
    first, second, *_ = command(*asked).out.splitlines()
    assert first.startswith("ACT ON THIS FIRST: Blood pressure 182/95 mmHg: 180/120 mmHg or more")
    assert second.startswith("ACT ON THIS FIRST: Time below 54 mg/dL")
    assert command(*asked, "--json").json["red_flags"] == [first, second]
    (flags,) = set(pd.read_csv(out, encoding="utf-8-sig")["red_flags"])
    pressure, low = flags.split(" | ")
    assert pressure.startswith("Blood pressure 182/95 mmHg: ") and low.startswith("Time below 54 mg/dL")


def test_a_folder_that_is_not_there(command: Command, stored: Answer, tmp_path: Path) -> None:
    out = tmp_path / "missing" / "file.csv"
    ended = command("export", "--answer", "newest", "--format", "csv", "--out", str(out))
    assert ended.code == 2
    assert "cannot be written: No such file or directory." in ended.err
