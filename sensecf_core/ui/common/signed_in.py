"""Who is signed in: their name and role in the sidebar, and what a role does not offer, in one sentence."""

from __future__ import annotations

import streamlit as st

from sensecf_core.access import people, rights, settings
from sensecf_core.errors import NotReadyError
from sensecf_core.ui.common import wording
from sensecf_core.ui.server.guard import SIGN_IN

_ROLES = {"viewer": "Viewer", "clinician": "Clinician", "admin": "Administrator"}


def require() -> None:
    """Stop a page that whoever looks at it may not see, and say why."""
    try:
        why = rights.refusal("see")
    except NotReadyError as error:
        why = str(error)
    if why is not None:
        st.error(wording.message(why), icon=":material/lock:")
        if why == rights.SIGN_IN:
            st.markdown(f'[Sign in]({SIGN_IN} "This page, after signing in")')
        st.stop()


def still() -> None:
    """Begin a fragment with this: the whole page is drawn again once whoever looks at it may not any more.

    A fragment that polls or answers a click runs alone, so it never comes by :func:`require`.
    """
    try:
        refused = rights.refusal("see") is not None
    except NotReadyError:
        refused = True
    if refused:
        st.rerun()


def show() -> None:
    """Show name, role and the way out in the sidebar."""
    person = people.current()
    if person.login is None or person.role is None:
        return
    with st.sidebar, st.container(key="signed_in", gap="xsmall"):
        st.caption(f"{wording.plain(person.login)}  \n{_ROLES[person.role]}")
        access = settings.read()
        if access is not None and access.login == "oidc":
            st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=st.logout)


def say_role() -> None:
    """Tell a viewer what is not offered; buttons say it again where it is pressed."""
    if rights.refusal("decide") is not None:
        st.caption("You see and export what is here; asking and deciding are for clinicians.")
