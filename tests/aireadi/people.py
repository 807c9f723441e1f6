"""The invented people of the tests. Ann's Wednesday, 2025-03-05, is worked out by hand in the tests."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from tests.aireadi.micro import CENTRAL, Person, Rows, Spans, at, every

ANN, BEN, CAS = "900001", "900002", "900003"


def ann() -> Person:
    """Two days and a half of everything, with quirks that must not change Wednesday's numbers."""
    return Person(
        ANN,
        streams={
            "glucose": _glucose(),
            "heart_rate": _heart_rate(),
            "stress": _stress(),
            "respiratory_rate": _breaths(),
            "oxygen_saturation": _oxygen(),
            "activity": _activity(),
            "calories": _calories(),
            "sleep": _sleep(),
        },
    )


def _glucose() -> Rows:
    """100 on Tuesday; Wednesday 100 x 144, 160 x 72, 200 x 36, 60 x 36; Thursday Low, High and 120."""
    wednesday = [100] * 144 + [160] * 72 + [200] * 36 + [60] * 36
    thursday: list[Any] = ["Low"] * 3 + ["High"] * 2 + [120] * 139
    rows = every(at("2025-03-04 12:00:12"), 5, [100] * 144 + wednesday + thursday)
    return [*rows, rows[-1]]  # a repeated record


def _heart_rate() -> Rows:
    """Wednesday, every 2 minutes: 50 until 02:24, 75 until 22:00, then not worn (0)."""
    rows = every(at("2025-03-05 00:00:17"), 2, [50] * 72 + [75] * 588 + [0] * 60)
    same_minute = [(rows[100][0] + timedelta(seconds=20), 0)]  # same minute, not worn: the valid one counts
    impossible = [(at("2025-03-05 00:01:17"), 250), (at("2025-03-05 00:03:17"), 12)]
    tail = every(at("2025-05-20 10:00:17"), 2, [180] * 60)  # long after removal
    return rows[:101] + same_minute + impossible + rows[101:] + tail


def _stress() -> Rows:
    """Wednesday 8 to 16 o'clock: 20 x 240, 60 x 120, 80 x 120; -1 before, -2 after."""
    values = [-1] * 480 + [20] * 240 + [60] * 120 + [80] * 120 + [-2] * 480
    return every(at("2025-03-05 00:00"), 1, values)


def _breaths() -> Rows:
    """12 for three hours, 16 for three hours; sentinels, NaN and a date in 1991 around them."""
    night = every(at("2025-03-05 00:00:31"), 1, [12.0] * 180 + [16.0] * 180 + [-1, -2, math.nan, 0])
    return [(at("1991-01-01 00:00:31"), 14.0), *night]


def _oxygen() -> Rows:
    return every(at("2025-03-05 01:00"), 1, [89] * 60 + [95] * 180 + [50, 0, 101])


def _activity() -> Spans:
    day = "2025-03-05 "
    return [
        (at(day + "00:00"), at(day + "09:00"), "sedentary", 0),
        (at(day + "09:00"), at(day + "09:30"), "walking", "3000"),  # a number as text
        (at(day + "09:30"), at(day + "18:00"), "sedentary", 0),
        (at(day + "18:00"), at(day + "18:10"), "running", 1500),
        (at(day + "18:10"), at(day + "20:00"), "generic", 100),
        (at(day + "20:00"), at(day + "23:50"), "sedentary", 0),
        (at(day + "23:50"), at("2025-03-06 00:10"), "walking", 1000),
        (at("2025-03-06 00:10"), at("2025-03-06 00:10"), "walking", 40),  # no length
        (at("2025-03-06 00:10"), at("2025-03-06 00:20"), "", ""),  # type 9
        (at("2025-03-06 00:20"), at("2025-03-06 00:30"), "walking", math.nan),
        (at("2025-03-04 13:00"), at("2025-03-05 14:00"), "walking", 90_000),  # longer than a day
        (at("2025-03-06 02:00"), at("2025-03-06 01:00"), "walking", 500),  # ends before it starts
    ]


def _calories() -> Rows:
    """Tuesday's 500 is not Wednesday's; a restart of the band at 18:30 sets the counter back."""
    counter = {"08:00": 0, "09:30": 150, "18:10": 250, "18:30": 0, "19:00": 40, "23:50": 60}
    rows = [(at(f"2025-03-05 {time}"), value) for time, value in counter.items()]
    return [(at("2025-03-04 23:00"), 500), *rows, (at("2025-03-06 09:00"), 70)]


def _sleep() -> list[tuple[Any, ...]]:
    edges = ("23:00", "23:15", "02:15", "04:15", "04:30", "06:00", "06:30")
    stages = ("awake", "light", "deep", "awake", "rem", "awake")
    times = [at(f"2025-03-0{4 if edge > '12' else 5} {edge}") for edge in edges]
    first = [(times[i], times[i + 1], stage) for i, stage in enumerate(stages)]
    return [*first, (at("2025-03-05 23:30"), at("2025-03-06 06:00"), "light")]


def ben() -> Person:
    """Nothing usable: empty and broken files, sentinels only, a stream without a file; no glucose."""
    start = at("2025-03-04 10:00", CENTRAL)
    return Person(
        BEN,
        site="UAB",
        group="insulin_dependent",
        streams={
            "heart_rate": every(start, 1, [0] * 50),
            "stress": every(start, 1, [-1] * 30 + [-2] * 20),
            "sleep": [],
            "activity": [],
        },
        raw={"respiratory_rate": '{"header": {}, "body": {"breathing": [', "calories": ""},
    )


def cas() -> Person:
    """The night on which the clocks go forward in Birmingham, 2024-03-10: a day of 23 hours."""
    return Person(
        CAS,
        site="UAB",
        group="pre_diabetes_lifestyle_controlled",
        visit="2024-03-09",
        split="test",
        streams={
            "glucose": every(at("2024-03-09 12:00:05", CENTRAL), 5, [110] * (144 + 23 * 12 + 144)),
            "heart_rate": every(at("2024-03-10 00:00", CENTRAL), 5, [60] * 23 * 12),
            "sleep": [(at("2024-03-09 23:00", CENTRAL), at("2024-03-10 07:00", CENTRAL), "light")],
        },
    )
