"""Start the pages: Streamlit behind the guard, with the workers running from the first second."""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import delta_generator
from streamlit.config import set_option
from streamlit.runtime import memory_session_storage
from streamlit.web import bootstrap

from sensecf_core import paths
from sensecf_core.access import settings
from sensecf_core.datasets import registry
from sensecf_core.errors import InputError, NotReadyError
from sensecf_core.jobs import dispatch, model_worker, worker
from sensecf_core.ui.server import sign_in
from sensecf_core.ui.server.guard import PARAMETER, Guard, look_nothing_up
from sensecf_core.ui.server.sessions import ThriftySessionStorage

SCRIPT = paths.ROOT / "app.py"
OPTIONS = "/Interventions"
"""Where the page Options is."""
TOKEN_VARIABLE = "SENSECF_TOKEN"
EVERYWHERE = ("0.0.0.0", "::")
"""Addresses to listen on that are no address to go to."""
OFF = "off"
"""What the variable holds to let everybody in who reaches the port."""

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is ended; prints an address that the server answers to, with its token."""
    parser = argparse.ArgumentParser(prog="python -m sensecf_core.ui.server", description=__doc__)
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--address", default="127.0.0.1", help="the network address to listen on")
    parser.add_argument(
        "--host", action="append", default=[], help="a name that browsers reach it by; may be given again"
    )
    chosen = parser.parse_args(arguments)
    # Who sent a request is asked of its connection: what a header says of it, anybody could write.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    config = configure(chosen.address, chosen.port, chosen.host)
    try:
        access = settings.read()
        if access is not None:
            sign_in.check(access)
        token = start_token() if access is None else None
    except NotReadyError as error:
        sys.exit(f"{error}")
    print(printed(chosen.address, chosen.port, token, chosen.host), flush=True)
    make_app(token, signs_in=access is not None).run(config=config)


def configure(address: str, port: int, hosts: Sequence[str]) -> dict[str, Any]:
    """Tell Streamlit where it listens, and to which names it answers; return the same for its server."""
    given = {
        "server.address": address,
        "server.port": port,
        "server.headless": True,
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,  # it would name the address without its token
    }
    bootstrap.load_config_options({name.replace(".", "_"): value for name, value in given.items()})
    names = [*st.get_option("server.allowedHosts"), *hosts]
    if address not in EVERYWHERE:
        names.append(address)
    allowed = list(dict.fromkeys(names))
    set_option("server.allowedHosts", allowed)
    return given | {"server.allowedHosts": allowed}


def printed(address: str, port: int, token: str | None, hosts: Sequence[str] = ()) -> str:
    """What is printed at the start: an address that the guard lets in, and what else is needed."""
    shown = f"?{urlencode({PARAMETER: token})}" if token else ""
    name = "127.0.0.1" if address in EVERYWHERE else address
    lines = [f"SenseCF: http://{f'[{name}]' if ':' in name else name}:{port}/{shown}   (Ctrl-C stops it)"]
    if address in EVERYWHERE and not hosts:
        lines.append(
            "It listens to other computers too, but answers to no name of this one yet: start it with "
            "--host NAME, the name or address that they write in the browser."
        )
    return "\n".join(lines)


def make_app(token: str | None, script: Path = SCRIPT, *, signs_in: bool = False) -> st.App:
    """The pages as an ASGI application."""
    look_nothing_up()
    # Else the first element that is drawn makes Streamlit read the source of every loaded module, to find out
    # whether it should warn somebody who did not start a server.
    delta_generator._use_warning_has_been_displayed = True
    sign_in.Required.at_start = signs_in
    memory_session_storage.MemorySessionStorage = ThriftySessionStorage  # type: ignore[misc]
    names = st.get_option("server.allowedHosts") or ["*"]
    hosts = [f"[{name}]" if ":" in name else name for name in names]
    return st.App(
        script,
        lifespan=_with_workers,
        routes=[Route("/health", health)],
        middleware=[
            Middleware(Guard, token=token, signs_in=signs_in),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(ReadyForOptions),
        ],
    )


class ReadyForOptions:
    """Begins to load what answers need once a browser asks for Options, which asks for one when it is drawn.

    The browser loads the files of the page meanwhile, and both take a second.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["path"].rstrip("/") == OPTIONS:
            model_worker.warm(None)
        await self._app(scope, receive, send)


def start_token() -> str | None:
    """What a browser has to show: ``SENSECF_TOKEN``, else the one kept in ``var/``; None if it is ``off``.

    It stays the same over restarts, so that links and open pages go on.
    """
    given = os.environ.get(TOKEN_VARIABLE, "").strip()
    if given:
        return None if given == OFF else given
    path = paths.var("server-token")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii", errors="replace").strip()
        if len(kept) >= 32:
            return kept
        path.unlink()
        return start_token()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        token = secrets.token_urlsafe(24)
        file.write(token)
    return token


async def health(_: Request) -> JSONResponse:
    """Whether every queue moves: 200 or 503; pages say what is wrong."""
    moving = not worker.problems()
    return JSONResponse({"ok": moving}, status_code=200 if moving else 503)


@asynccontextmanager
async def _with_workers(_: st.App) -> AsyncIterator[None]:
    threading.Thread(target=_make_ready, name="make-ready", daemon=True).start()
    yield


def _make_ready() -> None:
    """Start the workers, then load the cohorts, so that the first visitor does not wait for them."""
    _start_workers()
    for name in registry.available():
        with suppress(InputError, NotReadyError):  # pages say so
            registry.load(name)


def _start_workers() -> None:
    """Start the workers, so that jobs which a restart interrupted go on although nobody looks at them."""
    try:
        dispatch.start_all()
    except NotReadyError as error:  # pages start them as soon as the database can be used
        log.error("%s", error)
