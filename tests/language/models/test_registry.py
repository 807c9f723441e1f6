from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.language.models import default_model, registry as model_registry
from sensecf_core.language.models.registry import folder_of, registry, require_folder, spec
from sensecf_core.paths import var


def write_own(text: str) -> None:
    var(model_registry.OWN_FILE).write_text(text, encoding="utf-8")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def cache_model(hub: Path, hub_id: str, *files: str) -> Path:
    """Store a model as in Hugging Face's cache."""
    repository = hub / f"models--{hub_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("a" * 40)
    config = {"architectures": ["MistralForCausalLM"], "max_position_embeddings": 4096, "dtype": "bfloat16"}
    (snapshot / "config.json").write_text(json.dumps(config))
    for name in files:
        (snapshot / name).write_bytes(b"0" * 2_000)
    return snapshot


def test_the_built_in_models_are_listed() -> None:
    models = registry()
    assert {"smollm2-135m", "llama-3.1-8b-instruct", "biomistral-7b", "gpt-4o"} < set(models)
    assert models["biomistral-7b"].prompt == "plain" and models["llama-3.1-8b-instruct"].gated
    for model in models.values():
        assert model.is_remote == (model.kind == "endpoint")
        if not model.is_remote:
            assert model.context and model.parameters and set(model.memory) == {"bf16", "float32", "nf4"}
            assert model.memory["nf4"] <= model.memory["bf16"] < model.memory["float32"]
            assert model.memory["bf16"] > model.parameters * 2 / 1e9
        else:
            assert model.source.startswith(("https://", "http://127.0.0.1:"))


def test_the_default_is_the_model_that_set_up_fetches() -> None:
    default = spec(model_registry.DEFAULT)
    assert default.source == default_model.DEFAULT_MODEL
    config = default_model.default_folder() / "config.json"
    if config.is_file():
        settings = json.loads(config.read_text())
        assert settings["architectures"] == [default.architecture]
        assert settings["max_position_embeddings"] == default.context


def test_own_entries_are_added_and_may_replace_built_in_ones() -> None:
    write_own(
        '[lab]\nkind = "endpoint"\nsource = "http://gpu.lab:8000/v1"\nkey = "LAB_KEY"\n'
        '[gpt-4o]\nkind = "endpoint"\nsource = "https://proxy.lab/v1"\n'
        '[mine]\nkind = "local"\nsource = "/data/mine"\nparameters = 1_000_000_000\n'
    )
    assert spec("lab").key == "LAB_KEY" and spec("gpt-4o").source == "https://proxy.lab/v1"
    assert spec("mine").memory["float32"] > spec("mine").memory["bf16"] > 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[lab", "cannot be read as TOML"),
        ("lab = 3", "every model is a table"),
        ('[lab]\nkind = "endpoint"\nsource = "http://x/v1"\napi_key = "sk-secret"', "`api_key`"),
        ('[lab]\nkind = "endpoint"\nsource = "http://x/v1"\nkey = "sk-secret"', "`key`"),
        ('[lab]\nkind = "endpoint"\nsource = "https://me:secret@x/v1"', "without user"),
        ('[lab]\nkind = "endpoint"\nsource = "https://x/v1?key=secret"', "without user"),
        ('[lab]\nkind = "endpoint"\nsource = "file:///etc/passwd"', "address like"),
        ('[lab]\nkind = "somewhere"\nsource = "x"', "`kind`"),
        ('[lab]\nkind = "local"', "`source`"),
    ],
)
def test_a_wrong_entry_is_named_with_its_file_and_without_its_secret(text: str, message: str) -> None:
    write_own(text)
    with pytest.raises(InputError) as raised:
        registry()
    assert message in str(raised.value) and "models.toml" in str(raised.value)
    assert "secret" not in str(raised.value).replace("`sk-secret`", "")


def test_an_unknown_name_gets_the_near_ones() -> None:
    with pytest.raises(InputError, match=r"language model 'gpt4o'; did you mean gpt-4o"):
        spec("gpt4o")


def test_any_folder_is_a_model_described_by_its_own_files(tiny_folder: Path) -> None:
    model = spec(str(tiny_folder))
    assert (model.kind, model.architecture, model.context) == ("local", "LlamaForCausalLM", 4096)
    assert model.prompt == "chat template" and model.parameters
    assert folder_of(model) == require_folder(model) == tiny_folder.resolve()


@pytest.mark.parametrize("config", [None, "{", "[]"])
def test_a_folder_without_a_model(tmp_path: Path, config: str | None) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(InputError, match=r"holds no language model: .*config.json"):
        spec(str(tmp_path))


def test_a_hub_model_that_is_not_here_names_the_command(hub: Path) -> None:
    model = spec("meta-llama/Llama-3.1-8B-Instruct")
    assert folder_of(model) is None and model.memory == {}
    with pytest.raises(NotReadyError, match=r"hf download meta-llama/Llama-3.1-8B-Instruct`\.$"):
        require_folder(model)
    with pytest.raises(NotReadyError, match="accept its licence"):
        require_folder(spec("llama-3.1-8b-instruct"))


def test_a_downloaded_hub_model_is_found_offline(hub: Path) -> None:
    snapshot = cache_model(hub, "BioMistral/BioMistral-7B", "pytorch_model.bin")
    assert require_folder(spec("biomistral-7b")) == snapshot.resolve()
    by_id = spec("BioMistral/BioMistral-7B")
    assert (by_id.architecture, by_id.context, by_id.prompt) == ("MistralForCausalLM", 4096, "plain")
    assert by_id.parameters == 1_000 and require_folder(by_id) == snapshot.resolve()


def test_a_download_that_was_interrupted_is_not_here(hub: Path) -> None:
    snapshot = cache_model(hub, "some/model", "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))
    assert folder_of(spec("some/model")) is None
    (snapshot / "model-2.safetensors").write_bytes(b"0")
    assert folder_of(spec("some/model")) == snapshot.resolve()


def test_weights_of_either_kind_have_their_own_hash(tmp_path: Path) -> None:
    hashes = set()
    for name, content in (
        ("pytorch_model.bin", b"1"),
        ("pytorch_model.bin", b"2"),
        ("model.safetensors", b"3"),
    ):
        folder = tmp_path / content.decode()
        folder.mkdir()
        (folder / name).write_bytes(content)
        hashes.add(default_model.weights_sha256(folder))
    assert len(hashes) == 3
