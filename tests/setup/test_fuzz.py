"""A short slice of ``make fuzz``, with a seed of its own: no traceback, nothing that takes too long."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tools.fuzz import __main__ as fuzz
from tools.fuzz.kinds import Kind, kinds
from tools.fuzz.mutations import damaged


def test_a_slice_of_the_fuzz_raises_nothing(tmp_path: Path) -> None:
    found = fuzz.run(150, seed=20)
    assert found.raised == {} and found.slow == []
    assert set(found.tried) == set(kinds(tmp_path)) and found.refused.total() > 10


def test_the_same_seed_gives_the_same_inputs_and_another_gives_others(tmp_path: Path) -> None:
    for kind in kinds(tmp_path).values():
        assert kind.make(random.Random(1)) == kind.make(random.Random(1))
        assert len({kind.make(random.Random(seed)) for seed in range(9)}) > 3
    assert damaged(b"", random.Random(1)) == damaged(b"", random.Random(1))


def test_a_fault_is_found_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(content: bytes) -> None:
        raise ZeroDivisionError("no sentence")

    monkeypatch.setattr("tools.fuzz.kinds.kinds", lambda folder: {"made": Kind(1, lambda dice: b"", fault)})
    assert fuzz.main(["--inputs", "3"]) == 1
    said = capsys.readouterr().out
    assert (
        "RAISED made: ZeroDivisionError at test_fuzz.py" in said and "3 inputs, 1 kinds of traceback" in said
    )
