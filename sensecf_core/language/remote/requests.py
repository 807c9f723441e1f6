"""All requests of one call to a server: how many answers at a time, in which form, and what came back.

Servers differ in what they take: a field that one refuses by name is left out and the question asked again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2

from sensecf_core.errors import NotReadyError
from sensecf_core.language.backend import first_line
from sensecf_core.language.models.registry import ModelSpec
from sensecf_core.language.prompts.json_form import edits_text
from sensecf_core.language.prompts.plain import Prompt, asking_for_json, chat_text
from sensecf_core.language.remote import http as remote_http
from sensecf_core.language.remote.http import RefusedError

GROUP = 8
"""Answers asked for in one request, where the server can give several."""
AT_ONCE = 4
"""Requests under way at the same time."""
LONGEST_TEXT = 2_000
"""Characters kept of an answer; edits are far shorter."""
OPTIONAL = ("response_format", "n", "seed", "top_p", "temperature", "stop")
"""Fields that are left out when the server refuses them by name."""
RENAMED = {"max_completion_tokens": "max_tokens"}
"""Fields that older servers know by another name."""

Form = Literal["json", "text"]


@dataclass(frozen=True)
class Reply:
    """One answer as the answer's one line; ``complete`` is False for one that was cut short."""

    text: str
    tokens: int
    complete: bool


@dataclass
class RemoteRequest:
    """What is asked for ``n`` rows, what the server refused, and what has arrived (by row)."""

    spec: ModelSpec
    who: str
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
    sent: int = 0
    received: int = 0
    served: str = ""

    @property
    def form(self) -> Form:
        """How answers are asked for at this moment."""
        return "text" if self.json_schema is None or "response_format" in self.refused else "json"

    @property
    def asked(self) -> Prompt:
        """The prompt in the form asked for."""
        return asking_for_json(self.prompt) if self.form == "json" else self.prompt

    async def all(self, http: httpx2.AsyncClient) -> None:
        """Ask until every row has its answer; the first request alone, to learn what the server can."""
        at_once = 1
        while missing := [row for row in range(self.n) if row not in self.replies]:
            groups = [missing[start : start + self.group] for start in range(0, len(missing), self.group)]
            try:
                async with asyncio.TaskGroup() as tasks:
                    for rows in groups[:at_once]:
                        tasks.create_task(self._ask(http, rows))
            except* NotReadyError as failed:
                had = f" ({len(self.replies)} of {self.n} answers had arrived)" if self.replies else ""
                raise NotReadyError(f"{failed.exceptions[0]}{had}") from None
            at_once = AT_ONCE

    async def _ask(self, http: httpx2.AsyncClient, rows: list[int]) -> None:
        while True:
            form, body = self.form, self._body(rows)
            try:
                said = await remote_http.ask(http, self._url(), body, self.who)
                break
            except RefusedError as refusal:
                if not self._give_way(refusal, body):
                    raise NotReadyError(self._refusal(refusal)) from None
        self._take(said, rows, form)

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
            body["prompt"] = chat_text(None, self.asked)
        else:
            body["messages"] = self.asked.messages()
        if self.form == "json":
            schema = {"name": "edits", "strict": True, "schema": self.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        else:
            body["stop"] = ["\n"]
        for name in self.refused & body.keys():
            value = body.pop(name)
            if name in RENAMED:
                body[RENAMED[name]] = value
        return body

    def _give_way(self, refusal: RefusedError, body: dict[str, Any]) -> bool:
        """Note which fields of ``body`` were refused; False if the refusal is about something else."""
        if refusal.status not in (400, 404, 422, 501):
            return False
        words = refusal.words.lower()
        spoken = set("".join(sign if sign.isalnum() or sign == "_" else " " for sign in words).split())
        named = {name for name in (*OPTIONAL, *RENAMED) if name in body and name in spoken}
        if "response_format" in body and not named and ("schema" in words or not words):
            named = {"response_format"}
        self.refused |= named
        if "n" in named:
            self.group = 1
        return bool(named)

    def _refusal(self, refusal: RefusedError) -> str:
        if refusal.status in (401, 403):
            key = f"the key in {self.spec.key}" if self.spec.key else "a question without a key"
            return f"{self.who} refused {key} (HTTP {refusal.status})."
        said = f": {refusal.words[:200]}" if refusal.words else "."
        return f"{self.who} refused the question (HTTP {refusal.status}){said}"

    def _take(self, said: dict[str, Any], rows: list[int], form: Form) -> None:
        """Keep the answers of one request, and count its tokens."""
        choices = said["choices"][: len(rows)]
        texts = [_content(choice) for choice in choices]
        received = _count(said, "completion_tokens")
        length = max(sum(len(text) for text in texts), 1)
        for row, choice, text in zip(rows, choices, texts, strict=False):
            line = (edits_text(text) if form == "json" else None) or first_line(text)
            self.replies[row] = Reply(
                text=line[:LONGEST_TEXT],
                tokens=round(received * len(text) / length),
                complete=choice.get("finish_reason") != "length" and len(line) <= LONGEST_TEXT,
            )
        if len(choices) < len(rows):
            self.group = 1
        self.requests += 1
        self.sent += _count(said, "prompt_tokens")
        self.received += received
        self.prompt_tokens = self.prompt_tokens or _count(said, "prompt_tokens")
        self.served = str(said.get("model") or self.served)[:200]
        if self.progress:
            self.progress(len(self.replies), self.n)


def _content(choice: dict[str, Any]) -> str:
    """The text of one choice; empty for a refusal, a filtered answer, or none at all."""
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else choice.get("text")
    return text if isinstance(text, str) else ""


def _count(said: dict[str, Any], name: str) -> int:
    usage = said.get("usage")
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if isinstance(found, int) and found > 0 else 0
