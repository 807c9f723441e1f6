"""An adapter learns decisions and is measured on others, with a real (tiny, random-weight) model."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sensecf_core.access.people import on_behalf_of
from sensecf_core.cli.commands.fine_tuning.from_decisions import in_words
from sensecf_core.counterfactuals.fine_tuning.pairs.decided import JudgedQuery, hold_out, judged_queries
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.counterfactuals.problem.make_queries import make_queries
from sensecf_core.errors import InputError
from sensecf_core.evaluation import learned_decisions
from sensecf_core.evaluation.learned_decisions import Decisions, learn, ordinary
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.models.adapters import Adapter
from sensecf_core.language.prompts.fine_tuned import TUNED_SHA256
from sensecf_core.language.training import save_adapter, trainer
from sensecf_core.language.training.config import Settings
from sensecf_core.queries.limits import Limits
from sensecf_core.queries.query import PromptHints
from sensecf_core.records import decisions
from sensecf_core.records.decided_options import check_enough, decided_options
from sensecf_core.types import Callbacks
from sensecf_core.ui.models import adapter_card
from tests.language.cases import save_tiny_model
from tests.records.decided_rows import save_answers

SETTINGS = Settings(rank=4, alpha=8, learning_rate=0.02, batch_tokens=800, max_steps=2, validations=1)


@pytest.fixture(scope="module")
def start(fitted: FittedCohort, tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    """An adapter that learned nothing yet, of a model that lies beside it."""
    folder = tmp_path_factory.mktemp("start")
    save_tiny_model(folder / "pupil")
    model = LocalModel.load(folder / "pupil")
    card = {
        "name": "start",
        "cohort": "small",
        "base": "pupil",
        "base_sha256": default_model.weights_sha256(folder / "pupil"),
        "schema_sha256": fitted.schema.sha256,
        "classifier_sha256": fitted.classifier.sha256,
        "template_sha256": TUNED_SHA256,
        "pairs_sha256": "0" * 64,
        "temperature": 1.0,
        "pairs": {},
        "settings": asdict(SETTINGS),
        "training": {},
        "rounds": (),
        "rates": (),
        "provenance": {},
    }
    peft = trainer.adapter_for(model.model, SETTINGS)
    with on_behalf_of("anna@hospital.example"):
        saved = save_adapter.save(peft, folder / "adapter", card, [])
    return Adapter(folder / "adapter", saved, own=True)


@pytest.fixture
def decided(fitted: FittedCohort) -> Decisions:
    """For each of 25 people the option that lowers the BMI is kept, the one that lowers sugar rejected."""
    for answer in save_answers(fitted, "train", 25):
        decisions.keep(answer, 1, by="Dr Lee")
        decisions.reject(answer, 2, "too-small", by="Dr Lee")
    found = decided_options(fitted.cohort)
    check_enough("small", found)
    taught, held_out = hold_out(judged_queries(fitted, found.options), learned_decisions.HELD_OUT, 0)
    return Decisions(taught, held_out, {"decisions": found.decisions})


def test_what_was_kept_becomes_likelier_for_people_who_taught_nothing(
    fitted: FittedCohort, start: Adapter, decided: Decisions
) -> None:
    model = LocalModel.load(start.folder.parent / "pupil")
    sides = [{one.query.participant_id for one in side} for side in (decided.taught, decided.held_out)]
    assert [len(side) for side in sides] == [17, 8] and not sides[0] & sides[1]
    told: list[float] = []
    out = adapters.own_folder(fitted.cohort, "taught")
    with on_behalf_of("ben@hospital.example"):
        card = learn(
            fitted,
            model,
            start,
            decided,
            replace(SETTINGS, learning_rate=0.1, max_steps=20),
            name="taught",
            out=out,
            validation_queries=1,
            callbacks=Callbacks(lambda done, _: told.append(done)),
        )
    assert (start.card.owner, card.owner) == ("anna@hospital.example", "ben@hospital.example")
    assert told == sorted(told)
    found = card.decisions
    assert (found["decisions"], found["from"], found["from_sha256"]) == (
        50,
        "start",
        start.card.weights_sha256,
    )
    assert found["people"] == found["questions"] == found["pairs"] == {"taught": 17, "held_out": 8}
    preferred, valid = found["preferred"], found["valid"]
    assert preferred["after"]["value"] > preferred["before"]["value"]
    assert preferred["difference"]["value"] == pytest.approx(
        preferred["after"]["value"] - preferred["before"]["value"]
    )
    assert valid["before"]["n"] == valid["after"]["n"] > 0
    assert adapters.by_name(fitted.cohort, "taught").card == card
    assert card.weights_sha256 != start.card.weights_sha256 and card.pairs_sha256 == start.card.pairs_sha256
    assert (
        card.settings["start_sha256"] == start.card.weights_sha256 and card.rounds[0]["kind"] == "decisions"
    )
    assert found["decisions_by_side"] == {"taught": 34, "held_out": 16}
    said = "Taught by 34 decisions about 17 people, measured on 16 decisions about 8 people"
    assert f"{said}. It goes on from start." in adapter_card.decisions_text(card)
    assert in_words(found).startswith(f"{said}. Share of a question's pairs")
    assert "mean of 8 held-out questions (8 pairs)" in in_words(found)
    fallen = found | {"valid": valid | {"difference": {"value": -0.2, "low": -0.3, "high": -0.1, "n": 4}}}
    assert in_words(fallen).endswith("It is worse at reaching the desired class than the one before.")
    readme = (out / adapters.README).read_text()
    assert said in readme and "the adapter start" in readme
    assert not list((out.parents[1] / "fine-tuning").glob("*taught*"))


def test_a_cancelled_one_leaves_no_adapter(fitted: FittedCohort, start: Adapter, tmp_path: Path) -> None:
    (answer,) = save_answers(fitted, "train", 1)
    decisions.keep(answer, 1, by="Dr Lee")
    decisions.reject(answer, 2, "too-small", by="Dr Lee")
    judged = judged_queries(fitted, decided_options(fitted.cohort).options)
    model, out = LocalModel.load(start.folder.parent / "pupil"), tmp_path / "taught"
    cancelled = Callbacks(cancelled=lambda: True)
    with pytest.raises(CancelledError):
        learn(
            fitted,
            model,
            start,
            Decisions(judged, judged, {}),
            SETTINGS,
            name="taught",
            out=out,
            callbacks=cancelled,
        )
    assert not out.exists()


def test_nothing_is_read_about_people_held_out(fitted: FittedCohort) -> None:
    rows = fitted.cohort.part("train")
    everybody = {str(participant) for participant, _ in rows.index}
    held_out = sorted(everybody)[::2]
    pairs = ordinary(fitted, 40, "shap", 0, held_out)
    told = {pair.query.participant_id for pair in pairs}
    assert len(pairs) == 40 and told <= everybody - set(held_out)


def test_what_did_neither_teach_nor_measure_is_told() -> None:
    counted = {"decisions": 9, "people": {"taught": 2, "held_out": 1}}
    sides = {"decisions_by_side": {"taught": 5, "held_out": 1}}
    assert adapters.taught_by(counted | sides) == (
        "Taught by 5 decisions about 2 people, measured on 1 decision about 1 person; 3 had no counterpart, "
        "kept or rejected, on the same row"
    )
    assert adapters.taught_by(counted).startswith("Taught by a part of 9 decisions")


def test_one_person_cannot_teach_and_measure(fitted: FittedCohort) -> None:
    keys = [(str(participant), str(row)) for participant, row in fitted.cohort.part("train").index[:2]]
    queries = make_queries(fitted, keys, 0, Limits(profile="intervention"))
    judged = [JudgedQuery(query, PromptHints(gap=0.0, effects=()), (), (), frozenset()) for query in queries]
    with pytest.raises(InputError, match="1 participant has both"):
        hold_out(judged[:1], 0.3, 0)
    assert [len(side) for side in hold_out(judged, 0.3, 0)] == [1, 1]
