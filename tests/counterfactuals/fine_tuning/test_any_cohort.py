"""One adapter for every cohort: invented lessons, and whom it then answers for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensecf_core.cli.program import main
from sensecf_core.cohorts import builtin
from sensecf_core.counterfactuals.explain import answer
from sensecf_core.counterfactuals.fine_tuning.any_cohort import fine_tune_for_any
from sensecf_core.counterfactuals.fine_tuning.pairs import invented
from sensecf_core.counterfactuals.problem.fitted_cohort import FittedCohort
from sensecf_core.language.local import model
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapter_choice, adapters, default_model
from sensecf_core.language.prompts.fine_tuned import answer_order, answer_text, effect_scores
from sensecf_core.language.prompts.sums_grammar import sums_grammar
from sensecf_core.language.training.config import Settings
from sensecf_core.queries.request import ExplainRequest
from sensecf_core.types import NO_CALLBACKS
from tests.language.cases import save_tiny_model
from tests.language.prompts.test_grammar import accepts


def test_what_an_invented_lesson_teaches_is_what_its_prompt_tells() -> None:
    found = list(invented.lessons(80, seed=2))
    told = [(lesson.query, lesson.hints, lesson.answers) for lesson in found]
    again, other = invented.lessons(80, seed=2), invented.lessons(80, seed=3)
    assert told == [(lesson.query, lesson.hints, lesson.answers) for lesson in again]
    assert told != [(lesson.query, lesson.hints, lesson.answers) for lesson in other]
    enough = 0
    for lesson in found:
        schema, query, hints = lesson.schema, lesson.query, lesson.hints
        scores = effect_scores(schema, query, hints)
        assert scores is not None and lesson.answers
        grammar = sums_grammar(schema, query.movable, query.limits.max_changes, answer_order(hints), scores)
        texts = [answer_text(schema, query, hints, edits) for edits in lesson.answers]
        assert all(accepts(grammar, text) for text in texts)
        enough += int(texts[0].rsplit("=", 1)[1]) >= 10
    assert 20 < enough < 75, "some gaps can be closed, others not"


def test_no_name_of_a_cohort_is_taught() -> None:
    known = {name for cohort in builtin.NAMES for name in builtin.load(cohort).schema.names}
    names = [name for lesson in invented.lessons(200, seed=0) for name in lesson.schema.names]
    assert not known & set(names) and len(set(names)) > 0.9 * len(names)
    kinds = {feature.kind for lesson in invented.lessons(40, seed=1) for feature in lesson.schema.features}
    assert kinds == {"continuous", "integer", "binary", "ordinal", "categorical"}


def test_it_answers_for_a_cohort_that_it_never_saw_and_gives_way_to_the_cohorts_own(
    fitted: FittedCohort, flagged: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    save_tiny_model(folder)
    settings = Settings(rank=4, learning_rate=0.01, batch_tokens=800, max_steps=3, validations=1)
    card = fine_tune_for_any(
        [fitted],
        LocalModel.load(folder),
        settings,
        name="general",
        out=adapters.folder_for_any("general", publish=False),
        lessons=30,
        callbacks=NO_CALLBACKS,
    )
    assert {row["cohort"] for row in card.rates} == {"small"} and all(
        "effects_valid" in row for row in card.rates
    )
    monkeypatch.setattr(default_model, "status", lambda *_, **__: _Ready(folder))
    found = adapter_choice.require(fitted.cohort)
    assert found.card == card and adapters.other_classifier(card, "another") is None

    monkeypatch.setattr(
        model, "shared_model", lambda base=None, adapter=None, *_: LocalModel.load(folder, adapter=adapter)
    )
    request = ExplainRequest(cohort="small", participant_id=flagged[0], method="lm-guided")
    trace = answer(fitted, request).trace
    assert trace.proposed == 16 == trace.readable

    own = adapters.own_folder(fitted.cohort, "own")
    own.parent.mkdir(parents=True, exist_ok=True)
    found.folder.rename(own)
    text = (own / adapters.CARD).read_text().replace('"cohort": "any-cohort"', '"cohort": "small"')
    text = text.replace('"schema_sha256": "any-cohort"', f'"schema_sha256": "{fitted.schema.sha256}"')
    (own / adapters.CARD).write_text(text)
    assert adapter_choice.require(fitted.cohort).folder == own


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--any-cohort", "--cohort", "heart"], "either --cohort NAME or --any-cohort"),
        ([], "either --cohort NAME or --any-cohort"),
        (["--any-cohort", "--told", "profile"], "goes without --told"),
    ],
)
def test_options_that_need_a_cohort_are_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["finetune", *options]) == 2 and said in capsys.readouterr().err


class _Ready:
    """The status of a base model that is there."""

    def __init__(self, folder: Path) -> None:
        self.ready, self.message, self.folder = True, "", folder
        self.sha256 = default_model.weights_sha256(folder)
