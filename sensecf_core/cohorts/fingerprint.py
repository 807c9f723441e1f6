"""Content hashes: equal values hash alike, whatever file format or library version stored them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd


def frame_sha256(frame: pd.DataFrame) -> str:
    """Hash a table: index, column names, and values; numbers as float64, everything else as text."""
    digest = hashlib.sha256()
    flat = frame.reset_index()
    for name in flat.columns:
        column = flat[name]
        digest.update(f"\x1e{name}\x1f".encode())
        if pd.api.types.is_numeric_dtype(column):
            numbers = column.to_numpy(dtype="<f8", na_value=np.nan)
            digest.update((np.where(np.isnan(numbers), np.nan, numbers) + 0.0).tobytes())
        else:
            values, missing = column.astype(object).tolist(), column.isna().tolist()
            texts = ["\x00" if absent else str(value) for value, absent in zip(values, missing, strict=True)]
            digest.update("\x1f".join(texts).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Hash a file's bytes without holding them all in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_sha256(paths: Iterable[Path]) -> str:
    """Hash the bytes of several small files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
