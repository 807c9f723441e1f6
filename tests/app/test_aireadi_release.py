"""A release that cannot be used: one sentence on every page, and the other cohorts still work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sensecf_core.aireadi.release.locate import ENVIRONMENT
from sensecf_core.classifiers import store
from sensecf_core.cohorts import builtin
from sensecf_core.datasets import registry
from tests.app.conftest import PAGES, OpenPage, page_text
from tests.app.test_frame import chips


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    return "is empty"


@pytest.mark.parametrize("title", list(PAGES))
def test_every_page_says_it_and_shows_the_other_cohorts(title: str, wrong: str, open_page: OpenPage) -> None:
    at = open_page(title, cohort="heart", participant="1")
    assert not at.exception
    assert sum(wrong in warning.value for warning in at.warning) == 1
    assert "UCI Heart Disease" in page_text(at) or "Cleveland" in page_text(at)
    assert "AI-READI release on this machine" in at.selectbox(key="pick_cohort").options
    assert title != "Home" or "AI-READI release on this machine" in [
        element.value.strip("*") for element in at.markdown
    ]


def test_the_release_itself_is_refused_with_the_same_sentence(wrong: str, open_page: OpenPage) -> None:
    at = open_page("Participants", cohort="aireadi-release")
    assert not at.exception
    assert any(wrong in error.value for error in at.error)


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("title", list(PAGES))
def test_every_page_says_whose_rows_they_are(
    title: str, real: bool, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    cohort = builtin.load("aireadi")
    person, day = (str(element) for element in cohort.part("test").index[3])
    if real:  # the same rows, as if they were a real release
        classifier, folder = store.load(cohort), store.folder(cohort)
        origin = cohort.schema.provenance.model_copy(update={"real": True, "public": False})
        own = replace(cohort, schema=cohort.schema.model_copy(update={"provenance": origin}), own=True)
        monkeypatch.setattr(registry, "load", lambda name: own)
        monkeypatch.setattr(store, "ready", lambda cohort: True)
        monkeypatch.setattr(store, "load", lambda cohort: classifier)
        monkeypatch.setattr(store, "folder", lambda cohort: folder)
    at = open_page(title, cohort="aireadi", participant=person, row=day)
    (chip,) = (label for label in chips(at) if "AI-READI" in label)
    assert chip.endswith("private") == real
    text = page_text(at)
    assert ("REAL DATA, private" if real else "SYNTHETIC DATA, public") in text
    assert real == ("REAL DATA" in text)


def test_the_synthetic_days_are_labelled_and_a_day_is_chosen(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    cohort = builtin.load("aireadi")
    person, day = cohort.part("test").index[3]
    at = open_page("Prediction", cohort="aireadi", participant=str(person), row=str(day))
    assert not at.exception
    assert "SYNTHETIC DATA" in page_text(at) and "SYNTHETIC AI-READI" in page_text(at)
    at.session_state["model_card"] = True  # drawn when it is opened
    at.run()
    days = next(box for box in at.selectbox if box.label == "Day")
    assert days.value == day and len(days.options) == len(cohort.rows.loc[person])
    tables = " ".join(str(cell) for table in at.get("table") for cell in table.value.to_numpy().ravel())
    assert "Study group: insulin" in tables
    text = page_text(at)
    assert "without same-day heart rate" in text and "Can behaviour change alone lower this risk?" in text
    assert store.ready(cohort)
