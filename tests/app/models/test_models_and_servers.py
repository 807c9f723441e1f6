from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.jobs import model_worker
from sensecf_core.language.models import hardware, registry
from sensecf_core.language.models.hardware import Hardware
from sensecf_core.queries.request import ExplainRequest
from tests.app.conftest import OpenPage, World, page_text, with_fields
from tests.app.models.shown import facts, warnings


def test_what_fits_is_said_with_the_reason_for_the_rest(world: World, open_page: OpenPage) -> None:
    at = open_page("Models", cohort="small")
    text = page_text(at)
    assert "Fits in bf16 (0.8 GB) on the CPU" in text
    assert "Fits in nf4 (8 GB) on the CPU; a model of this size is slow without a GPU." in text
    assert "hf download meta-llama/Llama-3.1-8B-Instruct" in text and "accept its licence" in text
    assert "Reading your own words" in text and "read by rules" in text
    assert "135 million parameters" in facts(at) and "Apache-2.0" in facts(at) and "gated" in facts(at)


def test_too_large_says_how_much_is_missing(
    world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "detect_hardware", lambda: Hardware(memory_gb=3.0, cpu_bf16=True))
    text = page_text(open_page("Models", cohort="small"))
    assert "Too large for this machine" in text
    assert "Needs at least 8 GB; this machine has 3 GB free and no GPU" in text
    assert "Only 3 GB of memory are free now" in text


def test_servers_say_where_data_go_and_how_to_allow_them(
    world: World, open_page: OpenPage, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    text = page_text(open_page("Models", cohort="small"))
    assert "LEAVE THIS MACHINE" in text and "the profile is sent to that program" in text
    assert "not allowed to see the cohort 'small'" in text and '`cohorts = ["small"]`' in text
    private_var.mkdir(exist_ok=True)
    allow = '["api.openai.com"]\ncohorts = ["small"]\n["127.0.0.1"]\ncohorts = ["*"]\n'
    (private_var / "remote.toml").write_text(allow)
    at = open_page("Models", cohort="small")
    assert "OPENAI_API_KEY" in page_text(at)
    assert [one.label for one in at.expander if "Servers" in one.label] == [
        "Servers (4; 3 may be asked about this cohort)"
    ]


def test_a_private_cohort_is_allowed_only_by_its_own_line(
    world: World, open_page: OpenPage, private_var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensecf_core.datasets import registry

    monkeypatch.setattr(registry, "load", lambda name: replace(world.cohort, own=True))
    private_var.mkdir(exist_ok=True)
    (private_var / "remote.toml").write_text('["127.0.0.1"]\ncohorts = ["*"]\n')
    at = open_page("Models", cohort="small")
    assert '`restricted_cohorts = ["small"]`' in page_text(at)
    assert any("0 may be asked" in one.label for one in at.expander)


def test_a_broken_file_of_ones_own_is_said_and_the_rest_of_the_page_goes_on(
    world: World, open_page: OpenPage, private_var: Path
) -> None:
    private_var.mkdir(exist_ok=True)
    (private_var / registry.OWN_FILE).write_text("[mine]\nkind = 'nothing'\n")
    at = open_page("Models", cohort="small")
    assert "model `mine`" in at.error[0].value
    assert "Fine-tune for this cohort" in page_text(at)


@pytest.fixture
def chooser(world: World, private_var: Path, open_page: OpenPage) -> AppTest:
    """Interventions, where one server on this machine and one elsewhere are allowed."""
    private_var.mkdir(exist_ok=True)
    about = 'kind = "endpoint"\nsource = "https://models.example.org/v1"\n'
    (private_var / registry.OWN_FILE).write_text(f"[far]\n{about}")
    allow = '["models.example.org"]\ncohorts = ["small"]\n["127.0.0.1:8080"]\ncohorts = ["small"]\n'
    (private_var / "remote.toml").write_text(allow)
    return with_fields(open_page("Interventions", cohort="small", participant=world.flagged))


def test_a_server_is_offered_without_examples_only_and_says_that_data_leave(
    chooser: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[ExplainRequest] = []

    class Noted:
        def submit(self, request: ExplainRequest) -> str:
            requests.append(request)
            return "a-job"

        def view(self, job: str) -> None:
            return None

    monkeypatch.setattr(model_worker, "worker", Noted)
    at = chooser
    assert not [box for box in at.selectbox if box.key == "model"]
    at.selectbox(key="method").select("lm-zero-shot").run()
    assert at.selectbox(key="model").options == ["smollm2-135m", "llama-server", "far"]
    at.selectbox(key="model").select("far").run()
    assert "LEAVE THIS MACHINE" in at.warning[0].value
    next(b for b in at.button if b.label == "Find options").click().run()
    at.selectbox(key="method").select("lm-few-shot").run()
    assert "LEAVE THIS MACHINE" not in warnings(at)
    next(b for b in at.button if b.label == "Find options").click().run()
    assert [(request.method, request.model) for request in requests] == [
        ("lm-zero-shot", "far"),
        ("lm-few-shot", None),
    ]


def test_a_server_needs_no_weights_here(chooser: AppTest, base: Callable[[bool], None]) -> None:
    base(False)
    at = chooser.run()
    assert next(b for b in at.button if b.label == "Find options").disabled
    at.selectbox(key="method").select("lm-zero-shot").run()
    at.selectbox(key="model").select("llama-server").run()
    assert not next(b for b in at.button if b.label == "Find options").disabled
