"""The visitor's browser: whether it is a phone, scrolling to a part of the page, focus in what opens."""

from __future__ import annotations

import streamlit as st

_SCROLL = """<script>
document.querySelector('.st-key-{key}')?.scrollIntoView({{block: 'center'}});
</script>"""

_FOCUS = """<script>
/* {turn} */
(() => {{
  const opened = '[data-testid=stPopoverBody], [role=dialog]';
  let tries = 200, found = null;
  const timer = setInterval(() => {{
    const field = [...document.querySelectorAll(opened)].at(-1)?.querySelector('input, textarea');
    if (field && field !== found && !found?.value) {{
      field.focus();
      tries = Math.min(tries, 15);
      found = field;
    }}
    if (--tries <= 0) clearInterval(timer);
    window.waitsForFocus = !found && tries > 0;
  }}, 50);
  window.waitsForFocus = true;
}})();
</script>"""
"""What opens is drawn after this, so it is looked for, for 10 s; fields above the first may come later."""


_QUIET = """<script>
(() => {
  if (window.keysAreGuarded) return;
  window.keysAreGuarded = true;
  let last = 0;
  document.addEventListener('keydown', event => {
    const letter = /^[a-z]$/i.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
    const field = event.target.closest?.('input, textarea, select, [contenteditable=true]');
    if (!letter || field || !document.querySelector('.st-key-GUARD')) return;
    const app = document.querySelector('[data-testid=stApp]');
    const busy = app?.dataset.testScriptState === 'running' || window.waitsForFocus;
    if (busy || event.timeStamp - last < 400) event.stopImmediatePropagation();
    else last = event.timeStamp;
  }, true);
})();
</script>"""
"""Streamlit has no way to hold its shortcuts back while a page works on the last one.

A table that is edited gets its first letter on a canvas, which is no field: such a page has no guard.
"""


def on_phone() -> bool:
    """Whether the browser says that it runs on a phone, where long lists start folded."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def bring_into_view(key: str, turn: str) -> None:
    """Scroll to the container ``key``, once for each ``turn``: a result may be off the screen."""
    if st.session_state.get("brought_into_view") == turn:
        return
    st.session_state["brought_into_view"] = turn
    st.html(_SCROLL.format(key=key), unsafe_allow_javascript=True)


def focus_what_opens(key: str) -> None:
    """Put the focus into the first field of the dialog or popover that this run opens.

    Streamlit leaves it where it was when something else than a click opens it. ``key`` is that of a container
    for the script, which a style sheet hides.
    """
    turn = st.session_state["focus_turn"] = st.session_state.get("focus_turn", 0) + 1
    with st.container(key=key):
        st.html(_FOCUS.format(turn=turn), unsafe_allow_javascript=True)


def keep_keys_quiet_while_busy(key: str) -> None:
    """Let no single letter press a button while the page still does what the last one asked for.

    Else what somebody types a moment before a field opens would be taken for keys. ``key`` is that of a
    container for the script, which a style sheet hides; a page without it swallows nothing.
    """
    with st.container(key=key):
        st.html(_QUIET.replace("GUARD", key), unsafe_allow_javascript=True)
