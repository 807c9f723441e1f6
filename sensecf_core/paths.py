"""Where things live on disk."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
BASE_MODELS = MODELS / "base"


def var(*parts: str) -> Path:
    """A path below the private working folder (``var/``, or ``SENSECF_VAR``).

    Folders on the way are made, readable by their owner only.
    """
    root = Path(os.environ.get("SENSECF_VAR", ROOT / "var"))
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = root.joinpath(*parts)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
