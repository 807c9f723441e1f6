from __future__ import annotations

import pytest

from sensecf_core.cohorts.schema import Schema
from sensecf_core.disclaimer import DISCLAIMER, DISCLAIMER_LONG
from sensecf_core.errors import InputError
from sensecf_core.queries.answer import Effort, RaisedFlag
from sensecf_core.queries.limits import Limits
from sensecf_core.records.paper.sheet import sheet
from tests.records.made_answers import make_answer, make_counterfactual
from tests.records.made_cards import CARD
from tests.small_cohort import SCHEMA


def test_what_stands_on_it_from_top_to_bottom() -> None:
    page = sheet(make_answer(), SCHEMA, CARD)
    assert page.notice_above == DISCLAIMER and page.notice_below == DISCLAIMER_LONG
    assert (page.title, page.subject) == ("Options to discuss", "Participant p0001")
    assert page.about == (
        "Small synthetic cohort · SYNTHETIC DATA",
        "Asked 2026-11-22 19:00 · method lm-few-shot, seed 0",
    )
    assert page.red_flags == ()
    assert page.risk == (
        "The model's risk of “raised flag” is 63 of 100. It raises the flag, which it does from 31 of 100 on."
    )
    assert (page.probability, page.threshold) == (0.63, 0.31)
    assert [(one.number, one.probability, one.headline) for one in page.options] == [
        (1, 0.21, "Option 1: risk 21 instead of 63 of 100"),
        (2, 0.21, "Option 2: risk 21 instead of 63 of 100"),
    ]
    assert page.unchanged == (
        *("Age: 61 years", "Waist: not measured", "Carbohydrate: 300 g/day", "Sleep: 5.5 h/night"),
        *("Active at leisure: no", "Diet: mixed", "Sex: male"),
    )
    assert page.quality == (
        "On 829 people whom the model never saw: AUROC 0.76 (0.73 to 0.79); 0.5 is guessing.",
        "Calibration slope 1.13 (0.96 to 1.34); 1 is right, below 1 the risks are too extreme.",
        "In 2 groups by predicted risk, what was observed differed from it by at most 8 of 100.",
    )
    assert page.origin == ("SenseCF, commit abc, answer a1",)
    assert page.address == "/Interventions?answer=a1"


def test_only_what_was_kept_and_the_rest_counts_as_unchanged() -> None:
    page = sheet(make_answer(), SCHEMA, CARD, kept=(2,))
    assert page.options_title == "Kept options"
    assert [one.number for one in page.options] == [2]
    assert "Body mass index: 33.5 kg/m²" in page.unchanged
    assert not any(text.startswith("Sugar") for text in page.unchanged)


@pytest.mark.parametrize("number", [0, 3, -1])
def test_an_option_that_is_not_there(number: int) -> None:
    with pytest.raises(InputError, match=f"There is no option {number}: answer a1 has options 1 to 2"):
        sheet(make_answer(), SCHEMA, CARD, kept=(number,))


def test_a_clinical_value_is_what_would_have_to_follow() -> None:
    answer = make_answer(counterfactuals=(make_counterfactual({"bmi": (33.5, 30.0)}, sentence=""),))
    (option,) = sheet(answer, SCHEMA, CARD).options
    assert option.sentence.startswith("If body mass index came down to 30.0 kg/m² (now 33.5), the model")


def test_each_option_has_its_grade_and_what_it_rests_on() -> None:
    graded = make_counterfactual({"sugar": (140, 80)}).model_copy(
        update={"grade": "solid", "held_by_refits": 0.95, "held_under_noise": 0.9, "second_agrees": True}
    )
    broken = graded.model_copy(update={"grade": None, "violations": ("sugar: outside its limits",)})
    first, second = sheet(make_answer(counterfactuals=(graded, broken)), SCHEMA, CARD).options
    assert first.believed == (
        "Grade: solid, held by 95 % of the retrained copies and 90 % of the copies with measurement error; "
        "the second model agrees."
    )
    assert second.believed.startswith("Grade: none") and second.breaks == ("sugar: outside its limits",)


def test_each_option_says_how_hard_it_is_and_who_says_so() -> None:
    by_default = make_counterfactual({"sugar": (140, 80), "bmi": (33.5, 30.0)}).model_copy(
        update={"effort": {"sugar": "hard", "bmi": "moderate"}}
    )
    answer = make_answer(counterfactuals=(by_default, make_counterfactual({"diet": ("mixed", "plants")})))

    def said(**own: Effort) -> list[str]:
        return [option.effort for option in sheet(answer, SCHEMA, CARD, efforts=own).options]

    default = "by default: how far values move, not how hard that is for this person."
    assert said() == [f"Effort: hard, {default}", "Effort: not estimated."]
    assert said(sugar="easy", diet="hard") == [
        "Effort: moderate. Said of this person: sugar easy.",
        "Effort: hard. Said of this person: diet hard.",
    ]
    half = make_counterfactual({"bmi": (33.5, 33.0), "diet": ("mixed", "plants")})
    half = half.model_copy(update={"effort": {"bmi": "easy"}})
    answer = make_answer(counterfactuals=(half,))
    unknown = "Not estimated, counted as moderate: diet."
    assert said() == [f"Effort: moderate, {default} {unknown}"]
    assert said(bmi="hard") == [f"Effort: hard. Said of this person: body mass index hard. {unknown}"]
    explained = make_answer(limits=Limits(profile="contrast"), counterfactuals=(by_default,))
    assert sheet(explained, SCHEMA, CARD).options[0].effort == ""


def test_a_red_flag_says_its_source_and_that_nobody_confirmed_it() -> None:
    flagged = make_answer(red_flags=(RaisedFlag(name="f", label="Sugar 140 g", text="Act.", source="Us"),))
    assert sheet(flagged, SCHEMA, CARD).red_flags == (
        "ACT ON THIS FIRST: Sugar 140 g: Act. Source: Us; no clinician has confirmed this rule.",
    )


def test_contrast_is_never_called_an_option() -> None:
    page = sheet(make_answer(limits=Limits(profile="contrast")), SCHEMA, CARD)
    assert page.title == "What would tip the model: an explanation, not advice"
    assert page.options_title == "Explanations"
    assert page.options[0].headline.startswith("Explanation 1: ")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("none", "No option was found."),
        ("already_desired", "Nothing to change: the model already decides this way."),
        ("cancelled", "The search was cancelled before an option was found."),
    ],
)
def test_nothing_to_show_is_said_with_the_reasons(status: str, said: str) -> None:
    answer = make_answer(status=status, counterfactuals=(), reasons=("`bmi` is frozen",))
    page = sheet(answer, SCHEMA, CARD)
    assert page.told == (said, "`bmi` is frozen")
    assert page.unchanged_title == "As measured" and len(page.unchanged) == len(SCHEMA.features)


def test_options_that_nobody_kept() -> None:
    assert sheet(make_answer(), SCHEMA, CARD, kept=()).told[0] == "No option was kept."


def test_a_weak_classifier_and_one_without_a_card() -> None:
    weak = {"value": 0.55, "low": 0.45, "high": 0.64}
    card = {**CARD, "metrics": {**CARD["metrics"], "auroc": weak}}
    assert (
        "Perhaps no better than guessing: read the risk with care."
        in sheet(make_answer(), SCHEMA, card).quality
    )
    (line,) = sheet(make_answer(), SCHEMA, None).quality
    assert line.startswith("The card of the classifier that gave this answer is not at hand")


def test_real_people_and_rows_are_named_as_such() -> None:
    provenance = SCHEMA.provenance.model_dump() | {"real": True}
    values = SCHEMA.model_dump() | {"provenance": provenance, "row_column": "day", "row_label": "day"}
    page = sheet(make_answer(row_id="3"), Schema.model_validate(values), CARD)
    assert page.subject == "Participant p0001, day 3"
    assert page.about[0] == "Small synthetic cohort · REAL DATA"


def test_versions_and_hashes() -> None:
    provenance = {
        "version": {"sensecf": "0.1.0"},
        "commit": "c" * 40,
        "sha256": {"prompt_template": "d" * 64},
    }
    assert sheet(make_answer(provenance=provenance), SCHEMA, CARD).origin == (
        "SenseCF 0.1.0, commit cccccccccccc, answer a1",
        "sha256, first 12 digits: prompt template dddddddddddd",
    )
