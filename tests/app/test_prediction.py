from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensecf_core.classifiers import store
from sensecf_core.counterfactuals.checks.sentences import lower_first
from sensecf_core.errors import NotReadyError
from sensecf_core.queries.answer import Counterfactual, RaisedFlag
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.records import answers
from sensecf_core.records.person_state import Decision, Kind, fold
from sensecf_core.ui.page import red_flag_gate
from sensecf_core.ui.prediction import best_options, shap
from tests.app.conftest import PAGES, OpenPage, World, page_text
from tests.records.made_answers import make_answer, make_counterfactual
from tests.small_cohort import SCHEMA


def test_risk_interval_distance_drivers_and_card(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    text = page_text(at)
    row = world.cohort.rows.loc[[(world.flagged, "0")]]
    risk = round(100 * float(world.classifier.predict_proba(row)[0]))
    assert f"Risk {risk} of 100" in text
    assert "The model **flags** this participant" in text
    assert "above the line" in text
    assert "range when the model is retrained" in text
    assert "push the risk up most" in text
    assert len(at.get("plotly_chart")) == 1 and "Measured on" not in text
    assert not at.table
    for name in ("all_drivers", "log_odds", "model_card"):  # drawn when they are opened
        at.session_state[name] = True
    at.run()
    assert len(at.get("plotly_chart")) == 3 and "Measured on" in page_text(at)


def test_pushes_in_points_add_up_to_the_way_from_the_average_risk() -> None:
    """Worked by hand: log-odds 0 is a risk of 50, ln 3 one of 75; 2 and −0.901 make up ln 3 = 1.099."""
    points = shap.points_of_risk(0.0, np.array([2.0, math.log(3) - 2.0]))
    assert points.sum() == pytest.approx(25.0)
    assert points.tolist() == pytest.approx([45.512, -20.512], abs=1e-3)
    cancelled = shap.points_of_risk(0.0, np.array([1.0, -1.0]))
    assert cancelled.tolist() == pytest.approx([25.0, -25.0]), "a quarter of a point a hundredth, at 50"
    figure = shap.pushes(
        {"Can be changed": [("BMI: 30 kg/m²", 4.04), ("2 others together", 0.02)]}, ""
    ).figure
    assert list(figure.data[0].text) == ["▲ 4.0", "0.0"]


def test_somebody_unflagged_is_said_to_be_below_the_line(world: World, open_page: OpenPage) -> None:
    text = page_text(open_page("Prediction", cohort="small", participant=world.unflagged))
    assert "**does not flag**" in text and "below the line" in text


@pytest.mark.parametrize(("own_line", "view"), [(0.3, "agrees"), (0.9, "**disagrees**")])
def test_the_second_model_is_told_beside_its_own_line(
    own_line: float, view: str, world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives 46 of 100: of somebody flagged, that agrees by a line of 30 and disagrees by one of 90."""
    moved = replace(world.classifier, second_threshold=own_line)
    monkeypatch.setattr(type(moved), "second_probability", lambda self, rows: np.full(len(rows), 0.46))
    monkeypatch.setattr(store, "load", lambda cohort: moved)
    text = page_text(open_page("Prediction", cohort="small", participant=world.flagged))
    told = f"A second, simpler model {view} (46 of 100; its own line: {round(100 * own_line)})."
    assert told in text


def test_what_was_recorded_is_said_and_whether_the_model_has_seen_it(
    world: World, open_page: OpenPage
) -> None:
    cohort, task = world.cohort, world.cohort.schema.task
    for part, seen in (("test", "Held out"), ("train", "has learned from this participant")):
        someone = cohort.part(part).index[0]
        text = page_text(open_page("Prediction", cohort="small", participant=str(someone[0])))
        outcome = lower_first(task.class_1 if cohort.target.loc[someone] else task.class_0)
        assert f"Recorded: {outcome}" in text and seen in text
        flagged = world.classifier.predict(cohort.rows.loc[[someone]])[0]
        same = flagged == cohort.target.loc[someone]
        assert ("The model says the same." in text) == same and ("**says otherwise**" in text) != same


@pytest.mark.parametrize(
    ("auroc", "expected"),
    [
        ({"value": 0.55, "low": 0.45, "high": 0.64}, "hardly better than chance, AUROC 0.55"),
        ({"value": 0.71, "low": 0.43, "high": 0.86}, "perhaps no better than chance, AUROC 0.71"),
        ({"value": 0.9, "low": 0.8, "high": 0.95}, None),
        (None, "Too few people were held out"),
    ],
)
def test_a_weak_model_is_called_weak_beside_the_risk(
    auroc: dict[str, float] | None,
    expected: str | None,
    world: World,
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = {"sensitivity": {"value": 0.9}, "specificity": {"value": 0.3}}
    card = world.card | {"metrics": world.card["metrics"] | {"auroc": auroc}}
    if auroc is not None:
        card["metrics"] |= {name: card["metrics"][name] | value for name, value in rates.items()}
    monkeypatch.setattr(store, "card", lambda cohort: card)
    for page in ("Prediction", "Interventions", "Comparison"):
        texts = [text.value for text in open_page(page, cohort="small", participant=world.flagged).warning]
        texts = [text for text in texts if "language model" not in text]
        assert [expected in text for text in texts] == [True] if expected else texts == []
        assert not auroc or all(
            "flags 70 % of people with “flag not raised” and 90 % of those with “flag raised”: read" in text
            for text in texts
        )


def decided(kind: Kind, answer_id: str, number: int, option: Counterfactual) -> Decision:
    changes = option.model_dump(mode="json", by_alias=True)["changes"]
    about: dict[str, Any] = {"answer_id": answer_id, "option": number, "changes": changes}
    return Decision(
        f"{kind}{number}{answer_id}", "2026-11-29", "Dr Lee", kind, "small", "p0001", "0", **about
    )


def test_the_best_options_are_kept_ones_then_the_surest_without_rejected_ones() -> None:
    graded = [
        make_counterfactual({"bmi": (33.5, 30.0)}).model_copy(update={"grade": "fragile", "number": 1}),
        make_counterfactual({"sugar": (140, 80)}).model_copy(update={"grade": "solid", "number": 2}),
        make_counterfactual({"sleep": (5.5, 7.0)}).model_copy(update={"grade": "fragile", "number": 3}),
    ]
    asked = make_answer("asked", counterfactuals=tuple(graded))
    own = make_answer("own", method=BY_HAND, counterfactuals=(graded[1].model_copy(update={"number": 1}),))

    def numbers(*made: Decision) -> list[tuple[str, int]]:
        found = best_options.best(SCHEMA, [asked, own], fold(made))
        return [(one.asked.answer_id, one.shown.number) for one in found]

    assert numbers() == [("asked", 2), ("asked", 1)], "the same changes stand once"
    assert numbers(decided("keep", "asked", 3, graded[2])) == [("asked", 3), ("asked", 2)]
    assert numbers(decided("reject", "asked", 1, graded[0])) == [("asked", 2), ("asked", 3)]
    assert numbers(decided("keep", "own", 1, graded[1])) == [("own", 1), ("asked", 1)]
    rejected = decided("reject", "asked", 2, graded[1]), decided("reject", "own", 1, graded[1])
    assert numbers(*rejected) == [("asked", 1), ("asked", 3)]


def test_without_an_answer_the_map_says_what_is_known_and_a_red_flag_withholds_options(
    mapped: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page_text(open_page("Prediction", cohort="small", participant=mapped.flagged))
    assert "It is proven that no realistic change alters this prediction" in text
    assert "No method was asked yet" in text
    calm = page_text(open_page("Prediction", cohort="small", participant=mapped.unflagged))
    assert "so there is nothing to change" in calm
    flag = RaisedFlag(name="high", label="Sugar 999", text="Act.", source="a test")
    monkeypatch.setattr(red_flag_gate, "red_flags", lambda schema, values: (flag,))
    at = open_page("Interventions", cohort="small", participant=mapped.flagged)
    at.switch_page(PAGES["Prediction"]).run()
    text = page_text(at)
    assert "Options are withheld" in text and "No method was asked" not in text
    at.switch_page(PAGES["Interventions"]).run()
    at.button(key="red_flag_seen").click().run()
    text = page_text(at.switch_page(PAGES["Prediction"]).run())
    assert "are withheld" not in text and "No method was asked" in text


def test_explanations_are_no_options_where_options_are_asked_for(private_var: Path) -> None:
    about = {"cohort": "small", "participant_id": "p0001", "row_id": "0"}
    explains = {"limits": Limits(profile="contrast")}
    answers.save(make_answer("advice", **about))
    answers.save(make_answer("explains", **about, **explains))
    answers.save(make_answer("own", method=BY_HAND, **about, **explains))
    key = ("p0001", "0")
    newest, own = best_options.given_about(SCHEMA, key)
    assert newest is not None and newest.answer_id == "advice" and own == []
    explaining = SCHEMA.model_copy(update={"default_limits": "contrast"})
    assert best_options.given_about(explaining, key)[0] == newest
    nothing, _ = best_options.given_about(SCHEMA, ("p0002", "0"))
    assert nothing is None
    answers.save(make_answer("only", **about | {"participant_id": "p0003"}, **explains))
    assert best_options.given_about(SCHEMA, ("p0003", "0")) == (None, [])
    only, _ = best_options.given_about(explaining, ("p0003", "0"))
    assert only is not None and only.answer_id == "only"


@pytest.mark.parametrize("page", ["Prediction", "What-if"])
def test_a_damaged_database_is_said_and_the_page_stays(
    page: str, world: World, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise NotReadyError("The database var/sensecf.db is damaged; put it aside.")

    monkeypatch.setattr(answers, "recent", damaged)
    at = open_page(page, cohort="small", participant=world.flagged)
    assert "is damaged" in at.error[0].value
