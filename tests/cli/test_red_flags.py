"""A red flag is printed first, and is the first key of JSON."""

from __future__ import annotations

from tests.cli.conftest import Command

FLAGGED = ("--cohort", "nhanes", "--participant", "97727")
LINE = "ACT ON THIS FIRST: Blood pressure 213/125 mmHg: 180/120 mmHg or more."


def test_explain_prints_it_first(command: Command) -> None:
    ended = command("explain", *FLAGGED, "--method", "random", "--candidates", "4")
    assert ended.out.startswith(LINE)


def test_explain_json(command: Command) -> None:
    ended = command("explain", *FLAGGED, "--method", "random", "--candidates", "4", "--json")
    (answer,) = ended.json["answers"]
    (flag,) = answer["red_flags"]
    assert next(iter(answer)) == "red_flags"
    assert flag["label"] == "Blood pressure 213/125 mmHg" and flag["confirmed"] is False


def test_predict_says_it_of_the_row_as_it_is(command: Command) -> None:
    assert command("predict", *FLAGGED, "--set", "systolic=120").out.startswith(LINE)
    (row,) = command("predict", *FLAGGED, "--set", "systolic=120", "--json").json["predictions"]
    assert [flag["name"] for flag in row["red_flags"]] == ["blood_pressure"]


def test_nobody_else_has_one(command: Command) -> None:
    (row,) = command("predict", "--cohort", "nhanes", "--participant", "93708", "--json").json["predictions"]
    assert row["red_flags"] == []


def test_limits_behaviour(command: Command) -> None:
    ended = command(
        "explain",
        "--cohort",
        "nhanes",
        "--participant",
        "93708",
        "--method",
        "random",
        "--limits",
        "behaviour",
        "--json",
    )
    (answer,) = ended.json["answers"]
    assert answer["limits"]["profile"] == "behaviour"
