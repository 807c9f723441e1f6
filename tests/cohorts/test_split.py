from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from sensecf_core.cohorts.cohort import INDEX_NAMES
from sensecf_core.cohorts.split import split


def target(people: list[tuple[str, int]]) -> pd.Series:
    """One row a pair (participant, class); rows are numbered within the participant."""
    seen: dict[str, int] = {}
    rows = []
    for person, _ in people:
        seen[person] = seen.get(person, -1) + 1
        rows.append(str(seen[person]))
    index = pd.MultiIndex.from_arrays([[person for person, _ in people], rows], names=INDEX_NAMES)
    return pd.Series([value for _, value in people], index=index)


people = st.lists(st.tuples(st.integers(0, 40).map(str), st.integers(0, 1)), min_size=1, max_size=120)


@given(people)
def test_no_participant_is_in_two_parts(rows: list[tuple[str, int]]) -> None:
    parts = split(target(rows))
    assert (parts.groupby(level=0).nunique() == 1).all()
    assert set(parts) <= {"train", "val", "test"}


@given(people, st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[str, int]], random: object) -> None:
    series = target(rows)
    shuffled = series.iloc[random.sample(range(len(series)), len(series))]  # type: ignore[attr-defined]
    assert split(shuffled).sort_index().equals(split(series).sort_index())


def test_shares_and_classes_are_kept() -> None:
    series = target([(str(i), int(i % 4 == 0)) for i in range(1000)])
    parts = split(series)
    assert parts.value_counts().to_dict() == {"train": 600, "val": 200, "test": 200}
    assert series.groupby(parts).mean().tolist() == pytest.approx([0.25] * 3)


def test_the_seed_decides() -> None:
    series = target([(str(i), i % 2) for i in range(100)])
    assert split(series, 1).equals(split(series, 1))
    assert not split(series, 1).equals(split(series, 2))
