"""What-if: the risk follows what is moved, options open filled in, own options are stored."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from sensecf_core.counterfactuals import explain as explaining
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.queries.answer import Answer
from sensecf_core.queries.methods import BY_HAND
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.records import answers, audit, decisions
from sensecf_core.records.kept_options import kept_options
from sensecf_core.records.person_state import fold
from sensecf_core.ui.whatif import fields
from tests.app.conftest import PAGES, OpenPage, World, page_text


@pytest.fixture(scope="module")
def made(trained: World) -> Answer:
    """An answer with options, as Interventions stores it."""
    fitted = FittedCohort.fit(trained.cohort, trained.classifier)
    asked = ExplainRequest(cohort="small", participant_id=trained.flagged, method="random", candidates=64)
    answer = explaining.answer(fitted, asked)
    assert answer.counterfactuals
    return answer


@pytest.fixture
def stored(made: Answer, world: World, private_var: object) -> Answer:
    answers.save(made)
    return made


def field(participant: str, name: str, part: str = "") -> str:
    return fields.key(("small", participant, "0"), name, part)


def risk_line(at: AppTest) -> str:
    return next(one.value for one in at.header if one.value.startswith("Risk "))


def move(at: AppTest, participant: str, name: str, to: float) -> None:
    at.select_slider(key=field(participant, name)).set_value(to).run()
    assert not at.exception, at.exception[0].message


def type_exactly(at: AppTest, participant: str, name: str, value: float) -> None:
    at.number_input(key=field(participant, name, "exact")).set_value(value)
    at.button(key=f"{field(participant, name, 'exact')}/try").click().run()
    assert not at.exception, at.exception[0].message


def open_more(at: AppTest) -> AppTest:
    at.session_state["whatif_more"] = True
    return at.run()


def save(at: AppTest, by: str = "Dr Lee") -> AppTest:
    at.text_input(key="save_own_by").set_value(by)
    at.button(key="save_own").click().run()
    assert not at.exception, at.exception[0].message
    return at


def test_a_moved_slider_changes_the_risk_and_can_be_undone_and_reset(
    world: World, open_page: OpenPage
) -> None:
    at = open_page("What-if", cohort="small", participant=world.flagged)
    before = risk_line(at)
    assert "→" not in before and "Nothing is changed yet" in page_text(at)
    move(at, world.flagged, "bmi", 20.0)
    text = page_text(at)
    row = world.cohort.rows.loc[[(world.flagged, "0")]].assign(bmi=20.0)
    after = round(100 * float(world.classifier.predict_proba(row)[0]))
    assert f"→ {after} of 100  ▼" in risk_line(at) and "→ 20.0 kg/m²" in text
    assert "The model would **no longer flag**" in text and "A second, simpler model" in text
    assert "Along body mass index" in text, "the curve is that of what moved"
    move(at, world.flagged, "sugar", float(at.select_slider(key=field(world.flagged, "sugar")).options[0]))
    assert "Along sugar" in page_text(at)
    at.button(key="whatif_undo").click().run()
    assert "→ 20.0 kg/m²" in page_text(at) and f"→ {after} of 100" in risk_line(at)
    at.button(key="whatif_reset").click().run()
    assert risk_line(at) == before
    at.button(key="whatif_undo").click().run()
    assert f"→ {after} of 100" in risk_line(at), "a reset can be undone as well"
    assert at.select_slider(key=field(world.flagged, "bmi")).value == 20.0


def test_levels_are_lists_and_exact_values_may_leave_the_cohort_but_not_what_is_possible(
    world: World, open_page: OpenPage
) -> None:
    at = open_more(open_page("What-if", cohort="small", participant=world.flagged))
    diet = at.selectbox(key=field(world.flagged, "diet"))
    assert diet.options == ["mixed", "vegetarian", "low carb"]
    other = next(level for level in diet.options if level != diet.value)
    diet.select(other).run()
    assert f"→ {other}" in page_text(at)
    type_exactly(at, world.flagged, "sugar", 650)
    warnings = [warning.value for warning in at.warning]
    assert any("Sugar cannot exceed carbohydrate" in text and "`" not in text for text in warnings)
    assert at.select_slider(key=field(world.flagged, "sugar")).value == 650
    type_exactly(at, world.flagged, "bmi", 5.0)
    assert any("takes a value of 10.0–80.0 kg/m²" in error.value for error in at.error)
    assert "5.0 kg/m²" not in risk_line(at)


def test_what_is_tried_stays_while_another_page_is_open_and_ids_cannot_be_mixed_up(
    world: World, open_page: OpenPage
) -> None:
    at = open_page("What-if", cohort="small", participant=world.flagged)
    move(at, world.flagged, "bmi", 20.0)
    at.switch_page(PAGES["Participants"]).run()
    at.switch_page(PAGES["What-if"]).run()
    assert "→ 20.0 kg/m²" in page_text(at)
    assert at.select_slider(key=field(world.flagged, "bmi")).value == 20.0
    assert fields.key(("a_b", "c", "0"), "x") != fields.key(("a", "b_c", "0"), "x")
    assert fields.key(("a/b", "c", "0"), "x") != fields.key(("a", "b/c", "0"), "x")


def test_what_was_not_measured_is_said(world: World, open_page: OpenPage) -> None:
    rows = world.cohort.rows
    someone = str(rows.index[rows["sleep"].isna()][0][0])
    at = open_more(open_page("What-if", cohort="small", participant=someone))
    with pytest.raises(KeyError):
        at.select_slider(key=field(someone, "sleep"))
    assert "Not measured, so not movable: Sleep" in page_text(at)


def test_an_option_opens_filled_in_and_its_values_can_be_kept_in_its_place(
    stored: Answer, open_page: OpenPage
) -> None:
    person, shown = stored.participant_id, kept_options(stored, [1])[0]
    at = open_page("What-if", cohort="small", participant=person, answer=stored.answer_id, option="1")
    after = round(100 * shown.option.probability)
    assert f"→ {after} of 100" in risk_line(at)
    for name, change in shown.option.changes.items():
        if isinstance(change.after, float) or name in ("sugar", "carbohydrate"):
            assert at.number_input(key=field(person, name, "exact")).value == change.after
    key = f"keep_edited_1_{stored.answer_id}"
    at.text_input(key=f"{key}_by").set_value("Dr Lee")
    at.button(key=key).click().run()
    assert "keep it instead" in at.error[0].value
    bmi = 20.5 if shown.option.features["bmi"] != 20.5 else 21.5
    type_exactly(open_more(at), person, "bmi", bmi)
    at.text_input(key=f"{key}_by").set_value("Dr Lee")
    at.button(key=key).click().run()
    (kept,) = fold(decisions.of_person("small", person)).kept
    others = {name: change.after for name, change in shown.option.changes.items()}
    assert (kept.kind, kept.option, kept.edited) == ("edit", 1, others | {"bmi": bmi})
    assert kept.grade is not None and "Kept in place of option 1 by Dr Lee" in page_text(at)
    at.button(key="whatif_option").click().run()
    assert f"→ {after} of 100" in risk_line(at)
    at.button(key="whatif_reset").click().run()
    assert "answer" not in at.query_params and "→" not in risk_line(at)
    at.run()
    assert "→" not in risk_line(at), "it is not filled in again"


def test_an_own_option_is_checked_graded_stored_and_linked(
    stored: Answer, world: World, open_page: OpenPage
) -> None:
    person = stored.participant_id
    at = open_page("What-if", cohort="small", participant=person, answer=stored.answer_id, option="1")
    save(at)
    (own,) = answers.recent("small", person, by_hand=True)
    (option,) = own.counterfactuals
    assert own.method == BY_HAND and option.grade is not None
    assert own.settings["came_from"] == {"answer_id": stored.answer_id, "option": 1}
    assert [row.who for row in audit.recent() if row.action == "asked"] == [None, "Dr Lee"]
    text = page_text(at)
    assert f"Own option: risk {round(100 * own.factual.probability)} → " in text
    assert (
        f"Made by Dr Lee, {own.created[:10]}" in text
        and f"from option 1 of answer {stored.answer_id}" in text
    )
    assert {"solid": "Solid", "fragile": "Fragile"}[option.grade] in text
    at.button(key=f"keep_1_{own.answer_id}_{own.answer_id}").click().run()
    (kept,) = fold(decisions.of_person("small", person)).kept
    assert (kept.answer_id, kept.grade, kept.who) == (own.answer_id, option.grade, "Dr Lee")
    assert audit.verify().ok
    options = open_page("Interventions", cohort="small", participant=person)
    assert options.query_params["answer"] == stored.answer_id, "an own option hides no answer"
    assert "Own option: risk" in page_text(options) and "Kept by Dr Lee" in page_text(options)
    alone = page_text(open_page("Interventions", answer=own.answer_id))
    assert "Own option\n" in alone and "Made by Dr Lee" in alone and "1 kept" in alone
    overview = page_text(open_page("Prediction", cohort="small", participant=person))
    assert "The two best options" in overview and "Kept by Dr Lee" in overview


def test_what_is_no_option_is_not_saved(world: World, open_page: OpenPage) -> None:
    at = open_page("What-if", cohort="small", participant=world.flagged)
    with pytest.raises(KeyError):
        at.button(key="save_own")
    move(at, world.flagged, "bmi", float(at.select_slider(key=field(world.flagged, "bmi")).options[-1]))
    save(at)
    assert any("they are no option" in error.value for error in at.error)
    assert answers.recent("small", world.flagged, by_hand=True) == ()


def test_an_option_that_is_not_there_or_not_theirs_is_not_filled_in(
    stored: Answer, world: World, open_page: OpenPage
) -> None:
    at = open_page("What-if", cohort="small", participant=stored.participant_id, answer="none", option="1")
    assert any("could not be applied" in warning.value for warning in at.warning)
    assert "→" not in risk_line(at) and "answer" not in at.query_params
    other = open_page(
        "What-if", cohort="small", participant=world.certain, answer=stored.answer_id, option="1"
    )
    assert "→" not in risk_line(other) and "answer" not in other.query_params
