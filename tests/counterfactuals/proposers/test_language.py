"""The whole way from a request to an answer with real (tiny, random-weight) language models."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.proposers.registry import expected_answer_ids
from sensecf_core.language.local import model
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import default_model
from sensecf_core.language.models.default_model import WeightsStatus
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks


@pytest.fixture(autouse=True)
def only_model(babbler: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "shared_model", lambda: babbler)


def ask(participant: str, **options: object) -> ExplainRequest:
    return ExplainRequest.model_validate(
        {"cohort": "small", "participant_id": participant, "method": "lm-zero-shot", **options}
    )


def test_nonsense_ends_in_an_honest_none_with_its_trace(fitted: FittedCohort, flagged: list[str]) -> None:
    found = answer(fitted, ask(flagged[0], grammar=False))
    assert found.status == "none"
    assert found.counterfactuals == ()
    assert found.reasons[0] == "None of the 16 candidates could be read as changes."
    assert len(found.trace.candidates) == 16
    assert all(candidate.text and not candidate.readable for candidate in found.trace.candidates)


def test_a_grammar_makes_even_nonsense_readable_and_within_limits(
    fitted: FittedCohort, flagged: list[str]
) -> None:
    trace = answer(fitted, ask(flagged[0])).trace
    assert trace.readable == trace.proposed == 16
    for candidate in trace.candidates:
        assert candidate.edits is not None
        assert 1 <= len(candidate.edits) <= 3


def test_the_prompt_kept_is_the_one_sent_and_few_shot_shows_examples(
    fitted: FittedCohort, flagged: list[str], babbler: LocalModel, private_var: Path
) -> None:
    zero, few = (answer(fitted, ask(flagged[0], method=name)) for name in ("lm-zero-shot", "lm-few-shot"))
    assert zero.prompt is not None and few.prompt is not None
    assert (zero.prompt.count("<|im_start|>assistant"), few.prompt.count("<|im_start|>assistant")) == (1, 4)
    assert zero.provenance["examples"] == "0"
    assert few.provenance["examples"] == "3"
    assert few.provenance["sha256"]["base_model"] != ""


def test_the_id_of_an_answer_is_known_before_the_model_is_asked(
    fitted: FittedCohort, flagged: list[str], babbler: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = default_model.weights_sha256(babbler.folder)
    monkeypatch.setattr(default_model, "status", lambda: WeightsStatus("ready", "", babbler.folder, sha256))
    for method in ("lm-zero-shot", "lm-few-shot"):
        request = ask(flagged[0], method=method)
        ids = expected_answer_ids(fitted.cohort, fitted.classifier, request)
        assert ids[0] == answer(fitted, request).answer_id
    named = request.model_copy(update={"model": "another"})
    assert expected_answer_ids(fitted.cohort, fitted.classifier, named) == ()


def test_the_same_seed_repeats_and_a_cancel_ends_it(fitted: FittedCohort, flagged: list[str]) -> None:
    messages: list[str] = []
    answer(fitted, ask(flagged[1]), Callbacks(progress=lambda done, message: messages.append(message)))
    assert messages.index("The language model reads the profile") < messages.index(
        "The language model writes its candidates"
    )
    texts = [
        [candidate.text for candidate in answer(fitted, ask(flagged[1], seed=seed)).trace.candidates]
        for seed in (5, 5, 6)
    ]
    assert texts[0] == texts[1] != texts[2]
    cancelled = answer(fitted, ask(flagged[1]), Callbacks(cancelled=lambda: True))
    assert cancelled.status == "cancelled"
