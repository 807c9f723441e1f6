from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.classifiers.evaluation.model_card import evaluate
from sensecf_core.classifiers.training import train
from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.feasibility import cohort_map
from sensecf_core.counterfactuals.feasibility.cohort_map import FeasibilityMap
from sensecf_core.datasets import registry
from sensecf_core.errors import unknown
from sensecf_core.jobs import job_table, model_worker, worker as worker_module
from sensecf_core.jobs.job_table import JobView
from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.jobs.subprocess_worker import SubprocessWorker
from sensecf_core.ui.common import data
from sensecf_core.ui.interventions import form

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    "Home": "app.py",
    "Participants": "pages/1_Participants.py",
    "Prediction": "pages/2_Prediction.py",
    "Interventions": "pages/3_Interventions.py",
    "What-if": "pages/8_What-if.py",
    "Glucose": "pages/9_Glucose.py",
    "Comparison": "pages/4_Comparison.py",
    "Benchmarks": "pages/5_Benchmarks.py",
    "Augmentation": "pages/6_Augmentation.py",
    "Models": "pages/7_Models.py",
    "Your_data": "pages/10_Your_data.py",
}
OpenPage = Callable[..., AppTest]


@dataclass(frozen=True)
class World:
    """One cohort, its classifier and card, and three people: near the line, far above, far below."""

    cohort: Cohort
    classifier: Classifier
    card: dict[str, Any]
    flagged: str
    certain: str
    unflagged: str


@pytest.fixture(scope="session")
def trained(small_cohort: Cohort) -> World:
    classifier = train(small_cohort, refits=3)
    test = small_cohort.part("test")
    risk = classifier.predict_proba(test)
    margin = risk - classifier.threshold
    nearest_over = min((i for i in range(len(test)) if margin[i] >= 0), key=lambda i: margin[i])
    return World(
        small_cohort,
        classifier,
        evaluate(small_cohort, classifier),
        flagged=str(test.index[nearest_over][0]),
        certain=str(test.index[int(risk.argmax())][0]),
        unflagged=str(test.index[int(risk.argmin())][0]),
    )


@pytest.fixture
def world(trained: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The small cohort as the only one that the pages know, with its classifier ready."""

    def load(name: str) -> Cohort:
        if name != "small":
            raise unknown("cohort", name, ["small"])
        return trained.cohort

    monkeypatch.setattr(registry, "load", load)
    monkeypatch.setattr(registry, "available", lambda: ("small",))
    monkeypatch.setattr(registry, "broken", lambda: ())
    monkeypatch.setattr(store, "ready", lambda cohort: True)
    monkeypatch.setattr(store, "load", lambda cohort: trained.classifier)
    monkeypatch.setattr(store, "card", lambda cohort: trained.card)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield trained


@pytest.fixture
def mapped(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A map in which nobody who is flagged has an option but one, the least certain of the test part."""
    cohort, classifier = world.cohort, world.classifier
    flagged = cohort.rows.index[classifier.predict(cohort.rows) == 1]
    frame = pd.DataFrame(
        [
            {
                "participant_id": person,
                "row_id": row,
                "profile": "intervention",
                "desired": 0,
                "cross": "proven none",
                "lower": "solid" if person == world.flagged else "none found",
                "reliable_reduction": 7.6 if person == world.flagged else 0.0,
                "best_probability": 0.5,
                "on_the_line": False,
            }
            for person, row in flagged
        ]
    )
    monkeypatch.setattr(cohort_map, "read", lambda _: FeasibilityMap(frame))
    data._feasible.clear()
    yield world
    data._feasible.clear()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, private_var: Path) -> Iterator[ModelWorker]:
    """A model worker over this test's own database."""
    found = ModelWorker()
    monkeypatch.setitem(worker_module._shared, ModelWorker, found)
    monkeypatch.delitem(worker_module._shared, SubprocessWorker, raising=False)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def nothing_is_warmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages load no language model behind a test's back."""
    monkeypatch.setattr(model_worker, "warm", lambda cohort, after=0.0: None)


@pytest.fixture(autouse=True)
def opening_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options asks nothing by itself; test_asked_on_opening.py is about what it asks."""
    monkeypatch.setattr(form, "asks_on_opening", lambda page: None)


@pytest.fixture
def fresh_caches() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(scope="session")
def cohort() -> Cohort:
    """The days of the synthetic participants with sensors."""
    return builtin.load("aireadi")


@pytest.fixture(scope="session")
def someone(cohort: Cohort) -> str:
    """The held-out participant with the riskiest day."""
    test = cohort.part("test")
    return str(test.index[int(store.load(cohort).predict_proba(test).argmax())][0])


@pytest.fixture
def open_page() -> OpenPage:
    """Open a page with address parameters, as a link does."""

    def opened(page: str, **address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if page != "Home":
            at.switch_page(PAGES[page])
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, at.exception[0].message
        return at

    return opened


def with_fields(at: AppTest) -> AppTest:
    """Interventions with every chip of its question open: fields are drawn only there."""
    for chip in ("limits", "numbers", "fixed", "method"):
        at.session_state[f"chip_{chip}"] = True
    at.run()
    assert not at.exception, at.exception[0].message
    return at


def page_text(at: AppTest) -> str:
    """Everything that a page says in text, one line an element, Markdown escapes removed."""
    kinds = (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "info",
        "warning",
        "error",
        "success",
        "badge",
    )
    return "\n".join(str(element.value) for kind in kinds for element in at.get(kind)).replace("\\", "")


def codes(at: AppTest) -> str:
    """The commands that a page shows, one a line."""
    return "\n".join(str(element.value) for element in at.get("code"))


def until(kind: str, state: str, within: float = 20.0) -> JobView:
    """The newest job of a kind, once it is in this state."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        (job, *_) = job_table.recent("process", kind)
        if job.state == state:
            return job
        time.sleep(0.05)
    raise AssertionError(f"never {state}")
