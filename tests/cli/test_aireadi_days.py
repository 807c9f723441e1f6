"""The commands on participant-days of the synthetic cohort, and on a release that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.aireadi.release.locate import ENVIRONMENT
from tests.cli.conftest import Command


@pytest.fixture(scope="module")
def day() -> tuple[str, str]:
    """A flagged test day of which a search finds a counterfactual that is not on the line."""
    from sensecf_core.counterfactuals.feasibility.assess import assess
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted
    from sensecf_core.counterfactuals.problem.make_queries import make_queries
    from sensecf_core.evaluation.sampling import sample_rows
    from sensecf_core.queries.limits import Limits

    fitted = load_fitted("aireadi")
    keys = sample_rows(fitted.cohort, fitted.classifier, predicted=1, n=60, seed=0)
    found = assess(fitted, make_queries(fitted, keys, 0, Limits(profile="intervention")))
    return next(key for key, reach in zip(keys, found, strict=True) if reach.cross in ("solid", "fragile"))


def test_one_day_is_predicted(command: Command, day: tuple[str, str]) -> None:
    result = command(
        "predict", "--cohort", "aireadi", "--participant", day[0], "--row", day[1], "--json"
    ).json
    assert result["data_label"] == "SYNTHETIC DATA"
    assert result["predictions"][0]["row_id"] == day[1]
    assert result["predictions"][0]["predicted"] == 1


@pytest.mark.parametrize("method", ["dice-random", "nice-sparsity", "random"])
def test_one_day_is_explained(command: Command, day: tuple[str, str], method: str) -> None:
    ended = command(
        "explain", "--cohort", "aireadi", "--participant", day[0], "--row", day[1],
        "--method", method, "--candidates", "200", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    (answer,) = ended.json["answers"]
    assert (answer["participant_id"], answer["row_id"]) == day
    assert answer["counterfactuals"]
    for shown in answer["counterfactuals"]:
        assert shown["valid"] is True


def test_the_text_says_synthetic_and_which_day_was_taken(command: Command, day: tuple[str, str]) -> None:
    from sensecf_core.cohorts import builtin

    days = builtin.load("aireadi").rows.loc[day[0]].index
    for arguments in (("explain", "--method", "random"), ("predict",)):
        without = command(*arguments, "--cohort", "aireadi", "--participant", day[0])
        assert f"{day[0]} has {len(days)} days; the first, {days[0]}, is taken." in without.err
        assert without.out.startswith("SYNTHETIC DATA")
        assert f"{day[0]} (day {days[0]}): risk " in without.out
        named = command(*arguments, "--cohort", "aireadi", "--participant", day[0], "--row", day[1])
        assert named.err == ""


@pytest.mark.model
def test_the_language_model_is_asked_about_a_day(command: Command, day: tuple[str, str]) -> None:
    ended = command(
        "explain", "--cohort", "aireadi", "--participant", day[0], "--row", day[1],
        "--method", "lm-few-shot", "--candidates", "4", "--json",
    )  # fmt: skip
    assert ended.code in (0, 3), ended.err
    assert ended.json["answers"][0]["trace"]["readable"] == 4


def test_an_unknown_day_names_days(command: Command, day: tuple[str, str]) -> None:
    ended = command("explain", "--cohort", "aireadi", "--participant", day[0], "--row", "2024-01-01")
    assert ended.code == 2 and "Unknown day of participant" in ended.err


def test_a_wrong_release_is_one_sentence_and_the_list_goes_on(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "nowhere"))
    ended = command("explain", "--cohort", "aireadi-release", "--participant", "1001")
    assert ended.code == 2 and ended.err.count("\n") == 1 and "There is nothing at" in ended.err
    listed = command("cohort", "list", "--json").json
    assert [entry["name"] for entry in listed["cohorts"]] == ["nhanes", "heart", "aireadi"]
    assert "There is nothing at" in listed["release_problem"]
    assert "aireadi-release: not usable yet. There is nothing at" in command("cohort", "list").out
