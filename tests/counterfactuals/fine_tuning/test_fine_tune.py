"""From pairs to an adapter that answers, with a real (tiny, random-weight) language model."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.fine_tuning import fine_tune as stages, self_training, validation
from sensecf_core.counterfactuals.fine_tuning.fine_tune import fine_tune
from sensecf_core.counterfactuals.fine_tuning.pairs.pair_search import Pair, build
from sensecf_core.counterfactuals.fine_tuning.stages import Options
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.search_space import SearchSpace
from sensecf_core.counterfactuals.proposers import registry
from sensecf_core.counterfactuals.proposers.tuned_prompt import GuidedPrompt, TunedPrompt
from sensecf_core.counterfactuals.search.answers import MARGINS
from sensecf_core.errors import NotReadyError
from sensecf_core.language.local import model
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.models.adapters import Card
from sensecf_core.language.training.batches import TrainingExample
from sensecf_core.language.training.config import Settings
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import Callbacks
from tests.language.cases import save_tiny_model

OPTIONS = Options(
    Settings(rank=4, learning_rate=0.01, batch_tokens=800, max_steps=6, validations=2),
    most_rows=12,
    validation_queries=2,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pupil")
    save_tiny_model(place)
    return place


def teach(
    fitted: FittedCohort, folder: Path, tmp_path: Path, options: Options = OPTIONS, **more: object
) -> Card:
    arguments = {"name": "pupil", "work": tmp_path / "work"}
    return fine_tune(fitted, LocalModel.load(folder), options, **{**arguments, **more})  # type: ignore[arg-type]


def test_an_adapter_is_made_with_its_card_and_then_answers(
    fitted: FittedCohort, flagged: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints: list[tuple[float, str]] = []
    callbacks = Callbacks(lambda done, words: hints.append((done, words)))
    card = teach(fitted, folder, tmp_path, callbacks=callbacks)
    assert adapters.by_name(fitted.cohort, "pupil").card == card
    assert card.training["steps"] == 6 and card.training["tokens"] > 1000
    assert card.temperature in validation.TEMPERATURES
    assert {rate["temperature"] for rate in card.rates} == set(validation.TEMPERATURES)
    assert card.pairs["part"] == "train" and card.settings["rank"] == 4
    assert card.classifier_sha256 == fitted.classifier.sha256
    done = [fraction for fraction, _ in hints]
    assert done == sorted(done) and any("tokens/s" in words for _, words in hints)

    monkeypatch.setattr(default_model, "status", lambda *_, **__: _Ready(folder))
    monkeypatch.setattr(
        model,
        "shared_model",
        lambda base=None, adapter=None, *_: LocalModel.load(folder, adapter=adapter),
    )
    assert registry.default_method(fitted.cohort) == "lm-guided"
    request = ExplainRequest(cohort="small", participant_id=flagged[0], method="lm-guided")
    found = answer(fitted, request)
    assert found.trace.proposed == 16 == found.trace.readable
    assert found.provenance["sha256"]["adapter"] == card.weights_sha256
    assert found.prompt is not None and "tenths add up" in found.prompt
    assert answer(fitted, request).trace == found.trace


@pytest.mark.parametrize("kind", ["best", "preference"])
def test_rounds_learn_from_what_the_checker_says(
    fitted: FittedCohort, folder: Path, tmp_path: Path, kind: Literal["best", "preference"]
) -> None:
    options = replace(OPTIONS, rounds=1, round_queries=6, round_kind=kind)
    card = teach(fitted, folder, tmp_path, options)
    first, second = card.rounds
    assert (first["kind"], second["kind"], second["round"]) == ("pairs", kind, 1)
    assert first["kept"] and 0 < second["queries"] <= 12
    assert all(entry["changed"] > 0 and entry["gower"] > 0 for entry in card.rounds)
    assert second["kept"] == (second["val"] > first["val"])


def test_both_kinds_of_a_round_start_alike_and_the_better_is_kept(
    fitted: FittedCohort, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taught(kind: Literal["best", "preference", "both"], *val: float) -> Card:
        scores = iter(val)
        monkeypatch.setattr(
            stages.FineTuning, "measured", lambda *_: {"val": next(scores), "changed": 1.0, "gower": 0.1}
        )
        settings = replace(OPTIONS.settings, max_steps=10)
        options = replace(OPTIONS, settings=settings, rounds=1, round_queries=6, round_kind=kind)
        tell = lambda done, words: hints.append(done)  # noqa: E731
        return teach(fitted, folder, tmp_path / f"{kind}{val}", options, callbacks=Callbacks(tell))

    hints: list[float] = []

    hints.clear()
    both = taught("both", 0.5, 0.6, 0.7)
    assert hints == sorted(hints)
    assert [(row["kind"], row["kept"]) for row in both.rounds] == [
        ("pairs", True),
        ("best", False),
        ("preference", True),
    ]
    other = taught("both", 0.5, 0.7, 0.6)
    neither = taught("both", 0.5, 0.5, 0.4)
    assert [row["kept"] for row in other.rounds] == [True, True, False]
    assert [row["kept"] for row in neither.rounds] == [True, False, False]
    assert len({card.weights_sha256 for card in (both, other, neither)}) == 3


def test_a_round_that_measures_no_better_is_taken_back(
    fitted: FittedCohort, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taught(kind: Literal["best", "preference"], *val: float) -> tuple[str, bool]:
        scores = iter(val)
        monkeypatch.setattr(
            stages.FineTuning, "measured", lambda *_: {"val": next(scores), "changed": 1.0, "gower": 0.1}
        )
        options = replace(OPTIONS, rounds=1, round_queries=6, round_kind=kind)
        card = teach(fitted, folder, tmp_path / f"{kind}{val}", options)
        return card.weights_sha256, card.rounds[1]["kept"]

    best, kept = taught("best", 0.5, 0.5)
    assert not kept
    assert taught("preference", 0.5, 0.4) == (best, False)
    better, kept = taught("best", 0.5, 0.6)
    assert kept and better != best


def test_without_validation_queries_the_last_weights_are_kept(
    fitted: FittedCohort, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation.ValidationSet, "of", lambda *_: validation.ValidationSet({}))
    options = replace(OPTIONS, rounds=1, round_queries=6, settings=replace(OPTIONS.settings, max_steps=10))
    card = teach(fitted, folder, tmp_path, options)
    first, second = card.rounds
    assert first["kept"] and first["ended"] == "budget" and "val" not in first and not second["kept"]
    assert card.rates == () and card.temperature == validation.TEMPERATURES[0]


def test_nothing_to_learn_is_said_before_anything_is_trained(
    fitted: FittedCohort, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unanswered = tuple(replace(pair, answers=()) for pair in build(fitted, most_rows=2, variants=0))
    monkeypatch.setattr(stages.pair_files, "load_or_build", lambda *_, **__: (tmp_path, unanswered))
    with pytest.raises(stages.NothingToLearnError, match="no training query has an answer"):
        teach(fitted, folder, tmp_path, replace(OPTIONS, rounds=1))


def test_own_answers_pass_the_checks_or_the_searchs_stay(fitted: FittedCohort, folder: Path) -> None:
    pairs = [pair for pair in build(fitted, most_rows=6, variants=0) if pair.answers]
    model = LocalModel.load(folder)
    rollouts = self_training.sample_own_answers(fitted, GuidedPrompt(fitted.schema), model, pairs)
    assert [one.pair.query for one in rollouts] == [pair.query for pair in pairs]
    assert all(one.accepted or one.pair == old for one, old in zip(rollouts, pairs, strict=True))
    accepted = [one.pair for one in rollouts if one.accepted]
    assert accepted
    examples = self_training.preference_examples(GuidedPrompt(fitted.schema), model.tokenizer, rollouts)
    assert len(examples) == sum(bool(one.rejected) for one in rollouts) > 0
    for pair in accepted:
        assert 1 <= len(pair.answers) <= self_training.ROUND_ANSWERS
        space = SearchSpace.of(fitted.schema, pair.query)
        for one in pair.answers:
            beyond = fitted.classifier.margin_of_codes(space.apply(one)[None])[0] - fitted.threshold_margin
            assert (beyond if pair.query.desired else -beyond) >= MARGINS[-1] - 1e-9


def test_a_cancelled_one_leaves_no_adapter_and_resumes(
    fitted: FittedCohort, folder: Path, tmp_path: Path
) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    with pytest.raises(CancelledError):
        teach(fitted, folder, tmp_path, work=None, callbacks=Callbacks(cancelled=cancelled))
    assert adapters.adapters(fitted.cohort) == ()
    steps: list[str] = []
    longer = replace(OPTIONS, settings=replace(OPTIONS.settings, minutes=60.0))  # another budget, same folder
    resumed: dict[str, Any] = {"work": None, "resume": True}
    callbacks = Callbacks(lambda _, words: steps.append(words))
    card = teach(fitted, folder, tmp_path, longer, **resumed, callbacks=callbacks)
    assert card.training["steps"] == 6
    first = next(words for words in steps if words.startswith("Training: step"))
    assert not first.startswith("Training: step 1,")


def test_without_an_adapter_the_request_says_what_to_do(
    fitted: FittedCohort, flagged: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(default_model, "status", lambda *_, **__: _Ready(folder))
    request = ExplainRequest(cohort="small", participant_id=flagged[0], method="lm-guided")
    with pytest.raises(NotReadyError, match="finetune --cohort small"):
        answer(fitted, request)


class _Ready:
    """The status of a base model that is there."""

    def __init__(self, folder: Path) -> None:
        self.ready, self.message, self.folder = True, "", folder
        self.sha256 = default_model.weights_sha256(folder)


def test_fewer_pairs_are_of_all_kinds(
    fitted: FittedCohort, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []
    examples = self_training.training_examples

    def note(
        prompt: TunedPrompt, tokenizer: object, pairs: Sequence[Pair], **more: float
    ) -> list[TrainingExample]:
        seen.extend((pair.query.limits.profile, pair.query.desired) for pair in pairs)
        return examples(prompt, tokenizer, pairs, **more)

    monkeypatch.setattr(self_training, "training_examples", note)
    card = teach(fitted, folder, tmp_path, replace(OPTIONS, most_pairs=20))
    assert card.rounds[0]["queries"] == 20 == len(seen)
    assert len(set(seen)) >= 3  # answers to intervention queries away from the desired class are rare


def test_a_model_that_is_told_nothing_of_changes_is_taught_and_answers(
    fitted: FittedCohort, flagged: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = replace(OPTIONS, source="profile", per_group=30, synthetic=60)
    card = teach(fitted, folder, tmp_path, options)
    assert card.settings["source"] == "profile" and card.pairs["synthetic"] > 0
    assert all({"random_valid", "nearest_pair_valid"} <= row.keys() for row in card.rates)
    assert not any("effects_valid" in row for row in card.rates), "it was not told what changes are worth"
    place = adapters.own_folder(fitted.cohort, "pupil")
    curve = json.loads((place / adapters.CURVE).read_text())
    assert {"valid", "solid", "distinct", "gower"} == set(curve[-1]["rates"])

    monkeypatch.setattr(default_model, "status", lambda *_, **__: _Ready(folder))
    monkeypatch.setattr(
        model, "shared_model", lambda base=None, adapter=None, *_: LocalModel.load(folder, adapter=adapter)
    )
    request = ExplainRequest(cohort="small", participant_id=flagged[0], method="lm-fine-tuned")
    found = answer(fitted, request)
    assert found.trace.proposed == 16 == found.trace.readable  # rules between features are not in the grammar
    assert found.prompt is not None and "gap=" in found.prompt
    assert found.provenance["sha256"]["prompt_template"] == card.template_sha256
    wholes = [candidate.whole or "" for candidate in found.trace.candidates]
    assert all(re.search(r"[+-]\d+=-?\d+$", whole) for whole in wholes)
