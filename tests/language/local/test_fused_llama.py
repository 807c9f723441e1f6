"""A small Llama computed in fewer steps: the library's numbers, for which models, and no memory twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from sensecf_core.language.local import fused_llama, loading, model as local_model
from sensecf_core.language.local.fused_llama import FusedLlama, fits
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.local.tree_attention import CHUNK
from tests.language import architectures
from tests.language.local.test_loading import check_rows

LONG = [5 + i % 200 for i in range(2 * CHUNK + 40)]
"""A prompt that is read in three passes."""


def loaded(
    folder: Path, precision: str = "float32", *, answers_only: bool = True, **changes: object
) -> LocalModel:
    architectures.save(folder, "LlamaForCausalLM", **changes)
    return LocalModel.load(folder, precision, "cpu", answers_only=answers_only)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_key_value_heads": 4},
        {"num_key_value_heads": 1, "head_dim": 8, "rms_norm_eps": 0.1},
        {"attention_bias": True, "mlp_bias": True},
        {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}},
    ],
    ids=["grouped", "every head its own keys", "one key head", "biases", "stretched positions"],
)
@pytest.mark.parametrize("prompt", [[7], LONG], ids=["one token", "three passes"])
def test_rows_get_the_numbers_that_the_library_gives_them_alone(
    tmp_path: Path, changes: dict[str, object], prompt: list[int]
) -> None:
    model = loaded(tmp_path, **changes)
    assert isinstance(model.states, FusedLlama)
    check_rows(model, prompt)


def test_in_bfloat16_it_is_as_near_to_float32_as_the_library(tmp_path: Path) -> None:
    exact = loaded(tmp_path)
    fused, plain = (loaded(tmp_path, "bf16", answers_only=answers_only) for answers_only in (True, False))
    assert isinstance(fused.states, FusedLlama) and not isinstance(plain.states, FusedLlama)
    errors = [float((scores(one) - scores(exact)).abs().mean()) for one in (fused, plain)]
    assert 0 < errors[0] < 1.5 * errors[1]


def test_with_8_bit_layers_it_answers_as_the_library_does(tmp_path: Path) -> None:
    fused, plain = (loaded(tmp_path, "int8", answers_only=answers_only) for answers_only in (True, False))
    assert isinstance(fused.states, FusedLlama)
    torch.testing.assert_close(scores(fused), scores(plain), rtol=1e-3, atol=1e-3)


def scores(model: LocalModel) -> torch.Tensor:
    from sensecf_core.language.local.tree_attention import PackedRows

    packed = PackedRows(model.model, model.states)
    *_, first = packed.read_prompt(LONG)
    assert first is not None
    return torch.cat(
        [first.of(), packed.read({0: [10, 11], 1: [12]}).of(), packed.read({0: [13], 1: [14]}).of()]
    )


def test_only_small_plain_llamas_that_answer_are_computed_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(tmp_path / "llama").model
    assert fits(model)
    assert not isinstance(loaded(tmp_path / "trained", answers_only=False).states, FusedLlama)
    monkeypatch.setattr(local_model, "_shared", {})
    assert isinstance(local_model.shared_model(tmp_path / "llama", device="cpu").states, FusedLlama)
    assert not fits(loaded(tmp_path / "gelu", hidden_act="gelu").model)
    architectures.save(tmp_path / "mistral", "MistralForCausalLM")
    assert not fits(loading.load_weights(tmp_path / "mistral", "float32", "cpu")[0])
    beside = nn.Linear(64, 64)
    beside.__class__ = type("Beside", (nn.Linear,), {})
    monkeypatch.setattr(model.model.layers[1].self_attn, "o_proj", beside)
    assert not fits(model), "an adapter beside a layer would be left out"
    monkeypatch.undo()
    monkeypatch.setattr(fused_llama, "is_large", lambda model: True)
    assert not fits(model)


def test_joined_weights_are_held_once(tmp_path: Path) -> None:
    layer = loaded(tmp_path).model.model.layers[0]
    query, key, value = (getattr(layer.self_attn, f"{name}_proj").weight for name in "qkv")
    gate, up = layer.mlp.gate_proj.weight, layer.mlp.up_proj.weight
    assert query.untyped_storage().data_ptr() == key.untyped_storage().data_ptr()
    assert key.untyped_storage().data_ptr() == value.untyped_storage().data_ptr()
    assert gate.untyped_storage().data_ptr() == up.untyped_storage().data_ptr()
