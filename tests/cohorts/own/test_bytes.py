"""Whatever the bytes, checking a folder lists problems and never raises."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from sensecf_core.cohorts.own.folder import check

EXAMPLE = Path(__file__).parent / "example_own"

texts = st.text(alphabet=st.sampled_from(list("abc019.,;\"'\n\r\t=+-@[]{}# ")), max_size=300).map(str.encode)
anything = st.one_of(st.binary(max_size=400), texts)
quick = settings(max_examples=60)


def check_with(name: str, content: bytes) -> int:
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(shutil.copytree(EXAMPLE, Path(directory) / "cohort"))
        if name == "data.parquet":
            (folder / "data.csv").unlink()
        (folder / name).write_bytes(content)
        problems = check(folder)
    assert all(p.problem and p.mend for p in problems)
    return len(problems)


@quick
@given(name=st.sampled_from(["data.csv", "data.parquet", "schema.toml"]), content=anything)
def test_random_bytes(name: str, content: bytes) -> None:
    assert check_with(name, content) > 0


@quick
@given(
    seed=st.integers(0, 10_000),
    name=st.sampled_from(["data.csv", "schema.toml"]),
    garbage=st.binary(max_size=6),
)
def test_a_good_file_with_a_damaged_place(seed: int, name: str, garbage: bytes) -> None:
    content = (EXAMPLE / name).read_bytes()
    offset = random.Random(seed).randrange(len(content))
    check_with(name, content[:offset] + garbage + content[offset + len(garbage) :])


@pytest.mark.parametrize("seed", range(15))
def test_a_parquet_file_with_a_damaged_place(seed: int, tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    pd.read_csv(EXAMPLE / "data.csv", dtype={"person": str}).to_parquet(whole, index=False)
    content = bytearray(whole.read_bytes())
    rng = random.Random(seed)
    for _ in range(8):
        content[rng.randrange(len(content))] = rng.randrange(256)
    check_with("data.parquet", bytes(content))
