"""Language models by name: the built-in list, the user's own entries, any local folder or hub id.

Reads names and small files only: nothing is loaded, fetched or asked over the network here.
"""

from __future__ import annotations

import json
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from sensecf_core.cohorts.schema import Plain
from sensecf_core.errors import InputError, NotReadyError, unknown
from sensecf_core.language.models import default_model
from sensecf_core.paths import base_models, var

Precision = Literal["bf16", "float32", "nf4"]

BUILT_IN = Path(__file__).with_name("models.toml")
DEFAULT = "smollm2-135m"
OWN_FILE = "models.toml"
"""The user's own entries, below ``var/``."""

ADDRESS = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{1,5}))?(/[\w./-]*)?")
"""An endpoint's address: no user, no password, no query, so that no key can stand in it."""
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
BYTES_PER_PARAMETER: dict[Precision, float] = {"bf16": 2, "float32": 4, "nf4": 0.75}
"""For models that are not in the list; ``nf4`` is generous, since embeddings stay bf16."""
WORKING_GB = 2.0
"""Cache, activations and libraries beside the weights, for the same models."""


class ModelSpec(Plain):
    """What is known of one language model before it is loaded.

    ``source`` is a folder or hub id (``local``) or the server's address (``endpoint``); ``model`` the
    name that the server knows; ``key`` the *name* of the environment variable with the server's key;
    ``extra`` fields are sent along with every request.
    ``context`` is in tokens, ``memory`` in GB (10⁹ bytes) by precision; empty or None is "not known".
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

    @model_validator(mode="after")
    def _address(self) -> ModelSpec:
        if self.kind == "endpoint" and not ADDRESS.fullmatch(self.source):
            raise ValueError(
                "`source` of an endpoint is an address like https://host:8000/v1, without user, key or query"
            )
        return self


def registry() -> dict[str, ModelSpec]:
    """All models with a name: the built-in ones first, then those in ``var/models.toml``.

    Raises ``InputError`` that names the file and the problem when the user's file is not usable.
    """
    own = var(OWN_FILE)
    found = dict(_built_in())
    if own.is_file():
        found |= _read(own)
    return found


def spec(name: str) -> ModelSpec:
    """Find a model by its name in the registry, by a local folder, or by a hub id.

    What a folder's (or a downloaded hub model's) own files say fills the fields. Raises ``InputError``
    with the near matches for a name that is nothing of these.
    """
    known = registry()
    if name in known:
        return known[name]
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _from_folder(name, folder.resolve())
    if HUB_ID.fullmatch(name):
        return _from_hub(name)
    raise unknown("language model", name, known)


def folder_of(model: ModelSpec) -> Path | None:
    """Where a local model's weights are on this disk; None if they are not all here (or elsewhere)."""
    if model.kind == "endpoint":
        return None
    if model.source == default_model.DEFAULT_MODEL:
        return default_model.default_folder() if default_model.status().ready else None
    for folder in (Path(model.source).expanduser(), base_models() / model.name, _cached(model.source)):
        if folder is not None and _has_weights(folder):
            return folder.resolve()
    return None


def require_folder(model: ModelSpec) -> Path:
    """Return a local model's folder; raises ``NotReadyError`` with the command that fetches it."""
    if model.source == default_model.DEFAULT_MODEL:
        return default_model.require()
    folder = folder_of(model)
    if folder is None:
        raise NotReadyError(f"{_missing(model)}.")
    return folder


def _missing(model: ModelSpec) -> str:
    if not HUB_ID.fullmatch(model.source) or Path(model.source).expanduser().exists():
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
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}.") from error
    return {name: _entry(path, name, about) for name, about in tables.items()}


def _entry(path: Path, name: str, about: Any) -> ModelSpec:
    if not isinstance(about, dict):
        raise InputError(f"{path}: every model is a table like [my-model], but `{name}` is a value.")
    try:
        found = ModelSpec.model_validate({**about, "name": name})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "source"
        raise InputError(f"{path}: model `{name}`, `{where}`: {first['msg']}.") from None
    if found.memory or found.parameters is None:
        return found
    return found.model_copy(update={"memory": memory_of(found.parameters)})


def memory_of(parameters: int) -> dict[Precision, float]:
    """Reckon the GB that a model of so many parameters needs to load and answer, by precision."""
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
    except (OSError, ValueError, AttributeError):
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
    """The snapshot of a hub model in Hugging Face's own cache, which is only looked at."""
    if not HUB_ID.fullmatch(hub_id):
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(hub_id, "config.json")
    return Path(found).parent if isinstance(found, str) else None


def _has_chat_template(folder: Path) -> bool:
    if (folder / "chat_template.jinja").is_file():
        return True
    try:
        config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and bool(config.get("chat_template"))


def _has_weights(folder: Path) -> bool:
    return (folder / "config.json").is_file() and bool(_weight_files(folder))


def _weight_files(folder: Path) -> list[Path]:
    """The weights that transformers would load from a folder; none if one of several parts is missing."""
    for single in ("model.safetensors", "pytorch_model.bin"):
        if (folder / single).is_file():
            return [folder / single]
        try:
            index = json.loads((folder / f"{single}.index.json").read_text(encoding="utf-8"))
            parts = [folder / part for part in sorted(set(index["weight_map"].values()))]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        return parts if all(part.is_file() for part in parts) else []
    return []
