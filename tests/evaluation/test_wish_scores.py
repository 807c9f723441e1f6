"""Scores of readings, on readings written by hand."""

from __future__ import annotations

import json

import pytest

from sensecf_core.cohorts import builtin
from sensecf_core.cohorts.schema import Schema
from sensecf_core.evaluation.wish_scores import committed, exact_over, measure, misread, score
from sensecf_core.language.wishes import rules
from sensecf_core.language.wishes.sentences import Sentence, read_file
from sensecf_core.language.wishes.wish import Understood, read_wishes
from sensecf_core.paths import ROOT

NHANES, HEART = builtin.read_schema("nhanes"), builtin.read_schema("heart")


def understood(schema: Schema, text: str, *unread: str) -> Understood:
    return Understood("", read_wishes(schema, text), unread, "hand")


@pytest.mark.parametrize(
    ("meant", "read", "judged"),
    [
        ("bmi=keep", "bmi=keep", "exact"),
        ("", "", "exact"),
        ("walk_or_cycle=keep", "walk_or_cycle=down", "exact"),
        ("bmi=27..", "bmi=27.2..", "exact"),
        ("*risk=30", "*risk=30", "exact"),
        ("bmi=keep; sugar=down", "sugar=down", "missed"),
        ("sugar=down", "sugar=down; bmi=keep", "wrong added"),
        ("sugar=only", "sugar=only; bmi=only", "wrong added"),
        ("", "sugar=down", "added"),
        ("bmi=keep", "bmi=down", "wrong added missed"),
        ("bmi=27..", "bmi=27.3..", "added missed"),
        ("bmi=27..", "bmi=..27", "added missed"),
        ("*changes=2", "*changes=3", "added missed"),
    ],
)
def test_a_reading_is_exact_or_not(meant: str, read: str, judged: str) -> None:
    result = score(Sentence("", NHANES, read_wishes(NHANES, meant)), understood(NHANES, read))
    assert judged.split() == [name for name in ("exact", "wrong", "added", "missed") if getattr(result, name)]


def test_under_contrast_no_way_is_barred() -> None:
    sentence = Sentence("", HEART, read_wishes(HEART, "max_heart_rate=keep"))
    assert not score(sentence, understood(HEART, "max_heart_rate=down")).exact


def test_a_second_reading_counts_as_well() -> None:
    sentence = Sentence("", NHANES, read_wishes(NHANES, "sleep=up"), other=read_wishes(NHANES, "sleep=by 1"))
    assert score(sentence, understood(NHANES, "sleep=by 1")).exact


def test_words_about_nothing_have_to_be_told() -> None:
    sentence = Sentence("", NHANES, unread=("pills", "salt"))
    assert score(sentence, understood(NHANES, "", "Pills", "salt")).told is True
    assert score(sentence, understood(NHANES, "", "pills")).told is False
    assert score(Sentence("", NHANES), understood(NHANES, "")).told is None


def test_the_summary_counts_by_schema_and_kind() -> None:
    sentences = [
        Sentence("a", NHANES, read_wishes(NHANES, "bmi=keep"), kinds=("freeze",)),
        Sentence("b", NHANES, read_wishes(NHANES, "bmi=down"), kinds=("direction", "freeze")),
        Sentence("c", HEART, read_wishes(HEART, "vessels=keep"), kinds=("freeze",)),
    ]
    read = [
        understood(s.schema, t)
        for s, t in zip(sentences, ("bmi=keep", "bmi=keep", "vessels=keep"), strict=True)
    ]
    found = measure(sentences, read, "hand")
    assert (found["sentences"], found["reader"], found["unseen"]["exact"]["n"]) == (3, "hand", 0)
    assert found["all"]["exact"]["value"] == pytest.approx(2 / 3)
    assert found["all"]["exact"]["low"] < 2 / 3 < found["all"]["exact"]["high"]
    assert found["schemas"]["heart"]["exact"]["value"] == 1
    assert found["kinds"]["direction"]["wrong"]["value"] == 1
    assert found["kinds"]["freeze"]["exact"]["n"] == 3
    assert [entry["text"] for entry in misread(sentences, read)] == ["b"]
    right = [Understood("", sentence.meant, (), "better") for sentence in sentences]
    assert exact_over(sentences, right, read)["value"] == pytest.approx(1 / 3)
    assert exact_over(sentences, read, read)["high"] == 0


@pytest.mark.parametrize(("file", "sentences"), [("rules", "sentences"), ("rules-after", "sentences_after")])
def test_the_committed_figures_are_those_of_these_rules_and_sentences(file: str, sentences: str) -> None:
    committed = json.loads((ROOT / f"results/wishes/{file}.json").read_text("utf-8"))
    listed = read_file(ROOT / f"tests/language/wishes/{sentences}.toml")
    found = measure(listed, [rules.read(entry.schema, entry.text) for entry in listed], rules.READER)
    assert {**found, "provenance": 0} == {**committed, "provenance": 0}
    assert found["provenance"]["sha256"] == committed["provenance"]["sha256"]
    shown = found["all"]["exact"]
    row = f"| {shown['n']} | {shown['value']:.2f} ({shown['low']:.2f}–{shown['high']:.2f}) |"
    assert row in (ROOT / "docs/wishes.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["adapter", "adapter-after", "adapter-generated"])
def test_the_committed_figures_of_the_language_model_are_those_of_the_documentation(name: str) -> None:
    found = committed(name)
    assert found is not None and committed("nothing") is None
    document = (ROOT / "docs/wishes.md").read_text("utf-8")
    for title, shares in (("language model", found["all"]), ("both", found["together"])):
        cells = [
            f"{shares[name]['value']:.2f} ({shares[name]['low']:.2f}–{shares[name]['high']:.2f})"
            for name in ("exact", "wrong")
        ]
        assert f"| {title} | {' | '.join(cells)} | {shares['told']['value']:.2f} |" in document
