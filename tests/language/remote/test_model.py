"""The client against a real HTTP server on loopback: what it sends, and when it stops."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import NotReadyError
from sensecf_core.language.backend import Constraint
from sensecf_core.language.prompts.json_form import answer_schema
from sensecf_core.language.prompts.plain import Example, Prompt, build
from sensecf_core.language.remote.model import RemoteSamples
from sensecf_core.queries.query import Query
from tests.language.remote.served import KEY, LINE, model_at
from tests.language.scripted_server import Response, Server, all_requested, completion


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


def test_this_machine_is_asked_directly_whatever_proxy_is_set(
    server: Server, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert model_at(server).sample(prompt, n=1).texts == (LINE,)


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
