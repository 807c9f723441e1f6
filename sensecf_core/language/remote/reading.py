"""Find the edits in what a server's model wrote: behind its reasoning, in fences, after an introduction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sensecf_core.language.backend import Form, first_line
from sensecf_core.language.prompts.grammar import SEPARATOR
from sensecf_core.language.prompts.json_form import edits_of

MOST_STARTS = 500
"""Places in a text where JSON is looked for."""
LINE = re.compile(
    r"[`*\s>-]*(?:\d+[.)]\s+)?(?:[^=;\n]*[:：][`*\s]+)?"
    r"([^\s=;][^=;\n]*=[^=;\n]+(?:;[^=;\n]*=[^=;\n]+)*;?)[`*\s]*"
)
"""One line of edits, ``bmi=24.0; sugar=40``, perhaps behind marks of Markdown, a number or ``Answer:``."""
ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+")
_COMMA_AT_END = re.compile(r",(?=\s*[\]}])")
_THOUGHT = re.compile(
    r"</(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad)>|\[/THINK\]|◁/think▷",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"<[|｜][^<>\n]{1,60}?[|｜]>|</?s>|<(?:bos|eos|(?:start|end)_of_turn)>")
"""Signs of a chat template that a server left in the text, such as ``<|im_end|>``."""


_TEXT_PARTS = ("text", "output_text")
"""Types of the parts of a content that hold its text; others hold reasoning or pictures."""


def edits_in(text: str, form: Form) -> str:
    """The last readable edits of a whole text, as one line; its first line where there are none.

    JSON counts in either form; a line of edits too, since a server may ignore the form it was asked for.
    """
    said = without_reasoning(text)
    return last_json(said) or _last_line(said) or first_line(said if said.strip() else text)


def without_reasoning(text: str) -> str:
    """What a model wrote behind its reasoning, without signs of a chat template."""
    return _SIGNS.sub("\n", _THOUGHT.split(text)[-1])


def _last_line(text: str) -> str | None:
    """The last line of edits, or all lines of a list that has one edit in each; None for none."""
    lines = [line for line in text.splitlines() if line.strip("`*_ \t")]
    found = [LINE.fullmatch(line) for line in lines]
    edits = ["" if one is None else str(one[1]).rstrip("`* \t;") for one in found]
    if not any(edits):
        return None
    last = max(place for place, edit in enumerate(edits) if edit)
    listed: list[str] = []
    while last >= 0 and (edit := edits[last]) and ITEM.match(lines[last]) and ";" not in edit:
        listed, last = [edit, *listed], last - 1
    names = {edit.partition("=")[0].strip() for edit in listed}
    if len(listed) > 1 and len(names) == len(listed):
        return SEPARATOR.join(listed)
    return [edit for edit in edits if edit][-1]


def last_json(text: str) -> str | None:
    """The last JSON of a text that holds edits, as a line; None if there is none."""
    found = None
    for value in _values(_COMMA_AT_END.sub("", _unquoted(text))):
        found = edits_of(value) or found
    return found


def _unquoted(text: str) -> str:
    """The text that is written as one JSON string, as some servers do; any other text as it is."""
    if not text.lstrip().startswith('"'):
        return text
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return inner if isinstance(inner, str) else text


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


def text_of(choice: dict[str, Any]) -> str:
    """The text of one choice, also where it comes in parts or as the arguments of a tool; "" for none."""
    message = choice.get("message")
    if not isinstance(message, dict):
        return _text(choice.get("text"))
    if text := _text(message.get("content")):
        return text
    calls = message.get("tool_calls")
    calls = calls if isinstance(calls, list) else []
    functions = [call.get("function") for call in calls if isinstance(call, dict)]
    functions.append(message.get("function_call"))
    arguments = [one.get("arguments") for one in functions if isinstance(one, dict)]
    return "\n".join(
        one if isinstance(one, str) else json.dumps(one) for one in arguments if isinstance(one, str | dict)
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part if isinstance(part, str) else part.get("text") for part in parts if _is_part(part)]
    return "".join(text for text in texts if isinstance(text, str))


def _is_part(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS)


def parsed(content: bytes) -> Any:
    """An answer as JSON, or what a server streamed; raises ``ValueError``, ``RecursionError`` for neither."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        if (whole := joined(content)) is None:
            raise
        return whole


def joined(content: bytes) -> dict[str, Any] | None:
    """The answer that a server streamed although nobody asked for it; None if ``content`` is no stream.

    Server-sent events: lines of ``data:``, each one JSON object with a piece of each choice
    (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    """
    text = content.decode("utf-8", "replace")
    lines = [line[5:].strip() for line in re.split(r"\r\n|\r|\n", text) if line[:5] == "data:"]
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
        pieces = event.get("choices")
        for piece in pieces if isinstance(pieces, list) else ():
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
        return f"it refused: {' '.join(message['refusal'].split())[:200].rstrip('.')}"
    if message.get("reasoning_content") or message.get("reasoning"):
        more = " and ran out of tokens" if ended == "length" else ""
        return f"all of it went into its reasoning{more}; turn reasoning off, or choose another model"
    if ended == "content_filter":
        return "its filter took the text out"
    return f"it ended with {ended!r}" if isinstance(ended, str) else "it does not say why"
