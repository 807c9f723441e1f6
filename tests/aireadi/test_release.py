"""Recognising a release, and one clear sentence for every wrong path."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from sensecf_core.aireadi.release import locate, participants
from sensecf_core.aireadi.release.files import read_manifests
from sensecf_core.errors import InputError
from tests.aireadi import micro, people


def test_each_layout_is_recognised_wrapped_or_doubled(micro_release: locate.Release) -> None:
    assert micro_release.name == f"AI-READI {micro_release.layout}.0.0-synthetic, SYNTHETIC"
    assert micro_release.synthetic
    assert micro_release.notes == ()


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_the_layout_is_read_off_the_files_without_a_version(tmp_path: Path, layout: str) -> None:
    root = micro.write(tmp_path, [people.cas()], layout=layout)
    (root / "dataset_description.json").unlink()
    found = locate.find(root)
    assert (found.layout, found.version, found.synthetic) == (layout, "", False)
    assert "version is taken from the files" in found.notes[0]


def test_the_mini_release_has_a_number_of_its_own(tmp_path: Path) -> None:
    found = locate.find(micro.write(tmp_path, [people.cas()], title="AI-READI Mini", version="1.0.0"))
    assert (found.layout, found.mini) == ("v3", True)
    assert found.name == "AI-READI v1.0.0, mini"


def test_real_ids_are_never_taken_for_synthetic(tmp_path: Path) -> None:
    found = locate.find(micro.write(tmp_path, [micro.Person("1234")]))
    assert not found.synthetic
    assert "treated as real" in found.notes[0]


def test_the_id_column_decides_wherever_it_stands(tmp_path: Path) -> None:
    """Record numbers that look like synthetic ids make nobody synthetic."""
    root = micro.write(tmp_path, [micro.Person("1001")], title="SYNTHETIC release")
    path = root / "participants.tsv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text(
        "\n".join(f"{first}\t{line}" for first, line in zip(("record_no", "900001"), lines, strict=True))
    )
    found = locate.find(root)
    assert not found.synthetic
    assert any("treated as real" in note for note in found.notes)


def test_an_unlabelled_release_is_real(tmp_path: Path) -> None:
    root = micro.write(tmp_path, [people.cas()], title="A release", version="3.0.0")
    assert not locate.find(root).synthetic


def test_the_environment_names_the_release(v3: locate.Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(locate.ENVIRONMENT, str(v3.root))
    assert locate.find() == v3
    monkeypatch.delenv(locate.ENVIRONMENT)
    assert "SENSECF_AIREADI" in complaint(None)


def complaint(path: Path | str | None) -> str:
    """The sentence with which a path is refused."""
    with pytest.raises(InputError) as error:
        locate.find(path)
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 400
    return text


def test_nothing_there(tmp_path: Path) -> None:
    assert "There is nothing at" in complaint(tmp_path / "gone")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "is empty" in complaint(tmp_path)


def test_a_folder_without_a_release(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert "There is no participants.tsv within 3 levels" in complaint(tmp_path)


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "participants.tsv").write_text("person_id\n")
    assert "is a file, not a folder" in complaint(tmp_path / "participants.tsv")


def test_a_zip_by_its_name_or_its_first_bytes(tmp_path: Path) -> None:
    for name in ("release.zip", "release"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("participants.tsv", "person_id\n")
        assert "is an archive, not a folder; unpack it" in complaint(tmp_path / name)
    assert "holds the archive 'release.zip'" in complaint(tmp_path)


def test_no_permission(v3: locate.Release, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert "There is no permission to read" in complaint(v3.root)


def test_a_part_of_a_release_names_its_root(v3: locate.Release) -> None:
    assert f"give its root, {str(v3.root)!r}" in complaint(v3.root / "clinical_data")


def test_two_releases(tmp_path: Path) -> None:
    for name in ("v2", "v3"):
        micro.write(tmp_path / name, [people.cas()], layout=name)
    assert "There are 2 releases below" in complaint(tmp_path)
    assert "more" not in complaint(tmp_path)
    for name in ("c", "d", "e"):
        micro.write(tmp_path / name, [people.cas()])
    text = complaint(tmp_path)
    assert "There are 5 releases below" in text and " and 2 more); name one of them." in text


def test_version_0(tmp_path: Path) -> None:
    assert "version 0.1.0" in complaint(micro.write(tmp_path, [people.cas()], version="0.1.0"))


def test_a_table_of_people_that_is_not_ours(tmp_path: Path) -> None:
    root = micro.write(tmp_path, [people.cas()])
    text = (root / "participants.tsv").read_text().replace("person_id", "subject")
    (root / "participants.tsv").write_text(text)
    assert "neither a column 'person_id' nor 'participant_id'" in complaint(root)


def test_people_without_data(tmp_path: Path) -> None:
    (tmp_path / "participants.tsv").write_text("person_id\tage\n900001\t60\n")
    assert "none of the data folders" in complaint(tmp_path)


def test_a_newer_version_is_read_like_the_newest_known(tmp_path: Path) -> None:
    found = locate.find(micro.write(tmp_path, [people.cas()], version="4.0.0-synthetic"))
    assert found.layout == "v3"
    assert "newer than this program knows" in found.notes[0]


def test_a_broken_description_is_a_note(v3: locate.Release) -> None:
    (v3.root / "dataset_description.json").write_text("{")
    assert "cannot be read" in locate.find(v3.root).notes[0]
    (v3.root / "dataset_description.json").write_text(json.dumps([1]))
    assert locate.find(v3.root).version == ""


def test_participants_are_typed_and_unknown_columns_kept(micro_release: locate.Release) -> None:
    table = participants.read(micro_release)
    assert list(table.index) == [people.ANN, people.BEN, people.CAS]
    assert table.loc[people.ANN, "age"] == 61
    assert bool(table.loc[people.ANN, "clinical_data"]) is True
    assert bool(table.loc[people.ANN, "wearable_blood_glucose"]) is False
    assert table["an_unknown_column"].tolist() == ["kept"] * 3
    assert str(table.loc[people.CAS, "study_visit_date"].date()) == "2024-03-09"


def test_what_is_not_given_is_missing(tmp_path: Path) -> None:
    person = micro.Person("900009", site="None", group="unheard of", age="", visit="nan", split="None")
    row = participants.read(locate.find(micro.write(tmp_path, [person]))).iloc[0]
    assert row[["clinical_site", "study_group", "age", "study_visit_date", "recommended_split"]].isna().all()


def test_a_tab_at_the_end_of_every_row_moves_no_column(tmp_path: Path) -> None:
    root = micro.write(tmp_path, [micro.Person("900001"), micro.Person("900002", site="UAB")])
    path = root / "participants.tsv"
    header, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([header, *(f"{row}\t" for row in rows)]))
    people = participants.read(locate.find(root))
    assert list(people.index) == ["900001", "900002"]
    assert people["clinical_site"].tolist() == ["UW", "UAB"]


def test_an_odd_byte_in_a_manifest_spoils_no_more_than_its_cell(tmp_path: Path) -> None:
    root = micro.write(tmp_path, [micro.Person("900001"), micro.Person("900002")])
    manifest = root / "wearable_activity_monitor" / "manifest.tsv"
    before = read_manifests(locate.find(root))
    lines = manifest.read_bytes().splitlines()
    manifest.write_bytes(b"\n".join([lines[0] + b"\tnote", lines[1] + b"\tcaf\xe9", *lines[2:]]))
    assert read_manifests(locate.find(root)) == before and before["heart_rate"]


def test_an_id_twice_is_refused(tmp_path: Path) -> None:
    found = locate.find(micro.write(tmp_path, [people.cas(), people.cas()]))
    with pytest.raises(InputError, match="1 id"):
        participants.read(found)
