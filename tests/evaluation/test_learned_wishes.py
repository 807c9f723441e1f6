"""From lessons to an adapter that reads wishes, with a real (tiny, random-weight) language model."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from sensecf_core.cli.program import main
from sensecf_core.counterfactuals.problem.budget import CancelledError
from sensecf_core.errors import NotReadyError
from sensecf_core.evaluation.learned_wishes import fine_tune_for_wishes, read_together
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.models import adapters, default_model
from sensecf_core.language.training.config import Settings
from sensecf_core.language.wishes import by_model
from sensecf_core.language.wishes.training_sentences.generator import generate
from sensecf_core.types import NO_CALLBACKS, Callbacks
from tests.language.cases import save_tiny_model

SETTINGS = Settings(rank=2, learning_rate=0.01, batch_tokens=4000, max_steps=2, validations=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    save_tiny_model(folder)
    return folder


def test_what_was_trained_reads_and_is_no_cohorts_adapter(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(by_model, "MOST_TOKENS", 24)
    out = adapters.folder_for_any("reader", publish=False, kind=adapters.WISHES)
    before, every = adapters.of_all_cohorts(), adapters.for_every_cohort()

    def train(callbacks: Callbacks, resume: bool) -> adapters.Card:
        return fine_tune_for_wishes(
            LocalModel.load(base),
            SETTINGS,
            name="reader",
            out=out,
            count=4,
            measured=(2, 3),
            resume=resume,
            callbacks=callbacks,
        )

    with pytest.raises(CancelledError):
        train(Callbacks(lambda *_: None, lambda: True), False)
    card = train(NO_CALLBACKS, True)
    assert (card.cohort, card.pairs["part"], card.training["steps"]) == ("wishes", "train", 2)
    assert card.rates[0]["exact"]["n"] == 3
    said = (out / adapters.README).read_text("utf-8")
    assert "that reads wishes" in said and "counterfactual changes" not in said

    assert [one.folder for one in adapters.of_wishes() if one.own] == [out]
    assert adapters.of_all_cohorts() == before and adapters.for_every_cohort() == every

    sha256 = default_model.weights_sha256(base)
    assert by_model.adapter("reader", sha256).card == card
    with pytest.raises(NotReadyError, match="other weights"):
        by_model.adapter("reader", "0")
    assert main(["wishes", "--generated", "val", "--adapter", "raeder"]) == 2
    assert "reader" in capsys.readouterr().err

    held = LocalModel.load(base, adapter=out)
    sentences = generate("val", 5, seed=1)
    read = read_together(partial(by_model.read_all, held), sentences)
    assert [entry.sentence for entry in read] == [sentence.text for sentence in sentences]
    assert {entry.reader for entry in read} == {by_model.READER}


def test_answers_of_a_batch_are_those_of_each_question_alone(base: Path) -> None:
    model = LocalModel.load(base)
    sentences = generate("val", 3, seed=0)
    asked = [by_model.prompt(sentence.schema, sentence.text) for sentence in sentences]
    grammars = [by_model.wishes_grammar(sentence.schema, sentence.text) for sentence in sentences]
    together = model.answer_each(asked, grammars, max_new_tokens=200)
    alone = [
        model.decode(one, n=1, grammar=grammar, max_new_tokens=200, temperature=0)
        for one, grammar in zip(asked, grammars, strict=True)
    ]
    assert together == [found.texts[0] if found.complete[0] else None for found in alone]
    assert model.answer_each(asked, grammars, max_new_tokens=1) == [None] * 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--wishes", "--any-cohort"], "--any-cohort, or --wishes"),
        (["--wishes", "--told", "profile"], "--wishes goes without --told"),
    ],
)
def test_options_that_need_a_cohort_are_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["finetune", *options]) == 2 and said in capsys.readouterr().err
