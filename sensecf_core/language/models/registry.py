"""Language models by name: the built-in list, the user's own entries, any local folder or hub id.

Reads names and small files only: nothing here loads a model or uses the network.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.language.models import default_model
from sensecf_core.paths import base_models, user_path, var
from sensecf_core.toml_text import parse_toml
from sensecf_core.types import Plain

Precision = Literal["bf16", "float32", "nf4"]

BUILT_IN = Path(__file__).with_name("models.toml")
DEFAULT = "smollm2-135m"
OWN_FILE = "models.toml"
"""The user's own entries, below ``var/``."""

ADDRESS = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{1,5}))?(/[\w./-]*)?")
"""An endpoint's address: no user, password or query, so that it cannot hold a key."""
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
BYTES_PER_PARAMETER: dict[Precision, float] = {"bf16": 2, "float32": 4, "nf4": 0.75}
"""For models not in the list; ``nf4`` is an upper estimate, since embeddings stay bf16."""
WORKING_GB = 2.0
"""For the same models: cache, activations and libraries, beside the weights."""


class ModelSpec(Plain):
    """What is known about a language model before it is loaded.

    ``source`` is a folder or hub id (``local``) or the server's address (``endpoint``); ``model`` the
    name that the server knows; ``key`` the *name* of the environment variable with the server's key;
    ``extra`` fields are sent with every request.
    ``context`` is in tokens, ``memory`` in GB (10⁹ bytes) by precision; empty or None means "not known".
    """

    name: Annotated[str, Field(min_length=1)]
    title: str = ""
    kind: Literal["local", "endpoint"]
    source: Annotated[str, Field(min_length=1)]
    model: str = ""
    key: Annotated[str, Field(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")] = ""
    answers: Literal["json", "text"] = "json"
    extra: dict[str, Any] = {}
    architecture: str = ""
    prompt: Literal["chat template", "plain"] = "chat template"
    context: int | None = None
    licence: str = "not known"
    gated: bool = False
    parameters: int | None = None
    memory: dict[Precision, float] = {}
    note: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether the model runs on a server and not in this program."""
        return self.kind == "endpoint"

    @model_validator(mode="after")
    def _check_address(self) -> ModelSpec:
        if self.is_remote and not ADDRESS.fullmatch(self.source):
            raise ValueError(
                "`source` of an endpoint is an address like https://host:8000/v1, without user, key or query"
            )
        return self


def registry() -> dict[str, ModelSpec]:
    """All models with a name: the built-in ones first, then those in ``var/models.toml``.

    Raises ``InputError`` with the file and the problem if the user's file is not usable.
    """
    own = var(OWN_FILE)
    return _built_in() | (_read(own) if own.is_file() else {})


def spec(name: str) -> ModelSpec:
    """Find a model by its name in the registry, by a local folder, or by a hub id.

    For a folder, and for a downloaded hub model, the fields are read from its own files. Raises
    ``InputError`` with the near matches for any other name.
    """
    models = registry()
    if name in models:
        return models[name]
    folder = user_path(name)
    if folder is not None and folder.is_dir():
        return _from_folder(name, folder.resolve())
    if HUB_ID.fullmatch(name):
        return _from_hub(name)
    raise unknown("language model", name, models)


def folder_of(model: ModelSpec) -> Path | None:
    """The folder with a local model's weights; None if they are incomplete, or on a server."""
    if model.is_remote:
        return None
    if model.source == default_model.DEFAULT_MODEL:
        return default_model.default_folder() if default_model.status().ready else None
    named = user_path(str(base_models() / model.name))
    for folder in (user_path(model.source), named, _cached(model.source)):
        if folder is not None and _has_weights(folder):
            return folder.resolve()
    return None


def require_folder(model: ModelSpec) -> Path:
    """Return a local model's folder; raise ``NotReadyError`` with the command that fetches it."""
    if model.source == default_model.DEFAULT_MODEL:
        return default_model.require()
    folder = folder_of(model)
    if folder is None:
        raise NotReadyError(f"{_missing(model)}.")
    return folder


def _missing(model: ModelSpec) -> str:
    path = user_path(model.source)
    if not HUB_ID.fullmatch(model.source) or (path is not None and path.exists()):
        return f"The folder {model.source!r} of the model {model.name} lacks config.json or its weights"
    gate = " (accept its licence on huggingface.co and `hf auth login` first)" if model.gated else ""
    return (
        f"The weights of {model.name} are not on this machine; fetch them with "
        f"`.venv/bin/hf download {model.source}`{gate}"
    )


@lru_cache(maxsize=1)
def _built_in() -> dict[str, ModelSpec]:
    return _read(BUILT_IN)


def _read(path: Path) -> dict[str, ModelSpec]:
    try:
        tables: dict[str, Any] = parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}.") from error
    return {name: _entry(path, name, table) for name, table in tables.items()}


def _entry(path: Path, name: str, table: Any) -> ModelSpec:
    if not isinstance(table, dict):
        raise InputError(f"{path}: every model is a table like [my-model], but `{name}` is a value.")
    try:
        entry = ModelSpec.model_validate({**table, "name": name})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        location = ".".join(str(part) for part in first["loc"]) or "source"
        raise InputError(f"{path}: model `{name}`, `{location}`: {first['msg']}.") from None
    if entry.memory or entry.parameters is None:
        return entry
    return entry.model_copy(update={"memory": memory_of(entry.parameters)})


def memory_of(parameters: int) -> dict[Precision, float]:
    """Estimate the memory in GB that a model needs to load and answer, by precision."""
    return {
        precision: round(parameters * size / 1e9 + WORKING_GB, 1)
        for precision, size in BYTES_PER_PARAMETER.items()
    }


def _from_folder(name: str, folder: Path) -> ModelSpec:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        architecture = str((config.get("architectures") or [""])[0])
        context = config.get("max_position_embeddings")
    except FileNotFoundError:
        raise InputError(f"The folder {name!r} holds no language model: it has no config.json.") from None
    except (OSError, ValueError, RecursionError, AttributeError):
        raise InputError(
            f"The folder {name!r} holds no language model: its config.json is damaged."
        ) from None
    size = sum(path.stat().st_size for path in _weight_files(folder))
    bytes_each = 4 if "float32" in (config.get("dtype"), config.get("torch_dtype")) else 2
    parameters = size // bytes_each or None
    return ModelSpec(
        name=name,
        kind="local",
        source=str(folder),
        architecture=architecture,
        prompt="chat template" if _has_chat_template(folder) else "plain",
        context=context if isinstance(context, int) else None,
        parameters=parameters,
        memory=memory_of(parameters) if parameters else {},
    )


def _from_hub(name: str) -> ModelSpec:
    folder = _cached(name)
    if folder is None:
        return ModelSpec(name=name, kind="local", source=name, note="Nothing of it is on this machine.")
    return _from_folder(name, folder).model_copy(update={"source": name})


def _cached(hub_id: str) -> Path | None:
    """The snapshot of a hub model in Hugging Face's own cache, which is only read."""
    if not HUB_ID.fullmatch(hub_id):
        return None
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_id, "config.json")
    return Path(config).parent if isinstance(config, str) else None


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file():
        return True
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and bool(config.get("chat_template"))


def _has_weights(folder: Path) -> bool:
    return (folder / "config.json").is_file() and bool(_weight_files(folder))


def _weight_files(folder: Path) -> list[Path]:
    """The weight files that transformers would load from a folder; none if one of several is missing."""
    for single in ("model.safetensors", "pytorch_model.bin"):
        if (folder / single).is_file():
            return [folder / single]
        try:
            index = json.loads((folder / f"{single}.index.json").read_text(encoding="utf-8"))
            parts = [folder / part for part in sorted(set(index["weight_map"].values()))]
        except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
            continue
        return parts if all(part.is_file() for part in parts) else []
    return []
