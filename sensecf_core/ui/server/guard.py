"""Who may reach the pages, and what every response says of it.

Streamlit checks hosts and origins only where a websocket opens, compares origins without their port, and
looks up this machine's public address for an origin that it does not know. So all of it is decided here,
before Streamlit sees the request, and nothing is looked up.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import net_util

COOKIE = "sensecf_token"
PARAMETER = "token"
OPEN_TO_ALL = ("/health", "/_stcore/health")
"""Paths that say whether the server runs, and nothing else."""
COOKIE_SECONDS = 365 * 24 * 3600
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Streamlit's page has scripts and styles of its own inline; Plotly and Vega compile functions and use blobs.
CONTENT = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
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
    """

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
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
        elif self._may_enter(scope, headers):
            await self._app(scope, receive, with_headers)
        elif scope["type"] == "http" and self._shown_token(scope):
            await self._let_in(scope)(scope, receive, with_headers)
        else:
            await _refuse(scope, receive, with_headers, NO_TOKEN)

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
        path = "/" + str(scope["path"]).lstrip("/\\")  # never another host
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


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "http":
        await PlainTextResponse(why, status_code=403)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser gets a 403
