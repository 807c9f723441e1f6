"""One request to an OpenAI-compatible server: time-outs, retries with back-off, error messages.

Redirects are not followed, so that a prompt never goes further than the host that was allowed to see it. Of a
server's error only one short line is repeated, without the key.
"""

from __future__ import annotations

import asyncio
import random
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from sensecf_core.errors import NotReadyError
from sensecf_core.language.remote.reading import parsed

ATTEMPTS = 5
FIRST_WAIT = 0.5
"""Seconds before the second attempt; doubled for each further one, give or take a half."""
LONGEST_WAIT = 60.0
"""Seconds; where a server asks for a longer pause, an error says so at once."""
TIMEOUT = httpx2.Timeout(120.0, connect=10.0)
MOST_BYTES = 8_000_000
LONGEST_MESSAGE = 1_000
"""Characters."""
BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may succeed later."""
SHORT_TEXT = 80
"""Characters of an error that is plain text; a longer one may hold the question."""
FAILING = frozenset({500, 501})
"""Statuses that some servers send where they cannot do what was asked for."""
QUOTA = "insufficient_quota"


class RefusedError(Exception):
    """The server refused the request: its status, and its message in one short line."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class _AttemptError(Exception):
    """One attempt failed; ``wait`` is the pause in seconds that the server asked for, if any.

    ``refusal`` is what the server said of it.
    """

    def __init__(self, reason: str, wait: float | None = None, refusal: RefusedError | None = None) -> None:
        super().__init__(reason)
        self.wait = wait
        self.refusal = refusal


def client(key: str, *, loopback: bool) -> httpx2.AsyncClient:
    """Open a connection pool. Loopback servers are reached directly, whatever proxy is configured."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.AsyncClient(
        headers=headers, timeout=TIMEOUT, follow_redirects=False, trust_env=not loopback
    )


async def post(
    http: httpx2.AsyncClient, url: str, body: dict[str, Any], server: str, *, less: bool = False
) -> dict[str, Any]:
    """Send ``body`` and return the server's answer, a JSON object with a list ``choices``.

    ``server`` names the server for people. Tries up to :data:`ATTEMPTS` times while the server is busy,
    silent, breaks off or sends an unusable answer. With ``less`` (there is less that could be asked for), a
    server that fails twice over a request counts as refusing it, since some refuse that way. Raises
    :class:`RefusedError` for a request that the server refuses, ``NotReadyError`` if it cannot be made to
    answer.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _attempt(http, url, body)
        except _AttemptError as failure:
            said = failure.refusal
            if less and said is not None and said.status in FAILING and said.message and attempt > 1:
                raise said from None
            wait = failure.wait if failure.wait is not None else _pause(attempt)
            if wait > LONGEST_WAIT:
                raise NotReadyError(
                    f"{server} {failure} and asks to wait {wait:.0f} s; try again then."
                ) from None
            if attempt == ATTEMPTS:
                raise NotReadyError(
                    f"{server} {failure}, {ATTEMPTS} times in a row; see whether it runs, or choose "
                    "another model."
                ) from None
        await asyncio.sleep(wait)
    raise AssertionError("unreachable")


def _pause(attempt: int) -> float:
    return float(FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))


async def _attempt(http: httpx2.AsyncClient, url: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        status, headers, content = await _exchange(http, url, body)
    except httpx2.TimeoutException:
        raise _AttemptError("did not answer in time") from None
    except httpx2.ConnectError:
        raise _AttemptError("cannot be reached") from None
    except (httpx2.TransportError, httpx2.DecodingError):
        raise _AttemptError("broke off its answer") from None
    status, message = _error_in(status, content, http)
    if status in BUSY and QUOTA not in message:
        words = f": {message[:200]}" if message else ""
        raise _AttemptError(
            f"is busy or failing (HTTP {status}){words}", _retry_after(headers), RefusedError(status, message)
        )
    if status != 200:
        raise RefusedError(status, message)
    try:
        answer: Any = parsed(content)
        choices = answer["choices"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _AttemptError("sent an answer that is not in the OpenAI form") from None
    if not (isinstance(choices, list) and choices and all(isinstance(c, dict) for c in choices)):
        raise _AttemptError("sent an answer without choices")
    return dict(answer)


async def _exchange(
    http: httpx2.AsyncClient, url: str, body: dict[str, Any]
) -> tuple[int, httpx2.Headers, bytes]:
    async with http.stream("POST", url, json=body) as response:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise _AttemptError("sent an answer without end")
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


def _error_in(status: int, content: bytes, http: httpx2.AsyncClient) -> tuple[int, str]:
    """Status and message of an error, also of one that was sent with the status of success."""
    if status != 200:
        return status, _error_message(content, http)
    try:
        answer = parsed(content)
    except (ValueError, RecursionError):
        return status, ""
    if not isinstance(answer, dict) or answer.get("choices"):
        return status, ""
    error = answer.get("error") or (answer if _is_error(answer) else None)
    if not error:
        return status, ""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 400
    return status, _error_message(content, http)


def _is_error(answer: dict[str, Any]) -> bool:
    """Whether an answer without ``error`` is one: vLLM's and FastAPI's own forms."""
    return answer.get("object") == "error" or "detail" in answer or isinstance(answer.get("message"), str)


def _error_message(content: bytes, http: httpx2.AsyncClient) -> str:
    """The server's error message as one short line without the key.

    Only the message's own fields are read: some servers send back the whole prompt, a person's profile.
    """
    try:
        answer = parsed(content)
    except (ValueError, RecursionError):
        plain = content.decode("utf-8", "replace").strip()
        return plain if len(plain) <= SHORT_TEXT and plain.isprintable() and "<" not in plain else ""
    error = (answer.get("error") or answer) if isinstance(answer, dict) else {}
    text = " ".join(" ".join(_error_texts(error)).split())
    key = http.headers.get("Authorization", "").removeprefix("Bearer ")
    return (text.replace(key, "…") if key else text)[:LONGEST_MESSAGE]


def _error_texts(error: Any) -> list[str]:
    """The texts of an error: OpenAI's ``message``, FastAPI's ``detail`` (a text, or a list of locations)."""
    if isinstance(error, str):
        return [error]
    if not isinstance(error, dict):
        return []
    texts = [error[name] for name in ("message", "code", "param") if isinstance(error.get(name), str)]
    details = error.get("detail")
    for detail in details if isinstance(details, list) else [details]:
        if isinstance(detail, str):
            texts.append(detail)
        elif isinstance(detail, dict):
            texts += [*map(str, detail.get("loc") or ()), str(detail.get("msg") or "")]
    return texts
