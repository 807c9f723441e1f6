"""A table is uploaded, its schema drafted and edited, checked, and becomes a cohort."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sensecf_core.cohorts.own import folder
from sensecf_core.cohorts.own.draft import draft_folder
from sensecf_core.datasets import registry, uploads
from sensecf_core.errors import InputError
from sensecf_core.jobs import subprocess_worker
from sensecf_core.records import decisions
from sensecf_core.ui.your_data import schema_table
from tests.app.conftest import OpenPage, page_text


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Eighty made-up people with an outcome that follows their steps."""
    rng = np.random.default_rng(0)
    steps = rng.integers(20, 120, 80) * 100
    return pd.DataFrame(
        {
            "id": [f"P{number}" for number in range(80)],
            "age": rng.integers(20, 80, 80),
            "steps": steps,
            "bmi": np.round(rng.normal(27, 4, 80), 1),
            "site": rng.choice([1, 2, 3], 80),
            "diabetes": (steps + rng.normal(0, 1500, 80) < 6000).astype(int),
        }
    )


@pytest.fixture
def drafted(table: pd.DataFrame, private_var: Path) -> tuple[Path, str]:
    path = uploads.keep("walks.csv", table.to_csv(index=False).encode(), "visit")
    return path, draft_folder.draft(path, name="walks", target="diabetes", participant="id").text


def test_an_upload_becomes_a_cohort_that_pages_open(
    table: pd.DataFrame, private_var: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        subprocess_worker, "start", lambda kind, arguments, title: started.append(arguments) or "job"
    )
    at = open_page("Your_data")
    assert "measurements of at least 50 people" in at.info[0].value
    at.file_uploader[0].set_value(("walks.csv", table.to_csv(index=False).encode(), "text/csv")).run()
    assert not at.exception
    assert [box.value for box in at.selectbox][-2:] == ["diabetes", "id"]
    assert "4 features drafted" in page_text(at)
    next(box for box in at.text_input if box.label == "Title").set_value("Walks of eighty").run()
    assert not [button for button in at.button if button.key == "own_use"], "nothing is used unchecked"
    at.button(key="own_check").click().run()
    assert "80 rows can be used" in at.success[0].value
    at.button(key="own_use").click().run()
    assert not at.exception
    cohort = registry.load("walks")
    assert cohort.schema.title == "Walks of eighty" and len(cohort.rows) == 80
    assert (cohort.schema.provenance.source, cohort.schema.provenance.title) == (
        "walks.csv",
        "Walks of eighty",
    )
    assert started == [["train", "--cohort", "walks", "--json-progress"]]
    assert (uploads.folders()[0].stat().st_mode & 0o077) == 0
    uploads.remove("walks")
    assert "walks" not in registry.available()


def test_a_damaged_table_and_another_kind_of_file_are_refused_in_a_sentence(
    private_var: Path, open_page: OpenPage
) -> None:
    at = open_page("Your_data")
    at.file_uploader[0].set_value(("notes.csv", b"\x00\x01\x02", "text/csv")).run()
    assert not at.exception and at.error[-1].value.startswith("The table cannot be read")
    with pytest.raises(InputError, match="is no table"):
        uploads.keep("photo.png", b"", "visit")


def test_edits_go_into_the_text_and_decided_lines_lose_their_mark(drafted: tuple[Path, str]) -> None:
    path, text = drafted
    edited = schema_table.as_table(text).set_index("name", drop=False)
    edited.loc["steps", ["direction", "largest_change", "label"]] = ["up", 3000.0, "Steps a day"]
    edited.loc["site", "kind"] = "categorical"
    edited.loc["age", "use"] = False
    after = schema_table.with_edits(text, edited, schema_table.about(text), lambda name: ["1", "2", "3"])
    features = {feature["name"]: feature for feature in tomllib.loads(after)["features"]}
    assert set(features) == {"steps", "bmi", "site"}
    assert features["steps"]["direction"] == "up" and features["steps"]["largest_change"] == 3000
    assert features["site"]["levels"] == ["1", "2", "3"] and "valid" not in features["site"]
    assert features["bmi"] == {f["name"]: f for f in tomllib.loads(text)["features"]}["bmi"]
    before, now = (schema_table.as_table(one).set_index("name")["check"] for one in (text, after))
    assert "valid" in before["bmi"] and now["bmi"] == before["bmi"]
    (path.parent / "schema.toml").write_text(after, encoding="utf-8")
    assert not folder.check(path.parent)


def test_nothing_used_and_words_as_numbers_are_refused(drafted: tuple[Path, str]) -> None:
    _, text = drafted
    about, edited = schema_table.about(text), schema_table.as_table(text)
    with pytest.raises(InputError, match="No feature is used"):
        schema_table.with_edits(text, edited.assign(use=False), about, lambda name: [])
    kinds = edited.kind.mask(edited.name == "site", "categorical")
    named = schema_table.with_edits(text, edited.assign(kind=kinds), about, lambda name: ["1", "2", "3"])
    with pytest.raises(InputError, match="holds words"):
        schema_table.with_edits(named, edited, about, lambda name: [])


def test_a_name_that_is_taken_is_refused(drafted: tuple[Path, str]) -> None:
    path, text = drafted
    same = uploads.keep("walks.csv", path.read_bytes(), "another visit")
    uploads.accept(path, "walks", text)
    for name in ("walks", "../walks", "/tmp/walks", "a/b", ""):
        with pytest.raises(InputError, match=r"already|is no name"):
            uploads.accept(same, name, text)
    assert uploads.accept(same, "strides", text).joinpath("schema.toml").read_text() == text
    with pytest.raises(InputError, match="is no cohort"):
        uploads.remove("../walks")


def test_a_name_that_decisions_speak_of_is_not_used_again_and_old_drafts_go(
    table: pd.DataFrame, private_var: Path, open_page: OpenPage
) -> None:
    old = uploads.keep("old.csv", b"a,b\n", "yesterday").parent
    os.utime(old, (0, 0))
    decisions.write_note("walks", "1", "Of somebody else.", by="Ann")
    at = open_page("Your_data")
    at.file_uploader[0].set_value(("walks.csv", table.to_csv(index=False).encode(), "text/csv")).run()
    assert not old.exists()
    at.button(key="own_check").click().run()
    assert "an earlier cohort `walks` are kept here" in at.warning[-1].value
    assert at.button(key="own_use").disabled
