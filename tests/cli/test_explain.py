"""``explain``: the JSON contract (docs/json.md), options, exit codes, and text for people."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sensecf_core.queries.answer import Answer
from sensecf_core.queries.request import ExplainRequest
from tests.cli.conftest import Command

RANDOM = ("explain", "--cohort", "nhanes", "--method", "random")

ANSWER = {
    "answer_id": str,
    "participant_id": str,
    "row_id": str,
    "status": str,
    "reasons": list,
    "factual": dict,
    "desired": int,
    "limits": dict,
    "counterfactuals": list,
    "notes": list,
    "goal": dict,
    "feasibility": (dict, type(None)),
    "best": (dict, type(None)),
    "trace": dict,
    "seconds": dict,
}
COUNTERFACTUAL = {
    "changes": dict,
    "features": dict,
    "probability": float,
    "interval": list,
    "second_judge_probability": float,
    "valid": bool,
    "violations": list,
    "in_domain": bool,
    "lof_inlier": bool,
    "gower": float,
    "n_changed": int,
    "sentence": str,
}
STEPS = ("proposed", "readable", "within_limits", "valid", "plausible")
CANDIDATE = {
    "text": str,
    "edits": (dict, type(None)),
    "readable": bool,
    "within_limits": bool,
    "violations": list,
    "probability": (float, type(None)),
    "valid": bool,
    "plausible": bool,
    "duplicate_of": (int, type(None)),
}


def assert_shape(value: dict[str, Any], shape: dict[str, Any]) -> None:
    for key, kind in shape.items():
        assert isinstance(value[key], kind), (key, value[key])


def assert_contract(document: dict[str, Any], *, method: str, full: bool) -> None:
    """Check the shape of the whole document, and that its numbers agree."""
    assert document["schema_version"] == 1
    assert (document["cohort"], document["method"], document["seed"]) == ("nhanes", method, 0)
    assert 0 < document["threshold"] < 1
    assert {"cohort", "schema", "split", "classifier"} <= set(document["provenance"]["sha256"])
    for answer in document["answers"]:
        assert_shape(answer, ANSWER)
        assert answer["status"] in ("found", "none", "already_desired", "budget_spent", "cancelled")
        assert_goal(answer)
        assert set(answer["factual"]) >= {"features", "probability", "predicted"}
        assert {"propose", "verify", "refine", "select", "total"} <= set(answer["seconds"])
        counts = [answer["trace"][step] for step in STEPS]
        assert counts == sorted(counts, reverse=True)
        assert answer["trace"]["unique"] <= answer["trace"]["proposed"]
        assert answer["trace"]["shown"] == len(answer["counterfactuals"])
        for counterfactual in answer["counterfactuals"]:
            assert_counterfactual(counterfactual, answer, document["threshold"])
        if full:
            assert_candidates(answer["trace"], document["threshold"])
        else:
            assert "candidates" not in answer["trace"]


def assert_goal(answer: dict[str, Any]) -> None:
    goal, feasible = answer["goal"], answer["feasibility"]
    assert set(goal) == {"kind", "target", "asked"} and goal["kind"] in ("cross", "lower", "target")
    assert goal["asked"] in ("auto", "cross", "lower", "target")
    if feasible is not None:
        assert feasible["cross"] in ("solid", "fragile", "none found", "proven none")
        assert feasible["reliable_reduction"] is None or feasible["reliable_reduction"] >= 0
        assert all(isinstance(text, str) for text in feasible["binding"])


def assert_counterfactual(counterfactual: dict[str, Any], answer: dict[str, Any], threshold: float) -> None:
    assert_shape(counterfactual, COUNTERFACTUAL)
    assert counterfactual["valid"]
    assert counterfactual["violations"] == []
    crosses = int(counterfactual["probability"] >= threshold) == answer["desired"]
    assert crosses or (answer["goal"]["kind"] == "lower" and counterfactual["reliable_reduction"] > 0)
    assert counterfactual["grade"] in ("solid", "fragile")
    assert counterfactual["interval"][0] <= counterfactual["interval"][1]
    assert len(counterfactual["changes"]) == counterfactual["n_changed"] <= answer["limits"]["max_changes"]
    before, after = answer["factual"]["features"], counterfactual["features"]
    assert list(before) == list(after)
    for name, change in counterfactual["changes"].items():
        assert set(change) == {"from", "to"}
        assert (change["from"], change["to"]) == (before[name], after[name])
        assert change["from"] != change["to"]
    unchanged = set(before) - set(counterfactual["changes"])
    assert {name: before[name] for name in unchanged} == {name: after[name] for name in unchanged}


def assert_candidates(trace: dict[str, Any], threshold: float) -> None:
    candidates = trace["candidates"]
    assert len(candidates) == trace["proposed"]
    passed = candidates
    for step in STEPS[1:]:
        passed = [candidate for candidate in passed if candidate[step]]
        assert len(passed) == trace[step]
    for position, candidate in enumerate(candidates):
        assert_shape(candidate, CANDIDATE)
        assert candidate["readable"] == (candidate["edits"] is not None)
        assert candidate["within_limits"] == (candidate["readable"] and not candidate["violations"])
        if (first := candidate["duplicate_of"]) is not None:
            assert first < position
            assert candidates[first]["edits"] == candidate["edits"]


def test_a_goal_and_a_target_are_asked_for(command: Command, flagged: list[tuple[str, str]]) -> None:
    person = flagged[0][0]
    lowered = command(*RANDOM, "--participant", person, "--goal", "lower", "--json").json["answers"][0]
    assert lowered["goal"] == {"kind": "lower", "target": None, "asked": "lower"}
    risk = 100 * lowered["factual"]["probability"]
    aimed = command(*RANDOM, "--participant", person, "--target", f"{risk - 0.5:.2f}", "--json").json
    (answer,) = aimed["answers"]
    assert answer["goal"] == {"kind": "target", "target": round(risk - 0.5, 2), "asked": "target"}
    assert all(100 * found["probability"] < risk - 0.5 for found in answer["counterfactuals"])
    text = command(*RANDOM, "--participant", person, "--goal", "lower").out
    if lowered["counterfactuals"]:
        assert "in nine of ten refits" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--goal", "lwer"), "did you mean lower"),
        (("--goal", "cross", "--target", "40"), "leave out `cross`"),
        (("--target", "0"), "above 0 and below 100"),
    ],
)
def test_goals_that_make_no_sense(command: Command, options: tuple[str, ...], said: str) -> None:
    ended = command(*RANDOM, "--participant", "93705", *options)
    assert ended.code == 2 and said in ended.err


def test_the_document_keeps_the_contract(command: Command, flagged: list[tuple[str, str]]) -> None:
    people = [part for person, _ in flagged for part in ("--participant", person)]
    ended = command(*RANDOM, *people, "--json")
    assert ended.code in (0, 3)
    assert_contract(ended.json, method="random", full=False)
    assert [answer["participant_id"] for answer in ended.json["answers"]] == [p for p, _ in flagged]


def test_the_full_trace_holds_every_candidate_in_order(command: Command, helped: str) -> None:
    ended = command(*RANDOM, "--participant", helped, "--candidates", "200", "--trace", "full", "--json")
    assert ended.code == 0
    assert_contract(ended.json, method="random", full=True)
    assert ended.json["answers"][0]["trace"]["proposed"] == 200
    assert ended.json["answers"][0]["counterfactuals"]


@pytest.mark.parametrize("method", ["dice-random", "dice-kdtree", "nice-sparsity", "treecf"])
def test_baselines_keep_the_contract(command: Command, helped: str, person: str, method: str) -> None:
    """Also that nothing a package prints gets into the JSON: DiCE prints where it finds fewer than asked."""
    ended = command(
        "explain", "--cohort", "nhanes", "--participant", helped, "--participant", person,
        "--method", method, "--trace", "full", "--json",
    )  # fmt: skip
    assert ended.code in (0, 3)
    assert_contract(ended.json, method=method, full=True)
    assert ended.err == ""


@pytest.mark.model
def test_the_language_model_keeps_the_contract(command: Command, person: str) -> None:
    ended = command(
        "explain", "--cohort", "nhanes", "--participant", person, "--method", "lm-zero-shot",
        "--candidates", "4", "--trace", "full", "--json",
    )  # fmt: skip
    assert ended.code in (0, 3)
    assert_contract(ended.json, method="lm-zero-shot", full=True)
    assert {"base_model", "prompt_template"} <= set(ended.json["provenance"]["sha256"])
    answer = ended.json["answers"][0]
    assert answer["trace"]["readable"] == answer["trace"]["proposed"] == 4
    assert answer["seconds"]["prefill"] > 0


def test_the_same_seed_gives_the_same_answer(command: Command, person: str) -> None:
    def answer(seed: str) -> dict[str, Any]:
        ended = command(*RANDOM, "--participant", person, "--seed", seed, "--trace", "full", "--json")
        timeless = {"seconds", "created", "settings", "answer_id"}
        return {key: value for key, value in ended.json["answers"][0].items() if key not in timeless}

    assert answer("0") == answer("0")
    assert answer("0")["trace"] != answer("1")["trace"]


def test_limits_reach_the_answer(command: Command, person: str) -> None:
    ended = command(
        *RANDOM, "--participant", person, "--max-changes", "2", "--freeze", "bmi,waist",
        "--range", "smoking=never|former", "--range", "sleep=7:8", "--trace", "full", "--json",
    )  # fmt: skip
    answer = ended.json["answers"][0]
    assert answer["limits"]["frozen"] == ["bmi", "waist"]
    assert answer["limits"]["levels"] == {"smoking": ["never", "former"]}
    for candidate in answer["trace"]["candidates"]:
        assert len(candidate["edits"]) <= 2
        assert not {"bmi", "waist"} & set(candidate["edits"])


def test_behaviours_alone_are_asked_too(command: Command, person: str) -> None:
    asked = ("explain", "--cohort", "nhanes", "--participant", person, "--method", "random")
    (plain,) = command(*asked, "--json").json["answers"]
    (both,) = command(*asked, "--behaviours-too", "--json").json["answers"]
    assert plain["behaviours"] is None and both["behaviours"]["limits"]["profile"] == "behaviour"
    assert both["limits"]["profile"] == "intervention"


def test_someone_who_already_has_the_desired_class(command: Command, unflagged: str) -> None:
    ended = command(*RANDOM, "--participant", unflagged, "--json")
    assert ended.code == 0
    (answer,) = ended.json["answers"]
    assert answer["status"] == "already_desired"
    assert answer["counterfactuals"] == []
    assert "contrast" in " ".join(answer["reasons"])


def test_contrast_goes_the_other_way(command: Command, unflagged: str) -> None:
    ended = command(
        *RANDOM,
        "--participant",
        unflagged,
        "--limits",
        "contrast",
        "--desired",
        "1",
        "--candidates",
        "100",
        "--json",
    )
    (answer,) = ended.json["answers"]
    assert answer["desired"] == 1
    assert answer["limits"]["profile"] == "contrast"
    assert all(
        counterfactual["probability"] >= ended.json["threshold"]
        for counterfactual in answer["counterfactuals"]
    )


def test_no_answer_at_all_ends_with_3(command: Command, flagged: list[tuple[str, str]]) -> None:
    """The most certain participant, allowed one small change that the reference range does not ask for."""
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted

    fitted = load_fitted("nhanes")
    test = fitted.cohort.part("test")
    person = test.index[fitted.classifier.predict_proba(test).argmax()][0]
    schema = fitted.schema
    frozen = ",".join(name for name in schema.names if name != "pulse")
    ended = command(*RANDOM, "--participant", person, "--freeze", frozen, "--range", "pulse=50:110", "--json")
    assert ended.code == 3
    (answer,) = ended.json["answers"]
    assert answer["status"] == "none"
    assert answer["reasons"]
    assert ended.err == ""


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give everybody the first answer at once: these tests are only about who is asked about."""
    from sensecf_core.counterfactuals import explain as module
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted

    first: list[Answer] = []

    def answer(request: ExplainRequest, progress: object) -> Answer:
        first[:] = first or [module_explain(request)]
        fitted = load_fitted(request.cohort)
        row = fitted.cohort.rows.loc[[(request.participant_id, request.row_id)]]
        predicted = int(fitted.classifier.predict(row)[0])
        factual = first[0].factual.model_copy(update={"predicted": predicted})
        who = {"participant_id": request.participant_id, "row_id": request.row_id, "factual": factual}
        return first[0].model_copy(update=who)

    module_explain = module.explain
    monkeypatch.setattr(module, "explain", answer)


@pytest.mark.usefixtures("instant")
def test_a_sample_is_drawn_by_the_seed_from_the_test_part(command: Command) -> None:
    from sensecf_core.counterfactuals.problem.fitted_cohort import load_fitted

    fitted = load_fitted("nhanes")
    three = command(*RANDOM, "--sample", "3", "--json").json["answers"]
    five = command(*RANDOM, "--sample", "5", "--json").json["answers"]
    other = command(*RANDOM, "--sample", "5", "--seed", "1", "--json").json["answers"]
    ids = [[answer["participant_id"] for answer in drawn] for drawn in (three, five, other)]
    assert ids[1][:3] == ids[0]
    assert ids[1] != ids[2]
    for answer in five:
        assert answer["factual"]["predicted"] == 1
        assert fitted.cohort.parts[(answer["participant_id"], answer["row_id"])] == "test"


@pytest.mark.usefixtures("instant")
def test_a_sample_larger_than_there_are_says_so(command: Command) -> None:
    ended = command("explain", "--cohort", "heart", "--method", "random", "--sample", "1000", "--json")
    assert 5 < len(ended.json["answers"]) < 61
    assert "Only" in ended.err


def test_the_text_for_people(command: Command, helped: str) -> None:
    ended = command(*RANDOM, "--participant", helped, "--candidates", "200")
    assert ended.code == 0
    assert f"{helped} (row 0): risk " in ended.out
    assert "SYNTHETIC" not in ended.out
    assert ended.err == ""
    assert "of 100" in ended.out
    assert re.search(r"proposed 200 \(\d+ different\) > readable 200 \(\d+ different\)", ended.out)
    assert "  1. " in ended.out
    assert " → " in ended.out
    assert "not a medical device" in ended.out


def test_answers_are_kept_for_their_link(command: Command, person: str) -> None:
    from sensecf_core.records.answers import find

    (answer,) = command(*RANDOM, "--participant", person, "--json").json["answers"]
    stored = find(answer["answer_id"])
    assert stored is not None
    assert stored.participant_id == person
    assert len(stored.trace.candidates) == 16
