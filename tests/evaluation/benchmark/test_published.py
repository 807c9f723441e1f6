"""Methods that did not run here come with commands that the program knows."""

from __future__ import annotations

import re

import pytest

from sensecf_core.cohorts.cohort import Cohort
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.errors import NotReadyError
from sensecf_core.evaluation.benchmark import availability
from sensecf_core.evaluation.benchmark.entries import Entry, parse
from sensecf_core.evaluation.benchmark.published import PUBLISHED, absent
from sensecf_core.language.models import adapter_choice, default_model, registry


def test_the_papers_language_models_are_named_until_they_are_run() -> None:
    rows = [one.row for one in absent("nhanes", [Entry("random")])]
    assert rows == [
        "lm-zero-shot@gpt-4o",
        "lm-few-shot@gpt-4o",
        "lm-few-shot@biomistral-7b",
        "lm-guided@biomistral-7b",
        "lm-few-shot@llama-3.1-8b-instruct",
        "lm-guided@llama-3.1-8b-instruct",
    ]
    assert [one.row for one in absent("nhanes", parse(rows[:5]))] == rows[5:]


def test_their_commands_name_methods_and_models_there_are() -> None:
    for one in absent("nhanes", []):
        assert one.status == "not run here"
        assert one.why
        for command in one.commands:
            if (found := re.search(r"benchmark --cohort nhanes --methods (\S+)", command)) is not None:
                assert parse(found[1].split(","))[0].name == one.row
            else:
                (base,) = re.findall(r"finetune --cohort nhanes --base (\S+) --minutes 60", command)
                assert registry.spec(base).kind == "local"


def test_published_figures_say_where_they_are_from() -> None:
    assert all("arXiv" in one.source and one.data == "on AI-READI, as published" for one in PUBLISHED)


def test_what_cannot_answer_here_is_named_with_its_reason_unless_it_was_demanded(
    fitted: FittedCohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(cohort: Cohort, base_sha256: str | None = None, prompt: str | None = None) -> None:
        raise NotReadyError(f"No adapter was trained for {cohort.schema.name} yet.")

    monkeypatch.setattr(default_model, "require", lambda: None)
    monkeypatch.setattr(adapter_choice, "require", missing)
    entries = (Entry("lm-guided"), Entry("random"))
    found, absent = availability.ready(fitted, entries, [])
    assert found == (Entry("random"),)
    assert (absent[0].row, absent[0].why) == ("lm-guided", "No adapter was trained for small yet.")
    assert absent[0].commands[0] == "python -m sensecf_core finetune --cohort small --minutes 60"
    with pytest.raises(NotReadyError, match="No adapter"):
        availability.ready(fitted, entries, [Entry("lm-guided")])
