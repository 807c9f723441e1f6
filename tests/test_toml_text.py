from __future__ import annotations

import time

import pytest

from sensecf_core.toml_text import parse_toml


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 99_999,
        "a = " + "{b = " * 9_999,
        ".".join("a" * 20_000) + " = 1",
        "[" + " . ".join(["'a b'"] * 20_000) + "]",
        "x = { " + ".".join(['"a"'] * 20_000) + " = 1 }",
        "a = 1\na = 2",
        "\x00",
    ],
)
def test_what_cannot_be_read_is_told_at_once(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=r"\w"):
        parse_toml(text)
    assert time.perf_counter() - begun < 2


def test_everything_else_is_read() -> None:
    long = "w" * 200_000
    text = f'a.b."c.d" = "{long}"\n[e.f]\ng = ["1.2.3.4", 5.5]\n# {"x." * 50} y'
    assert parse_toml(text) == {"a": {"b": {"c.d": long}}, "e": {"f": {"g": ["1.2.3.4", 5.5]}}}
