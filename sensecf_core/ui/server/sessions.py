"""Sessions whose browser has gone: kept for a while in case it comes back, but without open files.

Streamlit gives every session an event loop of its own, which holds three files, and keeps up to 128 sessions
whose websocket closed. A session that comes back gets a new loop.
"""

from __future__ import annotations

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo


class ThriftySessionStorage(MemorySessionStorage):
    """Closes the event loop of a session that is put away, as soon as its script does not run any more."""

    def __init__(self, maxsize: int = 128, ttl_seconds: int = 120) -> None:
        super().__init__(maxsize, ttl_seconds)
        self._open: dict[str, AppSession] = {}

    def save(self, session_info: SessionInfo) -> None:
        """Keep the session; those whose script had still run when they were put away are closed now."""
        self._open[session_info.session.id] = session_info.session
        self._open = {name: session for name, session in self._open.items() if not _closed(session)}
        super().save(session_info)

    def get(self, session_id: str) -> SessionInfo | None:
        """Give a session back to its browser: it needs its loop."""
        self._open.pop(session_id, None)
        return super().get(session_id)


def _closed(session: AppSession) -> bool:
    """Close the loop of a session unless its script still runs; whether it is closed."""
    loop = session._script_event_loop
    if session._scriptrunner is None and not loop.is_running() and not loop.is_closed():
        loop.close()
    return loop.is_closed()
