"""``aireadi check``."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.locate import Release
from tests.aireadi import micro, people
from tests.cli.conftest import Command


@pytest.fixture(scope="module")
def v3(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Ann, Ben and Cas in the newest layout."""
    folder = tmp_path_factory.mktemp("check") / "release"
    return locate.find(micro.write(folder, [people.ann(), people.ben(), people.cas()]))


def test_a_few_participants(command: Command, v3: Release) -> None:
    ended = command("aireadi", "check", str(v3.root))
    assert ended.code == 0
    assert ended.out.startswith(f"AI-READI v3.0.0-synthetic, SYNTHETIC, layout v3: {v3.root}\n")
    assert "3 participants; 3 read" in ended.out
    assert "groups: " in ended.out and "insulin_dependent" not in ended.out
    assert "_controlled" not in ended.out
    assert "glucose: read 2, missing 1;" in ended.out
    assert "respiratory rate: read 1, missing 1, unreadable 1;" in ended.out
    assert "records outside the window 1" in ended.out
    assert "1 participant(s): no glucose: 14 days from the visit are used." in ended.out


def test_nobody_is_named(command: Command, v3: Release) -> None:
    for options in ([], ["--json"], ["--all", "--jobs", "1"]):
        ended = command("aireadi", "check", str(v3.root), *options)
        for person in (people.ANN, people.BEN, people.CAS):
            assert person not in ended.out + ended.err


def test_json(command: Command, v3: Release, private_var: Path) -> None:
    report = command("aireadi", "check", str(v3.root), "--people", "1", "--json").json
    assert (report["participants"], report["looked_at"], report["tables"]) == (3, 1, None)
    assert report["release"]["synthetic"] is True
    assert [stream["stream"] for stream in report["streams"]][:2] == ["glucose", "heart_rate"]
    assert not (private_var / "aireadi").exists()


def test_everybody(command: Command, v3: Release, private_var: Path) -> None:
    report = command("aireadi", "check", str(v3.root), "--all", "--jobs", "1", "--json").json
    assert report["looked_at"] == 3
    assert Path(report["tables"]).is_relative_to(private_var)
    again = command("aireadi", "check", str(v3.root), "--all").out
    assert "3 read (from the cache)" in again


def test_the_environment_and_what_is_odd(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = micro.write(tmp_path, [micro.Person("1234", age="", visit="None")], title="A real one")
    source = "import_insulin, Insulin [Units/volume] in Serum o"
    row = {"person_id": "1234", "measurement_source_value": source, "value_as_number": "12.5"}
    micro.clinical(root, {"measurement": [row], "person": [{"person_id": "9"}]})
    (root / "clinical_data" / "condition_occurrence.csv").unlink()
    (root / "wearable_blood_glucose" / "manifest.tsv").unlink()
    monkeypatch.setenv("SENSECF_AIREADI", str(root))
    out = command("aireadi", "check").out
    for text in (
        "REAL DATA",
        "its median is 12.5, the size of µIU/mL",
        "1 participant(s) of participants.tsv are not in person.csv.",
        "1 participant(s) have no visit date.",
        "There is no clinical_data/condition_occurrence.csv.",
        "There is no wearable_blood_glucose/manifest.tsv",
        "nothing was recorded",
    ):
        assert text in out


@pytest.mark.parametrize("options", [["/nowhere"], ["--people", "0"], [], [""], [" "]])
def test_bad_input_is_one_sentence(
    command: Command,
    v3: Release,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    monkeypatch.delenv("SENSECF_AIREADI", raising=False)
    monkeypatch.chdir(v3.root)
    ended = command("aireadi", "check", *options)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1


def test_what_is_no_release_is_told_in_one_sentence(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "YR3.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "list.txt").write_text("900001")
    micro.write(tmp_path / "old", [people.cas()], version="0.1.0")
    sentences = {"empty": "is empty", "YR3.zip": "unpack it", "list.txt": "is a file", "old": "version 0.1.0"}
    for name, sentence in sentences.items():
        ended = command("aireadi", "check", str(tmp_path / name))
        assert (ended.code, ended.out) == (2, "")
        assert sentence in ended.err
        assert ended.err.count("\n") == 1


def test_a_folder_that_may_not_be_read_is_told_in_one_sentence(
    command: Command, v3: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(locate, "_entries", refuse)  # tests may run as root, who may read everything
    ended = command("aireadi", "check", str(v3.root))
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "There is no permission to read" in ended.err
