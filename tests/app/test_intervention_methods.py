"""Which methods are offered on Interventions, by what is on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sensecf_core.jobs.model_worker import ModelWorker
from sensecf_core.language.models import default_model
from sensecf_core.language.models.default_model import WeightsStatus
from sensecf_core.queries.request import ExplainRequest
from tests.app import made_adapter
from tests.app.conftest import OpenPage, World, page_text, with_fields


@pytest.fixture(autouse=True)
def queue(worker: ModelWorker) -> ModelWorker:
    return worker


def test_a_missing_language_model_disables_only_its_modes(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SENSECF_BASE_MODELS", str(tmp_path))
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    assert "fetch-model" in at.error[0].value
    assert next(b for b in at.button if b.label == "Find options").disabled
    at.selectbox(key="method").select("random").run()
    assert not next(b for b in at.button if b.label == "Find options").disabled


@pytest.fixture
def model_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ready = WeightsStatus("ready", "Ready.", tmp_path, made_adapter.BASE_SHA256)
    monkeypatch.setattr(default_model, "status", lambda *_, **__: ready)


def test_without_an_adapter_examples_are_the_default_and_the_page_says_how_to_get_one(
    world: World, open_page: OpenPage, model_here: None
) -> None:
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    mode = at.selectbox(key="method")
    assert mode.value == "lm-few-shot"
    assert "Language model, guided" not in mode.options
    assert "No language model is fine-tuned for this cohort yet" in page_text(at)
    assert "Fine-tune one" in [link.label for link in at.get("page_link")]


def test_an_adapter_makes_fine_tuned_the_default_until_something_else_is_picked(
    world: World, open_page: OpenPage, worker: ModelWorker, model_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made_adapter.write(world.cohort, classifier_sha256=world.classifier.sha256)
    requests: list[ExplainRequest] = []
    monkeypatch.setattr(worker, "submit", lambda request: requests.append(request) or "a-job")
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    assert at.selectbox(key="method").options[0] == "Language model, guided"
    assert "adapter trial" in page_text(at) and not at.warning
    next(b for b in at.button if b.label == "Find options").click().run()
    assert [request.method for request in requests] == ["lm-guided"]
    at.selectbox(key="method").select("lm-zero-shot").run()
    at.switch_page("pages/2_Prediction.py").run()
    at.switch_page("pages/3_Interventions.py").run()
    assert with_fields(at).selectbox(key="method").value == "lm-zero-shot"
    at.selectbox(key="method").select("lm-guided").run()
    shutil.rmtree(folder)  # as if another cohort were chosen, or the adapter deleted meanwhile
    at.run()
    assert at.selectbox(key="method").value == "lm-few-shot"
    made_adapter.write(world.cohort, classifier_sha256=world.classifier.sha256)
    assert at.run().selectbox(key="method").value == "lm-guided"


def test_an_adapter_of_another_classifier_is_offered_with_a_warning(
    world: World, open_page: OpenPage, model_here: None
) -> None:
    made_adapter.write(world.cohort)
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    assert "trial was trained and measured with another classifier" in at.warning[0].value
    at.selectbox(key="method").select("lm-zero-shot").run()
    assert not at.warning


def test_an_adapter_that_does_not_fit_is_not_offered(
    world: World, open_page: OpenPage, model_here: None
) -> None:
    made_adapter.write(world.cohort, base_sha256="0" * 64)
    at = with_fields(open_page("Interventions", cohort="small", participant=world.flagged))
    assert "Language model, guided" not in at.selectbox(key="method").options
    assert "None of this cohort's fine-tuned language models can answer" in page_text(at)
