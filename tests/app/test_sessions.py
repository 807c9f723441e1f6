"""Sessions whose browser has gone hold no open files, as soon as their script does not run any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from sensecf_core.ui.server.sessions import ThriftySessionStorage


def left(name: str, *, runs: bool) -> Any:
    """A session that is put away, perhaps while its script still runs."""
    session = SimpleNamespace(
        id=name, _script_event_loop=asyncio.new_event_loop(), _scriptrunner=object() if runs else None
    )
    return SimpleNamespace(session=session)


def test_a_loop_is_closed_at_once_or_when_the_next_session_is_put_away() -> None:
    storage = ThriftySessionStorage()
    busy, idle, back = (left(name, runs=name != "idle") for name in ("busy", "idle", "back"))
    for session in (busy, back, idle):
        storage.save(session)
    closed = [one.session._script_event_loop.is_closed() for one in (busy, back, idle)]
    assert closed == [False, False, True]
    assert storage.get("back") is back  # its browser came again before its script had ended
    for ended in (busy, back):
        ended.session._scriptrunner = None
    storage.save(left("later", runs=False))
    assert busy.session._script_event_loop.is_closed()
    assert not back.session._script_event_loop.is_closed()
    back.session._script_event_loop.close()
