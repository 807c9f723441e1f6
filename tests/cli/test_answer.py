"""``answer``: the command that pages and programs run to answer one request."""

from __future__ import annotations

import json

import pytest

from sensecf_core.counterfactuals.proposers import registry as proposers
from sensecf_core.counterfactuals.result import settings_of
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError
from sensecf_core.language.models import adapter_choice, adapters
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers
from tests.cli.conftest import Command


def test_it_tells_progress_and_the_id_of_the_answer_it_kept(command: Command, person: str) -> None:
    request = ExplainRequest(
        cohort="nhanes",
        participant_id=person,
        row_id="0",
        method="random",
        ranges={"bmi": (24.1, 30.3)},
        levels={"smoking": ("former",)},
    )
    ended = command("answer", request.model_dump_json())
    assert ended.code == 0, ended.err
    *progress, last = [json.loads(line) for line in ended.out.splitlines()]
    assert progress and all(0 <= line["fraction"] <= 1 and line["message"] for line in progress)
    answer = answers.find(last["answer_id"])
    assert answer is not None
    assert answer.settings == settings_of(request)


def test_a_request_for_a_model_that_is_told_the_person_alone_is_answered_by_the_one_there_is(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ExplainRequest] = []

    def explain(request: ExplainRequest, _: object) -> None:
        asked.append(request)
        raise InputError("Asked.")

    monkeypatch.setattr("sensecf_core.counterfactuals.explain.explain", explain)
    (general,) = adapters.for_every_cohort()
    found = {"guided": general, "profile": None}
    monkeypatch.setattr(adapter_choice, "chosen", lambda cohort, base, prompt: found[prompt])
    monkeypatch.setattr(proposers, "base_sha256", lambda spec: "b" * 64)
    request = ExplainRequest(cohort="heart", participant_id="1", method="lm-fine-tuned")
    assert "Asked." in command("answer", request.model_dump_json()).err
    person = registry.load("heart").part("test").index[0][0]
    ended = command("explain", "--cohort", "heart", "--participant", str(person), "--method", "lm-fine-tuned")
    assert "No adapter of heart is told the person alone, so lm-guided answers instead" in ended.err
    assert [one.method for one in asked] == ["lm-guided"] * 2


@pytest.mark.parametrize(
    ("request_text", "error"),
    [
        ("{", "The request cannot be read: the request: Invalid JSON"),
        ('{"cohort": "nhanes"}', "participant_id: Field required"),
        ('{"cohort": "nhanes", "participant_id": "1", "method": "magic"}', "Unknown method 'magic'"),
    ],
)
def test_a_request_that_cannot_be_answered_is_one_sentence(
    request_text: str, error: str, command: Command
) -> None:
    ended = command("answer", request_text)
    assert ended.code == 2
    assert error in ended.err and ended.err.count("\n") == 1
