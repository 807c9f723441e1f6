from __future__ import annotations

import re

import pytest

from sensecf_core.counterfactuals.checks.sentences import lower_first
from sensecf_core.queries.methods import METHODS
from sensecf_core.ui.common import wording
from tests.small_cohort import SCHEMA

BMI, SMOKING, ACTIVE, CARBOHYDRATE = (
    SCHEMA.feature(name) for name in ("bmi", "smoking", "active", "carbohydrate")
)


def test_a_change_names_values_unit_direction_and_size() -> None:
    assert wording.change(BMI, 31.2, 28.5) == "31.2 → 28.5 kg/m²  ▼\u00a02.7"
    assert wording.change(SMOKING, "current", "former") == "current → former  ▼"
    assert wording.change(ACTIVE, 0, 1) == "no → yes"


def test_risk_is_out_of_100_and_never_certain() -> None:
    assert wording.of_100(0.62) == "62 of 100"
    assert wording.of_100(0.001) == "<1 of 100"
    assert wording.of_100(0.999) == ">99 of 100"
    assert wording.risk_change(0.62, 0.41) == "62 → 41 of 100  ▼\u00a021"
    assert wording.risk_change(0.274, 0.268) == "27 → 27 of 100  ▼\u00a0<1"
    assert wording.risk_change(0.268, 0.274) == "27 → 27 of 100  ▲\u00a0<1"
    assert wording.risk_change(0.45, 0.346, 0.35) == "45 → just under 35 of 100  ▼\u00a010"
    assert wording.risk_change(0.45, 0.351, 0.35) == "45 → 35 of 100  ▼\u00a010"
    assert wording.risk_change(0.27, 0.27) == "27 → 27 of 100  =\u00a00"


@pytest.mark.parametrize(
    ("percent", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (38, "38th"), (0, "1st"), (100, "99th")],
)
def test_percentiles_are_ordinals_inside_1_to_99(percent: float, text: str) -> None:
    assert wording.percentile(percent) == f"{text} percentile"


def test_distance_is_in_words() -> None:
    assert wording.distance(0.62, 0.31) == "well above the line, by 31 of 100"
    assert wording.distance(0.29, 0.31) == "just below the line, by 2 of 100"
    assert wording.distance(0.311, 0.31) == "just above the line, by less than 1 of 100"


def test_labels_in_a_sentence_keep_abbreviations() -> None:
    assert lower_first("Body mass index") == "body mass index"
    assert lower_first("HbA1c 5.7 % or more") == "HbA1c 5.7 % or more"
    assert lower_first("BMI") == "BMI"


def test_every_method_has_a_title_a_short_one_and_a_note() -> None:
    for name, method in METHODS.items():
        assert wording.method_title(name) == method.title
        assert wording.method_short(name) == method.short_title
        assert wording.method_note(name) == method.note
    assert wording.method_title("new-one") == wording.method_short("new-one") == "new-one"
    assert wording.method_note("new-one") is None


def test_methods_stand_in_one_order_with_the_control_last() -> None:
    shuffled = ["random", "new-one", "nice-none", "lm-zero-shot", "lm-few-shot"]
    assert wording.in_order(shuffled) == ["lm-few-shot", "lm-zero-shot", "nice-none", "new-one", "random"]


def test_markdown_in_data_is_shown_as_it_is() -> None:
    assert wording.plain("[a](b) *c* `d` <e>") == r"\[a\](b) \*c\* \`d\` \<e\>"


def test_thousands_have_a_thin_space() -> None:
    assert wording.count(4142) in ("4\u2009142", "4\u202f142")
    assert wording.span(CARBOHYDRATE, 100, 400) == "100–400 g/day"


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.example/x and http://a.b",
        "www.evil.example",
        "HTTPS://EVIL.example or WWW.evil.example, ftp://x.y",
        "write to someone@evil.example or mailto:someone@evil.example",
        "Title\n=====",
        "Title\n---",
        "- item\n+ other\n1. first\n2) second",
        "    code",
        ":smile: and :material/home:",
        "- - -",
    ],
)
def test_text_from_a_cohort_stays_text(text: str) -> None:
    """No link, heading, list, code or picture comes of it, and every character is there."""
    shown = wording.plain(text)
    links = r"https?://|ftp://|www\.|\w@\w|mailto:\w|:smile:|:material/home"
    assert re.search(links, shown, re.IGNORECASE) is None
    assert re.search(r"^ *(=+|-+|[-+] .*|\d+[.)] .*| {4}.*|- - -)$", shown, re.MULTILINE) is None
    seen = shown.replace(wording.JOINER, "").replace("\\", "")
    assert seen.split() == text.split()


def test_numbers_and_ordinary_words_are_left_alone() -> None:
    for text in ("-5 to 3", "1.5 mg", "a = b", "at 10:30", "3-4", "ratio 1:2", "12) is odd"):
        assert wording.plain(text).replace(wording.JOINER, "") == text
    assert wording.plain("-5 to 3, 1.5 at 10:30") == "-5 to 3, 1.5 at 10:30"


def test_a_range_with_a_sign_is_joined_by_a_word() -> None:
    assert wording.interval(0.55, 0.69) == "55\u2060–\u206069"
    assert wording.interval(0.62, 1.0) == "62 to >99" and wording.interval(0.0, 0.3) == "<1 to 30"
