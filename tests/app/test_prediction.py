from __future__ import annotations

import pytest

from tests.app.conftest import PAGES, OpenPage, World, said


def key(world: World, name: str) -> str:
    return f"whatif_small_{world.flagged}_0_{name}"


def test_risk_interval_distance_drivers_and_card(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    text = said(at)
    row = world.cohort.rows.loc[[(world.flagged, "0")]]
    risk = round(100 * float(world.classifier.predict_proba(row)[0]))
    assert f"Risk {risk} of 100" in text
    assert "The model **flags** this participant" in text
    assert "above the line" in text
    assert "Nine of ten retrained models say" in text
    assert len(at.get("plotly_chart")) == 2  # waterfall, reliability
    assert "push the risk up most" in text
    assert "Measured on" in text


def test_what_if_recomputes_on_one_button_and_shows_both_risks(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    bmi = at.number_input(key=key(world, "bmi"))
    assert (bmi.min, bmi.max, bmi.step) == (10.0, 80.0, 0.5)
    bmi.set_value(20.0)
    at.run()
    assert "With your changes" not in said(at)  # nothing happens before the button
    at.number_input(key=key(world, "bmi")).set_value(20.0)
    at.form_submit_button[0].click().run()
    text = said(at)
    assert not at.exception
    assert "As measured" in text and "With your changes" in text
    assert "→ 20.0 kg/m²" in text and "▼" in text


def test_what_if_shows_the_rules_that_are_broken(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    at.number_input(key=key(world, "sugar")).set_value(650)
    at.form_submit_button[0].click().run()
    assert any("Sugar cannot exceed carbohydrate" in one.value for one in at.warning)
    assert not any("`" in one.value for one in at.warning)
    assert "it flags from" in said(at) and "of 100 of" not in said(at)


def test_what_if_keeps_its_values_while_another_page_is_open(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    at.number_input(key=key(world, "bmi")).set_value(20.0)
    at.form_submit_button[0].click().run()
    at.switch_page(PAGES["Participants"]).run()
    at.switch_page(PAGES["Prediction"]).run()
    assert "With your changes" in said(at)
    assert at.number_input(key=key(world, "bmi")).value == 20.0


def test_what_if_without_a_change_says_what_to_do(world: World, open_page: OpenPage) -> None:
    at = open_page("Prediction", cohort="small", participant=world.flagged)
    at.form_submit_button[0].click().run()
    assert any("Nothing was changed yet" in one.value for one in at.info)


def test_what_if_leaves_out_what_was_not_measured(world: World, open_page: OpenPage) -> None:
    rows = world.cohort.rows
    someone = str(rows.index[rows["sleep"].isna()][0][0])
    at = open_page("Prediction", cohort="small", participant=someone)
    with pytest.raises(KeyError):
        at.number_input(key=f"whatif_small_{someone}_0_sleep")
    assert "Not measured, so not movable: " in said(at)


def test_somebody_unflagged_is_said_to_be_below_the_line(world: World, open_page: OpenPage) -> None:
    text = said(open_page("Prediction", cohort="small", participant=world.unflagged))
    assert "**does not flag**" in text and "below the line" in text
