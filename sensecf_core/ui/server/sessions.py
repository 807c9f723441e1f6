"""Sessions whose browser has gone: kept for a while in case it comes back, but without open files.

Streamlit gives every session an event loop of its own, which holds three files, and keeps up to 128 sessions
whose websocket closed. A session that comes back gets a new loop.
"""

from __future__ import annotations

from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo


class ThriftySessionStorage(MemorySessionStorage):
    """Closes a session's event loop when it is put away, unless its script still runs."""

    def save(self, session_info: SessionInfo) -> None:
        """Keep the session."""
        session = session_info.session
        loop = session._script_event_loop
        if session._scriptrunner is None and not loop.is_running() and not loop.is_closed():
            loop.close()
        super().save(session_info)
