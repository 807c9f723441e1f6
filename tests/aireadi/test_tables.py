"""The tables of a release: built, cached privately, resumed; and the days that cohorts are made of."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sensecf_core.aireadi import tables
from sensecf_core.aireadi.cohort.columns import FEATURES, OUTCOMES
from sensecf_core.aireadi.cohort.stress_task import PERSON_COLUMNS, participant_days
from sensecf_core.aireadi.features import participant, wear
from sensecf_core.aireadi.features.participant import PersonTables
from sensecf_core.aireadi.open_participant import open_person
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.inventory import PersonFiles
from sensecf_core.errors import InputError
from tests.aireadi import micro, people
from tests.aireadi.micro import CENTRAL, Person, at, every

DAN = "900004"


def dan() -> Person:
    """Four whole days of glucose and heart rate and three nights, from midnight on."""
    start = at("2025-03-04 00:00", CENTRAL)
    nights: list[Any] = [
        (at(f"2025-03-0{day} 23:00", CENTRAL), at(f"2025-03-0{day + 1} 06:00", CENTRAL), "deep")
        for day in (4, 5, 6)
    ]
    nights[2] = (nights[2][0], nights[2][1] + timedelta(hours=1), "deep")
    return Person(
        DAN,
        site="UAB",
        split="val",
        streams={
            "glucose": every(start, 5, [100, 200] * (288 * 2)),
            "heart_rate": every(start, 5, [60] * (288 * 4)),
            "sleep": nights,
        },
    )


@pytest.fixture
def release(tmp_path: Path) -> locate.Release:
    root = micro.write(tmp_path / "release", [dan(), people.ben(), people.cas()])
    micro.clinical(
        root,
        {
            "measurement": [
                {"person_id": DAN, "measurement_source_value": "bmi_vsorres, BMI", "value_as_number": "31"}
            ]
        },
    )
    return locate.find(root)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the participants that are read, in order."""
    seen: list[str] = []
    original = participant.person_tables

    def counted(files: PersonFiles) -> PersonTables:
        seen.append(files.person)
        return original(files)

    monkeypatch.setattr(participant, "person_tables", counted)
    return seen


def test_everybody_is_in_the_tables(release: locate.Release) -> None:
    built = tables.build(release, jobs=1)
    assert list(built.people.index) == [DAN, people.BEN, people.CAS]
    assert len(built.quality) == 3 * 8
    assert built.days.groupby(level=0).size().to_dict() == {DAN: 4, people.BEN: 14, people.CAS: 3}
    assert {"worn", "steps", "stress_daytime"} < set(built.days.columns)
    row = built.people.loc[DAN]
    assert row["bmi"] == 31
    assert row["age"] == 61
    assert (row["usable_days"], row["glucose_days"], row["enough_glucose"]) == (4, 4, True)
    assert (row["glucose_mean"], row["glucose_tir"]) == (150, 50)
    assert not row["consensus_glucose"]
    # midpoints 02:30, 02:30, 03:00
    assert row["sleep_midpoint_sd"] == pytest.approx(30 / 3**0.5)
    assert pd.isna(built.people.loc[people.BEN, "glucose_mean"])


def test_tables_are_private_and_used_again(
    release: locate.Release, private_var: Path, reads: list[str]
) -> None:
    first = tables.build(release, jobs=1)
    assert len(reads) == 3
    again = tables.build(release, jobs=1)
    assert len(reads) == 3
    assert (first.read_mb > 0, again.read_mb) == (True, 0)
    pd.testing.assert_frame_equal(first.days, again.days)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [private_var, *private_var.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {path.name for path in first.folder.iterdir()} == {
        "built.json",
        "clinical.parquet",
        "days.parquet",
        "people.parquet",
        "quality.parquet",
    }


@pytest.mark.parametrize("table", ["participants.tsv", "clinical_data/measurement.csv"])
def test_an_edit_that_leaves_a_tables_size_is_seen(release: locate.Release, table: str) -> None:
    before = tables.build(release, jobs=1)
    path, old, new = release.root / table, "31", "35"
    if table == "participants.tsv":
        old, new = "61", "77"
    text = path.read_text("utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new), "utf-8")
    assert tables.built(release) is None
    after = tables.build(release, jobs=1)
    column = "age" if table == "participants.tsv" else "bmi"
    assert (before.people.loc[DAN, column], after.people.loc[DAN, column]) == (int(old), int(new))


def test_tables_that_vanish_while_they_are_looked_at_are_no_failure(
    release: locate.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tables.build(release, jobs=1)
    seen = tables.state(release)
    original = Path.glob

    def vanishing(self: Path, pattern: str) -> list[Path]:
        listed = list(original(self, pattern))
        if pattern.endswith(tables.DONE):
            (built.folder / tables.DONE).unlink()
        return listed

    monkeypatch.setattr(Path, "glob", vanishing)
    assert len(tables.state(release)) == len(seen) - 1


def test_a_changed_file_is_read_anew(release: locate.Release, reads: list[str]) -> None:
    key = tables.build(release, jobs=1).key
    with (release.root / micro.path_of("glucose", people.CAS)).open("a") as file:
        file.write("\n")
    assert tables.build(release, jobs=1).key != key
    assert len(reads) == 6


def test_a_killed_build_goes_on_where_it_was(
    release: locate.Release, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH", 1)

    def kill(done: float, message: str) -> None:
        if done > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tables.build(release, jobs=1, progress=kill)
    assert len(reads) == 2
    reports: list[tuple[float, str]] = []
    built = tables.build(release, jobs=1, progress=lambda done, message: reports.append((done, message)))
    assert len(reads) == 3
    assert len(built.people) == 3
    assert reports[-1][0] == 1.0
    assert reports[-1][1].startswith("Reading participants: 3 of 3, ")


def test_two_processes_give_the_same_tables(
    release: locate.Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tables, "BATCH", 1)
    single = tables.build(release, jobs=1)
    monkeypatch.setenv("SENSECF_VAR", str(tmp_path / "other"))
    parallel = tables.build(release, jobs=2)
    assert parallel.folder != single.folder
    for name in ("days", "people", "quality"):
        pd.testing.assert_frame_equal(getattr(single, name), getattr(parallel, name))


def test_one_failure_is_told_and_ends_nothing(
    release: locate.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = participant.person_tables

    def fail(files: PersonFiles) -> PersonTables:
        if files.person == people.BEN:
            raise ZeroDivisionError(files.person)
        return original(files)

    monkeypatch.setattr(participant, "person_tables", fail)
    built = tables.build(release, jobs=1)
    rows = built.quality[built.quality["participant_id"] == people.BEN]
    assert set(rows["state"]) == {"unreadable"}
    assert set(rows["notes"]) == {"reading failed (ZeroDivisionError)"}
    assert len(built.people) == 3


def test_days_for_a_cohort(release: locate.Release) -> None:
    days = participant_days(tables.build(release, jobs=1))
    assert list(days.columns) == list(dict.fromkeys((*FEATURES, *OUTCOMES, *PERSON_COLUMNS)))
    assert days.index.names == ["participant_id", "row_id"]
    assert days.index.tolist() == [(DAN, f"2025-03-0{day}") for day in (4, 5, 6, 7)]  # Cas has one day
    row = days.loc[(DAN, "2025-03-05")]
    assert (row["age"], row["bmi"], row["study_group"], row["recommended_split"]) == (
        61,
        31,
        "healthy",
        "val",
    )
    assert (row["glucose_mean"], row["sleep_hours"], row["sleep_deep"]) == (150, 7, 100)
    assert row["sleep_midpoint_sd"] == pytest.approx(30 / 3**0.5)
    assert pd.isna(row["steps"])


def test_every_column_of_a_day_is_described(release: locate.Release) -> None:
    days = tables.build(release, jobs=1).days
    assert set(days.columns) <= {*FEATURES, *OUTCOMES, *wear.COLUMNS}


def test_shares_make_a_whole(release: locate.Release) -> None:
    days = participant_days(tables.build(release, jobs=1))
    for parts in (("glucose_tir", "glucose_tar", "glucose_tbr"), ("sleep_light", "sleep_deep", "sleep_rem")):
        total = days[list(parts)].astype(float).sum(axis=1, min_count=3).dropna()
        assert len(total) and total.to_numpy() == pytest.approx(100)
    for part, whole in (
        ("glucose_titr", "glucose_tir"),
        ("glucose_tar2", "glucose_tar"),
        ("glucose_tbr2", "glucose_tbr"),
        ("resting_heart_rate", "heart_rate_mean"),
    ):
        assert (days[part].astype(float) <= days[whole].astype(float)).all()


def test_one_person_is_opened_as_they_are_in_the_tables(release: locate.Release) -> None:
    built = tables.build(release, jobs=1)
    person = open_person(release, DAN)
    pd.testing.assert_frame_equal(person.days, built.days.loc[DAN], check_names=False, check_index_type=False)
    assert person.listed["clinical_site"] == "UAB"
    assert person.worn.zone.key == "America/Chicago"
    assert len(person.worn.points["glucose"]) == 288 * 4
    assert len(person.quality) == 8
    assert person.notes == ()
    with pytest.raises(InputError, match="did you mean 900004"):
        open_person(release, "90004")


def test_a_visit_of_the_clinical_tables_stands_in(release: locate.Release) -> None:
    text = (release.root / "participants.tsv").read_text().replace("2024-03-09", "")
    (release.root / "participants.tsv").write_text(text)
    visit = {"person_id": people.CAS, "visit_start_date": "2024-03-10"}
    micro.clinical(release.root, {"visit_occurrence": [visit]})
    assert list(open_person(release, people.CAS).days.index) == ["2024-03-10", "2024-03-11"]


def test_a_release_in_which_nobody_can_be_read_has_no_days(
    release: locate.Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(files: PersonFiles) -> PersonTables:
        raise ValueError

    monkeypatch.setattr(participant, "person_tables", fail)
    built = tables.build(release, jobs=1)
    assert len(built.quality) == 3 * 8
    assert participant_days(built).empty
