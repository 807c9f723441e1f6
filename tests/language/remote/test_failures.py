"""A server that is busy, broken, picky or away, by script."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from sensecf_core.errors import NotReadyError
from sensecf_core.language.backend import Constraint
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.remote import http
from tests.language.remote.served import KEY, LINE, model_at
from tests.language.scripted_server import Response, Server, all_requested, completion, serving


def test_a_field_that_is_refused_by_name_is_left_out(
    server: Server, prompt: Prompt, constraint: Constraint
) -> None:
    def picky(body: dict[str, Any]) -> Response:
        for name in ("response_format", "n", "max_completion_tokens"):
            if name in body:
                return Response(
                    422, {"detail": [{"loc": ["body", name], "msg": "not permitted", "input": body}]}
                )
        return all_requested(body)

    server.otherwise = picky
    samples = model_at(server).sample(prompt, n=3, constraint=constraint, max_new_tokens=77)
    assert samples.texts == (LINE,) * 3 and samples.form == "text"
    assert samples.prompt == prompt.text
    last = server.bodies[-1]
    assert last["max_tokens"] == 77 and "response_format" not in last
    assert "stop" not in last  # it would end an introduction, not the answer
    assert samples.left_out == ("max_completion_tokens", "n", "response_format")
    assert "one line" in last["messages"][0]["content"]


def test_a_busy_server_is_asked_again_after_the_time_it_names(server: Server, prompt: Prompt) -> None:
    server.script = [
        Response(429, {"error": "slow down"}, {"Retry-After": "0.4"}),
        Response(503, b""),
        completion(LINE),
    ]
    begun = time.perf_counter()
    assert model_at(server).sample(prompt, n=1).texts == (LINE,)
    assert 0.4 < time.perf_counter() - begun < 5
    assert len(server.bodies) == 3


@pytest.mark.parametrize("dated", [False, True])
def test_a_server_that_asks_for_an_hour_is_not_waited_for(
    server: Server, prompt: Prompt, dated: bool
) -> None:
    wait = formatdate(time.time() + 3600, usegmt=True) if dated else "3600"
    server.otherwise = lambda body: Response(429, {}, {"Retry-After": wait})
    with pytest.raises(NotReadyError, match=r"served \(127.0.0.1\).*asks to wait 3[56]\d\d s"):
        model_at(server).sample(prompt, n=1)
    assert len(server.bodies) == 1


def test_a_spent_quota_is_not_asked_again(server: Server, prompt: Prompt) -> None:
    server.otherwise = lambda body: Response(429, {"error": {"code": "insufficient_quota", "message": "pay"}})
    with pytest.raises(NotReadyError, match="pay"):
        model_at(server).sample(prompt, n=1)
    assert len(server.bodies) == 1


NONSENSE = {
    "html": Response(body=b"<html>gateway</html>"),
    "no choices": Response(body={"choices": []}),
    "a list": Response(body=[1]),
    "choices of text": Response(body={"choices": ["bmi=1"]}),
    "broken off": replace(completion(LINE), only=40),
    "error": Response(500, {"error": {"message": "x"}}),
}


@pytest.mark.parametrize("response", NONSENSE.values(), ids=NONSENSE.keys())
def test_malformed_and_broken_answers_are_asked_for_again(
    server: Server, prompt: Prompt, response: Response
) -> None:
    server.script = [response, response]
    assert model_at(server).sample(prompt, n=1).texts == (LINE,)
    server.script = [response] * 99
    with pytest.raises(NotReadyError, match=f"{http.ATTEMPTS} times in a row"):
        model_at(server).sample(prompt, n=1)
    assert len(server.bodies) == 3 + http.ATTEMPTS


def refuse(status: int, message: str) -> Response:
    return Response(status, {"error": {"message": message}})


REFUSALS = [
    (400, "Only one completion choice is allowed", "n"),
    (500, "Only one completion choice is allowed", "n"),
    (400, "Failed to initialize samplers: failed to parse grammar", "response_format"),
    (422, "This response_format type is unavailable now", "response_format"),
    (500, "Internal server error", "response_format"),
    (501, "Not implemented", "response_format"),
    (400, "Something went wrong", "n"),
    (422, "unexpected keyword", "seed"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_server_that_cannot_do_all_is_asked_for_less(
    server: Server, prompt: Prompt, constraint: Constraint, refusal: tuple[int, str, str]
) -> None:
    status, message, dislikes = refusal
    server.otherwise = lambda body: refuse(status, message) if dislikes in body else all_requested(body)
    samples = model_at(server).sample(prompt, n=3, constraint=constraint)
    assert samples.texts == (LINE,) * 3
    assert dislikes in samples.left_out
    assert ("left_out", ", ".join(samples.left_out)) in model_at(server).provenance(samples)


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (refuse(400, "the request exceeds the available context size"), "context size"),
        (refuse(404, "model 'made-up' not found, try pulling it first"), "try pulling it first"),
        (refuse(503, "Loading model"), "Loading model"),
        (
            Response(200, {"error": {"message": "Insufficient credits", "code": 402}}),
            "402.*Insufficient credits",
        ),
        (Response(200, {"error": {"message": "Overloaded", "code": 503}}), "503.*Overloaded"),
        (Response(200, {"error": "no such deployment exists"}), "no such deployment"),
        (
            Response(200, {"object": "error", "message": "max_tokens exceed the context", "code": 40303}),
            "exceed",
        ),
        (Response(200, {"detail": "Model credit is used up"}), "credit is used up"),
        (
            Response(200, b': hello\n\ndata: {"error": {"message": "No quota left", "code": 402}}\n\n'),
            "402.*No quota",
        ),
    ],
)
def test_a_failure_is_told_in_the_servers_own_words(
    server: Server, prompt: Prompt, constraint: Constraint, response: Response, said: str
) -> None:
    server.otherwise = lambda body: response
    with pytest.raises(NotReadyError, match=said):
        model_at(server).sample(prompt, n=3, constraint=constraint)
    assert len(server.bodies) <= http.ATTEMPTS


def test_silence_times_out(server: Server, prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 0.1)
    server.script = [replace(completion(LINE), after=1.0)]
    assert model_at(server).sample(prompt, n=1).texts == (LINE,)
    assert len(server.bodies) == 2


def test_an_answer_without_end_is_given_up(
    server: Server, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 2_000)
    server.otherwise = lambda body: completion(LINE + " " * 4_000)
    with pytest.raises(NotReadyError, match="without end"):
        model_at(server).sample(prompt, n=1)


def test_nobody_there(server: Server, prompt: Prompt) -> None:
    nobody = model_at(server, source="http://127.0.0.1:9/v1")
    with pytest.raises(NotReadyError, match="cannot be reached"):
        nobody.sample(prompt, n=1)


def test_a_redirect_is_not_followed(server: Server, prompt: Prompt) -> None:
    with serving() as elsewhere:
        server.otherwise = lambda body: Response(307, b"", {"Location": f"{elsewhere.url}/chat/completions"})
        with pytest.raises(NotReadyError, match="HTTP 307"):
            model_at(server).sample(prompt, n=1)
        assert elsewhere.bodies == []


def test_a_key_that_is_missing_refused_or_none(
    server: Server, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_at(server, key="TEST_SERVER_KEY")
    monkeypatch.delenv("TEST_SERVER_KEY", raising=False)
    with pytest.raises(NotReadyError, match="TEST_SERVER_KEY, which is not set"):
        model.sample(prompt, n=1)
    monkeypatch.setenv("TEST_SERVER_KEY", "two\nlines")
    with pytest.raises(NotReadyError, match="cannot be a key") as raised:
        model.sample(prompt, n=1)
    assert "lines" not in str(raised.value)
    assert server.bodies == []
    monkeypatch.setenv("TEST_SERVER_KEY", KEY)
    server.otherwise = lambda body: Response(401, {"error": {"message": f"Incorrect API key {KEY}"}})
    with pytest.raises(NotReadyError, match=r"refused the key in TEST_SERVER_KEY \(HTTP 401\)"):
        model.sample(prompt, n=1)


def test_a_server_that_sends_the_question_back_does_not_put_it_into_the_error(
    server: Server, prompt: Prompt
) -> None:
    server.otherwise = lambda body: Response(
        422, {"detail": [{"loc": ["body", "messages"], "msg": "Bad", "input": json.dumps(body)}]}
    )
    with pytest.raises(NotReadyError, match="body messages Bad") as raised:
        model_at(server).sample(prompt, n=1)
    assert "Profile" not in str(raised.value) and "31.2" not in str(raised.value)
