"""How whole inputs are damaged: bytes, lines, tokens and values, of a kind that files and people produce."""

from __future__ import annotations

import random
from collections.abc import Callable

NUMBERS = (
    *("0", "-0.0", "1e308", "-1e308", "1e309", "1e-320", "nan", "inf", "-inf", "9" * 400, "0x1F", "1_000"),
    *("2147483648", "9223372036854775808", "1,5", "٣", "1e", "--1", ""),
)
WORDS = (
    *('"', "'", "\\", "\\ud800", "\ud7ff", "\u2028", "\u0085", "\u200b", "\u202e", "\ufeff", "\0", "\r"),
    *("\t", "𝄞", "é", "e\u0301", "null", "None", "true", "[]", "{}", "[[", "]]", "=", "#", "|", ";", ","),
    *("../" * 9, "<script>alert(1)</script>", "=cmd()", "%00", "%ff"),
    *("A" * 5000, "(" * 3000, "[" * 3000, "a." * 300 + "a"),
)
"""Texts that programs have stumbled over."""


def damaged(whole: bytes, dice: random.Random) -> bytes:
    """``whole`` with one to three damages."""
    content = whole
    for _ in range(dice.choice((1, 1, 2, 3))):
        content = dice.choice(DAMAGES)(content, dice)
    return content


def _byte(content: bytes, dice: random.Random) -> bytes:
    if not content:
        return b"\xff"
    at = dice.randrange(len(content))
    return content[:at] + bytes([dice.randrange(256)]) + content[at + 1 :]


def _cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _lost(content: bytes, dice: random.Random) -> bytes:
    at, size = dice.randrange(len(content) + 1), dice.randrange(1, 40)
    return content[:at] + content[at + size :]


def _inserted(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    text = dice.choice((*NUMBERS, *WORDS)).encode("utf-8", "surrogatepass")
    return content[:at] + text + content[at:]


def _number(content: bytes, dice: random.Random) -> bytes:
    """Another number where one stands."""
    starts = [at for at in range(len(content)) if content[at : at + 1].isdigit()]
    if not starts:
        return _inserted(content, dice)
    start = end = dice.choice(starts)
    while content[end : end + 1] and content[end : end + 1] in b"0123456789.eE+-":
        end += 1
    return content[:start] + dice.choice(NUMBERS).encode() + content[end:]


def _value(content: bytes, dice: random.Random) -> bytes:
    """Another value behind an ``=``, ``:`` or ``,``."""
    marks = [at for at in range(len(content)) if content[at : at + 1] in (b"=", b":", b",")]
    if not marks:
        return _inserted(content, dice)
    start = dice.choice(marks) + 1
    end = min(
        (at for end in b"\n,}]" if (at := content.find(bytes([end]), start)) >= 0), default=len(content)
    )
    text = dice.choice((*NUMBERS, *WORDS)).encode("utf-8", "surrogatepass")
    return content[:start] + text + content[end:]


def _lines(content: bytes, dice: random.Random) -> bytes:
    """A line lost, doubled, moved, or run together with the next."""
    lines = content.split(b"\n")
    at = dice.randrange(len(lines))
    line = lines.pop(at)
    what = dice.randrange(4)
    if what == 1:
        lines[at:at] = [line, line]
    elif what == 2:
        lines.insert(dice.randrange(len(lines) + 1), line)
    elif what == 3 and at < len(lines):
        lines[at] = line + lines[at]
    return b"\n".join(lines)


def _encoding(content: bytes, dice: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(dice.choice(("utf-16", "utf-32", "latin-1", "utf-8-sig", "cp1252")), "replace")


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_byte, _cut, _lost, _inserted, _inserted, _number, _number, _value, _value, _lines, _encoding),
)
