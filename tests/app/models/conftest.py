"""A laptop with the default language model, for the page Models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sensecf_core.jobs import subprocess_worker
from sensecf_core.language.models import hardware
from sensecf_core.language.models.hardware import Hardware
from tests.app import made_adapter


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "detect_hardware", lambda: Hardware(memory_gb=9.0, cpu_bf16=True))


@pytest.fixture(autouse=True)
def base(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bool], None]:
    """Set whether the default model counts as being on this machine."""
    from sensecf_core.language.models import default_model
    from sensecf_core.language.models.default_model import WeightsStatus

    def have(ready: bool) -> None:
        status = (
            WeightsStatus("ready", "Ready.", tmp_path, made_adapter.BASE_SHA256)
            if ready
            else WeightsStatus("missing", "The language model is missing; run `make setup`.", tmp_path)
        )
        monkeypatch.setattr(default_model, "status", lambda *_, **__: status)

    have(True)
    return have


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were started; nothing runs."""
    started: list[list[str]] = []
    monkeypatch.setattr(
        subprocess_worker, "start", lambda kind, argv, label: started.append([*argv]) or "a-job"
    )
    return started
