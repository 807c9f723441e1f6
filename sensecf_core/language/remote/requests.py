"""All requests of one call to a server: how many answers at a time, in which form, and the replies.

Servers differ in what they can do. A field that a server refuses by name is left out and the request sent
again; where it names none, less is tried: one answer a request, no schema, no optional fields. What was left
out is kept with the answers.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from sensecf_core.errors import NotReadyError
from sensecf_core.language.backend import Form
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.prompts.plain import Prompt, chat_text, with_json_answer
from sensecf_core.language.remote import http as remote_http
from sensecf_core.language.remote.http import RefusedError
from sensecf_core.language.remote.reading import edits_in, text_of, why_empty

GROUP = 8
"""Answers per request, where the server can give several."""
AT_ONCE = 4
"""Requests sent at the same time."""
LONGEST_WHOLE = 20_000
"""Characters of an answer that are kept as they came, reasoning and all."""
LONGEST_TEXT = 2_000
"""Characters kept of an answer; edits are far shorter."""
OPTIONAL = ("response_format", "n", "seed", "top_p", "temperature", "stop")
"""Fields that are left out when the server refuses them by name."""
HINTS = {
    "n": ("choice", "completions", "candidates"),
    "response_format": ("schema", "grammar", "json", "format", "structured"),
}
"""Words of refusals that name no field."""
OTHER_REASONS = (
    "context",
    "too long",
    "too large a prompt",
    "api key",
    "credit",
    "quota",
    "not found",
    "exist",
)
"""Words of refusals that asking for less does not help with."""
RENAMED = {"max_completion_tokens": "max_tokens"}
"""Fields that older servers know by another name. Both are sent: a server that knows one only would write on
without end, and one that wants one only says so."""


@dataclass(frozen=True)
class Reply:
    """One answer as a line of edits, and ``whole`` as it came; ``complete`` is False for one cut short."""

    text: str
    whole: str
    tokens: int
    complete: bool


@dataclass
class RemoteRequest:
    """A request for ``n`` answers: what is sent, which fields the server refused, and the replies by row.

    ``server`` names the server for people. ``tokens_sent`` and ``tokens_received`` are its own counts.
    """

    spec: ModelSpec
    server: str
    prompt: Prompt
    json_schema: dict[str, Any] | None
    options: dict[str, Any]
    seed: int
    n: int
    progress: Callable[[int, int], None] | None
    group: int = GROUP
    refused: set[str] = field(default_factory=set)
    replies: dict[int, Reply] = field(default_factory=dict)
    requests: int = 0
    prompt_tokens: int = 0
    tokens_sent: int = 0
    tokens_received: int = 0
    served_model: str = ""

    @property
    def form(self) -> Form:
        """How answers are asked for, given what the server has refused so far."""
        return "text" if self.json_schema is None or "response_format" in self.refused else "json"

    @property
    def sent_prompt(self) -> Prompt:
        """The prompt with the instruction for this form."""
        return with_json_answer(self.prompt) if self.form == "json" else self.prompt

    async def complete(self, http: httpx2.AsyncClient) -> None:
        """Send requests until every row has its reply.

        The first one is sent alone, to learn what the server accepts.
        """
        at_once = 1
        while missing := [row for row in range(self.n) if row not in self.replies]:
            groups = [missing[start : start + self.group] for start in range(0, len(missing), self.group)]
            try:
                async with asyncio.TaskGroup() as tasks:
                    for rows in groups[:at_once]:
                        tasks.create_task(self._send(http, rows))
            except* NotReadyError as failed:
                arrived = f" ({len(self.replies)} of {self.n} answers had arrived)" if self.replies else ""
                raise NotReadyError(f"{failed.exceptions[0]}{arrived}") from None
            at_once = AT_ONCE

    async def _send(self, http: httpx2.AsyncClient, rows: list[int]) -> None:
        while True:
            form, body = self.form, self._body(rows)
            try:
                less = "n" in body or "response_format" in body
                response = await remote_http.post(http, self._url(), body, self.server, less=less)
                break
            except RefusedError as refusal:
                if not self._drop_refused(refusal, body):
                    raise NotReadyError(self._refusal_text(refusal)) from None
                rows = rows[: self.group]  # the others come in the next round
        self._store(response, rows, form)

    def _url(self) -> str:
        path = "completions" if self.spec.prompt == "plain" else "chat/completions"
        return f"{self.spec.source.rstrip('/')}/{path}"

    def _body(self, rows: list[int]) -> dict[str, Any]:
        digest = hashlib.sha256(f"{self.seed}:{rows[0]}".encode()).digest()
        body: dict[str, Any] = {
            **self.spec.extra,
            **self.options,
            "seed": int.from_bytes(digest[:4], "big") >> 1,
        }
        if len(rows) > 1:
            body["n"] = len(rows)
        if self.spec.model:
            body["model"] = self.spec.model
        if self.spec.prompt == "plain":
            body["prompt"] = chat_text(None, self.sent_prompt)
        else:
            body["messages"] = self.sent_prompt.messages()
        if self.form == "json":
            schema = {"name": "edits", "strict": True, "schema": self.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.spec.prompt == "plain":
            body["stop"] = ["\n"]  # in a chat it would end an introduction, not the answer
        for name, older in RENAMED.items():
            if name in body:
                body[older] = body[name]
        for name in self.refused & body.keys():
            value = body.pop(name)
            if name in RENAMED:
                body[RENAMED[name]] = value
        return body

    def _drop_refused(self, refusal: RefusedError, body: dict[str, Any]) -> bool:
        """Leave out the fields of ``body`` that were refused; False if the refusal has another reason."""
        if refusal.status not in (400, 404, 422, 500, 501):
            return False
        message = refusal.message.lower()
        words = set("".join(char if char.isalnum() or char == "_" else " " for char in message).split())
        twice = {older for name, older in RENAMED.items() if {name, older} <= body.keys() and older in words}
        named = twice or {name for name in (*OPTIONAL, *RENAMED) if name in body and name in words}
        if not named and refusal.status != 404 and not any(word in message for word in OTHER_REASONS):
            named = _suspects(message, body)
        self.refused |= named
        if "n" in named:
            self.group = 1
        return bool(named)

    def _refusal_text(self, refusal: RefusedError) -> str:
        if refusal.status in (401, 403):
            key = f"the key in {self.spec.key}" if self.spec.key else "a question without a key"
            return f"{self.server} refused {key} (HTTP {refusal.status})."
        reason = f": {refusal.message[:200]}" if refusal.message else "."
        return f"{self.server} refused the question (HTTP {refusal.status}){reason}"

    def _store(self, response: dict[str, Any], rows: list[int], form: Form) -> None:
        """Store the replies in one response, and count its tokens."""
        choices = response["choices"][: len(rows)]
        texts = [text_of(choice) for choice in choices]
        if not self.replies and not any(text.strip() for text in texts):
            raise NotReadyError(f"{self.server} sent an answer without text: {why_empty(choices[0])}.")
        received = _usage(response, "completion_tokens")
        length = max(sum(len(text) for text in texts), 1)
        for row, choice, text in zip(rows, choices, texts, strict=False):
            line = edits_in(text, form)
            self.replies[row] = Reply(
                text=line[:LONGEST_TEXT],
                whole=text[:LONGEST_WHOLE],
                tokens=round(received * len(text) / length),
                complete=choice.get("finish_reason") != "length" and len(line) <= LONGEST_TEXT,
            )
        if len(choices) < len(rows):
            self.group = 1
        self.requests += 1
        self.tokens_sent += _usage(response, "prompt_tokens")
        self.tokens_received += received
        self.prompt_tokens = self.prompt_tokens or _usage(response, "prompt_tokens")
        self.served_model = str(response.get("model") or self.served_model)[:200]
        if self.progress:
            self.progress(len(self.replies), self.n)


def _suspects(message: str, body: dict[str, Any]) -> set[str]:
    """What to try without, where a refusal names no field: what its words hint at, else one step less.

    The steps: one answer a request, no schema, none of the other fields that an answer can do without.
    """
    hinted = {
        name for name, words in HINTS.items() if name in body and any(word in message for word in words)
    }
    if hinted:
        return hinted
    for step in (("n",), ("response_format",), OPTIONAL):
        if left := {name for name in step if name in body}:
            return left
    return set()


def _usage(response: dict[str, Any], name: str) -> int:
    """A token count as the server reports it; 0 where it reports none."""
    usage = response.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) and count > 0 else 0
