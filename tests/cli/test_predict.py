"""``predict``: rows as they are, with changed values, and many from a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sensecf_core.classifiers import store
from sensecf_core.classifiers.classifier import Classifier
from sensecf_core.datasets import registry
from tests.cli.conftest import Command

PREDICT = ("predict", "--cohort", "nhanes", "--json")


def registered() -> Classifier:
    return store.load(registry.load("nhanes"))


def test_a_row_as_it_is(command: Command, person: str) -> None:
    ended = command(*PREDICT, "--participant", person)
    assert ended.code == 0
    assert ended.json["cohort"] == "nhanes"
    (entry,) = ended.json["predictions"]
    assert (entry["participant_id"], entry["row_id"], entry["predicted"]) == (person, "0", 1)
    assert entry["probability"] >= ended.json["threshold"]
    assert 0 <= entry["second_judge_probability"] <= 1
    assert ended.json["second_threshold"] == registered().second_threshold
    assert entry["violations"] == []


def test_a_changed_row(command: Command, person: str) -> None:
    as_it_is = command(*PREDICT, "--participant", person).json["predictions"][0]
    changed = command(*PREDICT, "--participant", person, "--set", "age=20").json["predictions"][0]
    assert changed["probability"] < as_it_is["probability"]
    assert changed["violations"] == ["`age` is context and may not change"]


def test_rules_and_directions_are_named(command: Command, person: str) -> None:
    entry = command(*PREDICT, "--participant", person, "--set", "systolic=90", "--set", "diastolic=88")
    rules = " ".join(entry.json["predictions"][0]["violations"])
    assert "iastolic" in rules


def test_contrast_has_no_directions(command: Command, person: str) -> None:
    bmi = float(registry.load("nhanes").rows.loc[(person, "0"), "bmi"])
    up = (*PREDICT, "--participant", person, "--set", f"bmi={bmi + 1}")
    assert any("may only go down" in text for text in command(*up).json["predictions"][0]["violations"])
    contrast = command(*up, "--limits", "contrast").json["predictions"][0]["violations"]
    assert not any("may only go" in text for text in contrast)


def test_many_rows_from_a_file_in_their_order(
    command: Command, flagged: list[tuple[str, str]], unflagged: str, tmp_path: Path
) -> None:
    lines = [
        {"participant_id": flagged[1][0], "row_id": "0", "set": {}},
        {"participant_id": unflagged},
        {"participant_id": flagged[1][0], "set": {"age": 20}},
        {"participant_id": int(flagged[0][0]), "row_id": 0, "set": None},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", encoding="utf-8-sig")
    predictions = command(*PREDICT, "--rows", str(path)).json["predictions"]
    assert [p["participant_id"] for p in predictions] == [
        flagged[1][0], unflagged, flagged[1][0], flagged[0][0],
    ]  # fmt: skip
    assert [p["predicted"] for p in predictions][:2] == [1, 0]
    assert predictions[0]["probability"] != predictions[2]["probability"]


def test_a_counterfactual_is_judged_as_explain_judged_it(
    command: Command, helped: str, tmp_path: Path
) -> None:
    """Features of an answer, written back whole (``null`` included), give the same risk and no violation."""
    explained = command(
        "explain",
        "--cohort",
        "nhanes",
        "--method",
        "random",
        "--candidates",
        "200",
        "--participant",
        helped,
        "--json",
    ).json
    expected, lines = [], []
    for answer in explained["answers"]:
        for counterfactual in answer["counterfactuals"]:
            entry = {"participant_id": answer["participant_id"], "row_id": answer["row_id"]}
            lines.append(json.dumps({**entry, "set": counterfactual["features"]}))
            expected.append((counterfactual["probability"], counterfactual["second_judge_probability"]))
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines))
    predictions = command(*PREDICT, "--rows", str(path)).json["predictions"]
    assert expected
    for entry, (probability, second) in zip(predictions, expected, strict=True):
        assert entry["probability"] == pytest.approx(probability, abs=1e-9)
        assert entry["second_judge_probability"] == pytest.approx(second, abs=1e-9)
        assert entry["violations"] == []


def test_the_text_for_people(command: Command, person: str) -> None:
    ended = command("predict", "--cohort", "nhanes", "--participant", person, "--set", "age=20")
    assert f"{person} (row 0): " in ended.out
    assert "of 100" in ended.out
    assert "breaks: `age` is context" in ended.out


@pytest.mark.parametrize(("agrees", "view"), [(True, "agrees"), (False, "disagrees")])
def test_the_second_judge_is_told_beside_its_own_line(command: Command, agrees: bool, view: str) -> None:
    cohort, classifier = registry.load("nhanes"), registered()
    rows, own_line = cohort.part("test"), classifier.second_threshold
    second = classifier.second_probability(rows)
    same = (second >= own_line) == classifier.predict(rows).astype(bool)
    apart = abs(second - own_line) > 0.01  # else it may be "just under"
    position = int(np.flatnonzero((same == agrees) & apart)[0])
    ended = command("predict", "--cohort", "nhanes", "--participant", str(rows.index[position][0]))
    shown, line = round(100 * second[position]), round(100 * own_line)
    assert f"; second judge {view} ({shown} of 100, its own line {line})" in ended.out
