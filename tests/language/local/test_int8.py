"""8-bit weights: what is rounded and how little it changes, when they are used, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from sensecf_core.errors import InputError
from sensecf_core.language.local import int8, loading, model as local_model
from sensecf_core.language.local.int8 import Int8Linear
from sensecf_core.language.local.model import LocalModel
from tests.language import architectures

TOKENS = torch.tensor([[5, 6, 7, 8, 9, 10]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("llama")
    architectures.save(path, "LlamaForCausalLM")
    return path


def test_a_layer_is_rounded_by_output_and_input() -> None:
    """Worked by hand: a row's scale is its largest weight / 127; the inputs here are exact in seven bits."""
    layer = nn.Linear(2, 2, bias=True)
    layer.weight.data = torch.tensor([[1.27, 0.5], [-12.7, 0.04]])
    layer.bias.data = torch.tensor([1.0, 0.0])
    found = Int8Linear(layer)(torch.tensor([[0.0, 127.0]]))
    # 0.5 is 50 of 0.01; 0.04 is nearer to 0 than to 0.1, so that all of it is lost.
    assert found[0].tolist() == pytest.approx([1.0 + 0.5 * 127, 0.0], abs=1e-3)


@torch.inference_mode()
def test_it_answers_almost_like_the_float32_model(folder: Path) -> None:
    exact, rounded = LocalModel.load(folder, "float32"), LocalModel.load(folder, "int8")
    first, second = (one.model(input_ids=TOKENS).logits.log_softmax(-1) for one in (exact, rounded))
    assert 0 < float((first.exp() * (first - second)).sum(-1).mean()) < 0.01, "a small KL divergence"
    kinds = {name.rpartition(".")[2]: type(layer) for name, layer in rounded.model.named_modules()}
    assert kinds["q_proj"] is kinds["gate_proj"] is Int8Linear
    assert kinds["down_proj"] is kinds["lm_head"] is nn.Linear
    assert (exact.settings()["precision"], rounded.settings()["precision"]) == ("float32", "int8")
    assert rounded.states is not None and exact.states is not None
    assert len(rounded.sample("Profile", n=3, max_new_tokens=4, seed=1).texts) == 3


def test_only_answers_are_rounded_and_only_where_the_processor_has_no_bfloat16(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for dtype, expected in ((torch.float32, "int8"), (torch.bfloat16, "bf16")):
        monkeypatch.setattr(loading, "best_dtype", lambda device=None, dtype=dtype: dtype)
        monkeypatch.setattr(local_model, "_shared", {})
        assert local_model.shared_model(folder, device="cpu").settings()["precision"] == expected
    monkeypatch.setattr(loading, "best_dtype", lambda device=None: torch.float32)
    trained = LocalModel.load(folder, device="cpu")
    assert trained.settings()["precision"] == "float32", "what may be trained is not rounded"
    monkeypatch.setattr(int8, "is_large", lambda model: True)
    assert not int8.pays(trained.model)


def test_a_gpu_is_told_what_to_use_instead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_device", lambda device: "cuda:0")
    with pytest.raises(InputError, match="int8 is for the CPU; on cuda:0 use nf4"):
        loading.load_weights(folder, "int8")
