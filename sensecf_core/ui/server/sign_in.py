"""Who is behind a request: signed in with an OpenID Connect provider, or named by a trusted proxy.

The guard finds it out once for every request, and tells the pages in a header that it alone can sign. So a
page believes nobody who came another way, whatever their headers say.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

import streamlit as st
from starlette.datastructures import Headers
from starlette.types import Scope
from streamlit import auth_util
from streamlit.errors import StreamlitAuthError
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from sensecf_core.access import settings
from sensecf_core.access.people import Person
from sensecf_core.access.settings import LONGEST_LOGIN, Access
from sensecf_core.errors import NotAllowedError, NotReadyError

HEADER = "x-sensecf-signed-in"
SHORTEST_SECRET = 32
"""Characters of ``cookie_secret``: who guesses it can be anybody."""
_KEY = secrets.token_bytes(32)
_LOGGED_OUT = "The server asked people to sign in when it started, but access.toml is gone; restart it."


@dataclass(frozen=True)
class SignedIn:
    """A login, and until when it holds (seconds since 1970; None: the proxy says so each time)."""

    login: str
    until: float | None = None


class Required:
    """Whether people sign in, as was decided when the server started: a lost file must not open it."""

    at_start = False


def check(access: Access) -> None:
    """Raise ``NotReadyError`` if people could not sign in, with what is missing."""
    if access.login != "oidc":
        return
    if not auth_util.is_authlib_installed():
        raise NotReadyError("Signing in needs the package Authlib; run `pip install 'sensecf[login]'`.")
    try:
        auth_util.validate_auth_credentials("default")
    except StreamlitAuthError as error:
        raise NotReadyError(" ".join(str(error).split())) from error
    if len(auth_util.get_signing_secret()) < SHORTEST_SECRET:
        raise NotReadyError(
            f"`cookie_secret` in .streamlit/secrets.toml needs {SHORTEST_SECRET} letters or more; make "
            "one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`."
        )


def required() -> Access | None:
    """How people sign in; None if nobody has to.

    Raises ``NotReadyError`` if the file that says so is damaged, or gone since the start.
    """
    access = settings.read()
    if access is None and Required.at_start:
        raise NotReadyError(_LOGGED_OUT)
    return access


def recognise(access: Access, scope: Scope) -> SignedIn | None:
    """Who sent a request; None if nobody is signed in.

    Raises ``NotAllowedError`` where another than the proxy says who somebody is.
    """
    headers = Headers(scope=scope)
    return _by_proxy(access, scope, headers) if access.login == "proxy" else _by_cookie(access, headers)


def _by_proxy(access: Access, scope: Scope, headers: Headers) -> SignedIn | None:
    named = headers.getlist(access.header)
    peer = (scope.get("client") or (None,))[0]
    if not access.is_proxy(peer):
        raise NotAllowedError(
            "SenseCF is reached through the sign-in of your organisation; open that address instead."
        )
    if len(named) > 1:  # the proxy added its own to one that was sent
        raise NotAllowedError(f"The proxy sent {access.header} more than once; let it replace the header.")
    return SignedIn(named[0].strip()) if named and is_login(named[0]) else None


def _by_cookie(access: Access, headers: Headers) -> SignedIn | None:
    """The login in Streamlit's own signed cookie (``st.login``), as long as it is young enough."""
    raw = starlette_websocket._get_signed_cookie_with_chunks(cookies(headers), USER_COOKIE_NAME)
    try:
        claims: Any = json.loads(raw or b"null")
    except ValueError:
        return None
    if not isinstance(claims, dict) or claims.get("origin") != auth_util.get_origin_from_redirect_uri():
        return None
    login, begun = claims.get(access.claim), claims.get("iat")
    if not isinstance(login, str) or not is_login(login) or not isinstance(begun, int | float):
        return None
    if access.claim == "email" and claims.get("email_verified") is False:
        return None  # anybody could have typed it there
    until = begun + access.hours * 3600
    return SignedIn(login.strip(), until) if time.time() < until else None


def cookies(headers: Headers) -> dict[str, str]:
    """Cookies by name; those that cannot be read are left out (other programs of this host set some)."""
    found: dict[str, str] = {}
    for part in headers.get("cookie", "").split(";"):
        try:
            found |= {name: morsel.value for name, morsel in SimpleCookie(part.strip()).items()}
        except CookieError:
            continue
    return found


def is_login(text: str) -> bool:
    """Whether it can stand beside a decision as a name."""
    return 0 < len(text.strip()) <= LONGEST_LOGIN and text.strip().isprintable()


def sealed(signed_in: SignedIn) -> str:
    """What the guard tells the pages."""
    said = base64.urlsafe_b64encode(json.dumps([signed_in.login, signed_in.until]).encode()).decode()
    return f"{said}.{_seal(said)}"


def unsealed(text: str | None) -> SignedIn | None:
    """What the guard of this process told, if it still holds; None for anything else."""
    said, _, seal = (text or "").partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(said).encode()):
        return None
    found = SignedIn(*json.loads(base64.urlsafe_b64decode(said)))
    return found if found.until is None or time.time() < found.until else None


def _seal(said: str) -> str:
    return hmac.new(_KEY, said.encode(), hashlib.sha256).hexdigest()


def person() -> Person | None:
    """Who looks at a page in this thread; None outside of a page, if nobody has to sign in.

    The role is read anew each time, so that a change of ``access.toml`` holds from the next click. Where
    people sign in, a thread without a page is nobody: it may do nothing unless it says for whom it works.
    """
    page = get_script_run_ctx(suppress_warning=True) is not None
    access = required()
    if access is None:
        return Person(None, "admin") if page else None
    return _believed(access, st.context.headers.get(HEADER)) if page else Person(None, None)


def kept() -> Callable[[], Person]:
    """Keep who looks at this page, for what is done later in a thread without it.

    What is returned says who they are then: their role is read anew, and a login may have ended.
    """
    told = st.context.headers.get(HEADER)

    def later() -> Person:
        access = required()
        return Person(None, "admin") if access is None else _believed(access, told)

    return later


def _believed(access: Access, told: str | None) -> Person:
    found = unsealed(told)
    return Person(None, None) if found is None else Person(found.login, access.role_of(found.login))
