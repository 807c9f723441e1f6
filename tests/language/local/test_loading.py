"""Loading in every precision, both larger architectures, and a LoRA step on each."""

from __future__ import annotations

import copy
import gc
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from sensecf_core.cohorts.schema import Schema
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.backend import Constraint
from sensecf_core.language.local import loading
from sensecf_core.language.local.loading import for_training, load_weights, precision_of
from sensecf_core.language.local.lora import for_answers
from sensecf_core.language.local.model import LocalModel
from sensecf_core.language.local.tree_attention import PackedRows
from sensecf_core.language.prompts.grammar import read_edits
from sensecf_core.language.prompts.plain import Prompt, build, chat_text
from sensecf_core.language.training.batches import TrainingExample, collate, continuation_tokens, tree_of
from sensecf_core.language.training.config import Settings
from sensecf_core.language.training.losses import Likelihood
from sensecf_core.language.training.trainer import adapter_for
from sensecf_core.queries.query import Query
from tests.language import architectures

PRECISIONS: tuple[loading.Precision, ...] = ("float32", "bf16", "nf4")
KINDS = {
    "llama": ("LlamaForCausalLM", {}),
    "llama-3 rope": (
        "LlamaForCausalLM",
        {
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 500000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 512,
            }
        },
    ),
    "mistral": ("MistralForCausalLM", {"sliding_window": None}),
    "mistral, window 4096": ("MistralForCausalLM", {"sliding_window": 4096}),
}
EXAMPLES = (
    TrainingExample("Profile: bmi=31.2 Answer: ", ("bmi=27.5", "sugar=60; active=1")),
    TrainingExample("Profile: waist=104 Answer: ", ("waist=92",)),
)


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("architecture")
    architecture, changes = KINDS[request.param]
    architectures.save(path, architecture, **changes)
    return path


@pytest.fixture(scope="module", params=PRECISIONS)
def model(request: pytest.FixtureRequest, folder: Path) -> LocalModel:
    return LocalModel.load(folder, request.param, "cpu")


@pytest.fixture(scope="module")
def four_bit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("llama")
    architectures.save(path, "LlamaForCausalLM")
    return path


def test_precision_and_what_is_four_bit(model: LocalModel, request: pytest.FixtureRequest) -> None:
    precision = precision_of(model.model)
    assert precision in request.node.callspec.id
    layer = model.model.model.layers[0].mlp.down_proj
    kinds = {"float32": torch.float32, "bf16": torch.bfloat16, "nf4": torch.uint8}
    assert layer.weight.dtype == kinds[precision]
    assert model.model.get_input_embeddings().weight.dtype != torch.uint8
    assert model.model.get_output_embeddings().weight.dtype != torch.uint8
    assert not model.model.training and model.states is not None


def test_rows_packed_behind_a_prompt_get_the_logits_they_get_alone(model: LocalModel) -> None:
    check_rows(model, prompt=[5 + i % 200 for i in range(130)])


def check_rows(model: LocalModel, prompt: list[int]) -> None:
    """Three rows of unlike lengths, then again after they were dropped."""
    packed = PackedRows(model.model, model.states)
    *_, first = packed.read_prompt(prompt)
    assert first is not None
    same(model, first.of()[0], prompt)
    read_so_far: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for new in ({0: [10], 1: [20, 21], 2: [30, 31, 32]}, {0: [11, 12], 2: [33]}, {0: [13], 1: [22], 2: [34]}):
        scores = packed.read(new)
        for index, row in enumerate(new):
            read_so_far[row] += new[row]
            same(model, scores.of()[index], prompt + read_so_far[row])
    packed.forget_rows()
    same(model, packed.read({0: [40, 41]}).of()[0], [*prompt, 40, 41])


@torch.inference_mode()
def same(model: LocalModel, logits: torch.Tensor, tokens: list[int]) -> None:
    alone = model.model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].float()
    allowed = 0.05 if model.model.dtype == torch.bfloat16 else 1e-3
    assert float((logits - alone).abs().max()) < allowed * float(alone.std())


def test_rows_longer_than_the_sliding_window(tmp_path: Path) -> None:
    architectures.save(tmp_path, "MistralForCausalLM", sliding_window=24)
    model = LocalModel.load(tmp_path, "float32", "cpu")
    check_rows(model, prompt=[5 + i for i in range(18)])
    check_rows(model, prompt=[5 + i % 200 for i in range(130)])


def test_answers_obey_the_grammar(model: LocalModel, schema: Schema, query: Query) -> None:
    check_answers(model, schema, query)


def check_answers(model: LocalModel, schema: Schema, query: Query) -> None:
    constraint = Constraint(schema, query.movable, 3)
    prompt = build(schema, query, ())
    samples = model.sample(prompt, n=12, constraint=constraint, temperature=2.0)
    assert all(samples.complete) and len(set(samples.texts)) > 4
    assert all(read_edits(schema, text) for text in samples.texts)


def test_lora_learns_on_every_precision_and_leaves_the_base_alone(model: LocalModel) -> None:
    base = copy.deepcopy(model.model)
    before = {name: weight.clone() for name, weight in base.named_parameters()}
    peft = adapter_for(for_training(base), Settings(rank=4))
    losses = train(peft, model.tokenizer, steps=12)
    assert losses[-1] < 0.8 * losses[0]
    for name, weight in peft.get_base_model().named_parameters():
        if "lora_" in name:
            assert weight.requires_grad and weight.dtype == torch.float32
        else:
            assert not weight.requires_grad
            assert torch.equal(weight, before[name.replace(".base_layer", "")])


def train(peft: Any, tokenizer: Any, steps: int) -> list[float]:
    trees = [tree for example in EXAMPLES if (tree := tree_of(tokenizer, example)) is not None]
    batch = collate(trees, pad=0)
    optimizer = torch.optim.AdamW([p for p in peft.parameters() if p.requires_grad], lr=2e-2)
    losses = []
    peft.train()
    for _ in range(steps):
        loss = Likelihood()(peft.get_base_model(), batch) / Likelihood().weight(batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    peft.eval()
    return losses


@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_adapter_is_merged_except_into_a_4_bit_base(
    four_bit_folder: Path, tmp_path: Path, precision: loading.Precision
) -> None:
    base, tokenizer = load_weights(four_bit_folder, precision, "cpu")
    plain = logits(base)
    peft = adapter_for(for_training(base), Settings(rank=4))
    train(peft, tokenizer, steps=3)
    peft.save_pretrained(tmp_path)
    expected = logits(peft)
    codes = {name: p.clone() for name, p in base.named_parameters() if p.dtype == torch.uint8}
    answering = for_answers(peft)
    assert bool(codes) == (precision == "nf4")
    parameters = dict(answering.named_parameters())
    assert any("lora_" in name for name in parameters) == (precision == "nf4")
    assert all(torch.equal(parameters[name], code) for name, code in codes.items())
    spread = float(expected.std())
    assert float((expected - plain).abs().max()) > 0.1 * spread
    assert (
        float((logits(answering) - expected).abs().max()) < (0.001 if precision != "bf16" else 0.1) * spread
    )
    again = LocalModel.load(four_bit_folder, precision, "cpu", adapter=tmp_path).model
    assert float((logits(again) - expected).abs().max()) < (0.001 if precision != "bf16" else 0.1) * spread


@torch.inference_mode()
def logits(model: Any) -> torch.Tensor:
    return torch.as_tensor(model(input_ids=torch.tensor([[5, 6, 7, 8, 9, 10]])).logits[0]).float()


def test_a_4_bit_model_that_answered_can_still_be_trained(
    four_bit_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bitsandbytes.nn.modules.has_avx512bf16", lambda: True)
    model = LocalModel.load(four_bit_folder, "nf4", "cpu")
    peft = adapter_for(for_training(model.model), Settings(rank=4))
    losses = []
    for _ in range(4):
        model.sample("Profile", n=2, max_new_tokens=4)
        losses += train(peft, model.tokenizer, steps=2)
    states = [p.quant_state for p in model.model.parameters() if p.dtype == torch.uint8]
    assert states and not any(getattr(state, "packing_format_for_cpu", False) for state in states)
    assert losses[-1] < 0.9 * losses[0]


def test_a_model_like_biomistral_without_a_chat_template(
    tmp_path: Path, schema: Schema, query: Query
) -> None:
    architectures.save_like_biomistral(tmp_path, sliding_window=4096)
    model = LocalModel.load(tmp_path, "float32", "cpu")
    prompt = Prompt("Do this.", "bmi=31.2")
    assert chat_text(model.tokenizer, prompt) == "Do this.\n\nbmi=31.2\nAnswer: "
    tokens = model.prompt_tokens(prompt)
    assert tokens[0] == model.tokenizer.bos_token_id and model.end_tokens == (2,)
    assert model.tokenizer.decode(tokens, skip_special_tokens=True) == "Do this.\n\nbmi=31.2\nAnswer: "
    check_rows(model, tokens)
    check_answers(model, schema, query)


def test_answers_are_tokenized_as_they_are_written_behind_a_prompt(
    tmp_path: Path, tiny_model: LocalModel
) -> None:
    architectures.save_like_biomistral(tmp_path)
    tokenizer = load_weights(tmp_path, "float32", "cpu")[1]
    answer = "bmi=27.5; diet=3"
    pieces = tokenizer.convert_ids_to_tokens(continuation_tokens(tokenizer, answer))
    assert pieces[:3] == ["bmi", "=", "2"] and tokenizer.tokenize(answer)[0] == "▁bmi"
    assert "".join(pieces).replace("▁", " ") == answer.replace(";", "<0x3B>")
    plain = tiny_model.tokenizer
    assert continuation_tokens(plain, answer) == plain(answer, add_special_tokens=False).input_ids


def test_unusable_requests_are_refused_in_words(tmp_path: Path, four_bit_folder: Path) -> None:
    with pytest.raises(InputError, match="nf4"):
        load_weights(four_bit_folder, "nf5", "cpu")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"config\.json"):
        load_weights(tmp_path)
    with pytest.raises(InputError, match=r"no device 'cuda:99'.*cpu"):
        load_weights(four_bit_folder, "auto", "cuda:99")


def test_libraries_are_imported_once_and_with_the_collector_at_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_alone.py").write_text("import gc\nat_rest = not gc.isenabled()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(loading, "DECODER", "imported_alone")
    loading.import_libraries()
    found = sys.modules.pop("imported_alone")
    assert found.at_rest and gc.isenabled()
    monkeypatch.setitem(sys.modules, "imported_alone", found)
    found.at_rest = False
    loading.import_libraries()
    assert not found.at_rest


def test_4_bit_without_bitsandbytes_says_what_to_do(
    four_bit_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(NotReadyError, match="make setup"):
        load_weights(four_bit_folder, "nf4", "cpu")


def test_auto_is_what_the_processor_computes_natively(
    four_bit_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for flags, expected in (("avx2", "float32"), ("avx2 avx512_bf16", "bf16"), ("amx_bf16", "bf16")):
        monkeypatch.setattr(Path, "read_text", lambda *_, flags=flags, **__: flags)
        assert loading.best_dtype("cpu") == {"float32": torch.float32, "bf16": torch.bfloat16}[expected]
