"""Find the edits in what a server's model wrote: behind its reasoning, in fences, after an introduction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sensecf_core.language.backend import Form, first_line
from sensecf_core.language.prompts.json_form import edits_of

MOST_STARTS = 500
"""Places in a text where JSON is looked for."""
LINE = re.compile(r"[`*\s>-]*([^\s=;][^=;\n]*=[^=;\n]+(?:;[^=;\n]*=[^=;\n]+)*;?)[`*\s]*")
"""One line of edits, ``bmi=24.0; sugar=40``, perhaps with marks of Markdown around it."""
_THOUGHT = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)


def edits_in(text: str, form: Form) -> str:
    """The last readable edits of a whole text, as one line; its first line where there are none.

    JSON counts in either form; a line of edits too, since a server may ignore the form it was asked for.
    """
    said = _THOUGHT.split(text)[-1]
    lines = [found[1].rstrip("`* \t") for line in said.splitlines() if (found := LINE.fullmatch(line))]
    return last_json(said) or (lines[-1] if lines else None) or first_line(said if said.strip() else text)


def last_json(text: str) -> str | None:
    """The last JSON of a text that holds edits, as a line; None if there is none."""
    found = None
    for value in _values(text):
        found = edits_of(value) or found
    return found


def _values(text: str) -> Iterator[Any]:
    """Every JSON object and list in a text that is not inside another one."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(MOST_STARTS):
        start = re.compile(r"[{\[]").search(text, at)
        if start is None:
            return
        try:
            value, at = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            at = start.end()
        else:
            yield value


def joined(content: bytes) -> dict[str, Any] | None:
    """The answer that a server streamed although nobody asked for it; None if ``content`` is no stream.

    Server-sent events: lines of ``data:``, each one JSON object with a piece of each choice
    (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    """
    lines = [
        line[5:].strip() for line in content.decode("utf-8", "replace").splitlines() if line[:5] == "data:"
    ]
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue  # such as [DONE]
        if not isinstance(event, dict):
            continue
        whole.update(
            {name: value for name, value in event.items() if name != "choices" and value is not None}
        )
        for piece in event.get("choices") or ():
            if isinstance(piece, dict):
                _add(choices.setdefault(_number(piece), {"message": {"content": ""}}), piece)
    if choices:
        whole["choices"] = [choices[number] for number in sorted(choices)]
    return whole or None


def _number(piece: dict[str, Any]) -> int:
    index = piece.get("index")
    return index if isinstance(index, int) else 0


def _add(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    part = piece.get("delta") or piece.get("message") or {}
    text = part.get("content") if isinstance(part, dict) else None
    text = text if text is not None else piece.get("text")
    if isinstance(text, str):
        choice["message"]["content"] += text
    if piece.get("finish_reason"):
        choice["finish_reason"] = piece["finish_reason"]
    if isinstance(part, dict) and part.get("reasoning_content"):
        choice["message"]["reasoning_content"] = "…"


def why_empty(choice: dict[str, Any]) -> str:
    """Why a choice has no text, as far as the server says it."""
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    ended = choice.get("finish_reason")
    if isinstance(message.get("refusal"), str) and message["refusal"].strip():
        return f"it refused: {' '.join(message['refusal'].split())[:200]}"
    if message.get("reasoning_content") or message.get("reasoning"):
        more = " and ran out of tokens" if ended == "length" else ""
        return f"all of it went into its reasoning{more}; turn reasoning off, or choose another model"
    if ended == "content_filter":
        return "its filter took the text out"
    return f"it ended with {ended!r}" if isinstance(ended, str) else "it does not say why"
