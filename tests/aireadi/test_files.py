"""Odd files, and manifests that are wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensecf_core.aireadi.release import documents, locate, recording, streams
from sensecf_core.aireadi.release.files import FileFinder
from sensecf_core.aireadi.release.locate import Release
from sensecf_core.aireadi.release.recording import Recording, read
from sensecf_core.aireadi.release.streams import GLUCOSE, HEART_RATE, Stream
from sensecf_core.errors import InputError
from tests.aireadi import micro, people
from tests.aireadi.micro import Person


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"body": {"x": []}}')
    assert documents.load(tmp_path / "x.json") == {"body": {"x": []}}


def test_a_file_of_too_many_records_is_refused_before_it_is_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.json").write_text('{"body": [' + ", ".join(['{"effective_time_frame": {}}'] * 4) + "]}")
    monkeypatch.setattr(documents, "MOST_RECORDS", 3)
    with pytest.raises(documents.UnreadableFileError, match="records"):
        documents.load(tmp_path / "x.json")


def test_huge_files_are_read_one_at_a_time(finder: FileFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    file = finder.locate(HEART_RATE, people.ANN)
    locks: list[str] = []

    @contextmanager
    def recorded_lock(lock: Path) -> Iterator[None]:
        locks.append(lock.name)
        yield

    monkeypatch.setattr(recording, "file_lock", recorded_lock)
    usual = read(file)
    assert not locks
    monkeypatch.setattr(recording, "HUGE", file.size - 1)
    assert len(read(file).points) == len(usual.points) and locks == ["huge.lock"]


@pytest.mark.parametrize("text", ["", "[1, 2", "[]", "null", "\x00\x01"])
def test_a_file_that_is_no_release_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(documents.UnreadableFileError):
        documents.load(tmp_path / "x.json")


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"body": "x" * 100}))
    monkeypatch.setattr(documents, "MOST_BYTES", 10)
    with pytest.raises(documents.UnreadableFileError, match="more than"):
        documents.load(tmp_path / "x.json")


@pytest.mark.parametrize("body", [None, 3, {}, {"cgm": None}, {"a": [], "b": []}])
def test_a_body_without_records(body: Any) -> None:
    assert documents.records({"body": body}, "cgm") == []


def test_a_list_under_another_name_is_found() -> None:
    assert documents.records({"body": {"renamed": [1]}}, "cgm") == [1]


def test_the_text_none_lists_no_file(v3: Release) -> None:
    listed = FileFinder(v3).manifests["glucose"][people.BEN]
    assert (listed.path, listed.records) == (None, None)


def located(root: Path, person: Person, stream: Stream = GLUCOSE) -> Recording:
    return read(FileFinder(locate.find(root)).locate(stream, person.id))


def test_a_manifest_that_names_another_file(tmp_path: Path) -> None:
    person = replace(people.cas(), listed={"glucose": "/elsewhere/900003/900003_DEX.json"})
    found = located(micro.write(tmp_path, [person]), person)
    assert found.state == "read"
    assert found.notes == ("the manifest names another file than the one that is there",)


def test_a_manifest_cannot_point_outside_the_release_or_to_somebody_else(v3: Release) -> None:
    root = v3.root
    other = micro.path_of("glucose", people.ANN)
    for listed_path in (f"../{root.name}/{other}", f"/{other}"):
        manifest = root / GLUCOSE.area / "manifest.tsv"
        text = manifest.read_text().replace(f"/{micro.path_of('glucose', people.CAS)}", listed_path)
        manifest.write_text(text)
        file = located(root, people.cas()).file.path
        assert file is not None and people.CAS in file.name


def test_a_file_that_is_listed_but_not_there(tmp_path: Path) -> None:
    person = people.cas()
    root = micro.write(tmp_path, [person])
    (root / micro.path_of("glucose", person.id)).unlink()
    found = located(root, person)
    assert found.state == "missing"
    assert found.notes == ("the manifest lists a file that is not there",)


def test_a_file_that_is_there_but_not_listed(tmp_path: Path) -> None:
    person = replace(people.cas(), listed={"heart_rate": "None"})
    found = located(micro.write(tmp_path, [person]), person, HEART_RATE)
    assert found.state == "read"
    assert found.notes == ("the manifest does not list the file that is there",)


def test_two_files_where_one_belongs(tmp_path: Path) -> None:
    person = replace(people.cas(), listed={"glucose": "None"})
    root = micro.write(tmp_path, [person])
    file = root / micro.path_of("glucose", person.id)
    file.with_name("900003_copy.json").write_bytes(file.read_bytes())
    assert "several files where one belongs" in located(root, person).notes[0]


def test_what_is_called_a_file_but_is_none_is_left_out(tmp_path: Path) -> None:
    person = people.cas()
    root = micro.write(tmp_path, [person])
    file = root / micro.path_of("glucose", person.id)
    (file.with_name("a_folder.json")).mkdir()
    (file.with_name("a_link.json")).symlink_to("nowhere")
    assert (located(root, person).state, located(root, person).notes) == ("read", ())
    file.unlink()
    assert located(root, person).notes == ("the manifest lists a file that is not there",)


def test_a_folder_that_cannot_be_read_is_a_note(tmp_path: Path) -> None:
    person = people.cas()
    root = micro.write(tmp_path, [person])
    folder = (root / micro.path_of("glucose", person.id)).parent
    shutil.rmtree(folder)
    folder.symlink_to(folder.name)  # a link to itself
    assert (located(root, person).state, located(root, person).notes) == (
        "missing",
        ("its folder cannot be read",),
    )


def test_without_a_manifest_files_are_found(v3: Release) -> None:
    for manifest in v3.root.glob("*/manifest.tsv"):
        manifest.unlink()
    found = located(v3.root, people.cas())
    assert (found.state, found.notes) == ("read", ())


def test_a_manifest_that_counts_otherwise(v3: Release) -> None:
    manifest = v3.root / GLUCOSE.area / "manifest.tsv"
    manifest.write_text(manifest.read_text().replace("\t564\t", "\t99\t"))
    found = located(v3.root, people.cas())
    assert "the manifest counts other records than the file has" in found.notes
    assert found.file.listed is not None
    assert (found.file.listed.records, found.points.records) == (99, 564)


def test_the_other_name_of_the_calorie_folder(v3: Release) -> None:
    folder = v3.root / "wearable_activity_monitor"
    (folder / "physical_activity_calorie").rename(folder / "physical_activity_cal")
    assert located(v3.root, people.ann(), streams.CALORIES).state == "read"


def refuse_below(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Deny permission to list any folder of one name."""
    original = Path.iterdir

    def iterdir(path: Path) -> Any:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)


def test_no_permission_for_a_stream_is_one_sentence(v3: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_below(monkeypatch, "sleep")
    with pytest.raises(InputError, match=r"There is no permission to read '.*sleep'"):
        FileFinder(v3)


def test_no_permission_for_one_person_is_a_note(v3: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_below(monkeypatch, people.CAS)
    found = located(v3.root, people.cas())
    assert (found.state, found.notes) == ("missing", ("there is no permission to read its folder",))
