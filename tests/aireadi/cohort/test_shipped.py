"""The cohort that comes with the program, and one of its people opened."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from sensecf_core.aireadi.cohort import participants, shipped
from sensecf_core.aireadi.cohort.stress_task import stress_days
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.constraints import is_actionable
from sensecf_core.errors import InputError


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return builtin.load("aireadi")


def test_it_says_synthetic_wherever_a_cohort_says_what_it_is(cohort: Cohort) -> None:
    schema = cohort.schema
    assert not schema.provenance.real
    assert all(text.startswith("SYNTHETIC") for text in (schema.title, schema.provenance.title))
    assert all(person.startswith("9") and len(person) == 6 for person, _ in cohort.rows.index)


def test_the_texts_name_the_cut_and_35_of_100_training_days_are_above_it(cohort: Cohort) -> None:
    cut = f" {shipped.cut():g}"
    task = cohort.schema.task
    assert all(cut in text for text in (task.question, task.class_1, task.class_0))
    assert 0.30 <= cohort.target[cohort.parts.eq("train")].mean() <= 0.40


def test_every_class_is_in_every_part_and_groups_differ_as_the_notes_say(cohort: Cohort) -> None:
    assert (cohort.target.groupby(cohort.parts).nunique() == 2).all()
    share = cohort.subgroups["study_group"].eq("insulin").groupby(cohort.parts).mean()
    assert share["test"] > 2 * share["train"]
    assert any("balanced over the study groups" in note for note in cohort.schema.provenance.notes)


def test_what_was_measured_once_at_the_visit_is_no_option_for_a_day(cohort: Cohort) -> None:
    at_the_visit = {"age", "study_group", "bmi", "systolic", "diastolic", "hba1c"}
    movable = {feature.name for feature in cohort.schema.features if is_actionable(feature, "intervention")}
    assert not movable & at_the_visit
    assert {"sleep_hours", "steps", "active_minutes", "sedentary_minutes", "glucose_mean"} <= movable


def test_findings_keep_the_decimals_that_they_are_shown_with() -> None:
    people_table = participants.tables_of("aireadi").people
    creatinine = people_table["creatinine"].dropna()
    assert creatinine.max() > 1 and not np.allclose(creatinine, creatinine.round(1))


@pytest.mark.parametrize("position", [0, 700, -1])
def test_the_days_of_a_person_opened_are_the_shipped_rows(cohort: Cohort, position: int) -> None:
    person = str(cohort.rows.index[position][0])
    opened = participants.open_participant("aireadi", person)
    rows = cohort.rows.loc[person]
    days = opened.days.loc[rows.index]
    compared = [feature for feature in cohort.schema.features if feature.name in days]
    assert len(compared) > 15
    for feature in compared:
        computed = days[feature.name].astype(float).round(feature.decimals)
        assert np.allclose(computed, rows[feature.name], equal_nan=True), feature.name
    high = days["stress_daytime"].gt(shipped.cut()).astype(int)
    assert high.tolist() == cohort.target.loc[person].tolist()
    assert opened.listed["study_group"] == participants.tables_of("aireadi").people.loc[person, "study_group"]


def test_an_id_that_is_none_makes_no_folder(private_var: Path) -> None:
    with pytest.raises(InputError):
        shipped.release_of("../../../escaped/deep/x")
    assert not list(private_var.parent.rglob("*deep*"))


def test_a_persons_streams_are_kept_privately_and_made_once(cohort: Cohort, private_var: Path) -> None:
    person = str(cohort.rows.index[0][0])
    participants.open_participant("aireadi", person)
    (folder,) = private_var.glob(f"aireadi-synthetic/*/{person}")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    participants.open_participant("aireadi", person)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == made


@pytest.mark.parametrize("person", ["900501", "123", "../900001", "", "٣"])
def test_nobody_else_can_be_opened(person: str, private_var: Path) -> None:
    with pytest.raises(InputError, match="900001 to 900500"):
        participants.open_participant("aireadi", person)
    assert not list(private_var.rglob("participants.tsv"))


def test_a_cohort_without_streams_is_refused() -> None:
    assert participants.has_streams("aireadi") and not participants.has_streams("nhanes")
    for opening in (participants.tables_of, lambda name: participants.open_participant(name, "1")):
        with pytest.raises(InputError, match="'nhanes'"):
            opening("nhanes")


def test_the_tables_beside_the_rows_give_the_same_rows(cohort: Cohort) -> None:
    """They are rounded, so values may differ in the last decimal; who, when and which class may not."""
    again = stress_days(cohort.schema, participants.tables_of("aireadi"))
    assert again.table.index.equals(cohort.rows.index)
    assert again.parts.tolist() == cohort.parts.tolist()
    assert again.cut == pytest.approx(shipped.cut(), abs=0.1)
    assert np.allclose(again.table["steps"], cohort.rows["steps"], atol=1, equal_nan=True)
    assert again.flow == cohort.flow


def test_everything_that_is_committed_for_it_is_small() -> None:
    files = {path.name: path.stat().st_size for path in (builtin.DATA / "aireadi").iterdir()}
    assert files["rows.parquet"] + files["split.parquet"] < 150_000
    assert sum(files.values()) < 800_000
    record = json.loads((builtin.DATA / "aireadi" / "provenance.json").read_text())
    assert record["source"]["settings"]["seed"] == shipped.SETTINGS.seed
    made_after_training = {"feasibility.parquet"}
    tables = {name for name in files if name.endswith(".parquet")}
    assert set(record["files"]) == tables - made_after_training
