"""The command `behaviour`: its output equals its file, and names the command that made it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_the_summary_is_written_and_says_how_it_was_made(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["behaviour", "--cohort", "heart", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["sensecf", *arguments])
    ended = command(*arguments, "--json")
    assert ended.code == 0
    assert json.loads((tmp_path / "behaviour.json").read_text()) == ended.json
    assert ended.json["provenance"]["command"] == " ".join(["python -m sensecf_core", *arguments])
    assert ended.json["flipped"] + ended.json["proven_impossible"] <= ended.json["rows"]
    text = command(*arguments).out
    assert f"{ended.json['flipped']} of {ended.json['rows']} flagged test rows" in text
    assert str(tmp_path / "behaviour.json") in text
