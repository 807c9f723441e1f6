from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from sensecf_core.cohorts.aireadi.files import FileFinder
from sensecf_core.cohorts.aireadi.person import person_tables
from tests.cohorts.aireadi.conftest import NOW
from tests.cohorts.aireadi.people import ANN


@pytest.fixture
def ann(finder: FileFinder) -> pd.DataFrame:
    return person_tables(finder, ANN, site="UW", visit=date(2025, 3, 4), now=NOW).quality.set_index("stream")


def test_one_row_per_stream(ann: pd.DataFrame) -> None:
    assert len(ann) == 8
    assert set(ann["state"]) == {"read"}
    assert (ann["days"] == 3).all()


def test_heart_rate_tells_tail_duplicates_and_sentinels(ann: pd.DataFrame) -> None:
    row = ann.loc["heart_rate"]
    assert row["records"] == 720 + 1 + 2 + 60
    assert row["manifest_records"] == row["records"]
    assert row["repeated"] == 1
    assert row["outside_window"] == 60
    assert row["in_window"] == 722
    assert row["valid"] == 660
    assert (row["not_worn"], row["out_of_range"]) == (60, 2)
    assert row["valid_share"] == pytest.approx(660 / 722)
    assert row["wear_days"] == 1
    assert row["gaps"] == 0


def test_glucose_tells_censored_readings(ann: pd.DataFrame) -> None:
    row = ann.loc["glucose"]
    assert row["censored"] == 5
    assert row["repeated"] == 1
    assert row["wear_days"] == 1
    assert row["longest_gap_hours"] == pytest.approx(5 / 60)


def test_sentinels_of_stress_and_breathing_are_told_apart(ann: pd.DataFrame) -> None:
    stress, breaths, oxygen = ann.loc["stress"], ann.loc["respiratory_rate"], ann.loc["oxygen_saturation"]
    assert (stress["not_worn"], stress["motion"], stress["valid"]) == (480, 480, 480)
    assert (breaths["not_worn"], breaths["motion"], breaths["not_a_number"]) == (2, 1, 1)
    assert breaths["outside_window"] == 1  # 1991
    assert (oxygen["out_of_range"], oxygen["not_worn"], oxygen["valid"]) == (2, 1, 240)


def test_activity_tells_what_cannot_be_used(ann: pd.DataFrame) -> None:
    row = ann.loc["activity"]
    assert (row["records"], row["too_long"], row["without_time"], row["not_a_number"]) == (12, 1, 1, 1)
