"""Additive masks, and the form of attention used in training."""

from pathlib import Path

import pytest
import torch

from sensecf_core.language.local.attention_masks import PLAIN_ATTENTION, additive_mask, trained_attention
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.training.batches import TrainingExample, collate, tree_of
from sensecf_core.language.training.losses import Likelihood


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> LocalModel:
    return LocalModel.load(tiny_folder, "float32")


def test_a_mask_adds_nothing_to_visible_tokens_and_hides_the_rest(model: LocalModel) -> None:
    sees = torch.tensor([[True, False], [True, True]])
    hidden = torch.finfo(torch.float32).min
    assert additive_mask(sees, model.model).tolist() == [[0, hidden], [0, 0]]


def test_short_trees_use_plain_attention_long_ones_the_fused_form_and_the_default_is_restored(
    model: LocalModel,
) -> None:
    config = model.model.config
    default = config._attn_implementation
    assert default != "eager"
    with pytest.raises(KeyError), trained_attention(model.model, PLAIN_ATTENTION):
        assert config._attn_implementation == "eager"
        raise KeyError
    assert config._attn_implementation == default
    with trained_attention(model.model, PLAIN_ATTENTION + 1):
        assert config._attn_implementation == default


def test_both_forms_have_the_same_loss(model: LocalModel) -> None:
    trees = [
        tree_of(model.tokenizer, TrainingExample(text, ("bmi=30; sugar=5", "sleep=8")))
        for text in ("Risk:", "A longer risk:")
    ]
    batch = collate([tree for tree in trees if tree], 0)
    with torch.inference_mode():
        fused = float(Likelihood()(model.model, batch))
        with trained_attention(model.model, batch.tokens.shape[1]):
            plain = float(Likelihood()(model.model, batch))
    assert plain == pytest.approx(fused, rel=1e-4)
