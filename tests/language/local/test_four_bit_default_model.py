"""The 4-bit path with the real default model on this processor: load, answer, and learn (QLoRA)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sensecf_core.cohorts.schema import Schema
from sensecf_core.language.backend import Constraint
from sensecf_core.language.local.loading import for_training, precision_of
from sensecf_core.language.local.model import LocalModel, shared_model
from sensecf_core.language.models import default_model
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.language.prompts.plain import build, chat_text
from sensecf_core.language.training.batches import TrainingExample, collate, continuation_tokens, tree_of
from sensecf_core.language.training.config import Settings
from sensecf_core.language.training.losses import Likelihood
from sensecf_core.language.training.trainer import adapter_for
from sensecf_core.queries.query import Query

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def model() -> LocalModel:
    return LocalModel.load(default_model.require(), "nf4", "cpu")


def test_it_is_a_quarter_of_the_size_and_still_knows_what_it_knew(model: LocalModel) -> None:
    assert precision_of(model.model) == "nf4"
    linear = [p for p in model.model.parameters() if p.dtype == torch.uint8]
    assert sum(p.nbytes for p in linear) == 106_168_320 // 2
    samples = model.sample("The capital of France is", n=1, temperature=0, max_new_tokens=4)
    assert "Paris" in samples.texts[0]


def test_it_answers_under_the_grammar_and_learns_from_a_step(
    model: LocalModel, schema: Schema, query: Query, tmp_path: Path
) -> None:
    prompt = build(schema, query, ())
    constraint = Constraint(schema, query.movable, 1)
    samples = model.sample(prompt, n=4, constraint=constraint)
    assert all(samples.complete) and all(read_edits(schema, text) for text in samples.texts)
    tree = tree_of(
        model.tokenizer, TrainingExample(chat_text(model.tokenizer, prompt), ("bmi=28.0; sugar=60",))
    )
    assert tree is not None
    batch = collate([tree], pad=0)
    peft = adapter_for(for_training(model.model), Settings(rank=4))
    trained = [p for p in peft.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=2e-3)
    peft.train()
    before = Likelihood()(peft.get_base_model(), batch)
    before.backward()
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in trained)
    optimizer.step()
    peft.eval()
    with torch.inference_mode():
        assert float(Likelihood()(peft.get_base_model(), batch)) < 0.9 * float(before.detach())


def test_continuing_a_prompt_changes_nothing_for_its_tokenizer() -> None:
    tokenizer = shared_model().tokenizer
    for answer in ("bmi=27.5; sugar=60", "smoking=former", "systolic=120; ecg=normal"):
        assert continuation_tokens(tokenizer, answer) == tokenizer(answer).input_ids
