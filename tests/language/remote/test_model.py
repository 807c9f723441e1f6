"""The client against a real HTTP server on loopback that misbehaves by script."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.counterfactuals.proposal import Proposal
from sensecf_core.errors import NotReadyError
from sensecf_core.language.backend import Constraint
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.prompts.json_form import answer_schema
from sensecf_core.language.prompts.plain import Example, Prompt, build
from sensecf_core.language.remote import http, reading
from sensecf_core.language.remote.allow_list import Host
from sensecf_core.language.remote.model import RemoteModel, RemoteSamples
from sensecf_core.queries.query import Query
from tests.language.scripted_server import Response, Server, all_requested, completion, edits, serving

LINE = "bmi=28.0; sugar=60"
KEY = "sk-very-secret-1234567890"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_WAIT", 0.01)


@pytest.fixture
def prompt(schema: Schema, query: Query) -> Prompt:
    return build(schema, query, ())


@pytest.fixture
def constraint(schema: Schema, query: Query) -> Constraint:
    return Constraint(schema, query.movable, 3)


def model_at(server: Server, **fields: Any) -> RemoteModel:
    spec = ModelSpec.model_validate({"name": "served", "kind": "endpoint", "source": server.url, **fields})
    return RemoteModel(spec, Host("127.0.0.1", leaves_machine=False, cohort="small"))


def test_json_answers_come_back_as_lines_with_their_tokens(
    server: Server, prompt: Prompt, constraint: Constraint
) -> None:
    seen: list[tuple[int, int]] = []
    samples = model_at(server, model="m", extra={"top_k": 5}).sample(
        prompt,
        n=20,
        constraint=constraint,
        temperature=0.7,
        seed=3,
        progress=lambda *counts: seen.append(counts),
    )
    assert samples.texts == (LINE,) * 20
    assert samples.tokens == (10,) * 20 and samples.tokens_received == 200
    assert samples.prompt_tokens == 100 and samples.tokens_sent == 300 and samples.requests == 3
    assert all(samples.complete) and samples.stopped is None
    assert (samples.form, samples.served_model) == ("json", "scripted-1")
    assert sorted(body["n"] for body in server.bodies) == [4, 8, 8]
    body = server.bodies[0]
    assert (body["model"], body["temperature"], body["top_k"]) == ("m", 0.7, 5)
    json_schema = answer_schema(constraint.schema, constraint.movable, 3)
    assert body["response_format"]["json_schema"] == {"name": "edits", "strict": True, "schema": json_schema}
    assert body["max_completion_tokens"] == 64 + 3 * 48
    assert len({body["seed"] for body in server.bodies}) == 3
    assert "Answer as JSON" in body["messages"][0]["content"] and "one line" not in str(body["messages"])
    assert samples.prompt == "\n\n".join(f"{m['role']}:\n{m['content']}" for m in body["messages"])
    assert set(server.paths) == {"/v1/chat/completions"}
    assert seen[-1] == (20, 20) and seen == sorted(seen)


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


def test_a_server_that_ignores_n_is_asked_one_by_one(server: Server, prompt: Prompt) -> None:
    server.otherwise = lambda body: completion(LINE)
    samples = model_at(server).sample(prompt, n=5)
    assert samples.texts == (LINE,) * 5 and len(server.bodies) == 5
    assert len({body["seed"] for body in server.bodies}) == 5
    assert ["n" in body for body in server.bodies] == [True, False, False, False, False]


def test_a_model_without_a_chat_template_is_sent_plain_text(
    server: Server, prompt: Prompt, constraint: Constraint
) -> None:
    server.otherwise = lambda body: Response(
        body={"choices": [{"text": " " + LINE, "finish_reason": "stop"}]}
    )
    samples = model_at(server, prompt="plain").sample(prompt, n=1, constraint=constraint)
    assert samples.texts == (LINE,) and server.paths == ["/v1/completions"]
    assert server.bodies[0]["prompt"].startswith(prompt.system) and "messages" not in server.bodies[0]
    assert "response_format" not in server.bodies[0] and server.bodies[0]["max_completion_tokens"] == 64


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


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("I cannot help with that.", "I cannot help with that."),
        ('{"changes": [{"feature": "bmi", "va', '{"changes": [{"feature": "bmi", "va'),
        ('```json\n{"changes": [{"feature": "bmi", "value": 28.0}]}\n```', "bmi=28.0"),
        (edits(bmi="28; sugar=60"), edits(bmi="28; sugar=60")),
    ],
)
def test_what_is_no_edit_is_kept_as_it_came(
    server: Server, prompt: Prompt, constraint: Constraint, content: str | None, text: str
) -> None:
    server.script = [completion(content)]
    assert model_at(server).sample(prompt, n=1, constraint=constraint).texts == (text,)


def choice(content: str | None, *, finish: str = "stop", **message: Any) -> Response:
    spoken = {"role": "assistant", "content": content, **message}
    return Response(body={"choices": [{"index": 0, "message": spoken, "finish_reason": finish}]})


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (choice(None, reasoning_content="Lower bmi."), "all of it went into its reasoning"),
        (choice("", finish="length", reasoning="Lower"), "reasoning and ran out of tokens"),
        (choice(None, refusal="I cannot give\nadvice."), "it refused: I cannot give advice.$"),
        (choice(" \n", finish="content_filter"), "its filter took the text out"),
        (choice(None), "it ended with 'stop'"),
    ],
)
def test_an_answer_without_text_says_why(
    server: Server, prompt: Prompt, response: Response, why: str
) -> None:
    server.script = [response]
    with pytest.raises(NotReadyError, match=f"sent an answer without text: .*{why}"):
        model_at(server).sample(prompt, n=1)


JSON = edits(bmi=28.0, sugar=60)


@pytest.mark.parametrize(
    "content",
    [
        JSON,
        f"<think>\nbmi=20 perhaps, or {edits(bmi=20)}\n</think>\n\n{JSON}",
        f"no start of it </THINK>{LINE}",
        f"Here is the JSON you asked for:\n\n```json\n{JSON}\n```\nLet me know!",
        f"First {edits(bmi=20)}, or better {JSON}",
        f"Sure! Here is the answer:\n{LINE}",
        f"```\n{LINE}\n```",
        f"- **{LINE}**",
        f"`{LINE}`",
        "[" + json.dumps({"feature": "bmi", "value": 28.0}) + ', {"feature": "sugar", "value": 60}]',
        '{"bmi": 28.0, "sugar": 60}',
        '{"changes": {"bmi": 28.0, "sugar": 60}}',
        '{"edits": [{"bmi": 28.0}, {"sugar": 60}]}',
        f"[THINK]bmi=20?[/THINK]{JSON}",
        f"<|channel|>analysis<|message|>bmi=20<|end|><|channel|>final<|message|>{LINE}<|return|>",
        f"{JSON}<|im_end|>",
        f"Answer: {LINE}",
        f"**Final answer:** `{LINE}`",
        f"1. {LINE}",
        "- bmi=28.0\n- sugar=60",
        "Here it is:\n1. bmi=28.0\n\n2. sugar=60\n",
        JSON.replace("}]", "},]"),
        json.dumps(JSON),
    ],
)
@pytest.mark.parametrize("schema_sent", [True, False])
def test_the_last_readable_edits_of_the_whole_text_count(
    server: Server, prompt: Prompt, constraint: Constraint, content: str, schema_sent: bool
) -> None:
    server.script = [completion(content)]
    samples = model_at(server).sample(prompt, n=1, constraint=constraint if schema_sent else None)
    assert samples.texts == (LINE,) and samples.as_they_came == (content,)
    assert Proposal(samples.texts, wholes=samples.as_they_came).whole_of(0) == (
        None if content.strip() == LINE else content
    )


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


@pytest.mark.parametrize(
    "message",
    [
        {"content": [{"type": "text", "text": "bmi=28.0; "}, {"type": "text", "text": "sugar=60"}]},
        {"content": [{"type": "thinking", "text": "bmi=20"}, {"type": "text", "text": LINE}]},
        {"content": None, "tool_calls": [{"type": "function", "function": {"arguments": JSON}}]},
        {"content": "", "function_call": {"name": "edits", "arguments": JSON}},
    ],
)
def test_text_in_parts_or_in_a_call_is_read(server: Server, prompt: Prompt, message: dict[str, Any]) -> None:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]}
    server.script = [Response(body=body)]
    assert model_at(server).sample(prompt, n=1).texts == (LINE,)


def test_a_server_that_streams_unasked_is_read() -> None:
    pieces = [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in ("bmi=28.0; ", "sugar=60")]
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    events = [f"data: {json.dumps(event)}\n\n" for event in (*pieces, last)]
    whole = reading.joined((": hello\n\n" + "".join(events) + "data: [DONE]\n\n").encode())
    assert whole is not None and whole["usage"] == {"prompt_tokens": 3}
    assert whole["choices"] == [{"message": {"content": LINE}, "finish_reason": "stop"}]
    assert reading.joined(b"data: nothing\n") is None
    torn = json.dumps({"choices": [{"delta": {"content": "a\u2028b"}}]}, ensure_ascii=False)
    whole = reading.joined(f'data: {torn}\n\ndata: {{"choices": 5}}\n'.encode())
    assert whole is not None and whole["choices"][0]["message"]["content"] == "a\u2028b"
    assert reading.parsed(b": waiting\n\nevent: message\n" + events[0].encode())["choices"]


def test_an_answer_that_was_cut_short_says_so(server: Server, prompt: Prompt) -> None:
    server.script = [completion(LINE, finish="length")]
    assert model_at(server).sample(prompt, n=1).complete == (False,)


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


def test_this_machine_is_asked_directly_whatever_proxy_is_set(
    server: Server, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert model_at(server).sample(prompt, n=1).texts == (LINE,)


def test_nobody_there(server: Server, prompt: Prompt) -> None:
    nobody = model_at(server, source="http://127.0.0.1:9/v1")
    with pytest.raises(NotReadyError, match="cannot be reached"):
        nobody.sample(prompt, n=1)


def stopped_while_thinking(server: Server, prompt: Prompt, **stop: Any) -> tuple[RemoteSamples, float]:
    """Eight answers at once, then a server that thinks for a long time."""
    server.script = [completion(*[LINE] * 8)]
    server.otherwise = lambda body: replace(all_requested(body), after=3.0)
    begun = time.perf_counter()
    return model_at(server).sample(prompt, n=16, **stop), time.perf_counter() - begun


def test_a_cancel_ends_a_request_under_way_and_keeps_what_had_come(server: Server, prompt: Prompt) -> None:
    samples, seconds = stopped_while_thinking(server, prompt, cancelled=lambda: len(server.bodies) > 1)
    assert samples.stopped == "cancelled" and samples.texts == (LINE,) * 8
    assert seconds < 2


def test_a_deadline_does_too(server: Server, prompt: Prompt) -> None:
    samples, seconds = stopped_while_thinking(server, prompt, deadline=0.5)
    assert samples.stopped == "deadline" and samples.texts == (LINE,) * 8
    assert seconds < 2


def test_a_cancel_ends_the_wait_for_a_busy_server(server: Server, prompt: Prompt) -> None:
    server.otherwise = lambda body: Response(429, {}, {"Retry-After": "30"})
    begun = time.perf_counter()
    samples = model_at(server).sample(prompt, n=4, cancelled=lambda: time.perf_counter() - begun > 0.2)
    assert (samples.stopped, samples.texts) == ("cancelled", ())
    assert time.perf_counter() - begun < 2


def test_a_redirect_is_not_followed(server: Server, prompt: Prompt) -> None:
    with serving() as elsewhere:
        server.otherwise = lambda body: Response(307, b"", {"Location": f"{elsewhere.url}/chat/completions"})
        with pytest.raises(NotReadyError, match="HTTP 307"):
            model_at(server).sample(prompt, n=1)
        assert elsewhere.bodies == []


def test_examples_are_never_sent(server: Server, schema: Schema, query: Query, example: Example) -> None:
    with pytest.raises(ValueError, match="other participants"):
        model_at(server).sample(build(schema, query, (), [example]), n=1)
    assert server.bodies == []


def test_it_works_beside_a_running_event_loop(server: Server, prompt: Prompt) -> None:
    async def notebook() -> RemoteSamples:
        return model_at(server).sample(prompt, n=1)

    # In a thread of its own: the browser tests' loop may still be running in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(notebook())).result().texts == (LINE,)


def test_many_threads_may_ask(server: Server, prompt: Prompt) -> None:
    answers: list[tuple[str, ...]] = []
    model = model_at(server)
    threads = [
        threading.Thread(target=lambda: answers.append(model.sample(prompt, n=3).texts)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(LINE,) * 3] * 4


def test_the_key_is_sent_and_shown_nowhere(
    server: Server, prompt: Prompt, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEST_SERVER_KEY", f" {KEY}\n")
    caplog.set_level(logging.DEBUG)
    model = model_at(server, key="TEST_SERVER_KEY")
    samples = model.sample(prompt, n=1)
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    server.otherwise = lambda body: Response(400, {"error": {"message": f"Bearer {KEY} is odd"}})
    with pytest.raises(NotReadyError, match="Bearer … is odd") as raised:
        model.sample(prompt, n=1)
    shown = [repr(model), repr(samples), repr(model.provenance(samples)), caplog.text, str(raised.value)]
    assert raised.value.__cause__ is None
    assert not [text for text in shown if KEY[3:12] in text]


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
