"""``answer``: the command that pages and programs run to answer one request."""

from __future__ import annotations

import json

import pytest

from sensecf_core.counterfactuals.result import settings_of
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
