"""What is read of the text that a server sends, by script."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensecf_core.counterfactuals.proposal import Proposal
from sensecf_core.errors import NotReadyError
from sensecf_core.language.backend import Constraint
from sensecf_core.language.prompts.plain import Prompt
from sensecf_core.language.remote import reading
from tests.language.remote.served import LINE, model_at
from tests.language.scripted_server import Response, Server, completion, edits


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
