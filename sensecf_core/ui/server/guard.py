"""Who may reach the pages, and what every response says of it.

Streamlit checks hosts and origins only where a websocket opens, compares origins without their port, and
looks up this machine's public address for an origin that it does not know. So all of it is decided here,
before Streamlit sees the request, and nothing is looked up. A browser is let in by a token; or, where people
sign in (``access.toml``), by who they are, and then nothing but the way to sign in is open to others.
"""

from __future__ import annotations

import hmac
from html import escape
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import net_util
from streamlit.user_info import generate_login_redirect_url

from sensecf_core.access.settings import Access
from sensecf_core.errors import NotAllowedError, NotReadyError
from sensecf_core.ui.server import sign_in

COOKIE = "sensecf_token"
PARAMETER = "token"
OPEN_TO_ALL = ("/health", "/_stcore/health")
"""Paths that say whether the server runs, and nothing else."""
SIGN_IN = "/sign-in"
"""Where the way to the provider begins (``st.login`` goes on from there)."""
SIGNING_IN = ("/auth/login", "/auth/logout", "/oauth2callback")
"""Streamlit's own addresses of signing in and out."""
NEXT = "sensecf_next"
"""The cookie that holds where somebody wanted to go before they signed in."""
NEXT_SECONDS = 600
COOKIE_SECONDS = 365 * 24 * 3600
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Streamlit's page has scripts and styles of its own inline, its protobuf reader compiles WebAssembly, and
# Plotly uses blobs. Nothing that is shown here makes code out of text, so no `unsafe-eval`.
CONTENT = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws://{host} wss://{host}; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
NO_TOKEN = (
    "SenseCF: this browser is not let in yet. Open the address that the program printed when it started; it "
    "holds a token, which is asked for once. (SENSECF_TOKEN=off make run starts it without one.)"
)


def look_nothing_up() -> None:
    """Keep Streamlit from asking the network for this machine's addresses: it is told that they are local."""
    net_util._internal_ip = net_util._external_ip = "127.0.0.1"


class Guard:
    """Lets requests through that come from the server's own pages and hold its token; adds the headers.

    Parameters
    ----------
    app : what is guarded.
    token : what a browser has to show once, in the address; None lets everybody in who reaches the port.
    signs_in : whether people sign in instead (:mod:`.sign_in`).
    """

    def __init__(self, app: ASGIApp, token: str | None = None, *, signs_in: bool = False) -> None:
        self._app = app
        self._token = token
        self._signs_in = signs_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() != sign_in.HEADER.encode()]
        headers = Headers(scope=scope)
        host = headers.get("host", "")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                added.update(HEADERS)
                added["Content-Security-Policy"] = CONTENT.format(host=host)
            await send(message)

        if not _from_own_page(scope, headers):
            await _refuse(scope, receive, with_headers, "Another page may not reach SenseCF.")
        elif self._signs_in and scope["path"] not in OPEN_TO_ALL:
            await self._for_signed_in(scope, receive, with_headers)
        elif self._may_enter(scope, headers):
            await self._app(scope, receive, with_headers)
        elif scope["type"] == "http" and self._shown_token(scope):
            await self._let_in(scope)(scope, receive, with_headers)
        else:
            await _refuse(scope, receive, with_headers, NO_TOKEN)

    async def _for_signed_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in whoever is signed in and has a role, and tell the pages who it is."""
        try:
            access = sign_in.required()
            if access is None:
                raise NotReadyError("Nobody can sign in, as access.toml is missing.")
            found = sign_in.recognise(access, scope)
        except (NotAllowedError, NotReadyError) as error:
            await _refuse(scope, receive, send, str(error))
            return
        by_provider = access.login == "oidc"
        if by_provider and scope["path"] in SIGNING_IN:
            await self._app(scope, receive, send)
        elif by_provider and scope["path"] == SIGN_IN and scope["type"] == "http":
            await _to_provider(scope)(scope, receive, send)
        elif found is None:
            await _ask_to_sign_in(access, scope, receive, send)
        elif access.role_of(found.login) is None:
            await _refuse(scope, receive, send, f"{found.login} is not among those who may use SenseCF here.")
        elif (wanted := _wanted(scope)) is not None:
            response = RedirectResponse(wanted, status_code=303)
            response.delete_cookie(NEXT, path="/")
            await response(scope, receive, send)
        else:
            scope["headers"].append((sign_in.HEADER.encode(), sign_in.sealed(found).encode()))
            await self._app(scope, receive, send)

    def _may_enter(self, scope: Scope, headers: Headers) -> bool:
        if self._token is None or scope["path"] in OPEN_TO_ALL:
            return True
        # Read by hand: other programs' cookies of this host come along, and http.cookies stops at an odd one.
        cookies = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return any(name == COOKIE and self._is_token(value.strip('"')) for name, _, value in cookies)

    def _shown_token(self, scope: Scope) -> bool:
        return any(name == PARAMETER and self._is_token(value) for name, value in _parameters(scope))

    def _is_token(self, shown: str) -> bool:
        return self._token is not None and hmac.compare_digest(shown.encode(), self._token.encode())

    def _let_in(self, scope: Scope) -> RedirectResponse:
        """Keep the token in a cookie, and go on to the same address without it."""
        rest = urlencode([(name, value) for name, value in _parameters(scope) if name != PARAMETER])
        path = _on_this_host(str(scope["path"]))
        response = RedirectResponse(path + (f"?{rest}" if rest else ""), status_code=303)
        response.set_cookie(
            COOKIE, str(self._token), max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="lax"
        )
        return response


def _from_own_page(scope: Scope, headers: Headers) -> bool:
    """Whether a websocket or a request that may change something comes from a page of this very server.

    Programs without a browser send no origin; the token is what they need.
    """
    origin = headers.get("origin")
    if origin is None or (scope["type"] == "http" and scope["method"] in ("GET", "HEAD")):
        return True
    try:
        return urlsplit(origin).netloc == headers.get("host") != ""
    except ValueError:
        return False


def _parameters(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _on_this_host(address: str) -> str:
    """An address without a host, whatever it was: never another server's."""
    return "/" + address.lstrip("/\\")


def _to_provider(scope: Scope) -> RedirectResponse:
    """Go on to the provider, and remember where somebody wanted to go."""
    response = RedirectResponse(generate_login_redirect_url("default"), status_code=303)
    wanted = _on_this_host(dict(_parameters(scope)).get("next", "/"))
    if wanted != "/":
        response.set_cookie(
            NEXT, quote(wanted, safe=""), max_age=NEXT_SECONDS, path="/", httponly=True, samesite="lax"
        )
    return response


def _wanted(scope: Scope) -> str | None:
    """Where somebody wanted to go before they signed in, once they are back at the first page."""
    if scope["type"] != "http" or scope["path"] != "/" or scope["query_string"]:
        return None
    kept = sign_in.cookies(Headers(scope=scope)).get(NEXT)
    return None if kept is None else _on_this_host(unquote(kept))


async def _ask_to_sign_in(access: Access, scope: Scope, receive: Receive, send: Send) -> None:
    if access.login == "proxy":
        await _refuse(scope, receive, send, f"The proxy did not say who you are ({access.header}).")
    elif scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
        await _refuse(scope, receive, send, "Sign in first.")
    else:
        query = scope["query_string"].decode("latin-1")
        wanted = _on_this_host(str(scope["path"])) + (f"?{query}" if query else "")
        link = f"{SIGN_IN}?{urlencode({'next': wanted})}"
        await HTMLResponse(_SIGN_IN_PAGE.format(link=escape(link)), status_code=401)(scope, receive, send)


_SIGN_IN_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>SenseCF: sign in</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
main {{ max-width: 26rem; margin: 18vh auto; padding: 0 1rem }}
a {{ display: inline-block; padding: .5rem 1.2rem; border-radius: .4rem; background: #0b5fa5; color: #fff;
    text-decoration: none }}
</style>
<main><h1>SenseCF</h1>
<p>Sign in with the account of your organisation. What you ask and decide is kept under your name.</p>
<p><a href="{link}">Sign in</a></p></main>
</html>
"""


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "http":
        await PlainTextResponse(why, status_code=403)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser gets a 403
