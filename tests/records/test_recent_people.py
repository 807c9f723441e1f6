from __future__ import annotations

from pathlib import Path

from sensecf_core.records import decisions
from sensecf_core.records.recent_people import newest
from sensecf_core.records.storage.database import transaction


def asked(participant: str, created: str) -> None:
    with transaction() as database:
        database.execute(
            "INSERT INTO comparisons VALUES (?, 'nhanes', ?, '0', ?, '{}', NULL)",
            (f"{participant}-{created}", participant, created),
        )


def test_each_person_once_newest_first_with_the_row_that_is_known(private_var: Path) -> None:
    assert newest() == ()
    asked("1", "2026-01-01T00:00:00+00:00")
    asked("2", "2026-01-02T00:00:00+00:00")
    asked("1", "2026-01-03T00:00:00+00:00")
    decisions.star("nhanes", "2", by="AB")
    decisions.star("heart", "2", by="AB")
    people = newest()
    assert [(one.cohort, one.participant_id, one.row_id) for one in people] == [
        ("heart", "2", None),
        ("nhanes", "2", "0"),
        ("nhanes", "1", "0"),
    ]
    assert people[2].when == "2026-01-03T00:00:00+00:00"
