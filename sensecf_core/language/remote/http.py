"""One question to an OpenAI-compatible server: time-outs, retries with back-off, and what went wrong.

Redirects are not followed, so that a question never goes further than the host it was allowed for. What
a server says about an error is repeated only as one short line, and never a key.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from sensecf_core.errors import NotReadyError

ATTEMPTS = 5
FIRST_WAIT = 0.5
"""Seconds before the second attempt; doubled for each further one, give or take a half."""
LONGEST_WAIT = 60.0
"""Seconds: a server that asks for a longer pause is told of instead of waited for."""
TIMEOUT = httpx2.Timeout(120.0, connect=10.0)
MOST_BYTES = 8_000_000
MOST_WORDS = 1_000
BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same question may well be answered."""
QUOTA = "insufficient_quota"


class RefusedError(Exception):
    """The server understood and said no: its status, and its own words in one short line."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status
        self.words = words


class _TroubleError(Exception):
    """One attempt failed; ``wait`` is how long the server asks to be left alone, if it said so."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


def client(key: str, *, loopback: bool) -> httpx2.AsyncClient:
    """Open a connection pool. Loopback servers are asked directly, whatever proxy is configured."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.AsyncClient(
        headers=headers, timeout=TIMEOUT, follow_redirects=False, trust_env=not loopback
    )


async def ask(http: httpx2.AsyncClient, url: str, body: dict[str, Any], who: str) -> dict[str, Any]:
    """Return the server's answer to ``body``, a JSON object with a list ``choices``.

    ``who`` names the server for people.

    Asks up to :data:`ATTEMPTS` times while the server is busy, silent, breaks off or answers nonsense.
    Raises :class:`RefusedError` for a question the server will not answer, ``NotReadyError`` when it
    cannot be made to answer.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _attempt(http, url, body)
        except _TroubleError as trouble:
            wait = trouble.wait if trouble.wait is not None else _pause(attempt)
            if wait > LONGEST_WAIT:
                raise NotReadyError(
                    f"{who} {trouble} and asks to wait {wait:.0f} s; try again then."
                ) from None
            if attempt == ATTEMPTS:
                raise NotReadyError(
                    f"{who} {trouble}, {ATTEMPTS} times in a row; see whether it runs, or choose "
                    "another model."
                ) from None
        await asyncio.sleep(wait)
    raise AssertionError("unreachable")


def _pause(attempt: int) -> float:
    return float(FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))


async def _attempt(http: httpx2.AsyncClient, url: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        status, headers, content = await _post(http, url, body)
    except httpx2.TimeoutException:
        raise _TroubleError("did not answer in time") from None
    except httpx2.ConnectError:
        raise _TroubleError("cannot be reached") from None
    except (httpx2.TransportError, httpx2.DecodingError):
        raise _TroubleError("broke off its answer") from None
    words = "" if status == 200 else _words(content, http)
    if status in BUSY and QUOTA not in words:
        raise _TroubleError(f"is busy or failing (HTTP {status})", _retry_after(headers))
    if status != 200:
        raise RefusedError(status, words)
    try:
        said = json.loads(content)
        choices = said["choices"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _TroubleError("sent an answer that is not in the OpenAI form") from None
    if not (isinstance(choices, list) and choices and all(isinstance(c, dict) for c in choices)):
        raise _TroubleError("sent an answer without choices")
    return dict(said)


async def _post(
    http: httpx2.AsyncClient, url: str, body: dict[str, Any]
) -> tuple[int, httpx2.Headers, bytes]:
    async with http.stream("POST", url, json=body) as response:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise _TroubleError("sent an answer without end")
        return response.status_code, response.headers, bytes(content)


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds the server asks to wait: a number, or a date."""
    text = headers.get("retry-after", "").strip()
    try:
        return max(float(text), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None


def _words(content: bytes, http: httpx2.AsyncClient) -> str:
    """What the server says about an error, as one short line without the key.

    Only its own words are taken: some servers send back the whole question, which is a person's profile.
    """
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    found = said.get("error", said) if isinstance(said, dict) else {}
    text = " ".join(" ".join(_said(found)).split())
    key = http.headers.get("Authorization", "").removeprefix("Bearer ")
    return (text.replace(key, "…") if key else text)[:MOST_WORDS]


def _said(found: Any) -> list[str]:
    """The texts of an error: OpenAI's ``message``, FastAPI's ``detail`` (a text, or a list of places)."""
    if isinstance(found, str):
        return [found]
    if not isinstance(found, dict):
        return []
    texts = [found[name] for name in ("message", "code", "param") if isinstance(found.get(name), str)]
    details = found.get("detail")
    for detail in details if isinstance(details, list) else [details]:
        if isinstance(detail, str):
            texts.append(detail)
        elif isinstance(detail, dict):
            texts += [*map(str, detail.get("loc") or ()), str(detail.get("msg") or "")]
    return texts
