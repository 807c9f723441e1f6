from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from sensecf_core.aireadi.features.participant import PersonTables
from sensecf_core.aireadi.release import locate
from sensecf_core.aireadi.release.files import FileFinder
from tests.aireadi import micro
from tests.aireadi.conftest import tables_of
from tests.aireadi.micro import at, every


@pytest.fixture
def streams(ann: PersonTables) -> pd.DataFrame:
    return ann.quality.set_index("stream")


def test_one_row_per_stream(streams: pd.DataFrame) -> None:
    assert len(streams) == 8
    assert set(streams["state"]) == {"read"}
    assert (streams["days"] == 3).all()


def test_heart_rate_tells_tail_duplicates_and_sentinels(streams: pd.DataFrame) -> None:
    row = streams.loc["heart_rate"]
    assert row["records"] == 720 + 1 + 2 + 60
    assert row["manifest_records"] == row["records"]
    assert row["repeated"] == 1
    assert row["outside_window"] == 60
    assert row["in_window"] == 722
    assert row["valid"] == 660
    assert (row["not_worn"], row["out_of_range"]) == (60, 2)
    assert row["valid_share"] == pytest.approx(660 / 722)
    assert row["wear_days"] == 1


def test_a_stream_that_begins_late_or_ends_early_has_a_gap(streams: pd.DataFrame) -> None:
    """Glucose is there from noon to noon, two days; heart rate from the first midnight to 22 o'clock."""
    row = streams.loc["heart_rate"]
    assert (row["gaps"], row["longest_gap_hours"]) == (2, pytest.approx(14, abs=0.1))
    assert streams.loc["glucose", "gaps"] == 0


def test_glucose_tells_censored_readings(streams: pd.DataFrame) -> None:
    row = streams.loc["glucose"]
    assert row["censored"] == 5
    assert row["repeated"] == 1
    assert row["wear_days"] == 1
    assert row["longest_gap_hours"] == pytest.approx(5 / 60)


def test_sentinels_of_stress_and_breathing_are_told_apart(streams: pd.DataFrame) -> None:
    names = ["stress", "respiratory_rate", "oxygen_saturation"]
    stress, breaths, oxygen = (streams.loc[name] for name in names)
    assert (stress["not_worn"], stress["motion"], stress["valid"]) == (480, 480, 480)
    assert (breaths["not_worn"], breaths["motion"], breaths["not_a_number"]) == (2, 1, 1)
    assert breaths["outside_window"] == 1  # 1991
    assert (oxygen["out_of_range"], oxygen["not_worn"], oxygen["valid"]) == (2, 1, 240)


def test_readings_that_are_none_are_told_beside_the_window_too(tmp_path: Path) -> None:
    """Glucose begins and ends with readings that are no number: they set no window, yet they are told."""
    rows = every(at("2025-03-05 00:00"), 5, [float("nan")] * 60 + [110.0] * 288 + [float("nan")] * 40)
    root = micro.write(tmp_path, [micro.Person("900004", streams={"glucose": rows})])
    found = tables_of(FileFinder(locate.find(root)), "900004", "UW", date(2025, 3, 4))
    row = found.quality.set_index("stream").loc["glucose"]
    assert (row["valid"], row["not_a_number"], row["outside_window"]) == (288, 100, 100)


def test_activity_tells_what_cannot_be_used(streams: pd.DataFrame) -> None:
    row = streams.loc["activity"]
    assert (row["records"], row["too_long"], row["without_time"], row["not_a_number"]) == (12, 1, 1, 1)
